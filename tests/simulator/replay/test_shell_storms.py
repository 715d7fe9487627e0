"""Whatever happens to a call, its tape tells all of it: the code does the same again, to the nanosecond."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.switchboard import MAX_RESUMES
from agent.wire_log import wires_path
from simulator.peers.elevenlabs_behaviour import ElevenLabsBehaviour
from simulator.peers.groq_behaviour import GroqBehaviour, GroqRefusal, GroqStreamFault
from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.rehearsal import AGENT_ORIGIN, DEEPGRAM, ELEVENLABS, GROQ, Cast, Rehearsal, trace_of
from simulator.replay.core import replay_core
from simulator.replay.recorded import read_recorded
from simulator.replay.shell import replay_shell
from simulator.replay.wires import read_wires
from simulator.script import AfterAgentFinished, AtOnce, HangUp, IfLate, IntoAgentSpeech, Press, Say
from simulator.simulated_call import SimulatedCall

KEPT = {"OFFHOOK_TRACE_WIRES": "kept"}
SCRIPT = (
    Say("What times do you have on Tuesday?", AfterAgentFinished()),
    Press("12", IntoAgentSpeech(700)),
    Say("Ten, please, for Ada.", AtOnce(3_000)),
    HangUp(AfterAgentFinished(silence_ms=900, timeout_ms=9_000, if_late=IfLate.HANG_UP)),
)

Trouble = Callable[[Rehearsal, SimulatedCall], None]


def lose_streams(rehearsal: Rehearsal, call: SimulatedCall) -> None:
    for again in range(MAX_RESUMES + 1):
        rehearsal.at(9_800 + 900 * again, call.twilio.drop_stream)


def stall_all(rehearsal: Rehearsal, _call: SimulatedCall) -> None:
    for origin in (AGENT_ORIGIN, DEEPGRAM, GROQ, ELEVENLABS):
        rehearsal.at(9_000, lambda origin=origin: rehearsal.link(origin).stall(1_200))  # type: ignore[misc]  # bound early


TROUBLES: dict[str, Trouble] = {
    "stream lost and resumed": lambda rehearsal, call: rehearsal.at(8_500, call.twilio.drop_stream),
    "stream with a used token": lambda rehearsal, call: rehearsal.at(10_000, call.twilio.reconnect),
    "stream lost too often": lose_streams,
    "ears cut": lambda rehearsal, _: rehearsal.at(8_900, rehearsal.link(DEEPGRAM).cut),
    "voice cut": lambda rehearsal, _: rehearsal.at(11_900, rehearsal.link(ELEVENLABS).cut),
    "model down": lambda rehearsal, _: rehearsal.at(9_000, lambda: rehearsal.link(GROQ).take_down(1_500)),
    "everything stalls": stall_all,
    "drained": lambda rehearsal, _: rehearsal.at(9_900, lambda: rehearsal.switchboard.end_politely("draining")),
    "killed": lambda rehearsal, _: rehearsal.at(12_000, lambda: rehearsal.switchboard.cut_all("killed")),
    "telephone call reported over": lambda rehearsal, call: rehearsal.at(
        12_000, lambda: rehearsal.switchboard.end_reported(call.twilio.record.sid)
    ),
}
CASTS: dict[str, Cast] = {
    "single endpoint": Cast(settings=KEPT, elevenlabs=ElevenLabsBehaviour(offers=("single",))),
    "refused once": Cast(settings=KEPT, groq=GroqBehaviour(refuse=GroqRefusal.SERVER_ERROR, fail_first_n=1)),
    "cut in mid-answer": Cast(settings=KEPT, groq=GroqBehaviour(stream_fault=GroqStreamFault.CUT, fail_first_n=2)),
    "impatient": Cast(
        settings=KEPT, profile={"filler_ms": 300, "quick_wait_ms": 100, "wait_ms": 150, "unfinished_wait_ms": 200}
    ),
}


def assert_told_again(data: Path, call: SimulatedCall) -> None:
    trace = trace_of(data, call)
    recorded = read_recorded(trace)
    assert replay_core(recorded).is_same
    replay = replay_shell(recorded, read_wires(wires_path(trace)))
    assert replay.difference is None
    assert replay.decisions == len(recorded.decisions) > 5


def perform(data: Path, cast: Cast, trouble: Trouble, behaviour: TwilioBehaviour | None = None) -> SimulatedCall:
    rehearsal = Rehearsal(data, cast)
    rehearsal.prepare()
    call = rehearsal.call(SCRIPT, behaviour=behaviour)
    trouble(rehearsal, call)
    rehearsal.finish()
    assert rehearsal.close() == []
    return call


@pytest.mark.parametrize("name", TROUBLES)
def test_a_call_in_trouble_is_told_again(tmp_path: Path, name: str) -> None:
    assert_told_again(tmp_path, perform(tmp_path, Cast(settings=KEPT), TROUBLES[name]))


@pytest.mark.parametrize("name", CASTS)
def test_a_call_among_odd_providers_is_told_again(tmp_path: Path, name: str) -> None:
    assert_told_again(tmp_path, perform(tmp_path, CASTS[name], lambda _rehearsal, _call: None))


def test_a_call_over_a_poor_link_is_told_again(tmp_path: Path) -> None:
    poor = TwilioBehaviour(one_way_ms=75, jitter_ms=60, lost_mark_rate=0.3, drop_rate=0.02)
    assert_told_again(tmp_path, perform(tmp_path, Cast(seed=5, settings=KEPT), lambda _rehearsal, _call: None, poor))


def test_an_announced_call_that_never_comes_leaves_nothing_open(tmp_path: Path) -> None:
    rehearsal = Rehearsal(tmp_path, Cast(settings=KEPT))
    rehearsal.prepare()
    for _ in range(100):
        rehearsal.desk.expect_call()
    rehearsal.world.run_for(20_000)
    assert rehearsal.close() == []
    assert not list((tmp_path / "traces").glob("*")) if (tmp_path / "traces").exists() else True
