"""Openings: which clauses are one, and what of their sound is played. Then a call that has them, as timelines in ms."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import FaultKind
from agent.ledger import ledger_of
from agent.opening_clauses import LEAD_IN_SAMPLES, PAUSE_SAMPLES, STEP_SAMPLES, Clip, OpeningClauses
from agent.phrases import RenderedPhrase
from agent.ports import Alignment
from fsm.changes import LanguageChanged
from fsm.effects import RunTool
from fsm.events import PlayoutFinished, PlayoutHeld, ReplyAudioStarted, ReplyFailed, ToolCall, ToolsRequested
from fsm.profile import Phrases
from fsm.state import Mode
from fsm.units import ULAW_SILENCE, ms_to_samples
from simulator.speech import silence, speak
from tests.agent.call_fakes import fault
from tests.agent.test_call import Booth

LOUD, QUIET = b"\x05", bytes([ULAW_SILENCE])


def openings(**rendered: RenderedPhrase) -> OpeningClauses:
    return OpeningClauses(["Sure.", "Let me see."], {"Sure.": RenderedPhrase(LOUD * 3_200), **rendered}.get)


def clip_of(phrase: RenderedPhrase) -> Clip:
    clip = OpeningClauses(["Sure."], {"Sure.": phrase}.get).clip("Sure.")
    assert clip is not None
    return clip


# --- which clauses are one


@pytest.mark.parametrize("clause", ["Sure.", "sure,", "SURE!", "Sure", " Sure \N{EM DASH}"])
def test_case_and_punctuation_do_not_matter(clause: str) -> None:
    clip = openings().clip(clause)
    assert clip is not None
    assert (clip.clause, clip.spoken) == (clause, "Sure.")


@pytest.mark.parametrize("clause", ["Sure?", "Sure thing.", "Not sure.", "", "..."])
def test_other_words_are_none_and_a_question_is_none(clause: str) -> None:
    assert openings().clip(clause) is None


def test_one_that_is_not_rendered_is_left_to_the_voice() -> None:
    assert openings().has("Let me see.")
    assert openings().clip("Let me see.") is None


def test_none_is_played_while_the_voice_fails() -> None:
    ours = openings()
    ours.is_voice_failing = True
    assert ours.clip("Sure.") is None


# --- its sound


def test_silence_around_it_is_left_out_and_a_pause_follows() -> None:
    clip = clip_of(RenderedPhrase(QUIET * 1_600 + LOUD * 2_400 + QUIET * 4_000))
    assert clip.audio == QUIET * LEAD_IN_SAMPLES + LOUD * 2_400 + QUIET * PAUSE_SAMPLES
    assert clip.duration_ms == 20 + 300 + 160


def test_characters_sound_where_they_did() -> None:
    told = Alignment("Sure. ", (1_600, 2_000, 2_400, 2_800, 3_200, 4_000))
    clip = clip_of(RenderedPhrase(QUIET * 1_600 + LOUD * 2_400 + QUIET * 4_000, told))
    assert clip.alignment == Alignment("Sure. ", (160, 560, 960, 1_360, 1_760, 2_560))


@pytest.mark.parametrize("told", [None, Alignment("Shore.", (0, 1, 2, 3, 4, 5))])
def test_where_the_voice_did_not_tell_characters_are_spread(told: Alignment | None) -> None:
    assert clip_of(RenderedPhrase(LOUD * 3_200, told)).alignment == Alignment("Sure.", (0, 640, 1_280, 1_920, 2_560))


def test_a_phrase_that_cannot_be_heard_is_no_opening() -> None:
    assert OpeningClauses(["Sure."], {"Sure.": RenderedPhrase(QUIET * 800)}.get).clip("Sure.") is None


@given(st.integers(0, 3_000), st.integers(1, 3_000), st.integers(0, 3_000), st.lists(st.integers(0, 9_000), min_size=5))
def test_nothing_of_its_sound_is_lost_and_no_character_lies_outside(
    before: int, loud: int, after: int, starts: list[int]
) -> None:
    told = Alignment("Sure.", tuple(sorted(starts)[:5]))
    clip = clip_of(RenderedPhrase(QUIET * before + LOUD * loud + QUIET * after, told))
    assert LOUD * loud in clip.audio
    assert len(clip.audio) <= LEAD_IN_SAMPLES + loud + 2 * STEP_SAMPLES + PAUSE_SAMPLES
    assert all(0 <= start <= len(clip.audio) for start in clip.alignment.starts_samples)
    assert list(clip.alignment.starts_samples) == sorted(clip.alignment.starts_samples)


# --- in a call


@pytest.fixture(name="booth")
def running_call() -> Iterator[Booth]:
    booth = Booth(Phrases(openings=("Sure.", "Let me see.")))
    booth.knows("Sure.", 300)
    booth.knows("Let me see.", 500)
    booth.knows(Phrases().filler, 600)
    booth.greets()
    yield booth
    booth.call.on_stream_ended("the test is over")
    assert booth.clock.pending_count == 0, "a timer outlived the call"
    assert booth.errors == []


def asks(booth: Booth, text: str = "I need an appointment.") -> int:
    """A turn that was not drafted; the number of its reply, which the model was asked for."""
    booth.call.state = booth.call.state.set_deadlines(draft_at=None)
    booth.says(text)
    assert booth.call.state.mode is Mode.THINKING
    return booth.call.state.reply


def said(booth: Booth) -> list[str]:
    return [text for order, _, text in booth.voice.orders if order == "say"]


def heard(booth: Booth) -> list[str]:
    return [message.content for message in booth.call.state.transcript if message.role == "assistant"]


def test_it_sounds_in_the_pass_in_which_the_model_said_it_and_the_voice_gets_the_rest(booth: Booth) -> None:
    reply = asks(booth)
    sent = len(booth.wire.sent)
    booth.model.generations[-1].says("Sure", ", ", "on ")
    assert len(booth.wire.sent) > sent
    assert booth.call.state.mode is Mode.SPEAKING
    booth.model.generations[-1].says("Tuesday. ", "At ten?")
    booth.model.generations[-1].ends()
    assert said(booth) == ["on Tuesday.", "At ten?"]
    booth.voice.speaks(reply, "on Tuesday.At ten?", 1_200)
    booth.voice.ends(reply)
    booth.hears(silence(2_200))
    assert booth.told(PlayoutFinished)[-1] == PlayoutFinished(reply, "Sure, on Tuesday. At ten?")
    assert heard(booth)[-1] == "Sure, on Tuesday. At ten?", "one reply, as the model wrote it"
    (turn,) = ledger_of(booth.lines)
    assert turn.parts_ms()["tts_ms"] == 0
    assert sum(turn.parts_ms().values()) == turn.voice_to_voice_ms


def test_no_gap_lies_between_it_and_a_voice_that_is_in_time(booth: Booth) -> None:
    reply = asks(booth)
    booth.model.generations[-1].says("Sure. ", "On Tuesday at ten.")
    booth.model.generations[-1].ends()
    booth.hears(silence(200))
    booth.voice.speaks(reply, "On Tuesday at ten.", 1_000)
    booth.voice.ends(reply)
    booth.hears(silence(1_800))
    assert len(booth.told(ReplyAudioStarted)) == 2, "greeting and answer: nothing ran dry"
    assert booth.call._mouth.playout.underruns == 0
    assert booth.call._mouth.playout.pushed_samples == ms_to_samples(600 + 300 + 160 + 1_000)


def test_a_reply_that_is_nothing_else_is_over_when_it_was_heard(booth: Booth) -> None:
    reply = asks(booth, "Thank you.")
    booth.model.generations[-1].says("Sure.")
    booth.model.generations[-1].ends()
    booth.hears(silence(900))
    assert booth.told(PlayoutFinished)[-1] == PlayoutFinished(reply, "Sure.")
    assert booth.voice.orders == []


def test_before_a_tool_it_takes_the_place_of_the_filler(booth: Booth, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[RunTool] = []
    monkeypatch.setattr(booth.call.errands, "run", ran.append)
    reply = asks(booth)
    booth.model.generations[-1].says("Let me see.")
    booth.model.generations[-1].ends(ToolCall("c1", "book", "{}"))
    assert booth.told(ToolsRequested)[-1] == ToolsRequested(reply, (ToolCall("c1", "book", "{}"),), "Let me see.")
    assert len(ran) == 1
    assert booth.call.state.mode is Mode.SPEAKING
    booth.hears(silence(1_900))
    fillers = [line for line in booth.lines if line.get("note") == "filler"]
    assert fillers == [], "a caller who heard something is not told to wait at once"


def test_an_interruption_of_it_is_one_as_ever(booth: Booth) -> None:
    reply = asks(booth)
    booth.model.generations[-1].says("Let me see. ", "On Tuesday at ten.")
    booth.model.generations[-1].ends()
    booth.hears(speak("Stop.").audio[:3_200])
    booth.call.hearing.on_words("Stop.", is_final=True, speech_final=True)
    booth.hears(silence(60))
    held = booth.told(PlayoutHeld)[-1]
    assert isinstance(held, PlayoutHeld)
    assert "Let me see.".startswith(held.heard)
    assert booth.call.state.mode is Mode.LISTENING
    assert ("drop", reply, "") in booth.voice.orders
    assert "clear" in booth.wire.kinds


def test_when_the_voice_fails_after_it_the_turn_goes_on_and_the_next_one_waits_for_a_voice(booth: Booth) -> None:
    reply = asks(booth)
    booth.model.generations[-1].says("Sure. ", "On Tuesday.")
    booth.model.generations[-1].ends()
    booth.voice.listener.on_voice_failed(reply, fault(FaultKind.CLOSED))
    assert booth.told(ReplyFailed)
    booth.hears(silence(900))
    again = booth.call.state.reply
    assert again > reply, "asked once more"
    assert heard(booth)[-1] == "Sure.", "the model knows what the caller heard already"
    booth.model.generations[-1].says("Sure. ", "On Tuesday.")
    assert said(booth)[-1] == "Sure.", "a voice that failed has to be heard first"
    started = len(booth.told(ReplyAudioStarted))
    booth.voice.speaks(again, "Sure.", 300)
    assert len(booth.told(ReplyAudioStarted)) == started + 1
    assert not booth.call._mouth.openings.is_voice_failing


def test_another_language_has_openings_of_its_own(booth: Booth) -> None:
    booth.knows("Claro.", 300)
    booth.call.feed(LanguageChanged("es", Phrases(openings=("Claro.",))))
    asks(booth)
    sent = len(booth.wire.sent)
    booth.model.generations[-1].says("Sure. ", "Y ")
    assert said(booth) == ["Sure."], "in Spanish that is a word like any other"
    assert len(booth.wire.sent) == sent
    assert booth.call._mouth.openings.clip("claro,") is not None
