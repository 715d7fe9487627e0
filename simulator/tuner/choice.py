"""Which tuning to take, and whether the calls are enough to tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, sqrt

from fsm.profile import Profile
from simulator.tuner.judging import Measured

TARGETS: Mapping[str, float] = {"dispatch": 0.05, "scheduling": 0.03, "support": 0.02, "payments": 0.02}
"""The most cut-offs, by the profile that is tuned: what its use case thinks of them."""

TARGET = 0.03
"""Of other profiles."""

MOST_NOT_SEEN = 0.1
"""A tuning is no choice where more turns than this would be answered after what is on record."""

FEWEST_CALLS = 20
"""Fewer callers than this, in either half, are no sample of people, however many turns they take."""

Z_LEVEL, Z_POWER = 1.645, 0.842
"""A rate is told from another with 5 % error of the one kind and 20 % of the other."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The tuning that was chosen; `meets`: within the bound, on the calls it was chosen by."""

    profile: Profile
    meets: bool


def choose(known: Mapping[Profile, Measured], max_cut_off_rate: float) -> Choice | None:
    """The quickest within the bound, else that with the fewest cut-offs; None where no call tells about any."""
    rated = [
        (measured.cost_ms, measured.cut_off_rate, profile)
        for profile, measured in known.items()
        if measured.cost_ms is not None and measured.cut_off_rate is not None and is_seen(measured)
    ]
    within = [one for one in rated if one[1] <= max_cut_off_rate]
    if within:
        return Choice(min(within, key=lambda one: one[:2])[2], meets=True)
    if rated:
        return Choice(min(rated, key=lambda one: (one[1], one[0]))[2], meets=False)
    return None


def is_seen(measured: Measured) -> bool:
    """Whether the record reaches far enough for this tuning."""
    return measured.not_seen <= MOST_NOT_SEEN * len(measured.told)


def turns_needed(rate: float) -> int:
    """So many turns tell a rate from its double."""
    double = min(0.5, 2 * rate)
    spread = Z_LEVEL * sqrt(rate * (1 - rate)) + Z_POWER * sqrt(double * (1 - double))
    return ceil((spread / (double - rate)) ** 2)


def too_little(turns: int, calls: int, max_cut_off_rate: float, what: str) -> str:
    """Why calls of one half are too few to choose by; empty if they are enough."""
    needed = turns_needed(max_cut_off_rate)
    if turns >= needed and calls >= FEWEST_CALLS:
        return ""
    have = f"{of_calls(turns, calls)} {what}"
    if turns < needed:
        low, high = percent(max_cut_off_rate), percent(2 * max_cut_off_rate)
        return f"{have}: fewer than the {needed} turns needed to tell {low} from {high}"
    return f"{have}: fewer than the {FEWEST_CALLS} calls needed, since turns of one caller are alike"


def of_calls(turns: int, calls: int) -> str:
    """So many turns of so many calls, as people read it."""
    return f"{turns} turn{'s' * (turns != 1)} of {calls} call{'s' * (calls != 1)}"


def percent(rate: float) -> str:
    """A share, as people read it."""
    return f"{100 * rate:.3g} %"
