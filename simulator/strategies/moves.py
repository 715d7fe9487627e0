"""What may happen in a story told to the chart: which rules are possible when, and what they draw."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from fsm.chart import TABLE
from fsm.events import (
    Event,
    PassageReached,
    PlayoutDrained,
    PlayoutDucked,
    PlayoutFinished,
    PlayoutHeld,
    ReplyAudioStarted,
    ReplyFailed,
    Stage,
    ToolCall,
    ToolsRequested,
)
from fsm.units import ms_to_ns

if TYPE_CHECKING:
    from simulator.strategies.chart_machine import ChartMachine

Params = ParamSpec("Params")

AGREEING = ("mm-hmm", "okay", "Um.")
CONTENT = ("book it", "on Tuesday and", "no, I meant ten.", "stop", "is that all?")
PICKED_UP = (
    "Hello?",
    "You've reached Ada, leave a message.",
    "Please state your name.",
    "Mailbox is full",
)
PLACED = (*[(False, "")] * 6, (True, ""), (True, "Please call us back."))
"""Whether we called, and what a machine is then to be told."""

WAITS_NS = st.one_of(
    st.sampled_from([ms_to_ns(ms) for ms in (0, 20, 100, 300, 500, 700, 1_500, 12_000)]),
    st.integers(0, ms_to_ns(2_000)),
)
LATENESS_NS = st.sampled_from([0, 0, 0, 1, ms_to_ns(1), ms_to_ns(40)])
"""How late the timer of a deadline may be."""

RETRY_AFTER_MS = st.sampled_from([0, 0, 400, 4_000, 4_001])
RARELY = st.integers(0, 3)
"""What would end most stories early happens only at 0."""


def late_news(number: int) -> tuple[Event, ...]:
    """What may still come of reply `number` when it no longer matters."""
    return (
        ReplyAudioStarted(number),
        ReplyFailed(number, Stage.VOICE, "closed"),
        PassageReached(number, is_protected=True),
        PlayoutHeld(number, "reply"),
        PlayoutDucked(number, "reply"),
        PlayoutFinished(number, "reply"),
        PlayoutDrained(number, "reply"),
        ToolsRequested(number, (ToolCall("late", "book", "{}"),)),
    )


LATE = st.integers(0, len(late_news(0)) - 1)
"""Which of them comes."""

GROWN_UP = 20
"""Events after which a story may come to its end; shorter ones test little."""


@dataclass(frozen=True, slots=True)
class Move:
    """When a rule is possible, and what its arguments are drawn from."""

    is_possible: Callable[["ChartMachine"], bool]
    arguments: Mapping[str, st.SearchStrategy[Any]]


def move(
    event: type[Event] | None,
    when: Callable[["ChartMachine"], bool] = lambda _machine: True,
    **arguments: st.SearchStrategy[Any],
) -> Callable[[Callable[Params, None]], Callable[Params, None]]:
    """A rule that makes `event` happen where the chart has a row for it and things are so (`when`); None: no event."""

    def is_possible(machine: "ChartMachine") -> bool:
        return (event is None or (machine.state.mode, event) in TABLE) and when(machine)

    drawn: Any = arguments  # hypothesis's overloads know only of names that are spelled out
    as_rule: Callable[[Callable[Params, None]], Callable[Params, None]] = rule(**drawn)

    def mark(function: Callable[Params, None]) -> Callable[Params, None]:
        ruled = precondition(is_possible)(as_rule(function))
        ruled.__dict__["move"] = Move(is_possible, arguments)
        return ruled

    return mark


def moves_of(machine: "ChartMachine") -> dict[str, Move]:
    """The rules of a machine that are possible now, by name."""
    named = {name: getattr(getattr(type(machine), name), "move", None) for name in dir(type(machine))}
    return {name: found for name, found in named.items() if isinstance(found, Move) and found.is_possible(machine)}


def is_asking(machine: "ChartMachine") -> bool:
    """The model is at it."""
    current = machine.shell.current
    return current is not None and current.is_asking


def has_draft(machine: "ChartMachine") -> bool:
    """A draft's model is at it."""
    draft = machine.shell.draft
    return draft is not None and draft.is_asking


def is_owed(machine: "ChartMachine") -> bool:
    """Words were given to the voice whose audio is still to come."""
    current = machine.shell.current
    return current is not None and bool(current.owed)


def is_old(machine: "ChartMachine") -> bool:
    """The story has gone on for a while."""
    return len(machine.told) > GROWN_UP
