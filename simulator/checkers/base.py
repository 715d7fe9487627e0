"""What a checker is: a property that holds in every run, whatever its script says."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from simulator.runs.evidence import CallEvidence, Evidence
from simulator.runs.outcome import Violation

Finding = tuple[str, int | None]
"""What does not hold, and since when (ns of the world; None: no instant can be named)."""

CallCheck = Callable[[Evidence, CallEvidence], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Checker:
    """A property by its name; `holds` says in a line what it is, `check` finds what breaks it."""

    name: str
    holds: str
    check: Callable[[Evidence], Iterable[Violation]]


def of_calls(name: str, holds: str, find: CallCheck, *, of_whole_runs: bool = False) -> Checker:
    """A checker that looks at one call after the other; `of_whole_runs`: not at runs that were stopped on their way."""

    def check(evidence: Evidence) -> Iterator[Violation]:
        if of_whole_runs and evidence.is_partial:
            return
        for call in evidence.calls:
            for what, at in find(evidence, call):
                yield Violation(name, what, None if at is None else call.ms(at), call.name)

    return Checker(name, holds, check)


def of_runs(name: str, holds: str, find: Callable[[Evidence], Iterable[str]]) -> Checker:
    """A checker that looks at a whole run, with nothing to be said about when."""

    def check(evidence: Evidence) -> Iterator[Violation]:
        for what in find(evidence):
            yield Violation(name, what)

    return Checker(name, holds, check)
