"""Finds the silences that a caller has to sit through, from what they heard and what the machine was doing."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fsm.state import Mode
from fsm.units import NS_PER_MS

if TYPE_CHECKING:
    from tests.calls.scene import Told

LONGEST_MS = 2_000
"""Nobody waits longer than this without a word, unless it is they who have the floor."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Neither side sounded from `since_ms` for `length_ms`, and it was not the caller's turn to speak."""

    since_ms: int
    length_ms: int
    why: str


def unexplained_silences(call: "Told") -> list[Silence]:
    """Silences of more than two seconds while the caller waits, each with what is wrong with it."""
    found = []
    behaviour = call.phone._behaviour
    slack_ms = 2 * (behaviour.one_way_ms + behaviour.jitter_ms) + behaviour.stall_ms
    for begin, end, caller_spoke_last in _silences(call):
        length_ms = (end - begin) // NS_PER_MS
        if length_ms <= LONGEST_MS + slack_ms:
            continue
        since_ms = round(call.ms(begin))
        if caller_spoke_last:
            found.append(Silence(since_ms, length_ms, "the caller waits for an answer"))
        elif (busy_ms := _busy_ms(call, begin, end)) > LONGEST_MS:
            found.append(Silence(since_ms, length_ms, f"the agent has the floor for {busy_ms} ms of it"))
    return found


def _silences(call: "Told") -> list[tuple[int, int, bool]]:
    """When neither sounded, and whether what sounded before was a contribution of the caller's."""
    phones = [phone for phone in call.twilio.phones if phone.started_at is not None]
    assert phones, "a call without a stream has no silences"
    sounds = [(one.started_at, one.ended_at, False) for one in call.caller.agent_speech]
    sounds += [(one.started_at, one.ended_at, one.takes_floor) for one in call.caller.said]
    sounds.sort()
    ended_at = _stream_ended_at(call)
    silences = []
    last_end, by_caller = phones[0].started_at or 0, False
    for started_at, sound_ended_at, takes_floor in [*sounds, (ended_at, ended_at, False)]:
        if started_at > last_end:
            silences.append((last_end, started_at, by_caller))
        if sound_ended_at >= last_end:
            last_end, by_caller = sound_ended_at, takes_floor
    return silences


def _stream_ended_at(call: "Told") -> int:
    """When the trace ends: at the stream's end."""
    last_ns: int = max(line["at_ns"] for line in call.lines)
    return _trace_zero(call) + last_ns


def _trace_zero(call: "Told") -> int:
    """The instant from which the trace counts."""
    zero: int = call.server_side._trace._started_at
    return zero


def _busy_ms(call: "Told", begin: int, end: int) -> int:
    """How much of that time the agent had the floor, or was disputing it."""
    zero = _trace_zero(call)
    busy_ns, since, mode = 0, zero, Mode.CONNECTING
    moves = [(zero + line["at_ns"], Mode(line["to"])) for line in call.lines if line["kind"] == "event"]
    for at, to in [*moves, (end, Mode.ENDED)]:
        if mode not in (Mode.LISTENING, Mode.ENDED):
            busy_ns += max(0, min(at, end) - max(since, begin))
        since, mode = at, to
    return busy_ns // NS_PER_MS
