"""Whether calls became slower or quicker, or whether the difference may be chance: permutation tests over calls.

The unit is the call, since the turns of one call share its script, seed and faults. Calls of the same script, seed and
caller are compared with each other; only where there are too few of those, all calls are compared with all.
"""

import random
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import fmean

FEWEST_CALLS = 6
"""With five pairs no permutation test can reach 5 percent: 2 of 32 orders are as extreme."""

ROUNDS = 4_000
"""Random orders that are tried where there are too many to try all; p is exact to about one percent then."""

ALL_ORDERS_UP_TO = 12
"""Pairs of which all orders of signs are tried."""

LEVEL = 0.05
"""What is called significant: rarer than this by chance."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How latencies changed. Means and interval are in ms, of calls' mean latencies; `calls` were compared.

    `low_ms` and `high_ms` bound the change with 95 percent confidence. `p` is None where there are not enough calls.
    """

    old_ms: float
    new_ms: float
    change_ms: float
    low_ms: float | None
    high_ms: float | None
    p: float | None
    calls: int
    is_paired: bool

    @property
    def is_enough(self) -> bool:
        """Whether there were enough calls to say anything."""
        return self.p is not None

    @property
    def is_significant(self) -> bool:
        """Whether chance alone would hardly do this."""
        return self.p is not None and self.p < LEVEL

    @property
    def word(self) -> str:
        """In words."""
        if not self.is_enough:
            return f"not enough calls ({self.calls}, at least {FEWEST_CALLS})"
        if not self.is_significant:
            return "the same" if self.low_ms == self.high_ms == 0 else "no significant change"
        return "slower" if self.change_ms > 0 else "quicker"


def judge(old: Mapping[Hashable, float], new: Mapping[Hashable, float], seed: int = 0) -> Verdict | None:
    """Compare mean latencies (ms) by call; None where one side has none at all. Seeded, so the same every time."""
    if not old or not new:
        return None
    rng = random.Random(f"{seed}/significance")
    common = [key for key in old if key in new]
    if len(common) >= FEWEST_CALLS or len(common) == len(old) == len(new):
        return _paired([(old[key], new[key]) for key in common], rng)
    return _unpaired(list(old.values()), list(new.values()), rng)


def _paired(pairs: Sequence[tuple[float, float]], rng: random.Random) -> Verdict:
    changes = [new - old for old, new in pairs]
    old_ms, new_ms = fmean(old for old, _ in pairs), fmean(new for _, new in pairs)
    if len(changes) < FEWEST_CALLS:
        return Verdict(old_ms, new_ms, fmean(changes), None, None, None, len(changes), is_paired=True)
    means = sorted(fmean(rng.choices(changes, k=len(changes))) for _ in range(ROUNDS))
    return Verdict(
        old_ms, new_ms, fmean(changes), *_middle(means), _sign_flips(changes, rng), len(changes), is_paired=True
    )


def _sign_flips(changes: Sequence[float], rng: random.Random) -> float:
    """How often changes with random signs are as far from zero as these."""
    observed = abs(sum(changes))
    if len(changes) <= ALL_ORDERS_UP_TO:
        orders = product((1, -1), repeat=len(changes))
        sums = (sum(sign * change for sign, change in zip(signs, changes, strict=True)) for signs in orders)
        return fmean(_as_far(total, observed) for total in sums)
    hits = sum(_as_far(sum(c if rng.getrandbits(1) else -c for c in changes), observed) for _ in range(ROUNDS))
    return (hits + 1) / (ROUNDS + 1)


def _unpaired(old: Sequence[float], new: Sequence[float], rng: random.Random) -> Verdict:
    old_ms, new_ms, calls = fmean(old), fmean(new), min(len(old), len(new))
    change = new_ms - old_ms
    if calls < FEWEST_CALLS:
        return Verdict(old_ms, new_ms, change, None, None, None, calls, is_paired=False)
    pool, hits = [*old, *new], 0
    for _ in range(ROUNDS):
        rng.shuffle(pool)
        hits += _as_far(fmean(pool[len(old) :]) - fmean(pool[: len(old)]), abs(change))
    means = sorted(fmean(rng.choices(new, k=len(new))) - fmean(rng.choices(old, k=len(old))) for _ in range(ROUNDS))
    return Verdict(old_ms, new_ms, change, *_middle(means), (hits + 1) / (ROUNDS + 1), calls, is_paired=False)


def _as_far(value: float, observed: float) -> bool:
    return abs(value) >= observed - 1e-9


def _middle(ordered: Sequence[float]) -> tuple[float, float]:
    """Bounds of the middle 95 percent."""
    return ordered[round(0.025 * (len(ordered) - 1))], ordered[round(0.975 * (len(ordered) - 1))]


def adjusted(ps: Sequence[float]) -> list[float]:
    """`ps` of several tests, by Holm's rule: so that one chance finding among many is not called significant."""
    order = sorted(range(len(ps)), key=lambda index: ps[index])
    adjusted_ps, largest = [0.0] * len(ps), 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, ps[index] * (len(ps) - place)))
        adjusted_ps[index] = largest
    return adjusted_ps
