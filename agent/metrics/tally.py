"""The panel of tau-voice over many calls: events are pooled first, and divided once."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.metrics.panel import Event, Measure, Place, events_of
from agent.metrics.percentiles import mean, nearest_rank, rate
from agent.metrics.ticks import Ticks

MS_PER_S = 1_000

RATES = (
    "response_latency_mean",
    "yield_latency_mean",
    "response_rate",
    "yield_rate",
    "agent_interruption_rate",
    "selectivity_backchannel",
    "selectivity_vocal_tic",
    "selectivity_non_directed",
)
"""The keys of the panel, in the order in which the field prints them; the latencies in seconds."""

SELECTIVE = (Measure.BACKCHANNEL, Measure.VOCAL_TIC, Measure.NON_DIRECTED)


@dataclass(slots=True)
class Tally:
    """Counts the events of calls, all in ticks of `tick_ms`: numbers of different tick sizes cannot be compared."""

    tick_ms: int
    calls: int = 0
    right: Counter[Measure] = field(default_factory=Counter)
    wrong: Counter[Measure] = field(default_factory=Counter)
    latencies_ms: dict[Measure, list[int]] = field(default_factory=lambda: {Measure.RESPONSE: [], Measure.YIELD: []})
    unpublished: Counter[tuple[Measure, Place]] = field(default_factory=Counter)
    """Events that the field does not count."""

    def add(self, ticks: Ticks) -> list[Event]:
        """Count a call; its events."""
        assert ticks.tick_ms == self.tick_ms, f"ticks of {ticks.tick_ms} ms and of {self.tick_ms} ms are never mixed"
        events = events_of(ticks)
        self.calls += 1
        for event in events:
            self._count(event)
        return events

    def _count(self, event: Event) -> None:
        if not event.is_published:
            self.unpublished[event.measure, event.place] += 1
            return
        (self.right if event.is_right else self.wrong)[event.measure] += 1
        if event.latency_ticks is not None:
            self.latencies_ms[event.measure].append(event.latency_ticks * self.tick_ms)

    def total(self, measure: Measure) -> int:
        """How many events the field counts for this."""
        return self.right[measure] + self.wrong[measure]

    def values(self) -> dict[str, Any]:
        """The eight numbers, null where nothing was counted, and the counts behind them."""
        responses = self.total(Measure.RESPONSE)
        selectivity = {f"selectivity_{kind}": rate(self.right[kind], self.total(kind)) for kind in SELECTIVE}
        return {
            "response_latency_mean": mean(self.latencies_ms[Measure.RESPONSE], MS_PER_S),
            "yield_latency_mean": mean(self.latencies_ms[Measure.YIELD], MS_PER_S),
            "response_rate": rate(self.right[Measure.RESPONSE], responses),
            "yield_rate": rate(self.right[Measure.YIELD], self.total(Measure.YIELD)),
            "agent_interruption_rate": rate(self.wrong[Measure.AGENT_INTERRUPTION], responses),
            **selectivity,
            "counts": {
                "n_simulations": self.calls,
                "response_total": responses,
                "yield_total": self.total(Measure.YIELD),
                **{f"{kind}_total": self.total(kind) for kind in SELECTIVE},
                "agent_interrupts_count": self.wrong[Measure.AGENT_INTERRUPTION],
            },
        }

    def hidden_values(self) -> dict[str, Any]:
        """What the published numbers hide: turns they leave out, sounds talked through, percentiles (s)."""
        began_before = self.unpublished[Measure.EXCLUDED, Place.BEGAN_BEFORE_END]
        began_at_end = self.unpublished[Measure.EXCLUDED, Place.BEGAN_AT_END]
        talked_through = {kind: self.unpublished[kind, Place.EFFECT_OVER_AGENT] for kind in SELECTIVE[1:]}
        return {
            "excluded_turns": began_before + began_at_end,
            "excluded_agent_began_before_end": began_before,
            "excluded_agent_began_at_end": began_at_end,
            **{
                f"selectivity_{kind}_with_talked_through": rate(self.right[kind] + more, self.total(kind) + more)
                for kind, more in talked_through.items()
            },
            **{f"{kind}_talked_through": more for kind, more in talked_through.items()},
            **_percentiles("response_latency", self.latencies_ms[Measure.RESPONSE]),
            **_percentiles("yield_latency", self.latencies_ms[Measure.YIELD]),
        }


def mean_over(panels: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The unweighted mean of each number over several panels, nulls left out, and the sums of their counts."""
    kept = list(panels)
    means: dict[str, Any] = {}
    for key in RATES:
        known = [panel[key] for panel in kept if panel[key] is not None]
        means[key] = sum(known) / len(known) if known else None
    counts: Counter[str] = Counter()
    for panel in kept:
        counts.update(panel["counts"])
    return {**means, "counts": dict(counts)}


def _percentiles(name: str, values_ms: list[int]) -> dict[str, float | None]:
    values = {f"{name}_p{percent}": nearest_rank(values_ms, percent) for percent in (50, 95)}
    return {name: None if value is None else value / MS_PER_S for name, value in values.items()}
