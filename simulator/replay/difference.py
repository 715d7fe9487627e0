"""Where a replay left the record: what was expected beside what came, with the moment and what led to it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import Any

from agent.trace_view import cut, readable
from fsm.effects import Effect
from fsm.units import NS_PER_MS
from simulator.replay.core import CoreDifference, CoreReplay
from simulator.replay.recorded import Changed, Line, Recorded

CONTEXT_LINES = 4
WIDTH = 56
"""Of each of the two columns."""
CONTEXT_WIDTH = 72
"""Of an event in the lines before."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first difference of a replay. `line` counts from 1 in `file`; `at_ms` from the call's beginning.

    `expected` and `actual` have as many entries as there was to compare, one a mode, an order or a message; `context`
    is readable as it stands.
    """

    level: str
    file: str
    line: int
    at_ms: float
    what: str
    expected: tuple[str, ...]
    actual: tuple[str, ...]
    context: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The same as plain data."""
        return asdict(self)


def core_differences(replay: CoreReplay) -> tuple[Difference, ...]:
    """What differs in a replay of the machine: the first line that was changed, the first decision, in their order."""
    changed, decided = replay.changed, replay.difference
    found = [] if decided is None else [_decision(replay.recorded, decided)]
    if changed is not None and (not found or changed.line != found[0].line):
        found.append(_changed_line(replay.recorded, changed))
    return tuple(sorted(found, key=lambda difference: difference.line))


def context_of(lines: Sequence[Line], before: int) -> tuple[str, ...]:
    """Line number `before` and up to `CONTEXT_LINES` decisions that led to it, as `offhook trace` shows them."""
    shown = [line for line in lines[:before] if line["kind"] in ("event", "note") or line is lines[before - 1]]
    told = readable([dict(line) for line in shown[-CONTEXT_LINES - 1 :]], event_width=CONTEXT_WIDTH)
    return tuple(cut(text.rstrip(), 2 * WIDTH) for text in told if text)


def told(difference: Difference) -> Iterator[str]:
    """The difference for people, a line each."""
    at = f"{difference.at_ms:.3f}".rstrip("0").rstrip(".")
    yield f"{difference.file}:{difference.line}: {difference.what}, {at} ms into the call ({difference.level})"
    for line in difference.context[:-1]:
        yield f"    {line}"
    for line in difference.context[-1:]:
        yield f"  > {line}"
    yield f"    {'expected':{WIDTH}}   actual"
    for expected, actual in zip_longest(difference.expected, difference.actual, fillvalue="-"):
        mark = " " if expected == actual else "!"
        yield from _beside(mark, expected, actual)


def _beside(mark: str, expected: str, actual: str) -> Iterator[str]:
    """Two texts in two columns, wrapped; where both are long, from shortly before they part."""
    parts_at = next((i for i, (a, b) in enumerate(zip_longest(expected, actual)) if a != b), 0)
    skip = max(0, parts_at - WIDTH) if mark == "!" else 0
    lead = "\N{HORIZONTAL ELLIPSIS}" if skip else ""
    left, right = cut(lead + expected[skip:], 3 * WIDTH), cut(lead + actual[skip:], 3 * WIDTH)
    for at in range(0, max(len(left), len(right), 1), WIDTH):
        yield f"  {mark} {left[at : at + WIDTH]:{WIDTH}} {mark} {right[at : at + WIDTH]}".rstrip()


def _changed_line(recorded: Recorded, changed: Changed) -> Difference:
    line = recorded.lines[changed.line - 1]
    return Difference(
        "core",
        "trace",
        changed.line,
        int(line["at_ns"]) / NS_PER_MS,
        changed.why,
        ("the line as it was recorded",),
        (_plain(line),),
        context_of(recorded.lines, changed.line),
    )


def _decision(recorded: Recorded, difference: CoreDifference) -> Difference:
    expected, actual = difference.expected, difference.actual
    was: tuple[str, ...]
    if actual.mistake:
        was = (f"a mistake: {actual.mistake}",)
    else:
        was = (f"{difference.before} -> {actual.to}", *(shown(effect) for effect in actual.effects))
    what = f"{type(expected.event).__name__} was decided otherwise"
    if recorded.changed is not None and recorded.changed.line == expected.line:
        what = f"{what} ({recorded.changed.why})"
    return Difference(
        "core",
        "trace",
        expected.line,
        (expected.at - recorded.began_at) / NS_PER_MS,
        what,
        (f"{expected.mode} -> {expected.to}", *(shown(effect) for effect in expected.effects)),
        was,
        context_of(recorded.lines, expected.line),
    )


def shown(effect: Effect) -> str:
    """An order as one line."""
    return repr(effect).replace("\n", " ")


def _plain(line: Line) -> str:
    return " ".join(f"{key}={value}" for key, value in line.items() if key != "check")
