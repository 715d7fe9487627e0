"""Percentiles, three ways: each source of a metric has its own rule, and they give different numbers."""

from collections.abc import Sequence
from fractions import Fraction


def interpolated(values: Sequence[int], percent: int) -> float | None:
    """Linear interpolation at position q(n-1), to a tenth (openbenchmarks, hotato); None of no values."""
    if not values:
        return None
    ordered = sorted(values)
    position = Fraction(percent * (len(ordered) - 1), 100)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return float(round(ordered[below] + (position - below) * (ordered[above] - ordered[below]), 1))


def at_index(values: Sequence[int], percent: int) -> int | None:
    """The value at index floor(qn), the last one at most (EVA); None of no values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, percent * len(ordered) // 100)] if ordered else None


def nearest_rank(values: Sequence[int], percent: int) -> int | None:
    """The smallest value that `percent` of all do not exceed (ours); None of no values."""
    ordered = sorted(values)
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)] if ordered else None


def mean(values: Sequence[int], unit: int = 1) -> float | None:
    """The mean, in units of `unit`; None of no values."""
    return sum(values) / (len(values) * unit) if values else None


def rate(part: int, whole: int) -> float | None:
    """A share; None of nothing, which is neither 0 nor 1."""
    return part / whole if whole else None
