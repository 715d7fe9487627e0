"""Everything that turn-traces are judged by, pooled over calls."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.metrics.eva import EvaScores
from agent.metrics.grid import NATIVE_TICK_MS, TAU_TICK_MS, native_20, tau_200
from agent.metrics.hotato import Verdicts
from agent.metrics.own import OwnFigures
from agent.metrics.panel import Event, Measure
from agent.metrics.tally import Tally
from agent.metrics.turn_trace import StoppedBy, TurnTrace
from agent.metrics.voice_to_voice import VoiceToVoice


@dataclass(slots=True)
class Score:
    """Add turn-traces, then ask for `values`: the same whatever order they came in, and in how many files they lay."""

    tau_200: Tally = field(default_factory=lambda: Tally(TAU_TICK_MS))
    native_20: Tally = field(default_factory=lambda: Tally(NATIVE_TICK_MS))
    own: OwnFigures = field(default_factory=OwnFigures)
    eva: EvaScores = field(default_factory=EvaScores)
    voice_to_voice: VoiceToVoice = field(default_factory=VoiceToVoice)
    hotato: Verdicts = field(default_factory=Verdicts)
    derived_calls: int = 0
    """Of how many calls only the agent's own trace was known."""
    _yields: dict[int, Counter[StoppedBy]] = field(
        default_factory=lambda: {TAU_TICK_MS: Counter(), NATIVE_TICK_MS: Counter()}
    )

    def add(self, trace: TurnTrace) -> None:
        """Judge one call."""
        self._count_yields(trace, TAU_TICK_MS, self.tau_200.add(tau_200(trace)))
        self._count_yields(trace, NATIVE_TICK_MS, self.native_20.add(native_20(trace)))
        self.own.add(trace)
        self.eva.add(trace)
        self.voice_to_voice.add(trace)
        self.hotato.add(trace)
        self.derived_calls += bool(trace.derived)

    def values(self) -> dict[str, Any]:
        """The panel of tau-voice on its grid of 200 ms, and below it everything else, each under its own name."""
        return {
            **self.tau_200.values(),
            "native_20": self.native_20.values(),
            "ours": {
                **self.own.values(),
                "tau_200": self._hidden(self.tau_200),
                "native_20": self._hidden(self.native_20),
            },
            "eva": self.eva.values(),
            "voice_to_voice": self.voice_to_voice.values(),
            "hotato": self.hotato.values(),
            "derived_calls": self.derived_calls,
        }

    def _hidden(self, tally: Tally) -> Mapping[str, Any]:
        stopped_by = {reason.value: self._yields[tally.tick_ms][reason] for reason in StoppedBy}
        return {**tally.hidden_values(), "yields_stopped_by": stopped_by}

    def _count_yields(self, trace: TurnTrace, tick_ms: int, events: list[Event]) -> None:
        for event in events:
            if event.measure is Measure.YIELD and event.latency_ticks is not None:
                silent_ms = (event.at + event.latency_ticks) * tick_ms
                last = max((one for one in trace.agent if one.end_ms <= silent_ms), key=lambda one: one.end_ms)
                self._yields[tick_ms][last.stopped_by] += 1
