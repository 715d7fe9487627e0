"""The faults of a script, and what can be wrong with them."""

from collections.abc import Iterator
from dataclasses import replace

from simulator.faults.catalogue import CATALOGUE
from simulator.faults.planned import wrong_with
from simulator.runs.plan import FaultPlan, Moment
from simulator.scenario.complaints import Complaint, Path, nearest
from simulator.scenario.model import FaultTable

MOMENTS = ("at_ms", "at", "rate_per_min")


def fault_of(table: FaultTable) -> FaultPlan:
    """A fault as a plan has it."""
    fault = FaultPlan(table.name, table.strength, rate_per_min=table.rate_per_min)
    if table.at_ms is not None:
        return replace(fault, at=Moment(delay_ms=table.at_ms))
    if table.at is not None:
        cue = table.at if table.at in ("greeting", "tool") else table.at.upper()
        return replace(fault, at=Moment(cue, table.nth or 1, table.plus_ms or 0))
    return fault


def fault_complaints(table: FaultTable, path: Path) -> Iterator[Complaint]:
    """Everything that is wrong with a fault."""
    moments = [key for key in MOMENTS if getattr(table, key) is not None]
    if len(moments) > 1:
        yield Complaint((*path, moments[1]), f"expected one moment or a rate, got {' and '.join(moments)}")
    for key in ("nth", "plus_ms"):
        if getattr(table, key) is not None and table.at is None:
            yield Complaint((*path, key), f'{key}: goes with at = "..." only')
    if table.name not in CATALOGUE:
        yield Complaint((*path, "name"), f'unknown fault "{table.name}"{nearest(table.name, CATALOGUE)}')
    elif len(moments) <= 1:
        for what in wrong_with(fault_of(table)):
            yield Complaint((*path, "strength" if what.startswith("strength") else "".join(moments)), what)
