"""Checkers: what must hold in every simulated call, whatever its script says."""

from collections.abc import Mapping

from simulator.checkers.base import Checker
from simulator.runs.evidence import Evidence
from simulator.runs.outcome import Violation

__all__ = ["CHECKERS", "Checker", "check_all"]

_ALL: tuple[Checker, ...] = ()

CHECKERS: Mapping[str, Checker] = {checker.name: checker for checker in _ALL}
"""All of them by name, in the order in which they look."""


def check_all(evidence: Evidence) -> list[Violation]:
    """What does not hold in a run, by every checker that its plan does not waive."""
    found: list[Violation] = []
    for name, checker in CHECKERS.items():
        if name not in evidence.plan.waives:
            found += checker.check(evidence)
    return found
