"""Two machines that talk to each other are noticed; people who insist are not."""

import pytest

from fsm.effects import EndCall, Recite, StartReply
from fsm.events import PlayoutFinished, ReplyAudioStarted, TurnEnded
from fsm.loops import GOES_ROUND
from fsm.profile import Phrases
from fsm.state import Mode
from fsm.transcript import Message
from fsm.values import replace
from tests.fsm.timeline import Timeline, listening

ASKS = "Welcome to Hill Road, how may I direct your call?"
OFFERS = "I can book an appointment for you."


def after(*turns: tuple[str, str]) -> Timeline:
    """A conversation of turns that each had an answer."""
    t = listening()
    now = 2_000
    for theirs, ours in turns:
        t.at(now, TurnEnded(theirs)).at(now + 500, ReplyAudioStarted(t.state.reply))
        t.at(now + 1_500, PlayoutFinished(t.state.reply, ours))
        now += 3_000
    return t


def says(t: Timeline, text: str) -> Timeline:
    return t.at(t.state.now // 1_000_000 + 1_000, TurnEnded(text))


def test_a_machines_words_are_answered_twice_and_then_no_more() -> None:
    tone = "Please leave a message after the tone."
    t = says(after((tone, "Hello?"), (tone, "Who is there?")), tone)
    t.expect(Mode.THINKING, Recite).at(8_100, ReplyAudioStarted(t.state.reply))
    t.at(9_000, PlayoutFinished(t.state.reply, Phrases().goodbye)).expect(Mode.ENDED, EndCall(GOES_ROUND))


def test_the_same_question_and_the_same_answer_for_the_fourth_time_is_a_loop() -> None:
    says(after(*[(ASKS, OFFERS)] * 3), f"Sorry, {ASKS}").expect(Mode.THINKING, Recite)


def test_somebody_who_did_not_catch_the_answer_may_ask_three_times() -> None:
    says(after(*[(ASKS, OFFERS)] * 2), ASKS).expect(Mode.THINKING, StartReply)


def test_two_that_say_two_things_in_turn_go_round_as_well() -> None:
    other = "I did not understand that, please say it again."
    t = after(*[(ASKS, OFFERS), (other, "Monday?")] * 3)
    says(t, ASKS).expect(Mode.THINKING, Recite)


def test_somebody_who_insists_is_answered_while_our_answers_get_further() -> None:
    want = "I want to talk to a human being."
    t = after((want, OFFERS), (want, "Nobody is there before nine."), (want, "Shall somebody call you back?"))
    says(t, want).expect(Mode.THINKING, StartReply)


def test_somebody_who_asks_for_one_thing_after_another_is_answered() -> None:
    t = after(*[(f"I would like to have a room for {people} people.", "Fine.") for people in ("two", "three", "four")])
    says(t, "I would like to have a room for five people.").expect(Mode.THINKING, StartReply)


@pytest.mark.parametrize("words", ["Yes.", "No, thank you.", "Hello? Hello?"])
def test_what_anybody_says_again_is_no_loop(words: str) -> None:
    says(after(*[(words, OFFERS)] * 6), words).expect(Mode.THINKING, StartReply)


def test_a_tool_that_did_something_is_progress() -> None:
    t = after((ASKS, OFFERS), (ASKS, OFFERS))
    done = (*t.state.transcript, Message("tool", "booked", tool_call_id="c1"))
    t.state = replace(t.state, transcript=done, reply_from=len(done))
    says(t, ASKS).expect(Mode.THINKING, StartReply)
