"""Many callers at once, no room, and the house being closed."""

from pathlib import Path

import pytest

from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.script import At, HangUp, IntoAgentSpeech, Say
from tests.calls.scene import BYE, HOURS, Scene, after_greeting

ASKS = Say("When do you open?", after_greeting())
ANSWER = "We open at nine in the morning."
BUSY = "All our lines are busy right now. Please call again in a few minutes. Goodbye."
GOODBYE = "Thank you for calling. Goodbye."
LONGEST_GAP_SAMPLES = 60 * 8


def test_twelve_callers_at_once_are_all_served(tmp_path: Path) -> None:
    scene = Scene(tmp_path, ANSWER)
    running = scene.call(Say("When do you open?", after_greeting(30)), Say("And when do you close?", At(14_000)), BYE)
    scene.world.run_for(1_000)
    arriving = [scene.call(ASKS, BYE, behaviour=TwilioBehaviour(one_way_ms=20, jitter_ms=30)) for _ in range(12)]
    scene.run()
    for call in arriving:
        assert call.agent[1:] == [ANSWER]
        assert call.ms(call.caller.agent_speech[0].started_at) <= 150
    assert running.agent[1:] == [ANSWER, ANSWER]
    for call in (running, *arriving):
        assert [gap for gap in call.phone.underruns if gap.length_samples > LONGEST_GAP_SAMPLES] == []
    assert len({call.twilio.record.sid for call in arriving}) == 12


def test_a_caller_too_many_is_told_so_and_the_others_do_not_notice(tmp_path: Path) -> None:
    scene = Scene(tmp_path, ANSWER, settings={"OFFHOOK_MAX_CALLS": "2"})
    first, second = scene.call(ASKS, BYE), scene.call(ASKS, BYE)
    scene.world.run_for(3_000)
    third = scene.call(BYE)
    scene.run()
    assert [call.agent[1:] for call in (first, second)] == [[ANSWER], [ANSWER]]
    assert third.twilio.phones == []
    assert len(third.by_twilio) == 1
    assert third.by_twilio[0].endswith(BUSY)


def test_a_place_that_becomes_free_is_given_to_the_next(tmp_path: Path) -> None:
    scene = Scene(tmp_path, ANSWER, settings={"OFFHOOK_MAX_CALLS": "1"})
    first = scene.call(HangUp(IntoAgentSpeech(1_000)))
    scene.world.run_for(3_000)
    second = scene.call(ASKS, BYE)
    scene.run()
    assert first.caller.has_hung_up
    assert second.agent[1:] == [ANSWER]


def test_a_house_that_closes_takes_no_new_calls_and_lets_running_ones_finish(tmp_path: Path) -> None:
    scene = Scene(tmp_path, ANSWER)
    running = scene.call(ASKS, BYE)
    scene.world.run_for(4_000)
    scene.rehearsal.switchboard.is_draining = True
    late = scene.call(BYE)
    scene.run()
    assert running.agent[1:] == [ANSWER]
    assert late.twilio.phones == []
    assert len(late.by_twilio) == 1


@pytest.mark.parametrize("at_ms", [3_000, 8_000, 8_830, 10_500, 11_200, 20_000])
def test_a_house_that_must_close_says_goodbye_in_whatever_moment_the_call_is(tmp_path: Path, at_ms: int) -> None:
    scene = Scene(tmp_path, HOURS)
    call = scene.call(ASKS, Say("Well, hold on.", IntoAgentSpeech(1_600)), HangUp(At(60_000)))
    scene.rehearsal.at(at_ms, lambda: scene.rehearsal.switchboard.end_politely("the server is shutting down"))
    scene.run()
    assert call.agent[-1].endswith(GOODBYE)
    assert not call.caller.has_hung_up
    assert call.ms(call.simulated.ended_at or 0) <= at_ms + 5_000
    assert call.by_twilio == []


def test_a_house_that_cannot_wait_cuts_every_call_in_words(tmp_path: Path) -> None:
    scene = Scene(tmp_path, HOURS)
    calls = [scene.call(ASKS, HangUp(At(60_000))) for _ in range(3)]
    scene.rehearsal.at(10_000, lambda: scene.rehearsal.switchboard.cut_all("shut down"))
    scene.run()
    for call in calls:
        assert len(call.by_twilio) == 1
