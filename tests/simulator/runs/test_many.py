"""Many runs over processes: in order, bounded, and never hanging."""

import os
from pathlib import Path

from simulator.runs.many import run_many
from simulator.runs.outcome import Status
from simulator.runs.work import Manner, Work
from tests.simulator.runs import crew

A, B = Work("a", range(3), "a"), Work("b", range(10), "b", "about b")
IN_ORDER = [("a", seed) for seed in range(3)] + [("b", seed) for seed in range(10)]


def test_with_one_job_everything_happens_here_and_only_when_asked() -> None:
    outcomes = run_many([A, B], Manner(), 1, crew.told)
    assert next(outcomes).digest == str(os.getpid())
    assert [(one.script, one.seed) for one in outcomes] == IN_ORDER[1:]


def test_a_process_that_dies_costs_one_run_and_the_others_come_in_order() -> None:
    outcomes = list(run_many([A, B], Manner(is_swarm=True), 2, crew.dies_at_five))
    assert [(one.script, one.seed) for one in outcomes] == IN_ORDER
    broken = [one for one in outcomes if one.status is not Status.PASSED]
    assert [(one.script, one.seed, one.status) for one in broken] == [("b", 5, Status.BROKEN)]
    assert broken[0].violations[0].what == "the process that ran it died (exit code 3)"
    assert broken[0].rerun == "offhook simulate b --seed 5 --swarm"
    pids = {one.digest for one in outcomes if one.digest}
    assert str(os.getpid()) not in pids
    assert 2 <= len(pids) <= 3


def test_closing_ends_processes_whatever_they_do(tmp_path: Path) -> None:
    outcomes = run_many(
        [Work("a", range(1)), Work("b", range(1, 3))], Manner(keep=tmp_path), 2, crew.hangs_after_a_sign
    )
    assert next(outcomes).seed == 0
    outcomes.close()
    assert [pid for pid in crew.sees(tmp_path) if Path(f"/proc/{pid}").exists()] == []


def test_no_work_is_no_outcome() -> None:
    assert list(run_many([], Manner(), 4, crew.told)) == []
