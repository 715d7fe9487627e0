"""Plants each mutant and lets the bundled scripts find it; `python -m tests.mutants.hunt [NAME ...]`."""

import logging
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from simulator.runs.outcome import Outcome, Status
from simulator.runs.run import run
from simulator.scenario import load
from tests.mutants.catalogue import MUTANTS, Mutant

SEED = 0


@dataclass(frozen=True, slots=True)
class Catch:
    """How a mutant was caught: in which script, by whom, and after how many runs; `script` is empty if it was not."""

    mutant: Mutant
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
            return Catch(mutant, script, by, number)
    return Catch(mutant, "", (), len(mutant.scripts))


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


def false_alarms(mutants: Iterable[Mutant]) -> list[tuple[str, tuple[str, ...]]]:
    """Scripts of these mutants that fail although nothing is wrong, and by whom: they would prove nothing."""
    scripts = dict.fromkeys(script for mutant in mutants for script in mutant.scripts)
    outcomes = ((script, run(load(script), SEED)) for script in scripts)
    return [(script, alarms(outcome)) for script, outcome in outcomes if outcome.status is not Status.PASSED]


def main(names: Sequence[str]) -> int:
    """Hunt mutants, all unless named, and print who caught which; 1 if one survived."""
    logging.disable(logging.CRITICAL)
    console = Console()
    if unknown := sorted(set(names) - set(MUTANTS)):
        console.print(f"there is no mutant {', '.join(unknown)}; known are {', '.join(MUTANTS)}")
        return 2
    chosen = [MUTANTS[name] for name in names] or list(MUTANTS.values())
    began = time.monotonic()
    suspicious = false_alarms(chosen)
    for script, by in suspicious:
        console.print(f"[red]{script} fails although nothing is planted: {', '.join(by)}[/red]")
    catches = []
    with console.status("hunting") as status:
        for mutant in chosen:
            status.update(f"hunting {mutant.name}")
            catches.append(hunt(mutant))
    console.print(_table(catches))
    survivors = [catch.mutant.name for catch in catches if not catch.is_caught]
    console.print(f"{len(catches) - len(survivors)} of {len(catches)} caught in {time.monotonic() - began:.0f} s")
    for name in survivors:
        console.print(f"[red]survived: {name}[/red]")
    return 1 if survivors or suspicious else 0


def _table(catches: Iterable[Catch]) -> Table:
    table = Table("mutant", "what is wrong", "script", "caught by", "runs")
    for catch in catches:
        by = ", ".join(catch.by) if catch.is_caught else "[red]nobody[/red]"
        table.add_row(catch.mutant.name, catch.mutant.bug, catch.script, by, str(catch.runs))
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
