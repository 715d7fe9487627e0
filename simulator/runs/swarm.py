"""A swarm of faults: which are on, how strong and when, drawn from the seed. Runs differ in how many they have."""

from dataclasses import replace
from random import Random

from simulator.faults.base import Fault
from simulator.faults.catalogue import ALL
from simulator.faults.planned import CUES
from simulator.runs.plan import FaultPlan, Moment, Plan

FEWEST, MOST = 0.5, 16.0
"""Between these lies how many faults a run has on average; each doubling is as likely."""

LATEST_MS = 45_000
"""A moment by the clock comes within so long: most scripted calls are over by then."""

LATE_MS = 2_000
"""After its cue a fault strikes within so long."""

MOST_OFTEN_PER_MIN = 8.0

SURVIVABLE: tuple[Fault, ...] = tuple(fault for fault in ALL if not fault.is_fatal)
"""What a swarm draws from: a call that no fault leaves alive shows nothing of the others."""


def swarm(plan: Plan, seed: int) -> Plan:
    """The plan with faults of its own drawn for this seed, behind those it has.

    What its script expects no longer counts, nor that it may fail: only the checkers do; the faults of a script that
    cannot hold yet are left out. Of two faults that change the same thing, the later in the catalogue wins.
    """
    rng = Random(f"{seed}/swarm/{plan.name}")
    share = FEWEST * (MOST / FEWEST) ** rng.random() / len(SURVIVABLE)
    drawn = tuple(_drawn(fault, rng) for fault in SURVIVABLE if rng.random() < share)
    own = () if plan.xfail else plan.faults
    return replace(plan, faults=(*own, *drawn), expectations=(), xfail="", is_strict=False)


def _drawn(fault: Fault, rng: Random) -> FaultPlan:
    plan = FaultPlan(fault.name, _strength(fault, rng))
    way = rng.random()
    if not fault.has_moment or way < 0.3:
        return plan
    if way < 0.55:
        return replace(plan, at=Moment(delay_ms=round(rng.uniform(0, LATEST_MS))))
    if way < 0.85 or not fault.may_repeat:
        return replace(plan, at=Moment(rng.choice(CUES), rng.choice((1, 1, 2, 3)), round(rng.uniform(0, LATE_MS))))
    return replace(plan, rate_per_min=round(rng.uniform(0.5, MOST_OFTEN_PER_MIN), 1))


def _strength(fault: Fault, rng: Random) -> float:
    """Weak ones are as likely as strong ones: every doubling counts the same."""
    low, high = fault.swarm or (fault.strength.low, fault.strength.high)
    base = max(low, high / 1_000)
    return fault.strength.plain(max(low, float(f"{base * (high / base) ** rng.random():.3g}")))
