"""Calls written down as in the published rules: runs of ticks."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.metrics.panel import Event, Measure, events_of
from agent.metrics.tally import Tally
from agent.metrics.ticks import Insert, InsertType, Ticks

Runs = Sequence[tuple[int, int]]

TIC: Insert = (InsertType.VOCAL_TIC, "cough")
ASIDE: Insert = (InsertType.NON_DIRECTED, "one second")


def stream(
    count: int,
    *,
    caller: Runs = (),
    agent: Runs = (),
    backchannels: Runs = (),
    inserts: Mapping[int, Sequence[Insert]] | None = None,
    tick_ms: int = 200,
) -> Ticks:
    """A call of `count` ticks; `inserts` by their tick."""
    speaks, ours = _marked(count, [*caller, *backchannels]), _marked(count, agent)
    nodding = _marked(count, backchannels)
    actions = [
        "backchannel" if nod else "keep_talking" if talks else None for nod, talks in zip(nodding, speaks, strict=True)
    ]
    told = inserts or {}
    return Ticks(tick_ms, speaks, ours, actions, [tuple(told.get(tick, ())) for tick in range(count)])


def panel(*calls: Ticks) -> dict[str, Any]:
    """The published numbers of these calls."""
    tally = Tally(calls[0].tick_ms)
    for call in calls:
        tally.add(call)
    return tally.values()


def published(call: Ticks) -> dict[Measure, list[Event]]:
    """The events that the field counts, by what they count for."""
    found: dict[Measure, list[Event]] = {}
    for event in events_of(call):
        if event.is_published:
            found.setdefault(event.measure, []).append(event)
    return found


def _marked(count: int, runs: Runs) -> list[bool]:
    return [any(start <= tick < end for start, end in runs) for tick in range(count)]
