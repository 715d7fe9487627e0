"""What a mutant is: one bug, and the scripts that should show it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from fsm.chart import TABLE, Branch, Table
from fsm.events import Event
from fsm.state import Mode

Plant = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A bug by its name; `bug` says in a line what was done wrong, `scripts` are tried one after the other."""

    name: str
    bug: str
    scripts: tuple[str, ...]
    plant: Plant


MUTANTS: dict[str, Mutant] = {}
"""All of them by name, in the order in which they were written."""


def mutant(bug: str, *scripts: str) -> Callable[[Plant], Plant]:
    """Takes a function that plants a bug as the mutant of that name."""

    def take(plant: Plant) -> Plant:
        name = plant.__name__
        assert name not in MUTANTS, f"two mutants are called {name}"
        MUTANTS[name] = Mutant(name, bug, scripts, plant)
        return plant

    return take


def swapped(owner: object, name: str, new: Any) -> AbstractContextManager[object]:  # noqa: ANN401 - what the owner has
    """`owner.name` replaced for a while; it must exist."""
    return patch.object(owner, name, new)


def all_of(*plants: AbstractContextManager[object]) -> AbstractContextManager[object]:
    """Several changes that make one bug."""
    stack = ExitStack()
    for plant in plants:
        stack.enter_context(plant)
    return stack


@contextmanager
def in_chart(*, change: Callable[[Mode, type[Event], Branch], Branch]) -> Iterator[None]:
    """The chart with some branches changed; one of them at least."""
    changed: Table = {
        (mode, event): tuple(change(mode, event, branch) for branch in branches)
        for (mode, event), branches in TABLE.items()
    }
    assert changed != TABLE, "the chart has nothing of what was to be changed"
    with patch.dict(TABLE, changed):
        yield


def guard_for(old: Callable[..., object], new: Callable[..., bool]) -> AbstractContextManager[object]:
    """A question of the chart answered otherwise, wherever it is asked."""
    return in_chart(change=lambda _mode, _event, row: replace(row, guard=new) if row.guard is old else row)


def reducer_for(old: Callable[..., object], new: Callable[..., Any]) -> AbstractContextManager[object]:
    """A verb of the chart done otherwise, wherever it is done."""
    return in_chart(change=lambda _mode, _event, row: replace(row, reducer=new) if row.reducer is old else row)
