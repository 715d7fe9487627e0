"""Figures over many calls in bounded memory: exact percentiles of whole milliseconds."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Latencies:
    """How often each latency came, in whole ms; its size is bounded by how long a call may be, not by how many came."""

    times: Counter[int] = field(default_factory=Counter)
    count: int = 0

    def add(self, latencies_ms: Iterable[int]) -> None:
        """Count these as well."""
        for latency_ms in latencies_ms:
            self.times[latency_ms] += 1
            self.count += 1

    def percentile(self, share: int) -> int | None:
        """The smallest latency that `share` percent of all do not exceed; None if there are none."""
        assert 0 < share <= 100, share
        rank = -(-self.count * share // 100)
        seen = 0
        for latency_ms in sorted(self.times):
            seen += self.times[latency_ms]
            if seen >= rank:
                return latency_ms
        return None

    def histogram(self, bins: int) -> tuple[int, list[int]]:
        """Width of a bin in ms, a round one, and how many latencies fall into each, from 0 up to the largest."""
        largest = max(self.times, default=0)
        width = next(width for width in _round_widths() if width * bins > largest)
        counts = [0] * (largest // width + 1 if self.count else 0)
        for latency_ms, times in self.times.items():
            counts[max(0, latency_ms) // width] += times
        return width, counts

    def values(self) -> dict[str, int | None]:
        """Count and percentiles, in ms."""
        shares = {f"p{share}": self.percentile(share) for share in (50, 90, 95, 99)}
        return {"count": self.count, **shares, "max": self.percentile(100)}


def _round_widths() -> Iterable[int]:
    scale = 1
    while True:
        yield from (scale, 2 * scale, 5 * scale)
        scale *= 10
