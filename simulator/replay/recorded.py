"""A trace as it lies on disk, read whole: its lines, its decisions as values, and which lines were changed since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.trace import check_of
from agent.trace_view import TraceError, read_lines
from fsm.effects import Effect
from fsm.events import Event
from fsm.profile import Phrases, Profile
from fsm.state import Mode
from simulator.replay.events import UnreadableError, effect_of, event_of

Line = Mapping[str, Any]

NOT_WRITTEN = "no call wrote it: it has no check"
NOT_AS_WRITTEN = "it was changed since it was recorded, or lines before it are missing or were moved"


@dataclass(frozen=True, slots=True)
class Decision:
    """One recorded step of the machine; `at` is the clock's instant (ns), `line` its number in the file, from 1."""

    line: int
    at: int
    mode: Mode
    event: Event
    to: Mode
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """A line that is not as it was written, and in a few words why."""

    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """A trace in memory. `began_at`: the clock's instant (ns) at which the call began.

    `decisions` end before the first line that was changed so that it cannot be read any more.
    """

    call_id: str
    agent: str
    started_at: str
    began_at: int
    profile: Profile
    phrases: Phrases
    lines: Sequence[Line]
    decisions: tuple[Decision, ...]
    changed: Changed | None = None
    language: str = "en"
    is_cut: bool = False
    """The last line was cut off by a crash; it was left out."""

    @property
    def is_released(self) -> bool:
        """Whether the call came to its end and released all it held."""
        last = self.lines[-1]
        return bool(last["kind"] == "note" and last["note"] == "released")

    @property
    def cut_off(self) -> str:
        """Why this is not the whole of a call; empty if it is."""
        where = f"in line {len(self.lines) + 1}" if self.is_cut else f"after line {len(self.lines)}"
        if self.is_cut or not self.is_released:
            return f"cut off {where}: expected a whole trace, which ends when its call is released"
        return ""

    @property
    def duration_ns(self) -> int:
        """From the call's beginning to the last line, in ns."""
        return max(int(line["at_ns"]) for line in self.lines)


def read_recorded(path: Path) -> Recorded:
    """The trace at `path`. Raises TraceError: no trace, of another version, or one that hides what was said."""
    lines, is_cut = read_lines(path)
    try:
        return recorded_of(lines, is_cut=is_cut)
    except UnreadableError as error:
        raise TraceError(f"{path}:{error}") from None


def read_whole(path: Path) -> Recorded:
    """The same; raises TraceError as well where the trace does not reach its call's end."""
    recorded = read_recorded(path)
    if recorded.cut_off:
        raise TraceError(f"{path}: {recorded.cut_off}")
    return recorded


def recorded_of(lines: Sequence[Line], *, is_cut: bool = False) -> Recorded:
    """The trace whose lines are given. Raises UnreadableError, whose message begins with the line's number."""
    head = lines[0]
    if head.get("words") == "hidden":
        raise UnreadableError(
            "1: this trace hides what was said, so nothing can be decided again from it; "
            "record with OFFHOOK_TRACE_WORDS=kept (the default)"
        )
    changed = first_changed(lines)
    decisions: list[Decision] = []
    for number, line in enumerate(lines, 1):
        if type(line["at_ns"]) is not int:
            raise UnreadableError(f"{number}: expected a whole number as at_ns, got {line['at_ns']!r}")
        if line["kind"] != "event":
            continue
        try:
            decisions.append(_decision(number, line, _began_at(head)))
        except UnreadableError as error:
            if changed is None or changed.line != number:
                raise UnreadableError(f"{number}: {error}") from None
            changed = Changed(number, f"it was changed since, and cannot be read any more: {error}")
            break
    return Recorded(
        str(head.get("call_id", "")),
        str(head.get("agent", "")),
        str(head.get("started_at", "")),
        _began_at(head),
        *_policy(head),
        lines,
        tuple(decisions),
        changed,
        str(head.get("language", "en")),
        is_cut,
    )


def first_changed(lines: Sequence[Line]) -> Changed | None:
    """The first line that is not as it was written, or does not follow the line it followed then."""
    previous = ""
    for number, line in enumerate(lines, 1):
        told = line.get("check")
        plain = {key: value for key, value in line.items() if key != "check"}
        if told is None or told != check_of(plain, previous):
            return Changed(number, NOT_WRITTEN if told is None else NOT_AS_WRITTEN)
        previous = str(told)
    return None


def _began_at(head: Line) -> int:
    began_at = head.get("began_at_ns")
    if type(began_at) is not int:
        raise UnreadableError(f"1: expected a whole number as began_at_ns, got {began_at!r}")
    return began_at


def _policy(head: Line) -> tuple[Profile, Phrases]:
    try:
        return Profile.from_table(head["profile"]), Phrases.from_table(head["phrases"])
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableError(f"1: expected the profile and phrases of the call: {error}") from None


def _decision(number: int, line: Line, began_at: int) -> Decision:
    try:
        at_ns, mode, event, data, to, effects = (
            line[key] for key in ("at_ns", "mode", "event", "data", "to", "effects")
        )
    except KeyError as error:
        raise UnreadableError(f"expected {error.args[0]!r} in a decision") from None
    return Decision(number, began_at + at_ns, _mode(mode), event_of(event, data), _mode(to), tuple(_effects(effects)))


def _effects(effects: object) -> list[Effect]:
    if not isinstance(effects, list) or not all(isinstance(one, list) and len(one) == 2 for one in effects):
        raise UnreadableError(f"effects: expected pairs of name and fields, got {effects!r}")
    return [effect_of(name, data) for name, data in effects]


def _mode(value: object) -> Mode:
    try:
        return Mode(value)  # type: ignore[arg-type]  # whatever is no mode raises
    except ValueError:
        raise UnreadableError(f"expected one of {', '.join(Mode)}, got {value!r}") from None
