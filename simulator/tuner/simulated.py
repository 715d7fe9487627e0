"""Simulated calls as evidence: each is run once, by an agent so patient that it never stands in its caller's way.

What the transcriber tells does not depend on how long the agent waits, so every other tuning can be judged by these
same events; and where each turn ends stands in the script.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import join

from fsm.units import ms_to_ns
from simulator.corpus.split import Half, half_of, variations
from simulator.replay.core import replay_core
from simulator.replay.recorded import recorded_of
from simulator.runs.evidence import CallEvidence
from simulator.runs.one import quiet, story
from simulator.runs.plan import Plan
from simulator.runs.run import gathered
from simulator.scenario import load
from simulator.tuner.deciding import CallTurns, by_lot
from simulator.tuner.turns import Span, call_turns
from simulator.turn_bench.facts import Which
from simulator.turn_bench.measuring import planned

PATIENT = {
    "quick_wait_ms": 1_000,
    "wait_ms": 3_000,
    "unfinished_wait_ms": 3_000,
    "patient_wait_ms": 3_000,
    "idle_ms": 15_000,
    "stuck_ms": 4_000,
    "drafts": 0,
}
"""The tuning under which they are run: it waits out every pause but the very longest, and makes no drafts, so that it
is seen how long answers take."""


@dataclass(frozen=True, slots=True)
class Run:
    """A call to simulate: a variation of a situation of the corpus, or a script with a seed."""

    name: str
    seed: int
    is_of_corpus: bool = False
    folder: str = ""
    """Where the situations lie; empty for the bundled ones."""

    @property
    def is_for_test(self) -> bool:
        """Whether it is not to be tuned on: the corpus has its own halves, scripts are drawn by lot."""
        if self.is_of_corpus:
            return half_of(self.name, self.seed) is Half.HELD_OUT
        return by_lot(f"{self.name}/{self.seed}")

    @property
    def which(self) -> Which:
        """The variation."""
        return Which(self.name, self.seed, folder=self.folder)

    @property
    def command(self) -> str:
        """What shows this call alone."""
        if self.is_of_corpus:
            return self.which.command
        return join(["offhook", "simulate", self.name, "--seed", str(self.seed)])


@dataclass(frozen=True, slots=True)
class BrokenRun:
    """A run of which nothing is known but what went wrong."""

    run: Run
    what: str


def corpus_runs(names: Sequence[str], calls: int, folder: Path | None = None) -> list[Run]:
    """So many variations, half of them of the tuning half."""
    return [
        Run(name, seed, is_of_corpus=True, folder="" if folder is None else str(folder))
        for half, count in ((Half.TUNING, calls - calls // 2), (Half.HELD_OUT, calls // 2))
        for name, seed in variations(names, half, count)
    ]


def script_runs(scripts: Sequence[str], seeds: int) -> list[Run]:
    """Each script with so many seeds, from its own on. Raises ScriptError."""
    first = {script: load(script).cast.seed for script in dict.fromkeys(scripts)}
    return [Run(script, seed) for script, begin in first.items() for seed in range(begin, begin + seeds)]


def turns_of(run: Run) -> list[CallTurns] | BrokenRun:
    """Run it; a mistake of ours becomes a broken run."""
    try:
        plan, seed = _planned(run)
        cast = replace(plan.cast, profile={**plan.cast.profile, **PATIENT}, skips_idle=True)
        with quiet(), gathered(replace(plan, cast=cast), seed) as evidence:
            if evidence.trouble:
                return BrokenRun(run, evidence.trouble)
            ways_ms = {caller.name: caller.phone.one_way_ms for caller in plan.callers}
            return [_read(run, call, ways_ms[call.name]) for call in evidence.calls if call.lines]
    except Exception as error:  # whatever broke: the other calls go on, and this one is told
        return BrokenRun(run, story(error))


def _planned(run: Run) -> tuple[Plan, int]:
    if run.is_of_corpus:
        return planned(run.which)
    return load(run.name), run.seed


def _read(run: Run, call: CallEvidence, way_ms: int) -> CallTurns:
    """The turns of a call, as its script has them: what is said to the agent, from when it arrives."""
    replay = replay_core(recorded_of(call.lines))
    assert replay.is_same, "a simulated call replays as it was"
    way_ns = ms_to_ns(way_ms)
    spans = [Span(said.started_at + way_ns, said.ended_at + way_ns) for said in call.caller.said if said.takes_floor]
    name = f"{run.name}/{run.seed}/{call.name}"
    return call_turns(name, replay, spans, is_for_test=run.is_for_test)
