"""Callers who do something else than talk with us: nobody asks whether they are there, and each of it ends."""

import pytest

from fsm.effects import CancelReply, ContinueReply, EndCall, Fill, Recite, RunTool, StartReply
from fsm.events import (
    CallerOccupied,
    CallerReturned,
    DigitPressed,
    HangUpRequested,
    Occupation,
    PlayoutDrained,
    ReplyAudioStarted,
    ReplyFailed,
    SpeechStarted,
    SpeechStopped,
    Stage,
    ToolCall,
    ToolReturned,
    ToolsRequested,
    TurnEnded,
    WordsHeard,
)
from fsm.opening import OVERDUE_MS
from fsm.state import Mode
from fsm.values import replace
from tests.fsm.timeline import Timeline, listening

THINKING, LISTENING, ENDED = Mode.THINKING, Mode.LISTENING, Mode.ENDED
CALL = ToolCall("c1", "wait", "{}")


def waiting(said: str = "One second.") -> Timeline:
    """A tool runs, and all that was said before it was heard by 4,000 ms."""
    t = listening()
    t.at(2_000, TurnEnded("Please."))
    reply = t.state.reply
    t.at(2_200, ReplyAudioStarted(reply))
    t.at(2_300, ToolsRequested(reply, (CALL,), said)).expect(Mode.SPEAKING, RunTool)
    return t.at(4_000, PlayoutDrained(reply, said)).expect(THINKING)


def occupied(kind: Occupation, at_most_ms: int = 60_000) -> Timeline:
    t = waiting()
    return t.at(4_100, CallerOccupied(kind, t.state.reply, at_most_ms))


def test_nothing_is_said_to_a_caller_who_keys() -> None:
    occupied(Occupation.KEYS).until(60_000).expect(THINKING)


def test_a_caller_on_hold_hears_now_and_then_that_we_are_there() -> None:
    t = occupied(Occupation.HOLD).until(24_100)
    t.expect(THINKING, Fill(t.state.reply, t.state.phrases.holding))


@pytest.mark.parametrize("kind", [Occupation.KEYS, Occupation.HOLD])
def test_a_caller_who_speaks_has_the_floor(kind: Occupation) -> None:
    occupied(kind).at(9_000, WordsHeard("I cannot find it")).expect(LISTENING, CancelReply)


def test_okay_over_the_keys_is_no_turn() -> None:
    occupied(Occupation.KEYS).at(9_000, WordsHeard("okay")).expect(THINKING)


def test_whoever_is_away_is_not_listened_to() -> None:
    t = occupied(Occupation.AWAY)
    for event in (
        SpeechStarted(5_000_000_000),
        WordsHeard("not for you"),
        DigitPressed("5"),
        TurnEnded("for somebody"),
    ):
        t.at(9_000, event).expect(THINKING)
    t.at(9_100, SpeechStopped(9_050_000_000)).expect(THINKING)
    t.at(9_200, HangUpRequested("drain")).expect(THINKING)


def test_nobody_is_taken_away_before_they_heard_all_we_said() -> None:
    t = listening()
    t.at(2_000, TurnEnded("Please."))
    t.at(2_300, ToolsRequested(t.state.reply, (CALL,), "One second.")).expect(THINKING, RunTool)
    t.at(2_400, CallerOccupied(Occupation.AWAY, t.state.reply, 60_000))
    assert t.state.occupied is None


def test_a_tool_of_an_earlier_reply_occupies_nobody() -> None:
    t = waiting()
    t.at(4_100, CallerOccupied(Occupation.HOLD, t.state.reply - 1, 60_000))
    assert t.state.occupied is None


def test_a_caller_who_never_comes_back_is_given_up() -> None:
    t = occupied(Occupation.AWAY, 30_000).until(4_100 + 30_000 + OVERDUE_MS)
    t.expect(ENDED, EndCall("the caller did not come back"))


def test_the_answer_goes_on_when_the_caller_is_ours_again() -> None:
    t = occupied(Occupation.AWAY)
    t.at(30_000, CallerReturned()).expect(THINKING)
    t.at(30_000, ToolReturned(t.state.reply, "c1", "{}")).expect(THINKING, ContinueReply)
    assert t.state.occupied is None


def test_a_voice_that_is_lost_while_the_caller_is_away_is_nobodys_loss_until_they_are_back() -> None:
    t = occupied(Occupation.AWAY)
    t.at(9_000, ReplyFailed(t.state.reply, Stage.VOICE, "closed", retryable=True)).expect(THINKING)
    t.until(29_000).expect(THINKING)
    t.at(30_000, CallerReturned()).at(30_000, ToolReturned(t.state.reply, "c1", "{}")).expect(THINKING, StartReply)
    assert t.state.transcript[-1].content == "{}"


def test_a_voice_that_is_lost_amid_words_before_a_tool_is_asked_for_again_at_once() -> None:
    t = waiting()
    t.state = replace(t.state, heard="One")
    t.at(4_200, ReplyFailed(t.state.reply, Stage.VOICE, "closed", retryable=True)).expect(THINKING, StartReply)


def test_a_farewell_whose_voice_was_lost_while_its_tool_ran_is_said_with_another() -> None:
    t = waiting("Bye now.")
    t.at(4_200, ReplyFailed(t.state.reply, Stage.VOICE, "closed", retryable=True)).expect(THINKING)
    t.at(4_300, ToolReturned(t.state.reply, "c1", "{}", ends_call=True)).expect(THINKING, Recite)
