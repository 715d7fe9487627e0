import json
from pathlib import Path
from typing import Any

import pytest

from agent.metrics.grid import native_20, tau_200
from agent.metrics.panel import Measure
from agent.metrics.ticks import InsertType, effects, runs
from agent.metrics.turn_trace import TurnTrace, TurnTraceError, read_turn_trace
from tests.agent.metrics.streams import published
from tests.agent.metrics.traces import agent, call, sound, turn

EXAMPLE: dict[str, Any] = {
    "format": "turn-trace/1",
    "call": "b3f1",
    "domain": "scheduling",
    "seed": 7,
    "end_ms": 41260,
    "ended_by": "caller_hangup",
    "caller": [
        {
            "id": 1,
            "kind": "turn",
            "start_ms": 2000,
            "end_ms": 4120,
            "complete": True,
            "voiced_ms": [[2040, 2900], [3350, 4080]],
            "inserts": [{"type": "vocal_tic", "text": "um", "start_ms": 2900, "end_ms": 3100}],
        },
        {
            "id": 2,
            "kind": "backchannel",
            "start_ms": 6000,
            "end_ms": 6400,
            "voiced_ms": [[6020, 6380]],
            "inserts": [],
        },
        {"id": 3, "kind": "vocal_tic", "text": "cough", "start_ms": 9010, "end_ms": 9400, "voiced_ms": [[9010, 9400]]},
    ],
    "agent": [
        {"turn": 0, "kind": "greeting", "start_ms": 200, "end_ms": 1500, "stopped_by": "finished"},
        {
            "turn": 1,
            "kind": "reply",
            "start_ms": 4500,
            "end_ms": 8220,
            "stopped_by": "cleared",
            "voiced_ms": [[4520, 8220]],
            "tool": False,
        },
    ],
    "turns": [{"turn": 1, "fallback": False, "tool": False}],
}


def read(value: dict[str, Any]) -> TurnTrace:
    return read_turn_trace(json.dumps(value), Path("call.json"))


def test_the_documented_value_is_read_and_written_as_it_is() -> None:
    trace = read(EXAMPLE)
    assert trace.caller_turns[0].inserts[0].type is InsertType.VOCAL_TIC
    assert read_turn_trace(trace.to_json(), Path("again.json")) == trace


def test_the_documented_value_in_ticks() -> None:
    ticks = tau_200(read(EXAMPLE))
    assert ticks.count == 207
    assert runs(ticks.caller, ticks.count) == [(10, 21), (30, 32)]
    assert runs(ticks.agent, ticks.count) == [(1, 8), (22, 42)]
    assert [one.start for one in effects(ticks)] == [45]
    assert [ticks.actions[tick] for tick in (10, 30)] == [None, "backchannel"]
    assert [tick for tick in range(60) if ticks.inserts[tick]] == [14, 15, 45]


def test_out_of_turn_a_sound_stands_on_one_coarse_tick_and_on_all_fine_ones() -> None:
    trace = call(caller=[sound("vocal_tic", 1_050, 1_650)])
    assert [(one.start, one.end) for one in effects(tau_200(trace))] == [(5, 6)]
    assert [(one.start, one.end) for one in effects(native_20(trace))] == [(52, 83)]


def test_an_interval_that_ends_on_a_boundary_does_not_touch_the_next_tick() -> None:
    ticks = tau_200(call(agent=[agent(200, 400, 1), agent(600, 801, 1)]))
    assert runs(ticks.agent, ticks.count) == [(1, 2), (3, 5)]


def test_stretches_without_a_silent_tick_between_are_one() -> None:
    ticks = tau_200(call(agent=[agent(0, 450, 1), agent(550, 900, 1)]))
    assert runs(ticks.agent, ticks.count) == [(0, 5)]


def test_of_two_that_share_a_tick_the_earlier_names_it() -> None:
    turn_first = tau_200(call(caller=[turn(0, 450), sound("backchannel", 500, 900)]))
    assert [turn_first.actions[tick] for tick in (2, 3)] == [None, "backchannel"]
    nod_first = tau_200(call(caller=[sound("backchannel", 0, 450), turn(500, 900)]))
    assert [nod_first.actions[tick] for tick in (2, 3)] == ["backchannel", None]


def test_noise_sets_nothing() -> None:
    assert published(tau_200(call(caller=[sound("noise", 1_000, 3_000)], agent=[agent(0, 2_000, 1)]))) == {}


def test_a_hesitation_inside_a_turn_is_the_caller_speaking() -> None:
    trace = call(caller=[turn(0, 4_000, voiced_ms=[[0, 1_000], [3_000, 4_000]])], agent=[agent(2_000, 5_000, 1)])
    assert set(published(tau_200(trace))) == {Measure.AGENT_INTERRUPTION}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"format": "turn-trace/2"}, "call.json: format: Input should be 'turn-trace/1'"),
        ({"end_ms": -1}, "call.json: end_ms: Input should be greater than or equal to 0"),
        ({"end_ms": 8_000}, "caller[2]: expected its end within the call's 8000 ms, got 9400"),
        ({"caller": [turn(500, 500)]}, "call.json: caller[0]: expected end_ms after start_ms, got 500 to 500"),
        (
            {"caller": [turn(500, 900) | {"end_ms": 900.5}]},
            "caller[0].end_ms: Input should be a valid integer",
        ),
        ({"caller": [sound("sneeze", 500, 900)]}, "call.json: caller[0].kind: Input should be 'turn'"),
        ({"caller": [turn(900, 950), turn(500, 700)]}, "expected entries in order of start_ms, got 500 after 900"),
        ({"agent": [agent(500, 900, 1, voiced_ms=[[400, 600]])]}, "agent[0]: expected what is in it within 500 to 900"),
        (
            {"agent": [agent(500, 900, 1, voiced_ms=[[700, 800], [600, 650]])]},
            "expected stretches [start, end) in order",
        ),
        ({"ended_by": "aliens"}, "call.json: ended_by: Input should be"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(TurnTraceError) as caught:
        read({**EXAMPLE, **change})
    assert complaint in str(caught.value)
    assert "call.json" in str(caught.value)


def test_keys_that_later_versions_may_add_are_left_alone() -> None:
    assert read({**EXAMPLE, "mood": "sunny"}) == read(EXAMPLE)
