"""What another tuning would have decided, for people: a diff of the first divergence, a line for each later one."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from fsm.effects import EndCall, Fill, Recite, StartReply
from fsm.profile import Profile
from fsm.state import Mode
from fsm.units import NS_PER_MS
from simulator.replay.difference import shown
from simulator.replay.tuning import Finding, Move

CAUTION = (
    "What follows the first divergence is no longer what the caller would have done: each line below is told by itself,"
    " from the recorded situation."
)


def changes(recorded: Profile, other: Profile) -> list[str]:
    """The values that differ, as `name: before -> after`."""
    names = [name for name in Profile.__slots__ if getattr(recorded, name) != getattr(other, name)]
    return [f"{name}: {getattr(recorded, name)} -> {getattr(other, name)}" for name in names]


def told(findings: Sequence[Finding], began_at: int) -> Iterator[str]:
    """All findings, a line each after the first, which is shown as a diff; and what they mean together."""
    if not findings:
        yield "every decision would have been the same"
        return
    yield from _first(findings[0], began_at)
    if len(findings) > 1:
        yield ""
        yield CAUTION
        for finding in findings[1:]:
            yield f"  {_ms(finding.began_at, began_at)}  {finding.mode:9}  {meaning(finding)}"
    yield ""
    yield from summary(findings)


def _first(finding: Finding, began_at: int) -> Iterator[str]:
    yield f"first divergence, line {finding.line}, {finding.mode} since {_ms(finding.began_at, began_at).strip()}:"
    yield f"  - {_move(finding.recorded, began_at)}"
    yield f"  + {_move(finding.other, began_at)}"
    if finding.recorded_end not in (None, finding.recorded) or finding.other_end not in (None, finding.other):
        yield f"  - {_move(finding.recorded_end, began_at)}"
        yield f"  + {_move(finding.other_end, began_at)}"
    yield f"  {meaning(finding)}"


def meaning(finding: Finding) -> str:
    """The finding in words."""
    was, would = finding.recorded_end, finding.other_end
    if was is None or would is None or _kind(was) != _kind(would):
        first, other = finding.recorded, finding.other
        if was is not None and would is not None:
            first, other = was, would
        return f"{_what(first, finding)} {'' if first is None else 'then; '}now {_what(other, finding)}".strip()
    shift_ms = (would.at - was.at) // NS_PER_MS
    told = f'; the model would have been told "{would.told}", not "{was.told}"' if would.told != was.told else ""
    if shift_ms == 0 and not told:
        return _beside(finding)
    when = f"{abs(shift_ms)} ms {'earlier' if shift_ms < 0 else 'later'}" if shift_ms else "at the same moment"
    return f"{_name(was, finding)} {when}{told}"


def _beside(finding: Finding) -> str:
    """A stretch that ended as it did, with something more or less on the way."""
    was, would = finding.recorded, finding.other
    if would is not None and would.effects and not would.is_end:
        return f"{_what(would, finding)} would have come first"
    if was is not None and was.effects and not was.is_end:
        return f"{_what(was, finding)} would not have come"
    return f"{_what(was, finding)}; now {_what(would, finding)}"


def summary(findings: Sequence[Finding]) -> Iterator[str]:
    """What it means for the call, in a few lines."""
    shifts = sorted(_shift_ms(finding) for finding in findings if _is_turn_end(finding))
    if shifts:
        ends = f"{len(shifts)} turn{'s' * (len(shifts) > 1)} would have ended at another moment"
        yield f"{ends}: median {median(shifts):+.0f} ms, from {shifts[0]:+d} to {shifts[-1]:+d} ms"
    cut = [finding.turn for finding in findings if _is_cut_off(finding)]
    if cut:
        yield f"the caller would have been answered before all was said in turn {', '.join(map(str, cut))}"
    others = len(findings) - len(shifts)
    if others:
        yield f"{others} other decision{'s' * (others > 1)} would have differed"


def as_json(findings: Sequence[Finding], began_at: int) -> list[dict[str, Any]]:
    """The findings as plain data; instants in ms since the call began."""
    return [
        {
            "line": finding.line,
            "turn": finding.turn,
            "mode": finding.mode,
            "began_ms": (finding.began_at - began_at) / NS_PER_MS,
            "recorded": _plain(finding.recorded, began_at),
            "other": _plain(finding.other, began_at),
            "recorded_end": _plain(finding.recorded_end, began_at),
            "other_end": _plain(finding.other_end, began_at),
            "meaning": meaning(finding),
        }
        for finding in findings
    ]


def _plain(move: Move | None, began_at: int) -> dict[str, Any] | None:
    if move is None:
        return None
    effects = [shown(effect) for effect in move.effects]
    at_ms = (move.at - began_at) / NS_PER_MS
    return {"at_ms": at_ms, "event": type(move.event).__name__, "to": move.to, "effects": effects, "told": move.told}


def _move(move: Move | None, began_at: int) -> str:
    if move is None:
        return "nothing"
    effects = ", ".join(shown(effect) for effect in move.effects)
    return f"{_ms(move.at, began_at)}  {type(move.event).__name__} -> {move.to}  {effects}".rstrip()


def _ms(at: int, began_at: int) -> str:
    return f"{(at - began_at) / NS_PER_MS:9.0f} ms"


def _kind(move: Move) -> tuple[object, ...]:
    return move.to, tuple(type(effect) for effect in move.effects)


def _name(move: Move, finding: Finding) -> str:
    """What happened with a move, as "turn 3 would have ended"."""
    for effect in move.effects:
        if isinstance(effect, StartReply) and finding.mode is Mode.LISTENING:
            return f"turn {finding.turn} would have ended"
        if isinstance(effect, Recite):
            return f'"{effect.text}" would have been said'
        if isinstance(effect, EndCall):
            return "the call would have ended"
    if finding.mode is Mode.BARGE_IN:
        return "the reply would have gone on" if move.to is Mode.SPEAKING else "the floor would have been yielded"
    return f"{finding.mode} would have led to {move.to}"


def _what(move: Move | None, finding: Finding) -> str:
    if move is None:
        return "nothing more"
    for effect in move.effects:
        if isinstance(effect, Fill | Recite):
            return f'"{effect.text}"'
        if isinstance(effect, StartReply):
            return f'an answer to "{move.told}"'
    if move.effects:
        return ", ".join(type(effect).__name__ for effect in move.effects)
    return f"{finding.mode} -> {move.to}"


def _is_turn_end(finding: Finding) -> bool:
    was, would = finding.recorded_end, finding.other_end
    return finding.mode is Mode.LISTENING and was is not None and would is not None and _kind(was) == _kind(would)


def _shift_ms(finding: Finding) -> int:
    assert finding.recorded_end is not None
    assert finding.other_end is not None
    return (finding.other_end.at - finding.recorded_end.at) // NS_PER_MS


def _is_cut_off(finding: Finding) -> bool:
    was, would = finding.recorded_end, finding.other_end
    return _is_turn_end(finding) and was is not None and would is not None and len(would.told) < len(was.told)
