"""What is to be run, and how: plain values that go to other processes, quick to import there."""

from dataclasses import dataclass
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING

from simulator.runs.outcome import Outcome, Status, Violation

if TYPE_CHECKING:
    from simulator.runs.plan import FaultPlan


@dataclass(frozen=True, slots=True)
class Manner:
    """How every run is done.

    `is_slim`: its timelines are not needed; `skips_idle`: audio in which nothing happens travels in long messages;
    `keep`, `turn_traces`: the folders where traces go, and who spoke when.
    """

    faults: tuple["FaultPlan", ...] = ()
    is_swarm: bool = False
    is_twice: bool = False
    is_slim: bool = True
    skips_idle: bool = False
    until_ms: int | None = None
    keep: Path | None = None
    turn_traces: Path | None = None

    @property
    def options(self) -> tuple[str, ...]:
        """What the command has to be told so that it makes the same plan."""
        faults = [join(["--fault", fault.text]) for fault in self.faults]
        flags = {"--swarm": self.is_swarm, "--skip-idle": self.skips_idle}
        return (*faults, *(flag for flag, is_on in flags.items() if is_on))


@dataclass(frozen=True, slots=True)
class Work:
    """A script, as `load` takes it, and the seeds to run it with; `name` and `about` for when it cannot be run."""

    script: str
    seeds: range
    name: str = ""
    about: str = ""


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
