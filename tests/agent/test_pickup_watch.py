"""What the shell knows of who picked up, as facts for the machine."""

from dataclasses import replace

import pytest

from agent.pickup_watch import PickupWatch, report_of, started_of
from agent.twilio import Phone, Started
from fsm.answerer import Answerer
from fsm.events import AnswererReported, BeepHeard, CallStarted, HangUpRequested
from fsm.profile import Phrases, Profile
from fsm.step import begin
from simulator import sounds
from tests.agent.stream_fakes import RecordingWire

DIALLED = replace(begin(Profile(), Phrases(), 0), answerer=Answerer.UNKNOWN)


def phone(**parameters: str) -> Phone:
    return Phone(RecordingWire(), Started("MZ1", "CA1", parameters=parameters))


def test_a_call_of_somebody_elses_is_no_pickup() -> None:
    assert started_of(phone(caller="+1", called="+2"), "Call us back.") == CallStarted("+1", "+2")
    assert not PickupWatch(is_placed=False).is_open


def test_the_message_of_a_call_goes_before_that_of_the_agent() -> None:
    assert started_of(phone(placed="yes"), "Ours.") == CallStarted("", "", is_placed=True, voicemail="Ours.")
    assert started_of(phone(placed="yes", voicemail="Its own."), "Ours.").voicemail == "Its own."


@pytest.mark.parametrize(
    ("answered_by", "report"),
    [
        ("human", AnswererReported(is_machine=False)),
        ("machine_start", AnswererReported(is_machine=True)),
        ("machine_end_beep", AnswererReported(is_machine=True, has_beeped=True)),
        ("machine_end_silence", AnswererReported(is_machine=True, has_beeped=True)),
        ("machine_end_other", AnswererReported(is_machine=True, has_beeped=True)),
        ("fax", HangUpRequested("a fax answered")),
        ("unknown", None),
        ("", None),
    ],
)
def test_each_word_of_twilios_means_something_or_nothing(answered_by: str, report: object) -> None:
    assert report_of(answered_by) == report


def test_beeps_are_listened_for_until_it_is_a_conversation() -> None:
    watch = PickupWatch(is_placed=True)
    audio = sounds.beep(400)
    told = [watch.hear(piece, 0, DIALLED) for piece in (audio, sounds.silence(40))]
    assert told[0] is None
    assert isinstance(told[1], BeepHeard)
    watch.hear(sounds.silence(20), 0, replace(DIALLED, answerer=Answerer.HUMAN, turn=3))
    assert not watch.is_open


def test_who_it_is_is_news_once() -> None:
    watch = PickupWatch(is_placed=True)
    assert watch.news(DIALLED) is None
    human = replace(DIALLED, answerer=Answerer.HUMAN, answerer_by="a hello")
    assert [watch.news(human), watch.news(human)] == [{"who": "human", "by": "a hello"}, None]
    assert watch.news(replace(human, answerer=Answerer.MACHINE, answerer_by="a beep")) == {
        "who": "machine",
        "by": "a beep",
    }
