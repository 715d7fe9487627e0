"""The panels of many tau-voice runs: all calls pooled, each domain for itself, and the mean over domains."""

from dataclasses import dataclass, field
from typing import Any

from agent.metrics.tally import Tally, mean_over
from agent.metrics.ticks import Ticks


@dataclass(slots=True)
class Panels:
    """Add runs of one tick size."""

    tick_ms: int
    pooled: Tally = field(init=False)
    domains: dict[str, Tally] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pooled = Tally(self.tick_ms)

    def add(self, domain: str, ticks: Ticks) -> None:
        """Judge a call."""
        self.pooled.add(ticks)
        self.domains.setdefault(domain, Tally(self.tick_ms)).add(ticks)

    def values(self) -> dict[str, Any]:
        """The panel of all calls, and below it that of each domain, and their unweighted mean as it is published."""
        domains = {name: tally.values() for name, tally in sorted(self.domains.items())}
        return {
            **self.pooled.values(),
            "tick_ms": self.tick_ms,
            "domains": domains,
            "mean_over_domains": mean_over(domains.values()),
            "ours": self.pooled.hidden_values(),
        }
