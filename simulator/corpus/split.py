"""Which variations may be tuned on, and which only judge: two halves that share nothing.

A variation is a situation with a seed; its half is a bit of the hash of both. So each situation is in both halves, with
other timings, wordings, places and provider delays, and a new situation moves no old variation to the other half.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from hashlib import sha256
from itertools import count, islice


class Half(StrEnum):
    """Of all variations."""

    HELD_OUT = "held-out"
    """Never used for tuning: what figures are reported on."""
    TUNING = "tuning"


def half_of(name: str, seed: int) -> Half:
    """The half to which the variation `seed` of a situation belongs."""
    return (Half.HELD_OUT, Half.TUNING)[sha256(f"{name}/{seed}".encode()).digest()[0] & 1]


def variations(names: Iterable[str], half: Half, calls: int) -> list[tuple[str, int]]:
    """So many variations of a half, as evenly over the situations as can be: their names and seeds, by name."""
    chosen = list(islice(_in_turn(list(names), half), calls))
    return sorted(chosen)


def _in_turn(names: list[str], half: Half) -> Iterator[tuple[str, int]]:
    """One of each situation, then another of each, and so on."""
    own = {name: _seeds(name, half) for name in names}
    while own:
        for name in names:
            yield name, next(own[name])


def _seeds(name: str, half: Half) -> Iterator[int]:
    return (seed for seed in count() if half_of(name, seed) is half)
