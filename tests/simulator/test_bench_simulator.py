"""The plumbing of `offhook bench simulator`; nothing here depends on how quick the machine is."""

import json

import pytest
from click.testing import CliRunner, Result

from simulator import bench_simulator
from simulator.bench_command import bench
from simulator.bench_rooms import by_room, profiled
from simulator.bench_simulator import GOALS, Plan, SimulatorFigures
from simulator.script import At, HangUp

KEYS = ("realtime_factor_full", "realtime_factor_idle_skip", "core_replay_factor", "seeds_per_second")
"""What README and other programs rely on."""


def printed(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    figures = SimulatorFigures(600.0, 1_500.0, 30_000.0, 12.5, 0.25, 90.0, {"agent": 60.0}, {"agent/call.py": 60.0})
    monkeypatch.setattr(bench_simulator, "measure", lambda _plan, _tell: figures)
    result = CliRunner().invoke(bench, ["simulator", *arguments])
    assert result.exit_code == 0, result.output
    return result


def test_the_figures_are_one_json_object(monkeypatch: pytest.MonkeyPatch) -> None:
    told = json.loads(printed(monkeypatch, "--json", "--quick").stdout)
    assert [told[key] for key in KEYS] == [600, 1_500, 30_000, 12.5]
    assert told["rooms_percent"] == {"agent": 60}
    assert told["cpu"]


def test_the_table_says_what_is_missed_and_by_how_much(monkeypatch: pytest.MonkeyPatch) -> None:
    table = printed(monkeypatch).stdout
    assert table.count("met") == len(GOALS) - 1
    assert "missed, 75% of it" in " ".join(table.split())
    assert "agent/call.py" in table


def test_all_of_it_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    short = {"CALL": (HangUp(At(3_000)),), "MINUTE": bench_simulator.SHORT, "JOBS": 1}
    for name, value in short.items():
        monkeypatch.setattr(bench_simulator, name, value)
    monkeypatch.setattr(bench_simulator, "_memory_growth_mb", bench_simulator._grow)  # in this process
    figures = bench_simulator.measure(Plan(repeats=1, folds=1, seeds=1, memory_runs=(1, 2)), told.append)
    assert all(getattr(figures, key) > 0 for key in KEYS)
    assert 3 <= figures.call_s < 4
    assert {"simulator", "simulator/peers", "agent", "fsm"} <= set(figures.rooms)
    assert 99 < sum(figures.rooms.values()) < 101  # each is rounded
    assert len(told) == 6


def test_built_in_functions_count_for_their_callers() -> None:
    def work() -> None:
        for _ in range(300):
            sorted(range(1_000), key=lambda number: -number)

    shares = profiled(work)
    (largest, *_) = shares
    assert largest.endswith("test_bench_simulator.py)")
    assert by_room({"simulator/peers/groq.py": 30.0, "simulator/world.py": 20.0, "(json/decoder.py)": 50.0}) == {
        "libraries": 50.0,
        "simulator/peers": 30.0,
        "simulator": 20.0,
    }
