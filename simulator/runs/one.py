"""One run as the command wants it: script and seed in, outcome out, whatever happens."""

import logging
import traceback
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from shlex import join

from simulator.report.results import without_spans
from simulator.runs.outcome import Outcome, Status, Violation
from simulator.runs.plan import FaultPlan, Plan
from simulator.runs.run import run
from simulator.runs.swarm import swarm
from simulator.runs.twice import divergence
from simulator.scenario import bundled, load

PLANS_KEPT = 4
"""Scripts come one after the other, with all their seeds."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How every run is done. `is_slim`: its timelines are not needed; `keep`: the folder where traces go."""

    faults: tuple[FaultPlan, ...] = ()
    is_swarm: bool = False
    is_twice: bool = False
    is_slim: bool = True
    until_ms: int | None = None
    keep: Path | None = None

    @property
    def options(self) -> tuple[str, ...]:
        """What the command has to be told so that it makes the same plan."""
        faults = [join(["--fault", fault.text]) for fault in self.faults]
        return (*faults, *(["--swarm"] if self.is_swarm else []))


@dataclass(frozen=True, slots=True)
class Work:
    """A script, as `load` takes it, and the seeds to run it with; `name` and `about` for when it cannot be run."""

    script: str
    seeds: range
    name: str = ""
    about: str = ""


@lru_cache(PLANS_KEPT)
def _plan(script: str) -> Plan:
    return load(script)


def plan_of(script: str, seed: int, manner: Manner) -> Plan:
    """The plan of a script, with the faults that are asked for."""
    plan = _plan(script)
    if script in bundled():
        plan = replace(plan, path=None)  # it goes by its name, wherever it is installed
    if manner.is_swarm:
        plan = swarm(plan, seed)
    if manner.faults:
        plan = replace(plan.with_faults(*manner.faults), is_strict=False)
    return replace(plan, options=manner.options)


def quieten() -> None:
    """Let what the agent logs in simulated calls go nowhere by itself: faults are what they are made of.

    Checkers listen to it all the same.
    """
    logging.getLogger().addHandler(logging.NullHandler())


def run_one(work: Work, seed: int, manner: Manner) -> Outcome:
    """Run it; a mistake of ours becomes a broken run."""
    try:
        plan = plan_of(work.script, seed, manner)
        outcome = run(plan, seed, until_ms=manner.until_ms, keep=manner.keep)
        if manner.is_twice:
            outcome = _compared(plan, seed, outcome)
    except Exception as error:  # whatever broke: the other runs go on, and this one is told
        return broken(work, seed, manner, _story(error))
    return without_spans(outcome) if manner.is_slim else outcome


def _compared(plan: Plan, seed: int, outcome: Outcome) -> Outcome:
    found = divergence(plan, seed)
    if found is None:
        return outcome
    violations = (Violation("twice", str(found)), *outcome.violations)
    rerun = f"{outcome.rerun.partition(' --until ')[0]} --twice"
    return replace(outcome, status=Status.BROKEN, violations=violations, rerun=rerun)


def broken(work: Work, seed: int, manner: Manner, what: str) -> Outcome:
    """A run of which nothing is known but that it went wrong."""
    return Outcome(
        script=work.name or work.script,
        seed=seed,
        status=Status.BROKEN,
        digest="",
        violations=(Violation("run", what),),
        calls=(),
        faults=tuple(fault.text for fault in manner.faults),
        simulated_ms=0,
        rerun=" ".join([join(["offhook", "simulate", work.script, "--seed", str(seed)]), *manner.options]),
        about=work.about,
    )


def _story(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = "/".join(Path(last.filename).parts[-2:])  # the same wherever it is installed
    return f"{type(error).__name__}: {error} ({where}:{last.lineno}, in {last.name})"
