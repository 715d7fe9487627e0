"""A call as tau-voice sees it: who speaks in which tick, with the simulated caller's own annotations.

The source of every rule is tau2-bench, `voice_interaction_metrics.py`, metrics "1.0", as its code has it. Positions
and durations are whole ticks; intervals are half-open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

BACKCHANNEL = "backchannel"
"""The one action of the simulated caller that matters."""


class InsertType(StrEnum):
    """A sound on the caller's side that asks for nothing."""

    VOCAL_TIC = "vocal_tic"
    NON_DIRECTED = "non_directed"


Insert = tuple[InsertType, str]
"""Type and text; two inserts of consecutive ticks are one sound if both are equal."""


@dataclass(frozen=True, slots=True)
class Ticks:
    """One call in ticks of `tick_ms`: four arrays of one length."""

    tick_ms: int
    caller: Sequence[bool]
    agent: Sequence[bool]
    actions: Sequence[str | None]
    inserts: Sequence[Sequence[Insert]]

    def __post_init__(self) -> None:
        assert self.tick_ms > 0, f"a tick lasts at least 1 ms, not {self.tick_ms}"
        lengths = {len(self.caller), len(self.agent), len(self.actions), len(self.inserts)}
        assert len(lengths) == 1, f"expected four arrays of one length, got {sorted(lengths)} ticks"

    @property
    def count(self) -> int:
        """How many ticks count: a caller who begins to speak in the very last one is an artefact of the call's end."""
        ticks = len(self.caller)
        is_artefact = ticks >= 2 and self.caller[-1] and not self.caller[-2]
        return ticks - 1 if is_artefact else ticks


Run = tuple[int, int]
"""First tick and one past the last."""


@dataclass(frozen=True, slots=True)
class CallerSegment:
    """A stretch in which the caller speaks, and what the agent did at its edges."""

    start: int
    end: int
    is_backchannel: bool
    has_tic: bool
    has_aside: bool
    is_over_agent: bool
    """The agent speaks in its first tick."""
    is_over_agent_at_end: bool
    """The agent speaks in the first tick after it; false where the call ends with it."""


@dataclass(frozen=True, slots=True)
class AgentSegment:
    """A stretch in which the agent speaks; `is_over_caller`: the caller spoke in its first tick."""

    start: int
    end: int
    is_over_caller: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """An insert that sounds while the caller does not speak."""

    type: InsertType
    start: int
    end: int


def runs(speaks: Sequence[bool], count: int) -> list[Run]:
    """The maximal runs of true among the first `count` ticks."""
    found: list[Run] = []
    start: int | None = None
    for tick in range(count):
        if speaks[tick] and start is None:
            start = tick
        elif not speaks[tick] and start is not None:
            found.append((start, tick))
            start = None
    if start is not None:
        found.append((start, count))
    return found


def caller_segments(ticks: Ticks) -> list[CallerSegment]:
    """What the caller said, in order."""
    count = ticks.count
    return [
        CallerSegment(
            start,
            end,
            is_backchannel=ticks.actions[start] == BACKCHANNEL,
            has_tic=_has(ticks, start, end, InsertType.VOCAL_TIC),
            has_aside=_has(ticks, start, end, InsertType.NON_DIRECTED),
            is_over_agent=ticks.agent[start],
            is_over_agent_at_end=end < count and ticks.agent[end],
        )
        for start, end in runs(ticks.caller, count)
    ]


def agent_segments(ticks: Ticks) -> list[AgentSegment]:
    """What the agent said, in order."""
    return [AgentSegment(start, end, ticks.caller[start]) for start, end in runs(ticks.agent, ticks.count)]


def effects(ticks: Ticks) -> list[Effect]:
    """The inserts out of the caller's turns, in the order in which they begin; a tick of the caller's ends them all.

    Two in one tick are two effects, even if they are equal.
    """
    found: list[Effect] = []
    sounding: list[tuple[Insert, int]] = []
    count = ticks.count
    for tick in range(count):
        new = [] if ticks.caller[tick] else list(ticks.inserts[tick])
        going_on: list[tuple[Insert, int]] = []
        for insert, start in sounding:
            if insert in new:
                new.remove(insert)
                going_on.append((insert, start))
            else:
                found.append(Effect(insert[0], start, tick))
        sounding = [*going_on, *((insert, tick) for insert in new)]
    found += [Effect(insert[0], start, count) for insert, start in sounding]
    return sorted(found, key=lambda effect: effect.start)


def _has(ticks: Ticks, start: int, end: int, wanted: InsertType) -> bool:
    return any(type_ is wanted for tick in range(start, end) for type_, _ in ticks.inserts[tick])
