"""The chart of a call, made of the rows in `fsm.rows`.

Rows are transitions of the package `transitions`, which checks their names and draws them. They are frozen into
`TABLE`, which `fsm.step` uses: an exception in a callback of a live `Machine` would leave the mode already moved, and
a value is easier to replay, to compare and to type than an object that changes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

from transitions import Machine

from fsm import (
    adjusting,
    answering,
    asides,
    drafting,
    floor_guards,
    guards,
    hearing,
    meeting,
    occupying,
    pickup_guards,
    tool_rounds,
    turns,
    yielding,
)
from fsm.events import EVENTS, Event
from fsm.guards import Guard
from fsm.hearing import Reducer
from fsm.ignored import IGNORED
from fsm.rows import ROWS
from fsm.state import Mode

INITIAL = Mode.CONNECTING

GUARDS = (guards, adjusting, asides, floor_guards, occupying, pickup_guards, tool_rounds, turns)
REDUCERS = (adjusting, hearing, drafting, answering, asides, meeting, occupying, tool_rounds, turns, yielding)
"""Where those are that a row may name."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One row, frozen: when `guard` holds, `reducer` changes the state and the mode becomes `dest` (None: stays)."""

    dest: Mode | None
    guard: Guard | None
    reducer: Reducer

    def applies(self, state: Any, event: Any, now: int) -> bool:  # noqa: ANN401 - any event of the row's type
        """Whether this row decides."""
        return self.guard is None or self.guard(state, event, now)


Table = dict[tuple[Mode, type[Event]], tuple[Branch, ...]]


class ChartError(Exception):
    """The chart contradicts itself; says where."""


def machine(model: object) -> Machine:
    """A live `Machine` of the same rows, for drawing and for comparing: `model` has guards and reducers by name."""
    return Machine(model, states=Mode, transitions=ROWS, initial=INITIAL, auto_transitions=False)


def _lookup(name: str, rooms: tuple[Any, ...]) -> Callable[..., Any]:
    for room in rooms:
        found = getattr(room, name, None)
        if callable(found):
            return found  # type: ignore[no-any-return]  # the chart's tests call each one
    raise ChartError(f'row names "{name}", which none of {", ".join(room.__name__ for room in rooms)} has')


def guard_named(name: str) -> Guard:
    """The guard that a row names. Raises ChartError where there is none."""
    return _lookup(name, GUARDS)


def freeze() -> Table:
    """The rows as a table by mode and event type. Raises ChartError where they are not a complete chart."""
    events = {event.__name__: event for event in EVENTS}
    table: Table = {}
    for trigger, parsed in machine(None).events.items():
        if trigger not in events:
            raise ChartError(f'row for unknown event "{trigger}"')
        for source, transitions in parsed.transitions.items():
            branches = tuple(_branch(transition) for transition in transitions)
            table[Mode[source], events[trigger]] = branches
    _verify(table)
    return table


def _branch(transition: Any) -> Branch:  # noqa: ANN401 - `transitions` ships no types
    conditions = [guard_named(condition.func) for condition in transition.conditions]
    assert len(conditions) <= 1, "a row has one guard: combine questions in fsm.guards, where they have a name"
    return Branch(
        dest=None if transition.dest is None else Mode[transition.dest],
        guard=conditions[0] if conditions else None,
        reducer=_lookup(transition.after[0], REDUCERS),
    )


def _verify(table: Table) -> None:
    for mode, event in product(Mode, EVENTS):
        if ((mode, event) in table) == ((mode, event.__name__) in IGNORED):
            raise ChartError(f"({mode}, {event.__name__}) must have rows or a reason in IGNORED, and not both")
    for (mode, event), branches in table.items():
        if mode is Mode.ENDED:
            raise ChartError(f"a way out of ENDED, on {event.__name__}")
        *guarded, last = branches
        if last.guard is not None or any(branch.guard is None for branch in guarded):
            raise ChartError(f"({mode}, {event.__name__}): the last row, and only it, must have no guard")
    if unreached := set(Mode) - _reachable(table):
        raise ChartError(f"nothing leads to {', '.join(sorted(unreached))}")


def _reachable(table: Table) -> set[Mode]:
    reached, frontier = {INITIAL}, [INITIAL]
    while frontier:
        mode = frontier.pop()
        new = {b.dest for (m, _), branches in table.items() if m is mode for b in branches if b.dest} - reached
        reached |= new
        frontier += new
    return reached


TABLE = freeze()
