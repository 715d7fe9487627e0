"""Drafts as timelines: made at a likely end, adopted in the decision that ends the turn, dropped without a trace."""

import pytest

from fsm.effects import CancelReply, DraftReply, DropDraft, EndCall, FinalizeTranscript, Recite, StartReply
from fsm.events import (
    CallEnded,
    CallStarted,
    DigitPressed,
    HangUpRequested,
    PlayoutFinished,
    ReplyAudioStarted,
    SpeechStarted,
    SpeechStopped,
    TurnEnded,
    TurnLikelyEnded,
    TurnResumed,
    WordsHeard,
)
from fsm.profile import Profile
from fsm.state import Mode
from fsm.transcript import Message
from fsm.units import ms_to_ns
from fsm.words import ask_the_same
from tests.fsm.timeline import Timeline, listening

LISTENING, THINKING, SPEAKING = Mode.LISTENING, Mode.THINKING, Mode.SPEAKING


def drafted() -> Timeline:
    """A call in which the answer to words that ended at 2,000 ms was drafted, as reply 2, at 2,200 ms."""
    t = listening(Profile()).at(1_580, SpeechStarted(ms_to_ns(1_500)))
    t.at(2_150, WordsHeard("I need an appointment", is_final=True)).at(2_200, SpeechStopped(ms_to_ns(2_000)))
    return t.until(2_200).expect(LISTENING, DraftReply(2, 1, "I need an appointment"))


def test_a_draft_is_adopted_in_the_decision_that_ends_the_turn() -> None:
    t = drafted().until(2_400).expect(THINKING, StartReply(2, 1, is_drafted=True))
    assert t.state.draft is None
    assert t.state.transcript[-1] == Message("user", "I need an appointment")
    t.at(2_400, ReplyAudioStarted(2)).expect(SPEAKING)


def test_the_final_of_the_same_words_written_otherwise_keeps_the_draft() -> None:
    t = listening(Profile()).at(1_580, SpeechStarted(ms_to_ns(1_500)))
    t.at(2_150, WordsHeard("i need an appointment", until=ms_to_ns(2_050))).at(2_200, SpeechStopped(ms_to_ns(2_000)))
    t.until(2_250).at(2_300, WordsHeard("I need an appointment.", is_final=True)).expect(LISTENING)
    t.until(2_400).expect(THINKING, StartReply(2, 1, is_drafted=True))


def test_more_words_drop_the_draft_and_leave_nothing_of_it() -> None:
    t = drafted().at(2_380, SpeechStarted(ms_to_ns(2_300))).expect(LISTENING)
    t.at(2_500, WordsHeard("on Tuesday")).expect(LISTENING, DropDraft(2))
    assert t.state.transcript[-1].role == "assistant"
    assert t.state.turn == 0


@pytest.mark.parametrize("more", ["please", "Thank you.", "um"])
def test_politeness_after_the_words_keeps_the_draft(more: str) -> None:
    t = drafted().at(2_300, WordsHeard(more, is_final=True)).expect(LISTENING)
    assert StartReply(2, 1, is_drafted=True) in t.until(3_600).effects
    assert t.state.transcript[-1] == Message("user", f"I need an appointment {more}"), "all that was said"


def test_politeness_alone_is_a_request_of_its_own() -> None:
    assert ask_the_same(("ten", "o'clock"), ("ten", "o'clock", "please"))
    assert not ask_the_same((), ("please",))
    assert not ask_the_same(("i", "need"), ("i", "need", "you"))


def test_a_sound_without_words_does_not_drop_it() -> None:
    t = drafted().at(2_380, SpeechStarted(ms_to_ns(2_300))).at(2_600, SpeechStopped(ms_to_ns(2_400)))
    t.until(2_800).expect(THINKING, StartReply(2, 1, is_drafted=True))


def test_the_next_draft_has_a_number_of_its_own() -> None:
    t = drafted().at(2_380, SpeechStarted(ms_to_ns(2_300))).at(2_600, WordsHeard("on Tuesday", is_final=True))
    t.at(2_800, SpeechStopped(ms_to_ns(2_600))).until(2_801)
    t.expect(LISTENING, DraftReply(3, 1, "I need an appointment on Tuesday"))
    t.until(3_000).expect(THINKING, StartReply(3, 1, is_drafted=True))


def test_a_turn_that_ends_with_other_words_is_answered_anew() -> None:
    t = drafted().at(2_300, TurnEnded("I need an ointment."))
    t.expect(THINKING, DropDraft(2), StartReply(3, 1))


def test_there_are_at_most_three_drafts_of_a_turn() -> None:
    t = listening(Profile())
    for index, words in enumerate(["My knee hurts.", "It is bad.", "I fell.", "I am old.", "Help me."]):
        at = 1_500 + 380 * index
        t.at(at, SpeechStarted(ms_to_ns(at - 80))).at(at + 100, WordsHeard(words, is_final=True))
        t.at(at + 300, SpeechStopped(ms_to_ns(at + 100)))
    t.until(6_000)
    drafts = [effect for effect in t.effects if isinstance(effect, DraftReply)]
    assert len(drafts) == 3


def test_the_next_turn_has_drafts_of_its_own() -> None:
    t = drafted().until(2_400).at(2_410, ReplyAudioStarted(2)).at(4_000, PlayoutFinished(2, "On Tuesday?"))
    assert (t.state.drafts, t.state.drafted_words) == (0, ())


def test_a_sentence_that_ends_is_drafted_before_the_silence_is_noticed() -> None:
    t = listening(Profile()).at(1_580, SpeechStarted(ms_to_ns(1_500)))
    t.at(2_100, WordsHeard("Do you have ten o'clock?")).until(2_100).expect(LISTENING, DraftReply)


def test_a_sentence_that_hangs_in_the_air_is_not_drafted() -> None:
    t = listening(Profile()).at(1_580, SpeechStarted(ms_to_ns(1_500)))
    t.at(2_150, WordsHeard("I would like to come on", is_final=True)).at(2_200, SpeechStopped(ms_to_ns(2_000)))
    t.until(2_900)
    assert t.state.draft is None


def test_words_that_lag_behind_the_sound_are_not_drafted() -> None:
    t = listening(Profile()).at(1_580, SpeechStarted(ms_to_ns(1_500)))
    t.at(2_150, WordsHeard("I need", until=ms_to_ns(1_800))).at(2_200, SpeechStopped(ms_to_ns(2_000))).until(2_390)
    assert t.state.draft is None


def test_a_guess_of_the_transcriber_makes_a_draft_and_taking_it_back_with_more_words_drops_it() -> None:
    t = (
        listening(Profile())
        .at(1_580, SpeechStarted(ms_to_ns(1_500)))
        .at(2_000, TurnLikelyEnded("I need an appointment", 70))
    )
    t.until(2_000).expect(LISTENING, DraftReply(2, 1, "I need an appointment"))
    t.at(2_100, TurnResumed()).expect(LISTENING)
    t.at(2_400, WordsHeard("I need an appointment on Tuesday")).expect(LISTENING, DropDraft(2))


def test_a_key_drops_the_draft() -> None:
    drafted().at(2_300, DigitPressed("5")).expect(LISTENING, DropDraft(2))


def test_a_call_that_ends_drops_the_draft() -> None:
    drafted().at(2_300, CallEnded("hung up")).expect(Mode.ENDED, DropDraft(2))
    t = drafted().at(2_300, HangUpRequested("drain"))
    t.expect(THINKING, DropDraft, Recite)
    assert not any(isinstance(effect, EndCall) for effect in t.effects)


def test_whoever_goes_on_after_the_draft_was_adopted_gets_one_answer_to_all() -> None:
    t = drafted().until(2_400).at(2_450, WordsHeard("on Tuesday", is_final=True)).expect(LISTENING, CancelReply(2))
    assert t.state.utterance.words == "I need an appointment on Tuesday"
    t.until(3_000)
    assert t.state.turn == 1


def test_a_profile_without_drafts_makes_none() -> None:
    t = Timeline(Profile(drafts=0)).at(0, CallStarted("+1", "+2")).at(20, ReplyAudioStarted(1))
    t.at(1_000, PlayoutFinished(1, "Hello.")).at(1_580, SpeechStarted(ms_to_ns(1_500)))
    t.at(2_150, WordsHeard("I need an appointment.", is_final=True))
    t.at(2_200, SpeechStopped(ms_to_ns(2_000))).expect(LISTENING, FinalizeTranscript)
    t.until(2_400).expect(THINKING, StartReply(2, 1))
