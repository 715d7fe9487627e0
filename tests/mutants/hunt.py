"""Plants each mutant and lets the bundled scripts find it; `python -m tests.mutants.hunt [NAME ...]`."""

import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from rich.console import Console
from rich.progress import track
from rich.table import Table

from agent.agent_file import BUNDLED
from simulator.runs.outcome import Outcome, Status
from simulator.runs.run import run
from simulator.scenario import load
from tests.mutants.catalogue import MUTANTS, Mutant

SEED = 0


@dataclass(frozen=True, slots=True)
class Catch:
    """How a mutant was caught: in which script, by whom, and after how many runs; `script` is empty if it was not."""

    name: str
    script: str
    by: tuple[str, ...]
    runs: int

    @property
    def is_caught(self) -> bool:
        """Whether anything noticed it."""
        return bool(self.script)


def hunt(mutant: Mutant) -> Catch:
    """Try the mutant's scripts, one after the other, until one fails."""
    for number, script in enumerate(mutant.scripts, 1):
        outcome = run_with(mutant, script)
        if by := alarms(outcome):
            return Catch(mutant.name, script, by, number)
    return Catch(mutant.name, "", (), len(mutant.scripts))


def run_with(mutant: Mutant, script: str) -> Outcome:
    """One run of a script while the bug is there."""
    plan = load(script)
    with mutant.plant():
        return run(plan, SEED)


def alarms(outcome: Outcome) -> tuple[str, ...]:
    """Who complains of a run, each once: checkers, and expectations of the script."""
    if not outcome.status.is_failure:
        return ()
    found = dict.fromkeys(violation.checker for violation in outcome.violations)
    return tuple(found) or (str(outcome.status),)


def false_alarm(script: str) -> str:
    """What a script says although nothing is planted, empty if it holds: it would prove nothing."""
    outcome = run(load(script), SEED)
    if outcome.status is Status.PASSED:
        return ""
    return f"{script} is {outcome.status} although nothing is planted: {', '.join(alarms(outcome)) or outcome.xfail}"


def main(names: Sequence[str]) -> int:
    """Hunt mutants, all unless named, and print who caught which; 1 if one survived."""
    console = Console()
    if unknown := sorted(set(names) - set(MUTANTS)):
        console.print(f"there is no mutant {', '.join(unknown)}; known are {', '.join(MUTANTS)}")
        return 2
    chosen = list(names) or list(MUTANTS)
    scripts = list(dict.fromkeys(script for name in chosen for script in MUTANTS[name].scripts))
    began = time.monotonic()
    with ProcessPoolExecutor(os.cpu_count() or 1, get_context("spawn"), initializer=_be_quiet) as pool:
        suspicious = list(filter(None, pool.map(false_alarm, scripts)))
        hunted = pool.map(_hunt_by_name, chosen)
        catches = list(track(hunted, "hunting", len(chosen), console=console, transient=True))
    console.print(_table(catches))
    survivors = [catch.name for catch in catches if not catch.is_caught]
    console.print(f"{len(catches) - len(survivors)} of {len(catches)} caught in {time.monotonic() - began:.0f} s")
    for complaint in _complaints(survivors, suspicious):
        console.print(f"[red]{complaint}[/red]")
    return 1 if survivors or suspicious else 0


def _complaints(survivors: Iterable[str], suspicious: Iterable[str]) -> Iterator[str]:
    yield from suspicious
    for name in survivors:
        yield f"{name} survived: {', '.join(MUTANTS[name].scripts)} hold although {MUTANTS[name].bug}"


def _hunt_by_name(name: str) -> Catch:
    return hunt(MUTANTS[name])


def _be_quiet() -> None:
    logging.disable(logging.CRITICAL)


def _table(catches: Iterable[Catch]) -> Table:
    table = Table("mutant", "what is wrong", "script", "caught by", "runs")
    for catch in catches:
        by = ", ".join(catch.by) if catch.is_caught else "[red]nobody[/red]"
        script = catch.script.removeprefix(f"{BUNDLED}/")
        table.add_row(catch.name, MUTANTS[catch.name].bug, script, by, str(catch.runs))
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
