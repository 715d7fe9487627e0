"""Stretches of time, half-open and in order."""

from collections.abc import Iterable

Span = tuple[int, int]
"""From its start to one past its end, in ms."""


def joined(spans: Iterable[Span], gap_ms: int) -> list[Span]:
    """The same in order, with those joined that lie less than `gap_ms` apart or overlap."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and (start - found[-1][1] < gap_ms or start < found[-1][1]):
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def overlap_ms(one: Span, other: Span) -> int:
    """For how long both last."""
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))
