"""Runs a day: each agent's calls in several shifts on the same databases, each shift with faults of its own."""

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from simulator.brain.of_agent import brain_of
from simulator.day.callers import ERRANDS, Errand, caller_of
from simulator.day.counting import Count, Told, count_day, told_of
from simulator.rehearsal import MONDAY, Cast
from simulator.runs.one import quiet
from simulator.runs.plan import Plan
from simulator.runs.rendered import put_databases
from simulator.runs.run import perform
from simulator.runs.swarm import swarm

SHIFT_CALLS = 10
"""Calls of one agent that share a world, and its faults; then the agent is started anew on what it left."""

BETWEEN_MS = 30_000
"""A caller comes every so often: about three are on the line at a time."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Some calls of one agent: those with these numbers."""

    errand: Errand
    numbers: range
    seed: int

    def plan(self, *, with_faults: bool) -> Plan:
        """Who calls when, and what goes wrong."""
        rng = Random(f"{self.seed}/day/{self.errand.agent}/{self.numbers.start}")
        arrivals = [place * BETWEEN_MS + rng.randrange(BETWEEN_MS) for place in range(len(self.numbers))]
        callers = [
            caller_of(self.errand, number, at, rng) for number, at in zip(self.numbers, sorted(arrivals), strict=True)
        ]
        now = MONDAY + timedelta(hours=self.numbers.start // SHIFT_CALLS)
        cast = Cast(brain=brain_of(self.errand.agent), agent=self.errand.agent, now=now, skips_idle=True)
        plan = Plan(
            f"day-{self.errand.agent}", cast=cast, callers=tuple(callers), longest_ms=len(callers) * BETWEEN_MS * 4
        )
        return swarm(plan, self.seed + self.numbers.start) if with_faults else replace(plan, is_strict=False)


def run_day(calls: int, seed: int, jobs: int, *, with_faults: bool = True) -> Count:
    """A day of so many calls, to all agents in turn."""
    shares = [(errand, len(range(place, calls, len(ERRANDS)))) for place, errand in enumerate(ERRANDS)]
    works = [(place, share, seed, with_faults) for place, (_, share) in enumerate(shares) if share]
    total = Count()
    for count in _all(works, jobs):
        total.add(count)
    return total


def _all(works: list[tuple[int, int, int, bool]], jobs: int) -> Iterator[Count]:
    if jobs == 1 or len(works) == 1:
        yield from (run_agent(*work) for work in works)
        return
    with ProcessPoolExecutor(min(jobs, len(works)), mp_context=get_context("spawn")) as pool:
        yield from pool.map(run_agent, *zip(*works, strict=True))


def run_agent(place: int, calls: int, seed: int, with_faults: bool) -> Count:
    """The day of one agent."""
    errand = ERRANDS[place]
    with TemporaryDirectory(prefix="offhook-") as name, quiet():
        data = Path(name)
        told: list[Told] = []
        faults = broken = 0
        for first in range(0, calls, SHIFT_CALLS):
            numbers = range(first, min(calls, first + SHIFT_CALLS))
            shift = Shift(errand, numbers, seed)
            plan = shift.plan(with_faults=with_faults)
            if not first:
                put_databases(data)
            evidence = perform(plan, seed * 1_000 + first, data, on_fresh_databases=False)
            told += [told_of(call, errand, int(call.name.rpartition("-")[2])) for call in evidence.calls]
            faults += len(evidence.struck)
            if evidence.trouble:
                broken += 1
                print(f"{plan.name} from call {first}: {evidence.trouble}", file=sys.stderr)  # noqa: T201 - for who runs it
        sums = count_day(data, errand, told)
        sums.faults, sums.broken = faults, broken
        return sums
