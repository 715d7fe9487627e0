"""The arithmetic of the benchmarks: percentiles, and what a phone makes of the frames that reach it. Pure."""

from array import array
from collections.abc import Iterable, Sequence
from statistics import median

from fsm.units import NS_PER_MS, ms_to_ns, samples_to_ns

LEAD_NS = ms_to_ns(200)
"""Audio that a sender may send ahead at once: only what lies behind it in a reply has a schedule."""

FEWEST_FRAMES = 5
"""A shorter stretch has no schedule to speak of."""


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The least value that at least `percent` of all values do not exceed (nearest rank); None where there is none."""
    assert 0 < percent <= 100, f"a percentile lies above 0 and up to 100, not at {percent}"
    if not values:
        return None
    rank = -(-len(values) * percent // 100)
    return sorted(values)[max(1, int(rank)) - 1]


def to_ms(duration_ns: float) -> float:
    """Nanoseconds as milliseconds with their fraction."""
    return duration_ns / NS_PER_MS


def jitters_ns(offsets: Sequence[int]) -> list[int]:
    """How far each frame of one stretch lies off its schedule, early or late.

    `offsets` are arrival minus position in the audio, in ns: equal for a perfect sender. The schedule is their median,
    so that neither a constant delay nor one late frame moves it.
    """
    if len(offsets) < FEWEST_FRAMES:
        return []
    middle = median(offsets)
    return [round(abs(offset - middle)) for offset in offsets]


class Earpiece:
    """What one phone plays of the audio that reaches it: stretches without a pause, their schedules, underruns.

    Instants are ns, as arguments. `expect` says that a new reply may begin: audio that finds the phone dry without it
    came too late for its own reply, an underrun.
    """

    def __init__(self) -> None:
        self.plays_until = 0
        """When the phone runs dry."""
        self.underruns = 0
        self._is_expecting = True
        self._position_ns = 0
        self._last_at = 0
        self._stretch = _Stretch()
        self._stretches: list[_Stretch] = [self._stretch]

    def expect(self) -> None:
        """The next audio may begin a reply."""
        self._is_expecting = True

    def take(self, at: int, samples: int) -> bool:
        """`samples` arrived at `at`; whether they begin a reply."""
        begins = self._is_expecting
        if begins or at > self.plays_until:
            self.underruns += not begins
            self._begin_stretch()
        self._is_expecting = False
        if self._position_ns >= LEAD_NS:
            self._stretch.offsets.append(at - self._position_ns)
            self._stretch.gap_ns = max(self._stretch.gap_ns, at - self._last_at)
        self._last_at = at
        duration_ns = samples_to_ns(samples)
        self._position_ns += duration_ns
        self.plays_until = max(self.plays_until, at) + duration_ns
        return begins

    def clear(self, at: int) -> None:
        """What was not played yet is thrown away."""
        self.plays_until = min(self.plays_until, at)
        self._is_expecting = True

    def forget(self) -> None:
        """Count from here; a stretch under way keeps its schedule."""
        self.underruns = 0
        self._stretch = _Stretch()
        self._stretches = [self._stretch]

    def jitters_ns(self) -> list[int]:
        """Of every frame since `forget` that had a schedule."""
        return [jitter for stretch in self._stretches for jitter in jitters_ns(stretch.offsets)]

    @property
    def max_gap_ns(self) -> int:
        """The longest time between two frames of one reply, its first 200 ms left out."""
        return max(stretch.gap_ns for stretch in self._stretches)

    def _begin_stretch(self) -> None:
        self._position_ns = 0
        self._stretch = _Stretch()
        self._stretches.append(self._stretch)


class _Stretch:
    """Frames that follow each other: arrival minus position of each, and the longest pause between two."""

    __slots__ = ("gap_ns", "offsets")

    def __init__(self) -> None:
        self.offsets: array[int] = array("q")
        self.gap_ns = 0


def jitter_p99_ms(earpieces: Iterable[Earpiece]) -> float | None:
    """Of all frames of all phones together."""
    jitters = [jitter for earpiece in earpieces for jitter in earpiece.jitters_ns()]
    found = percentile(jitters, 99)
    return None if found is None else to_ms(found)
