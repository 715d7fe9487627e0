"""A provider that is slow, down, refuses us or breaks off: what the caller hears of it."""

from itertools import pairwise
from pathlib import Path

import pytest

from fsm.effects import Fill
from simulator.brain.answers import BrainAnswer
from simulator.peers.deepgram_behaviour import DeepgramBehaviour
from simulator.peers.elevenlabs_behaviour import ElevenLabsBehaviour, VoiceFault
from simulator.peers.groq_behaviour import GroqBehaviour, GroqRefusal, GroqStreamFault
from simulator.rehearsal import DEEPGRAM, ELEVENLABS, GROQ
from simulator.script import HangUp, IntoAgentSpeech, Say
from tests.calls.scene import BYE, HOURS, Scene, Told, after, after_greeting

ASKS = Say("When do you open?", after_greeting())
ANSWER = "We open at nine in the morning."
APOLOGY = "I'm sorry, I'm having some trouble right now. Could you say that again?"
PARDON = "Sorry, I did not catch that. Could you say it again?"
FILLER = "One moment, please."
STILL_AT_IT = "I'm still on it, just a moment longer."
LONG_ANSWER = (
    "We open at nine in the morning. On Fridays we open an hour later. We close at five in the afternoon, as all do."
)
STAYS = HangUp(after("never said", 0))


def faults(call: Told) -> list[str]:
    return call.notes("fault")


# --- ears


def test_ears_that_close_in_mid_word_lose_no_word(tmp_path: Path) -> None:
    behaviour = DeepgramBehaviour(drop_after_ms=9_000)
    scene = Scene(tmp_path, ANSWER, deepgram=behaviour)
    call = scene.call(Say("When do you open on Monday mornings in December?", after_greeting()), BYE)
    scene.run()
    assert scene.rehearsal.deepgram.counts.dropped == 1
    (began_ms, ended_ms) = call.said_ms(0)
    assert began_ms < 9_000 < ended_ms, "it broke while the caller spoke"
    assert scene.user_texts == ["When do you open on Monday mornings in December?"]
    assert call.agent[1:] == [ANSWER]


@pytest.mark.parametrize("down_ms", [500, 2_500])
def test_what_was_said_while_nobody_could_hear_is_heard_later(tmp_path: Path, down_ms: int) -> None:
    scene = Scene(tmp_path, ANSWER)
    call = scene.call(ASKS, BYE)

    def break_off() -> None:
        scene.rehearsal.link(DEEPGRAM).take_down(down_ms)
        scene.rehearsal.link(DEEPGRAM).cut()

    scene.rehearsal.at(8_000, break_off)
    scene.run()
    assert call.said_ms(0)[0] < 8_000 < call.said_ms(0)[1]
    assert " ".join(scene.user_texts) == "When do you open?"
    assert call.agent[-1].endswith(ANSWER), "at once after the apology that the late words cut"


@pytest.mark.parametrize(
    "behaviour",
    [DeepgramBehaviour(refuse_status=401), DeepgramBehaviour(stall_from_ms=0), DeepgramBehaviour(refuse_status=503)],
    ids=["refused key", "stalled for ever", "down"],
)
def test_a_deaf_agent_says_so_and_in_the_end_leaves_it_to_twilio(tmp_path: Path, behaviour: DeepgramBehaviour) -> None:
    scene = Scene(tmp_path, ANSWER, deepgram=behaviour)
    call = scene.call(
        Say("When do you open in the morning?", after_greeting()),
        Say("I said, when do you open?", after("again?")),
        Say("Can you hear me at all?", after("again?")),
        STAYS,
    )
    scene.run()
    assert len(call.agent) == 3
    assert all(said in (APOLOGY, PARDON) for said in call.agent[1:])
    assert call.by_twilio == [
        "We are sorry, something went wrong on our side. Please call again in a few minutes. Goodbye."
    ]
    assert not call.caller.has_hung_up


def test_ears_that_are_refused_for_a_moment_are_opened_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path, ANSWER, deepgram=DeepgramBehaviour(refuse_status=429, refuse_times=4))
    call = scene.call(ASKS, BYE)
    scene.run()
    assert call.agent[1:] == [ANSWER]
    assert [line["data"]["kind"] for line in call.events("EarsFailed")] == ["rate_limited"]


@pytest.mark.parametrize(
    "behaviour",
    [
        DeepgramBehaviour(finals_missing=True),
        DeepgramBehaviour(finals_missing=True, ignore_finalize=True),
        DeepgramBehaviour(never_speech_final=True),
        DeepgramBehaviour(speech_started_missing=True, ignore_finalize=True),
        DeepgramBehaviour(revise_interims=True),
        DeepgramBehaviour(empty_finalize=True, late_interim_after_finalize=True),
        DeepgramBehaviour(jitter_ms=300),
    ],
    ids=["no final", "no final at all", "only UtteranceEnd", "no edges", "revised", "odd finalize", "jitter"],
)
def test_ears_of_every_kind_of_oddity_hear_one_turn(tmp_path: Path, behaviour: DeepgramBehaviour) -> None:
    scene = Scene(tmp_path, ANSWER, deepgram=behaviour)
    call = scene.call(ASKS, BYE)
    scene.run()
    assert scene.user_texts[-1].lower().rstrip("?.") == "when do you open"
    assert call.agent[1:] == [ANSWER]


def test_ears_that_cannot_be_reached_at_the_start_are_there_when_they_are_needed(tmp_path: Path) -> None:
    scene = Scene(tmp_path, ANSWER)
    scene.rehearsal.link(DEEPGRAM).cut()
    scene.rehearsal.link(DEEPGRAM).take_down(5_000)
    call = scene.call(ASKS, BYE)
    scene.run()
    assert call.agent[1:] == [ANSWER]
    assert [line["data"]["kind"] for line in call.events("EarsFailed")] == ["unreachable"]


# --- the model


@pytest.mark.parametrize(
    "behaviour",
    [
        GroqBehaviour(refuse=GroqRefusal.SERVER_ERROR, fail_first_n=1),
        GroqBehaviour(refuse=GroqRefusal.OVER_CAPACITY, fail_first_n=1),
        GroqBehaviour(stream_fault=GroqStreamFault.RESET, fault_after_tokens=0, fail_first_n=1),
        GroqBehaviour(stream_fault=GroqStreamFault.ERROR_EVENT, fail_first_n=1),
        GroqBehaviour(starve=True, fail_first_n=1),
    ],
    ids=["500", "over capacity", "reset", "error event", "starved"],
)
def test_a_model_that_fails_once_costs_the_caller_nothing_but_time(tmp_path: Path, behaviour: GroqBehaviour) -> None:
    scene = Scene(tmp_path, ANSWER, ANSWER, groq=behaviour)
    call = scene.call(ASKS, BYE)
    scene.run()
    assert call.agent[1:] == [ANSWER]
    assert len(faults(call)) == 1


def test_a_model_that_is_asked_too_often_is_asked_again_when_it_says(tmp_path: Path) -> None:
    limited = GroqBehaviour(refuse=GroqRefusal.RATE_LIMITED_TOKENS, retry_after_s=3.0, fail_first_n=1)
    scene = Scene(tmp_path, ANSWER, groq=limited)
    call = scene.call(ASKS, BYE)
    scene.run()
    first, second = call.effects("StartReply")[:2]
    (refused, again) = [line["at_ns"] for line in call.lines if line.get("stage") == "asked"]
    assert first["turn"] == second["turn"]
    assert 2_900 <= (again - refused) / 1e6 <= 3_300, "what a draft was refused counts once the turn is over"
    assert " ".join(call.agent[1:]) == f"{FILLER} {ANSWER}", "the caller is told to wait, then answered"


@pytest.mark.parametrize(
    ("behaviour", "is_asked_again"),
    [
        (GroqBehaviour(refuse=GroqRefusal.BAD_KEY), False),
        (GroqBehaviour(refuse=GroqRefusal.SERVER_ERROR), True),
        (GroqBehaviour(refuse=GroqRefusal.RATE_LIMITED_REQUESTS, retry_after_s=60.0), False),
    ],
    ids=["refused key", "500", "429 for a minute"],
)
def test_a_model_that_keeps_failing_is_apologised_for_and_in_the_end_given_up(
    tmp_path: Path, behaviour: GroqBehaviour, is_asked_again: bool
) -> None:
    scene = Scene(tmp_path, ANSWER, groq=behaviour)
    call = scene.call(ASKS, Say("When do you open?", after("again?")), Say("When?", after("again?")), STAYS)
    scene.run()
    assert call.agent[1:] == [APOLOGY, APOLOGY]
    assert len(call.by_twilio) == 1, "the third time Twilio says that it does not work"
    assert len(call.events("ReplyFailed")) == (6 if is_asked_again else 3)


def test_an_unreachable_model_is_apologised_for(tmp_path: Path) -> None:
    scene = Scene(tmp_path, ANSWER)
    scene.rehearsal.link(GROQ).take_down(14_000)
    call = scene.call(ASKS, Say("When do you open?", after("again?")), BYE)
    scene.run()
    assert call.agent[1:] == [APOLOGY, ANSWER]


def without_fillers(heard: str) -> str:
    """What was heard besides fillers, each of which may have given way at the end of any word but its first."""
    for filler in (FILLER, STILL_AT_IT):
        words = filler.split()
        for count in range(len(words), 1, -1):
            heard = heard.replace(" ".join(words[:count]), "")
    return " ".join(heard.split())


@pytest.mark.parametrize("first_token_ms", [2_500, 5_000])
@pytest.mark.parametrize("asks", ["When do you open?", "I wanted to ask you about and"])
def test_a_slow_model_is_bridged_by_fillers(tmp_path: Path, first_token_ms: int, asks: str) -> None:
    scene = Scene(tmp_path, ANSWER, groq=GroqBehaviour(first_token_ms=first_token_ms))
    call = scene.call(Say(asks, after_greeting()), HangUp(after("in the morning.")))
    scene.run()
    heard = call.heard.removeprefix(call.agent[0]).strip()
    fillers = len(
        [effect for _, _, _, _, effects in scene.watch.decisions for effect in effects if type(effect) is Fill]
    )
    assert fillers >= (1 if first_token_ms < 3_000 else 2)
    assert heard.startswith(FILLER)
    assert (STILL_AT_IT[:9] in heard) is (fillers > 1)
    assert without_fillers(heard) == ANSWER
    assert call.transcript[-1].content == ANSWER, "a filler is no part of the conversation"


def test_a_model_that_never_answers_ends_in_words(tmp_path: Path) -> None:
    scene = Scene(tmp_path, ANSWER, groq=GroqBehaviour(first_token_ms=600_000))
    call = scene.call(ASKS, Say("Hello?", after("again?")), Say("Hello?", after("again?")), STAYS)
    scene.run()
    assert APOLOGY in " ".join(call.agent[1:])
    assert len(call.by_twilio) == 1


@pytest.mark.parametrize("fault", [GroqStreamFault.HANG, GroqStreamFault.CUT, GroqStreamFault.RESET])
def test_an_answer_that_breaks_off_is_spoken_as_far_as_it_came_and_the_rest_asked_for(
    tmp_path: Path, fault: GroqStreamFault
) -> None:
    behaviour = GroqBehaviour(stream_fault=fault, fault_after_tokens=44, tokens_per_s=60, fail_first_n=1)
    scene = Scene(tmp_path, LONG_ANSWER, "We close at five.", groq=behaviour)
    call = scene.call(ASKS, HangUp(after("We close at five.")))
    scene.run()
    first = "We open at nine in the morning. On Fridays we open an hour later."
    assert call.heard.removeprefix(call.agent[0]).strip().replace(f" {FILLER}", "") == f"{first} We close at five."
    assert scene.asked[-1][-1]["content"] == f"{first} — [the connection broke here: go on from here]"


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("find_free_slots", '{"date": ', "Wrong arguments"),
        ("find_free_slots", '{"date": 7}', "Wrong arguments"),
        ("find_free_slots", "[]", "Wrong arguments"),
        ("open_the_door", "{}", "There is no tool"),
    ],
)
def test_a_broken_tool_call_is_told_to_the_model_and_not_run(
    tmp_path: Path, name: str, arguments: str, told: str
) -> None:
    broken = BrainAnswer("", ((name, arguments),))
    scene = Scene(tmp_path, broken, ANSWER, groq=GroqBehaviour(check_tool_calls=False))
    call = scene.call(ASKS, BYE)
    scene.run()
    assert call.agent[1:] == [ANSWER]
    tool_message = scene.asked[-1][-1]
    assert tool_message["role"] == "tool"
    assert told in tool_message["content"]


def test_a_model_that_calls_tools_for_ever_is_stopped(tmp_path: Path) -> None:
    again = BrainAnswer("", (("find_free_slots", '{"date": "2026-11-24"}'),))
    scene = Scene(tmp_path, again)
    call = scene.call(ASKS, BYE)
    scene.run()
    assert call.agent[1:] == [APOLOGY]
    assert len(scene.asked) <= 6


def test_an_empty_answer_is_asked_for_once_more(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "", ANSWER)
    call = scene.call(ASKS, BYE)
    scene.run()
    assert call.agent[1:] == [ANSWER]


# --- the voice


@pytest.mark.parametrize(
    "behaviour",
    [
        ElevenLabsBehaviour(api_key="another"),
        ElevenLabsBehaviour(api_key="another", refuse_key_at="frame"),
        ElevenLabsBehaviour(refuse_status=429),
        ElevenLabsBehaviour(fault=VoiceFault.HANG, fault_after_ms=0),
        ElevenLabsBehaviour(fault=VoiceFault.QUOTA, fault_after_ms=0),
    ],
    ids=["refused key", "refused key in a frame", "429", "silent", "quota"],
)
def test_without_any_voice_of_ours_twilio_speaks(tmp_path: Path, behaviour: ElevenLabsBehaviour) -> None:
    scene = Scene(tmp_path, ANSWER, elevenlabs=behaviour)
    assert scene.rehearsal.desk.unrendered, "not even the greeting could be rendered"
    call = scene.call(STAYS)
    scene.run()
    assert call.agent == []
    assert len(call.by_twilio) == 1
    assert call.by_twilio[0].startswith("We are sorry")


@pytest.mark.parametrize(
    "behaviour",
    [
        ElevenLabsBehaviour(api_key="another"),
        ElevenLabsBehaviour(refuse_status=429),
        ElevenLabsBehaviour(fault=VoiceFault.HANG, fault_after_ms=0),
        ElevenLabsBehaviour(fault=VoiceFault.ERROR_FRAME, fault_after_ms=0),
    ],
    ids=["refused key", "429", "silent", "error frame"],
)
def test_a_voice_lost_in_a_call_is_apologised_for_in_a_phrase_that_is_rendered(
    tmp_path: Path, behaviour: ElevenLabsBehaviour
) -> None:
    Scene(tmp_path, ANSWER).rehearsal.close()
    scene = Scene(tmp_path, ANSWER, elevenlabs=behaviour)
    assert scene.rehearsal.desk.unrendered == ()
    call = scene.call(ASKS, HangUp(after("that again?")))
    scene.run()
    assert without_fillers(call.heard.removeprefix(call.agent[0])) == APOLOGY


def test_a_voice_that_closes_in_mid_word_goes_on_with_the_rest(tmp_path: Path) -> None:
    behaviour = ElevenLabsBehaviour(fault=VoiceFault.CLOSE, fault_after_ms=1_200, fail_first_n=1)
    Scene(tmp_path).rehearsal.close()
    scene = Scene(tmp_path, LONG_ANSWER, "We close at five.", elevenlabs=behaviour)
    call = scene.call(ASKS, HangUp(after("We close at five.")))
    scene.run()
    told = scene.asked[-1][-1]["content"]
    heard = call.heard.removeprefix(call.agent[0]).split()
    assert heard[-4:] == ["We", "close", "at", "five."]
    said, _, note = told.partition(" — ")
    assert "go on from here" in note
    assert abs(len(said.split()) - len(heard[:-4])) <= 1, "the model knows what was heard"


def test_a_voice_that_stalls_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    scene = Scene(
        tmp_path, ANSWER, elevenlabs=ElevenLabsBehaviour(stall_after_ms=900, stall_ms=1_600, frame_max_ms=200)
    )
    call = scene.call(ASKS, BYE)
    scene.run()
    assert call.heard.removeprefix(call.agent[0]).replace(f" {FILLER}", "").split() == ANSWER.split()


def test_a_voice_without_an_end_marker_is_over_when_all_was_heard(tmp_path: Path) -> None:
    Scene(tmp_path).rehearsal.close()
    scene = Scene(tmp_path, ANSWER, "Goodbye.", elevenlabs=ElevenLabsBehaviour(fault=VoiceFault.NO_FINAL))
    call = scene.call(ASKS, Say("Thank you, that is all.", after("in the morning.", 150)), BYE)
    scene.run()
    assert call.agent[1:] == [ANSWER, "Goodbye."]


def test_a_voice_slower_than_speech_is_heard_word_for_word(tmp_path: Path) -> None:
    Scene(tmp_path).rehearsal.close()
    scene = Scene(tmp_path, ANSWER, elevenlabs=ElevenLabsBehaviour(pace=0.7, frame_max_ms=300))
    call = scene.call(ASKS, BYE)
    scene.run()
    heard = call.heard.removeprefix(call.agent[0]).split()
    assert len(heard) >= len(ANSWER.split()) - 2, "in pieces, but pieces that can be understood"
    assert call.transcript[-1].content == ANSWER


def test_a_voice_lost_for_good_in_the_middle_of_a_call_is_not_silence(tmp_path: Path) -> None:
    scene = Scene(tmp_path, HOURS)
    call = scene.call(ASKS, Say("Hello? Are you there?", after("again?")), Say("Hello?", after("again?")), STAYS)

    def break_off() -> None:
        scene.rehearsal.link(ELEVENLABS).take_down(10_000_000)
        scene.rehearsal.link(ELEVENLABS).cut()

    scene.rehearsal.at(7_500, break_off)
    scene.run()
    assert call.agent[1:] == [APOLOGY, APOLOGY]
    assert len(call.by_twilio) == 1


# --- everything at once


def test_with_no_provider_at_all_the_caller_still_hears_words(tmp_path: Path) -> None:
    Scene(tmp_path).rehearsal.close()
    scene = Scene(tmp_path, ANSWER)
    for origin in (DEEPGRAM, GROQ, ELEVENLABS):
        scene.rehearsal.link(origin).take_down(10_000_000)
        scene.rehearsal.link(origin).cut()
    call = scene.call(ASKS, Say("Hello? Is there anybody?", after("again?")), Say("Hello?", after("again?")), STAYS)
    scene.run()
    assert len(call.agent) == 3
    assert len(call.by_twilio) == 1


def test_nobody_is_told_a_key(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = {"GROQ_API_KEY": "gsk_secret", "DEEPGRAM_API_KEY": "dg_secret", "ELEVENLABS_API_KEY": "xi_secret"}
    scene = Scene(
        tmp_path,
        ANSWER,
        groq=GroqBehaviour(api_key="right"),
        deepgram=DeepgramBehaviour(api_key="right"),
        elevenlabs=ElevenLabsBehaviour(api_key="right"),
        settings=settings,
    )
    call = scene.call(Say("Hello?", IntoAgentSpeech()), STAYS)
    scene.run()
    written = caplog.text + "".join(path.read_text() for path in tmp_path.rglob("*.jsonl"))
    assert written.count("refused_key") >= 2
    assert "_secret" not in written
    assert call.by_twilio


def test_times_in_a_trace_never_go_backwards_from_decision_to_decision(tmp_path: Path) -> None:
    scene = Scene(tmp_path, ANSWER, groq=GroqBehaviour(first_token_ms=2_500))
    call = scene.call(ASKS, BYE)
    scene.run()
    decided = [line["at_ns"] for line in call.lines if line["kind"] == "event"]
    assert all(earlier <= later for earlier, later in pairwise(decided))
