"""From intervals to ticks: the two products that are never mixed, on a grid anchored at the media's start."""

from collections.abc import Sequence

from agent.metrics.ticks import BACKCHANNEL, Insert, InsertType, Ticks
from agent.metrics.turn_trace import CallerEntry, CallerKind, TurnTrace

TAU_TICK_MS = 200
"""Comparable in definition with the public board of tau-voice; out of turn, a sound stands on its first tick only."""

NATIVE_TICK_MS = 20
"""For comparing ours with ours: sounds span their real length."""

SPEAKS = (CallerKind.TURN, CallerKind.BACKCHANNEL)
EFFECTS = {CallerKind.VOCAL_TIC: InsertType.VOCAL_TIC, CallerKind.NON_DIRECTED: InsertType.NON_DIRECTED}


def tau_200(trace: TurnTrace) -> Ticks:
    """The call in tau-voice's ticks of 200 ms."""
    return ticks_of(trace, TAU_TICK_MS, whole_effects=False)


def native_20(trace: TurnTrace) -> Ticks:
    """The call in our ticks of 20 ms."""
    return ticks_of(trace, NATIVE_TICK_MS, whole_effects=True)


def ticks_of(trace: TurnTrace, tick_ms: int, *, whole_effects: bool) -> Ticks:
    """The call in ticks: one is active if anything touches it. `whole_effects`: sounds out of turn span all of theirs.

    An interval that ends on a boundary does not touch the next tick.
    """
    count = -(-trace.end_ms // tick_ms)
    caller, agent = [False] * count, [False] * count
    owners: list[CallerEntry | None] = [None] * count
    inserts: list[list[Insert]] = [[] for _ in range(count)]
    for entry in trace.agent:
        for tick in _touched(entry.start_ms, entry.end_ms, tick_ms):
            agent[tick] = True
    for sound in trace.caller:
        touched = _touched(sound.start_ms, sound.end_ms, tick_ms)
        if sound.kind in SPEAKS:
            for tick in touched:
                caller[tick] = True
                owners[tick] = owners[tick] or sound
            for insert in sound.inserts:
                _put(inserts, _touched(insert.start_ms, insert.end_ms, tick_ms), (insert.type, insert.text))
        elif sound.kind in EFFECTS:
            _put(inserts, touched if whole_effects else touched[:1], (EFFECTS[sound.kind], sound.text))
    actions = [BACKCHANNEL if owner is not None and owner.kind is CallerKind.BACKCHANNEL else None for owner in owners]
    return Ticks(tick_ms, caller, agent, actions, inserts)


def _touched(start_ms: int, end_ms: int, tick_ms: int) -> range:
    return range(start_ms // tick_ms, -(-end_ms // tick_ms))


def _put(inserts: Sequence[list[Insert]], ticks: range, insert: Insert) -> None:
    for tick in ticks:
        inserts[tick].append(insert)
