"""What a tool changes in mid-call holds from there on, and no sooner."""

from dataclasses import replace

from fsm.changes import ProfileChanged
from fsm.effects import StartReply
from fsm.events import SpeechStarted, SpeechStopped, WordsHeard
from fsm.profile import Profile
from fsm.state import Mode
from fsm.units import ms_to_ns
from tests.fsm.timeline import Timeline, listening, speaking, thinking

LISTENING, THINKING, SPEAKING = Mode.LISTENING, Mode.THINKING, Mode.SPEAKING
USUAL = Profile(drafts=0)
SLOW = ProfileChanged("slow", replace(USUAL, wait_ms=900))


def said(t: Timeline) -> Timeline:
    """The caller says something from 5,000 to 6,000 ms, and its words are known soon after."""
    t.at(5_000, SpeechStarted(ms_to_ns(5_000)))
    t.at(6_020, SpeechStopped(ms_to_ns(6_000)))
    return t.at(6_100, WordsHeard("I have a letter here.", is_final=True))


def test_a_turn_ends_later_under_a_more_patient_profile() -> None:
    said(listening().at(3_000, SLOW)).until(6_899).expect(LISTENING).until(6_900).expect(THINKING, StartReply)


def test_the_end_of_a_turn_under_way_is_that_of_the_new_profile() -> None:
    t = said(listening()).at(6_200, SLOW).until(6_899).expect(LISTENING)
    t.until(6_900).expect(THINKING, StartReply)


def test_a_less_patient_one_ends_a_turn_that_waited_long_enough_at_once() -> None:
    t = said(listening().at(3_000, SLOW))
    t.at(6_600, ProfileChanged("usual", USUAL)).until(6_600).expect(THINKING, StartReply)


def test_nothing_else_follows_from_a_change_while_we_think_or_speak() -> None:
    thinking().at(2_400, SLOW).expect(THINKING)
    t = speaking().at(3_000, SLOW).expect(SPEAKING)
    assert t.state.profile == SLOW.profile


def test_a_call_that_is_over_keeps_the_profile_it_had() -> None:
    t = thinking()
    t.state = replace(t.state, mode=Mode.ENDED)
    assert t.at(3_000, SLOW).state.profile == USUAL
