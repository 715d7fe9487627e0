"""A simulated model's scores: what it knows, how often it is wrong, and that a call with it replays."""

from pathlib import Path

import pytest

from agent.wire_log import wires_path
from fsm.events import EndOfTurnScored
from fsm.state import Mode
from simulator.emulator_settings import Setting, SettingError, make_behaviour
from simulator.rehearsal import Cast, rehearse, trace_of
from simulator.replay.core import replay_core
from simulator.replay.recorded import Recorded, read_recorded
from simulator.replay.shell import replay_shell
from simulator.replay.wires import read_wires
from simulator.script import AfterAgentFinished, HangUp, Say
from simulator.turn_model import TurnModelBehaviour

NEVER_WRONG = TurnModelBehaviour(listens=True, end_share=1.0, pause_share=0.0)
SCRIPT = (
    Say("I need an appointment [600 ms] for my dog Rex.", AfterAgentFinished()),
    HangUp(AfterAgentFinished()),
)


def called(data: Path, model: TurnModelBehaviour, **settings: str) -> Path:
    """The trace of a short call."""
    rehearsal, call = rehearse(data, SCRIPT, Cast(turn_model=model, profile={"wait_ms": 500}, settings=settings))
    assert rehearsal.close() == []
    return trace_of(data, call)


def scores(recorded: Recorded) -> list[int]:
    """Percent, in the order in which they came."""
    events = [decision.event for decision in recorded.decisions]
    return [event.probability_percent for event in events if isinstance(event, EndOfTurnScored)]


def test_it_knows_a_pause_from_an_end(tmp_path: Path) -> None:
    found = scores(read_recorded(called(tmp_path, NEVER_WRONG)))
    assert len(found) >= 3
    *in_the_pause, at_the_end = found
    assert max(in_the_pause) < 50 < at_the_end


def test_without_one_nothing_is_scored(tmp_path: Path) -> None:
    assert scores(read_recorded(called(tmp_path, TurnModelBehaviour()))) == []


def test_wrong_scores_are_told_too(tmp_path: Path) -> None:
    found = scores(read_recorded(called(tmp_path, TurnModelBehaviour(listens=True, end_share=0.0, pause_share=1.0))))
    assert found[0] > 50 > found[-1]


def test_a_score_that_comes_when_the_turn_is_over_changes_nothing(tmp_path: Path) -> None:
    recorded = read_recorded(called(tmp_path, TurnModelBehaviour(listens=True, takes_ms=3_000)))
    late = [
        one for one in recorded.decisions if isinstance(one.event, EndOfTurnScored) and one.to is not Mode.LISTENING
    ]
    assert late
    assert not any(one.effects for one in late)


def test_a_scored_call_replays_from_its_trace_and_from_its_wires(tmp_path: Path) -> None:
    trace = called(tmp_path, NEVER_WRONG, OFFHOOK_TRACE_WIRES="kept")
    recorded = read_recorded(trace)
    assert scores(recorded)
    assert replay_core(recorded).is_same
    assert replay_shell(recorded, read_wires(wires_path(trace))).difference is None


def test_a_share_is_a_share() -> None:
    with pytest.raises(SettingError, match=r"end_share: expected a share from 0 to 1, got 1\.5"):
        make_behaviour(TurnModelBehaviour, [Setting("turn_model", "end_share", 1.5, "call.toml, line 3")])
