"""One profile tuned: its curve, what was chosen, and how well the calls that did not choose it bear it out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fsm.profile import Profile
from simulator.tuner.choice import TARGET, TARGETS, choose, is_seen, too_little
from simulator.tuner.deciding import CallTurns
from simulator.tuner.judging import Judge, Measured, judging
from simulator.tuner.search import PRICES_MS, SWEPT, frontier, sweep, thinned

CURVE_POINTS = 14
"""Tunings that stand for the curve."""


@dataclass(frozen=True, slots=True)
class Start:
    """A profile to tune: `base` is its name in a file, as far as it has one; the most cut-offs that it may have."""

    name: str
    profile: Profile
    max_cut_off_rate: float
    base: str = ""

    @classmethod
    def of(cls, name: str, profile: Profile, max_cut_off_rate: float | None, named: Mapping[str, Profile]) -> "Start":
        """A start whose bound, unless told, is that of its use case."""
        base = next((one for one, known in named.items() if known == profile), "")
        target = TARGETS.get(base, TARGET) if max_cut_off_rate is None else max_cut_off_rate
        return cls(name, profile, target, base)


@dataclass(frozen=True, slots=True)
class Row:
    """A tuning by the calls that may choose (`tuning`), and by those that may not (`test`)."""

    profile: Profile
    tuning: Measured
    test: Measured

    @property
    def waits(self) -> dict[str, int]:
        """The values that are tuned."""
        return {swept.name: getattr(self.profile, swept.name) for swept in SWEPT}


@dataclass(frozen=True, slots=True)
class Tuned:
    """What came of it. `too_little`: why the calls bear no choice; `meets`: within the bound where it was chosen."""

    start: Start
    before: Row
    curve: tuple[Row, ...]
    chosen: Row | None
    meets: bool
    too_little: str

    @property
    def doubts(self) -> list[str]:
        """Why the chosen tuning should not be taken as it is."""
        found = [self.too_little] if self.too_little else []
        if self.chosen is not None and not self.meets:
            found.append("no tuning keeps within the bound; this one cuts off fewest")
        elif self.chosen is None and self.before.tuning.told:
            found.append("no tuning can be judged: the record ends too early, at our own answers")
        return found


def tune(
    calls: Sequence[CallTurns], starts: Sequence[Start], jobs: int, on_step: Callable[[], None] = lambda: None
) -> list[Tuned]:
    """Tune each profile by the calls that are for that, and judge what comes of it by the others."""
    own = [call for call in calls if not call.is_for_test]
    test = Judge([call for call in calls if call.is_for_test])
    found = []
    with judging(own, jobs) as judge:
        for start in starts:
            known = sweep(start.profile, judge, on_step)
            found.append(_tuned(start, judge, test, known))
    return found


def steps_of(starts: Sequence[Start]) -> int:
    """How often `on_step` is called."""
    return len(starts) * len(PRICES_MS)


def row_of(profile: Profile, judge: Judge, test: Judge) -> Row:
    """A tuning by both."""
    return Row(profile, judge.judge([profile])[0], test.judge([profile])[0])


def _tuned(start: Start, judge: Judge, test: Judge, known: Mapping[Profile, Measured]) -> Tuned:
    choice = choose(known, start.max_cut_off_rate)
    curve = thinned([profile for profile in frontier(known) if is_seen(known[profile])], CURVE_POINTS)
    before = row_of(start.profile, judge, test)
    halves = ((before.tuning, "to choose by"), (before.test, "to test the choice by"))
    shortages = [
        too_little(len(measured.told), sum(map(bool, measured.verdicts)), start.max_cut_off_rate, what)
        for measured, what in halves
    ]
    return Tuned(
        start=start,
        before=before,
        curve=tuple(row_of(profile, judge, test) for profile in curve),
        chosen=None if choice is None else row_of(choice.profile, judge, test),
        meets=choice is not None and choice.meets,
        too_little=next(filter(None, shortages), ""),
    )


# --- as plain data -------------------------------------------------------------------------------------------------


def values_of(tuned: Tuned, seed: int) -> dict[str, Any]:
    """What `--json` says of it; null where there is nothing to measure."""
    return {
        "max_cut_off_rate": tuned.start.max_cut_off_rate,
        "before": row_values(tuned.before, seed),
        "curve": [row_values(row) for row in tuned.curve],
        "chosen": None if tuned.chosen is None else row_values(tuned.chosen, seed),
        "meets": tuned.meets,
        "too_little": tuned.too_little or None,
        "doubts": tuned.doubts,
    }


def row_values(row: Row, seed: int | None = None) -> dict[str, Any]:
    """A tuning and what it comes to; with a seed, how sure that is."""
    return {
        **row.waits,
        "tuning": _measured_values(row.tuning, seed),
        "test": _measured_values(row.test, seed),
    }


def _measured_values(measured: Measured, seed: int | None) -> dict[str, Any]:
    intervals = None if seed is None else measured.intervals(seed)
    rate, delay = intervals or (None, None)
    return {
        "calls": len(measured.verdicts),
        "turns": len(measured.told),
        "cut_offs": measured.cut_offs,
        "cut_off_rate": measured.cut_off_rate,
        "delay_ms_mean": measured.delay_ms,
        "delay_ms_p50": measured.delay_ms_at(50),
        "delay_ms_p95": measured.delay_ms_at(95),
        "wasted_per_turn": measured.wasted_per_turn,
        "not_seen": measured.not_seen,
        **({} if seed is None else {"cut_off_rate_95": rate, "delay_ms_mean_95": delay}),
    }
