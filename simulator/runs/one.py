"""One run as the command wants it: script and seed in, outcome out, whatever happens."""

import gc
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from simulator.report.results import without_spans
from simulator.runs.outcome import Outcome, Status, Violation
from simulator.runs.plan import Plan
from simulator.runs.run import run
from simulator.runs.swarm import swarm
from simulator.runs.twice import divergence
from simulator.runs.work import Manner, Work, broken
from simulator.scenario import bundled, load

PLANS_KEPT = 4
"""Scripts come one after the other, with all their seeds."""

CLEAN_EVERY_SEEDS = 16
"""A run's world is one knot of references: untied so often, memory stays where it was after the first runs."""


@lru_cache(PLANS_KEPT)
def _plan(script: str) -> Plan:
    plan = load(script)
    return replace(plan, path=None) if script in bundled() else plan  # it goes by its name, wherever it is installed


def plan_of(script: str, seed: int, manner: Manner) -> Plan:
    """The plan of a script, with the faults that are asked for."""
    plan = _plan(script)
    if manner.is_swarm:
        plan = swarm(plan, seed)
    if manner.faults:
        plan = replace(plan.with_faults(*manner.faults), is_strict=False)
    return replace(plan, options=manner.options, cast=replace(plan.cast, skips_idle=manner.skips_idle))


def run_one(work: Work, seed: int, manner: Manner) -> Outcome:
    """Run it; a mistake of ours becomes a broken run."""
    if seed % CLEAN_EVERY_SEEDS == 0:
        gc.collect()
    try:
        plan = plan_of(work.script, seed, manner)
        with quiet():
            outcome = run(plan, seed, until_ms=manner.until_ms, keep=manner.keep, turn_traces=manner.turn_traces)
            if manner.is_twice:
                outcome = _compared(plan, seed, outcome)
    except Exception as error:  # whatever broke: the other runs go on, and this one is told
        return broken(work, seed, manner, story(error))
    return without_spans(outcome) if manner.is_slim else outcome


@contextmanager
def quiet() -> Iterator[None]:
    """What the simulated agent logs of its faults goes nowhere by itself; checkers listen to it all the same."""
    handler = logging.NullHandler()
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)


def _compared(plan: Plan, seed: int, outcome: Outcome) -> Outcome:
    found = divergence(plan, seed)
    if found is None:
        return outcome
    violations = (Violation("twice", str(found)), *outcome.violations)
    rerun = f"{outcome.rerun.partition(' --until ')[0]} --twice"
    return replace(outcome, status=Status.BROKEN, violations=violations, rerun=rerun)


def story(error: Exception) -> str:
    """What broke, and where, in a line."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = "/".join(Path(last.filename).parts[-2:])  # the same wherever it is installed
    return f"{type(error).__name__}: {error} ({where}:{last.lineno}, in {last.name})"
