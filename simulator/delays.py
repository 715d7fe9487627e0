"""Delays of emulated providers: a fixed number of ms, or a distribution that each message draws from."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from fsm.units import NS_PER_MS

LONGEST_MS = 600_000
"""Ten minutes: no delay means more than that."""

Z_95 = 1.6448536269514722
"""Standard deviations between the median and the 95th percentile of a normal distribution."""

FARTHEST = 10
"""A drawn delay is at most so many times its 95th percentile: the tail of the distribution, but not its end."""


@dataclass(frozen=True, slots=True)
class LogNormal:
    """As networks and services are: half of the delays below `p50` ms, one in twenty above `p95` ms, none absurd."""

    p50: int
    p95: int

    def __post_init__(self) -> None:
        if not 0 < self.p50 <= self.p95 <= LONGEST_MS:
            raise ValueError(
                f"p50, p95: expected 0 < p50 <= p95 <= {LONGEST_MS} (ms), got p50 = {self.p50}, p95 = {self.p95}"
            )


@dataclass(frozen=True, slots=True)
class Between:
    """Every delay from `low` to `high` ms is as likely as every other."""

    low: int
    high: int

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= LONGEST_MS:
            raise ValueError(
                f"from, to: expected 0 <= from <= to <= {LONGEST_MS} (ms), got from = {self.low}, to = {self.high}"
            )


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these delays in ms, each as likely; repeat one to make it likelier."""

    values: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.values or not all(0 <= value <= LONGEST_MS for value in self.values):
            raise ValueError(f"one_of: expected a list of delays, 0 to {LONGEST_MS} ms, got {list(self.values)}")


FORMS = "{ p50 = 120, p95 = 900 }, { from = 50, to = 300 } or { one_of = [90, 90, 2500] }"
"""How a file says them."""


class DelayError(ValueError):
    """A distribution that cannot be; the text says what was expected and what came."""


Delay = int | LogNormal | Between | OneOf
"""In ms."""


def distribution_of(table: Mapping[str, object]) -> LogNormal | Between | OneOf:
    """The distribution that a table in a file means. Raises DelayError."""
    try:
        match table:
            case {"p50": int(p50), "p95": int(p95), **rest} if not rest:
                return LogNormal(p50, p95)
            case {"from": int(low), "to": int(high), **rest} if not rest:
                return Between(low, high)
            case {"one_of": list(values), **rest} if not rest and all(type(value) is int for value in values):
                return OneOf(tuple(values))
    except ValueError as error:
        raise DelayError(str(error)) from None
    raise DelayError(f"expected a whole number of ms, or {FORMS}, got {dict(table)}")


def draw_ns(delay: Delay, rng: Random) -> int:
    """A delay in ns; a fixed one draws nothing."""
    return draw_ms(delay, rng) * NS_PER_MS


def draw_ms(delay: Delay, rng: Random) -> int:
    """A delay in ms; a fixed one draws nothing."""
    match delay:
        case LogNormal(p50, p95):
            drawn: float = p50 * (p95 / p50) ** (rng.normalvariate(0.0, 1.0) / Z_95)
            return min(round(drawn), FARTHEST * p95)
        case Between(low, high):
            return rng.randint(low, high)
        case OneOf(values):
            return values[rng.randrange(len(values))]
        case int():
            return delay
