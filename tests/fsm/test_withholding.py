"""What is ready to be said while the caller sounds waits until it is known whether they said anything."""

from fsm.effects import CancelReply, Fill, FinalizeTranscript, HoldPlayout, ResumePlayout, StartReply
from fsm.events import ReplyFailed, Stage, WordsHeard
from fsm.state import Mode
from fsm.transcript import Message
from tests.fsm.timeline import listening, silence, thinking, voice

LISTENING, THINKING = Mode.LISTENING, Mode.THINKING


def test_what_is_ready_while_the_caller_sounds_is_withheld_until_it_was_no_words() -> None:
    t = thinking().at(2_200, voice(2_100)).expect(THINKING, HoldPlayout)
    t.at(2_700, silence(2_500)).expect(THINKING, FinalizeTranscript)
    t.until(2_999).expect(THINKING)
    t.until(3_000).expect(THINKING, ResumePlayout)


def test_a_sound_that_never_ends_does_not_withhold_an_answer_for_ever() -> None:
    t = thinking().at(2_200, voice(2_100)).until(4_699).expect(THINKING)
    t.until(4_700).expect(THINKING, ResumePlayout)


def test_an_answer_that_is_withheld_is_not_overdue() -> None:
    t = thinking()
    for at in range(2_200, 12_000, 1_000):
        t.at(at, voice(at - 80)).expect(THINKING, HoldPlayout)
        t.at(at + 600, silence(at + 400)).expect(THINKING, FinalizeTranscript)
    t.until(12_100).expect(THINKING, ResumePlayout)


def test_a_filler_that_is_due_while_the_phone_is_withheld_is_spoken_once_it_may_sound() -> None:
    t = thinking().at(3_000, voice(2_900)).at(3_300, silence(3_100))
    t.until(3_599).expect(THINKING)
    assert not any(isinstance(effect, Fill) for effect in t.effects)
    t.until(3_600).expect(THINKING, ResumePlayout)
    t.until(4_499).expect(THINKING)
    t.until(4_500).expect(THINKING, Fill)


def test_the_next_attempt_of_a_withheld_answer_is_released_like_the_first() -> None:
    t = thinking().at(2_200, voice(2_100)).at(2_700, silence(2_500))
    t.at(2_750, ReplyFailed(2, Stage.MODEL, "closed")).expect(THINKING, StartReply)
    t.until(3_000).expect(THINKING, ResumePlayout(3))


def test_words_that_come_late_follow_those_that_were_settled_meanwhile() -> None:
    """A transcriber that stalled: the turn was taken as over with its interim words, then all the rest comes."""
    t = listening().at(1_500, voice(1_420)).at(1_900, WordsHeard("I need an")).at(2_200, silence(2_000))
    t.until(3_700).expect(THINKING, FinalizeTranscript, StartReply)
    t.at(3_750, WordsHeard("I need an", is_final=True)).expect(THINKING)
    t.at(3_760, WordsHeard("appointment")).expect(LISTENING, CancelReply)
    assert t.state.utterance.text == "I need an appointment"
    t.at(3_770, WordsHeard("appointment please.", is_final=True, speech_final=True)).until(5_000)
    assert t.state.transcript[-1] == Message("user", "I need an appointment please.")


def test_a_filler_counts_from_the_callers_last_sound() -> None:
    t = (
        listening()
        .at(1_500, voice(1_420))
        .at(2_200, silence(2_000))
        .at(2_210, WordsHeard("on Monday and", is_final=True))
    )
    t.until(3_000).expect(THINKING, StartReply)
    t.until(3_799).expect(THINKING)
    t.until(3_800).expect(THINKING, Fill)
