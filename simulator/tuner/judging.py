"""Many tunings judged by many turns, in this process or several, and what that comes to: cut-offs and delays."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from multiprocessing import get_context
from random import Random

from agent.metrics.percentiles import mean, nearest_rank, rate
from fsm.profile import Profile
from simulator.tuner.deciding import CUT_OFF, CallTurns, Verdict, Verdicts, decide

RESAMPLES = 1_000
"""Of the calls, with replacement, for each interval."""

WASTED_MS = 40
"""One more answer begun for nothing in each turn is worth so much delay: it costs tokens, and no caller's patience."""

Interval = tuple[float, float]


@dataclass(frozen=True)
class Measured:
    """What a tuning comes to over some calls; `verdicts` on the turns of each."""

    calls: Sequence[CallTurns]
    verdicts: Sequence[Verdicts]

    @cached_property
    def told(self) -> list[Verdict]:
        """On every turn of which it can be told."""
        return [verdict for call in self.verdicts for verdict in call if verdict is not None]

    @cached_property
    def answered(self) -> list[int]:
        """The delays (ms) of the turns that are not cut off."""
        return [verdict.delay_ms for verdict in self.told if verdict.delay_ms != CUT_OFF]

    @property
    def cut_offs(self) -> int:
        """Turns that are cut off."""
        return len(self.told) - len(self.answered)

    @property
    def cut_off_rate(self) -> float | None:
        """Their share; None where there are no turns."""
        return rate(self.cut_offs, len(self.told))

    @property
    def delay_ms(self) -> float | None:
        """Mean of the delays; None where no turn is answered."""
        return mean(self.answered)

    @cached_property
    def not_seen(self) -> int:
        """Turns that would be answered later than the record tells what the caller did."""
        return sum(
            verdict is not None and not turn.is_seen(verdict.delay_ms)
            for call, verdicts in zip(self.calls, self.verdicts, strict=True)
            for turn, verdict in zip(call.turns, verdicts, strict=True)
        )

    @property
    def wasted_per_turn(self) -> float | None:
        """Answers that were begun and that nobody heard: they cost tokens, and no caller's patience."""
        return mean([verdict.wasted for verdict in self.told])

    @property
    def cost_ms(self) -> float | None:
        """What is made as small as can be: the mean delay, and a little for answers begun for nothing."""
        if self.delay_ms is None or self.wasted_per_turn is None:
            return None
        return self.delay_ms + WASTED_MS * self.wasted_per_turn

    def delay_ms_at(self, percent: int) -> int | None:
        """A percentile of the delays (ms)."""
        return nearest_rank(self.answered, percent)

    def intervals(self, seed: int) -> tuple[Interval, Interval] | None:
        """Where cut-off rate and mean delay lie with 95 %: calls are drawn anew, as turns of one call are alike."""
        if not self.told or not self.answered:
            return None
        rng = Random(f"{seed}/bootstrap")
        tallies = [_tally(verdicts) for verdicts in self.verdicts]
        rates, means = [], []
        for _ in range(RESAMPLES):
            drawn = rng.choices(tallies, k=len(tallies))
            turns, cut_offs, total = (sum(column) for column in zip(*drawn, strict=True))
            rates.append(cut_offs / turns if turns else 0.0)
            means.append(total / (turns - cut_offs) if turns > cut_offs else 0.0)
        return _middle(rates), _middle(means)


def _tally(verdicts: Verdicts) -> tuple[int, int, int]:
    """Turns told, cut-offs, and the sum of the delays."""
    told = [verdict.delay_ms for verdict in verdicts if verdict is not None]
    answered = [delay_ms for delay_ms in told if delay_ms != CUT_OFF]
    return len(told), len(told) - len(answered), sum(answered)


def _middle(values: list[float]) -> Interval:
    ordered = sorted(values)
    return ordered[len(ordered) * 25 // 1_000], ordered[len(ordered) * 975 // 1_000]


@dataclass(slots=True)
class Judge:
    """Judges tunings by some calls; what it judged once it remembers."""

    calls: Sequence[CallTurns]
    _shares: Sequence[ProcessPoolExecutor] = ()
    _known: dict[Profile, Measured] = field(default_factory=dict)

    def judge(self, profiles: Sequence[Profile]) -> list[Measured]:
        """What each of them comes to."""
        new = [profile for profile in dict.fromkeys(profiles) if profile not in self._known]
        if new:
            for profile, verdicts in zip(new, self._judged(new), strict=True):
                self._known[profile] = Measured(self.calls, verdicts)
        return [self._known[profile] for profile in profiles]

    def _judged(self, profiles: list[Profile]) -> list[list[Verdicts]]:
        """By profile, by call."""
        if not self._shares:
            return _judge(self.calls, profiles)
        parts = [share.submit(_judge_share, profiles) for share in self._shares]
        return [list(_in_turn(of_profile)) for of_profile in zip(*(part.result() for part in parts), strict=True)]


@contextmanager
def judging(calls: Sequence[CallTurns], jobs: int) -> Iterator[Judge]:
    """A judge with so many processes, each of which keeps its share of the calls."""
    if jobs == 1 or len(calls) < jobs:
        yield Judge(calls)
        return
    context = get_context("spawn")
    shares = [
        ProcessPoolExecutor(1, mp_context=context, initializer=_keep, initargs=(calls[first::jobs],))
        for first in range(jobs)
    ]
    try:
        yield Judge(calls, shares)
    finally:
        for share in shares:
            share.shutdown(cancel_futures=True)


def _judge(calls: Sequence[CallTurns], profiles: Sequence[Profile]) -> list[list[Verdicts]]:
    """By profile, by call. Turn by turn, so that what only its words decide is worked out once."""
    found: list[list[Verdicts]] = [[] for _ in profiles]
    for call in calls:
        rows = [[decide(turn, profile) for profile in profiles] for turn in call.turns]
        for index, verdicts in enumerate(found):
            verdicts.append(tuple(row[index] for row in rows))
    return found


def _in_turn(shares: Sequence[Sequence[Verdicts]]) -> Iterator[Verdicts]:
    """One of each share, then another of each: as the calls were dealt out."""
    for row in range(max(map(len, shares))):
        yield from (share[row] for share in shares if row < len(share))


_own_share: Sequence[CallTurns] = ()


def _keep(calls: Sequence[CallTurns]) -> None:
    global _own_share  # noqa: PLW0603 - of a process that serves one judge
    _own_share = calls


def _judge_share(profiles: Sequence[Profile]) -> list[list[Verdicts]]:
    return _judge(_own_share, profiles)
