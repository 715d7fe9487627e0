"""One run as the command wants it."""

from pathlib import Path

import pytest

from simulator.runs import one
from simulator.runs.one import plan_of, run_one
from simulator.runs.outcome import Outcome, Status
from simulator.runs.plan import FaultPlan, Moment, Plan
from simulator.runs.twice import Divergence
from simulator.runs.work import Manner, Work
from tests.simulator.report.outcomes import outcome

WORK = Work("booking", range(1), "booking", "A caller books")
STALL = FaultPlan("stt_stall", 4_000, Moment("SPEAKING", 2, 300))


def test_the_plan_of_a_bundled_script_goes_by_its_name() -> None:
    plan = plan_of("booking", 7, Manner())
    assert (plan.name, plan.path, plan.options) == ("booking", None, ())


def test_faults_that_are_asked_for_come_on_top_and_into_the_command() -> None:
    plan = plan_of("booking", 7, Manner(faults=(STALL,)))
    assert plan.faults[-1] == STALL
    assert plan.options == ("--fault 'stt_stall=4000@SPEAKING#2+300'",)
    assert not plan.is_strict


def test_a_swarm_is_drawn_from_the_seed() -> None:
    plans = [plan_of("booking", seed, Manner(is_swarm=True)) for seed in (1, 1, 2)]
    assert plans[0].faults == plans[1].faults != plans[2].faults
    assert plans[0].options == ("--swarm",)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Plan, int]]:
    seen: list[tuple[Plan, int]] = []

    def run(plan: Plan, seed: int, *, until_ms: int | None, keep: Path | None, turn_traces: Path | None) -> Outcome:
        seen.append((plan, seed))
        return outcome(plan.name, seed)

    monkeypatch.setattr(one, "run", run)
    return seen


def test_timelines_are_dropped_unless_they_are_wanted(runs: list[tuple[Plan, int]]) -> None:
    assert run_one(WORK, 3, Manner()).calls[0].spans == ()
    assert run_one(WORK, 3, Manner(is_slim=False)).calls[0].spans != ()
    assert [seed for _, seed in runs] == [3, 3]


def test_what_raises_is_a_broken_run_that_says_where() -> None:
    found = run_one(Work("no_such_script", range(1)), 4, Manner(faults=(STALL,)))
    assert (found.status, found.seed, found.calls) == (Status.BROKEN, 4, ())
    assert found.violations[0].what.startswith("ScriptError: ")
    assert found.violations[0].what.endswith("in find)")
    assert found.rerun == "offhook simulate no_such_script --seed 4 --fault 'stt_stall=4000@SPEAKING#2+300'"


def test_two_runs_that_differ_are_broken(runs: list[tuple[Plan, int]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one, "divergence", lambda plan, seed: Divergence(17, ("same",), "left", "right"))
    found = run_one(WORK, 3, Manner(is_twice=True))
    assert (found.status, found.violations[0].checker) == (Status.BROKEN, "twice")
    assert "differ at record 17" in found.violations[0].what
    assert found.rerun == "offhook simulate booking --seed 3 --twice"


def test_two_runs_that_agree_are_as_one(runs: list[tuple[Plan, int]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one, "divergence", lambda plan, seed: None)
    assert run_one(WORK, 3, Manner(is_twice=True)).status is Status.PASSED
