"""Faults drawn from a seed."""

from dataclasses import replace

from simulator.faults.catalogue import CATALOGUE
from simulator.faults.planned import wrong_with
from simulator.runs.plan import Expectation, FaultPlan
from simulator.runs.swarm import swarm
from tests.simulator.runs.stories import ASKS, plan

CALL = plan(*ASKS)
SEEDS = range(300)
DRAWN = [swarm(CALL, seed).faults for seed in SEEDS]


def test_the_same_seed_draws_the_same_for_a_script_and_other_seeds_and_scripts_draw_others() -> None:
    assert swarm(CALL, 7) == swarm(CALL, 7)
    assert DRAWN[7] != DRAWN[8]
    assert swarm(replace(CALL, name="another"), 7).faults != DRAWN[7]


def test_some_runs_have_few_faults_and_some_have_many() -> None:
    counts = sorted(len(faults) for faults in DRAWN)
    assert counts[0] == 0
    assert counts[len(counts) // 2] in range(1, 8)
    assert counts[-1] > 12


def test_every_fault_that_a_call_may_survive_is_drawn_some_day_and_no_other() -> None:
    names = {
        fault.name for faults in (*DRAWN, *(swarm(CALL, seed).faults for seed in range(300, 1_500))) for fault in faults
    }
    assert names == {name for name, fault in CATALOGUE.items() if not fault.is_fatal}


def test_what_is_drawn_can_be_and_is_as_strong_and_as_often_as_it_may() -> None:
    drawn = [fault for faults in DRAWN for fault in faults]
    assert [complaint for fault in drawn for complaint in wrong_with(fault)] == []
    for fault in drawn:
        low, high = CATALOGUE[fault.name].swarm or (0.0, float("inf"))
        assert fault.strength is not None
        assert low <= fault.strength <= high
    assert {bool(fault.at) for fault in drawn} == {bool(fault.rate_per_min) for fault in drawn} == {True, False}


def test_only_checkers_judge_a_swarm_and_the_scripts_own_faults_stay() -> None:
    expects = Expectation("never", lambda _evidence: ())
    own = FaultPlan("stt_stall", 900.0)
    expecting = replace(CALL, faults=(own,), expectations=(expects,), is_strict=True)
    drawn = swarm(expecting, 3)
    assert (drawn.expectations, drawn.is_strict) == ((), False)
    assert drawn.faults == (own, *DRAWN[3])
    hopeless = swarm(replace(expecting, xfail="not yet"), 3)
    assert (hopeless.xfail, hopeless.faults) == ("", DRAWN[3])
