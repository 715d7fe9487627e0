"""`offhook simulate --shrink`: the smallest script that fails as the first failing run does, as a file."""

from collections.abc import Callable, Sequence
from pathlib import Path
from shlex import join

from rich.console import Console

from simulator.report.written import written_whole
from simulator.runs.one import plan_of
from simulator.runs.outcome import Outcome, Status
from simulator.runs.run import run
from simulator.runs.shrink import Shrunk, shrink
from simulator.runs.work import Manner, Work

Tell = Callable[[str], None]

SHRINKABLE = (Status.FAILED, Status.BROKEN)


def shrink_first(failures: Sequence[Outcome], works: Sequence[Work], manner: Manner, tell: Tell) -> None:
    """Shrink the first run that violates something, write the script, and say how to run it.

    It goes where traces are kept, or to where we are. What cannot be shrunk is told, and no more.
    """
    failing = next((outcome for outcome in failures if outcome.status in SHRINKABLE), None)
    if failing is None:
        tell("nothing to shrink: no run violates anything")
        return
    try:
        found = _shrunk(failing, next(work for work in works if work.name == failing.script), manner)
    except ValueError as error:
        tell(f"nothing was shrunk: {error}")
        return
    path = (manner.keep or Path()) / f"{failing.script}-{failing.seed}-smallest.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as file:
        file.write(found.text)
    tell(
        f"shrunk to {found.events} events in {found.runs} runs; it still violates {found.checker}:\n\n{found.text}\n"
        f"written to {path}; run it: {join(['offhook', 'simulate', str(path)])}"
    )


def _shrunk(failing: Outcome, work: Work, manner: Manner) -> Shrunk:
    with Console(stderr=True).status("shrinking") as status:
        return shrink(
            plan_of(work.script, failing.seed, manner),
            failing.seed,
            failing,
            run,
            on_progress=lambda runs, events: status.update(f"shrinking: {events} events left after {runs} runs"),
        )
