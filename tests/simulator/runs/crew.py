"""Stand-ins for a run, to be found by name in other processes."""

import os
from pathlib import Path
from threading import Event

from simulator.runs.outcome import Outcome
from simulator.runs.work import Manner, Work
from tests.simulator.report.outcomes import outcome

FATAL_SEED = 5


def told(work: Work, seed: int, manner: Manner) -> Outcome:
    return outcome(work.script, seed, digest=str(os.getpid()))


def dies_at_five(work: Work, seed: int, manner: Manner) -> Outcome:
    if seed == FATAL_SEED and work.script == "b":
        os._exit(3)
    return told(work, seed, manner)


def hangs_after_a_sign(work: Work, seed: int, manner: Manner) -> Outcome:
    """The first run is told, the others never end; who waits leaves its number behind."""
    if seed == 0:
        return told(work, seed, manner)
    assert manner.keep is not None
    (manner.keep / f"{os.getpid()}").touch()
    Event().wait()
    raise AssertionError("nobody sets it")


def sees(folder: Path) -> list[int]:
    return [int(path.name) for path in folder.iterdir()]
