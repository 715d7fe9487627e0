"""Our own figures, which the field's hide: cut-offs, stops, dead air, and what an answer began with.

Everything is taken from intervals in ms, on the clock of the caller's ear; percentiles are by nearest rank.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.metrics.percentiles import mean, nearest_rank, rate
from agent.metrics.turn_trace import AgentEntry, AgentKind, CallerEntry, CallerKind, StoppedBy, TurnTrace

TOGETHER_MS = 300
"""Who begins within this of the other could not have heard them: both started together, nobody was cut off."""

SILENCED = frozenset({StoppedBy.CLEARED, StoppedBy.HELD})
CUT_SHORT = SILENCED | {StoppedBy.UNDERRUN}


@dataclass(slots=True)
class OwnFigures:
    """Many calls: values are pooled, shares are divided once."""

    turns: int = 0
    cut_offs: int = 0
    started_together: int = 0
    stop_ms: list[int] = field(default_factory=list)
    final_stop_ms: list[int] = field(default_factory=list)
    stops: Counter[StoppedBy] = field(default_factory=Counter)
    false_alarms: int = 0
    dead_air_ms: list[int] = field(default_factory=list)
    filler_ms: list[int] = field(default_factory=list)
    content_ms: list[int] = field(default_factory=list)
    drafts_dropped: list[int] = field(default_factory=list)
    """Of each turn for which they were counted."""
    heard_error_words: list[int] = field(default_factory=list)

    def add(self, trace: TurnTrace) -> None:
        """Measure a call."""
        for index, turn in enumerate(trace.caller_turns):
            self._add_turn(trace, index, turn)
        for entry in trace.caller:
            if entry.kind is not CallerKind.TURN:
                self._add_false_alarm(trace, entry)
        for told in trace.turns:
            self.drafts_dropped += [] if told.drafts_dropped is None else [told.drafts_dropped]
            self.heard_error_words += told.heard_error_words

    def _add_turn(self, trace: TurnTrace, index: int, turn: CallerEntry) -> None:
        self.turns += 1
        began = [one for one in _beginnings(trace.agent) if turn.start_ms <= one.start_ms < turn.end_ms]
        self.cut_offs += any(one.start_ms - turn.start_ms >= TOGETHER_MS for one in began)
        self.started_together += any(one.start_ms - turn.start_ms < TOGETHER_MS for one in began)
        over = _sounding(trace.agent, turn.start_ms)
        if over is not None:
            self.stops[over.stopped_by] += 1
            if over.stopped_by in SILENCED:
                self.stop_ms.append(over.end_ms - turn.start_ms)
                self.final_stop_ms.append(_last_of(trace.agent, over, turn).end_ms - turn.start_ms)
        later = trace.caller_turns[index + 1].start_ms if index + 1 < len(trace.caller_turns) else trace.end_ms
        answers = [one for one in trace.agent if turn.end_ms <= one.start_ms < later]
        self.filler_ms += _first(answers, turn, is_filler=True)
        self.content_ms += _first(answers, turn, is_filler=False)

    def _add_false_alarm(self, trace: TurnTrace, sound: CallerEntry) -> None:
        """A sound that asks for nothing: how long the agent was silent if it stopped for it."""
        over = _sounding(trace.agent, sound.start_ms)
        if over is None:
            return
        self.false_alarms += 1
        if over.stopped_by in SILENCED:
            again = [one.start_ms for one in trace.agent if one.start_ms >= over.end_ms]
            turns = [one.start_ms for one in trace.caller_turns if one.start_ms >= over.end_ms]
            self.dead_air_ms.append(min([*again, *turns, trace.end_ms]) - over.end_ms)

    def values(self) -> Mapping[str, Any]:
        """The figures; null where there was nothing to measure."""
        return {
            "caller_turns": self.turns,
            "false_cutoff_rate": rate(self.cut_offs, self.turns),
            "false_cutoffs": self.cut_offs,
            "started_together": self.started_together,
            **_percentiles("stop_ms", self.stop_ms),
            **_percentiles("final_stop_ms", self.final_stop_ms),
            "interrupted_speech_ended_by": {reason.value: self.stops[reason] for reason in StoppedBy},
            "false_alarms": self.false_alarms,
            "false_alarms_that_silenced": len(self.dead_air_ms),
            **_percentiles("dead_air_ms", self.dead_air_ms),
            "dead_air_ms_max": max(self.dead_air_ms, default=None),
            "to_filler_ms": _percentiles("p", self.filler_ms, joint=""),
            "to_content_ms": _percentiles("p", self.content_ms, joint=""),
            "heard_error_words_p95": nearest_rank(self.heard_error_words, 95),
            "heard_error_words_max": max(self.heard_error_words, default=None),
            "drafts_dropped_per_turn": mean(self.drafts_dropped),
        }


def _beginnings(agent: Sequence[AgentEntry]) -> list[AgentEntry]:
    """The entries with which the agent began to speak: not the rest of what had been silenced or had run dry."""
    found: list[AgentEntry] = []
    previous: AgentEntry | None = None
    for entry in agent:
        is_gapless = previous is not None and entry.start_ms <= previous.end_ms
        goes_on = previous is not None and previous.turn == entry.turn and previous.stopped_by in CUT_SHORT
        if not (is_gapless or goes_on):
            found.append(entry)
        previous = entry
    return found


def _sounding(agent: Sequence[AgentEntry], at_ms: int) -> AgentEntry | None:
    """The entry that sounds at an instant, or the last of those that follow it without a gap."""
    found = next((one for one in agent if one.start_ms <= at_ms < one.end_ms), None)
    for entry in agent:
        if found is not None and entry.start_ms == found.end_ms:
            found = entry
    return found


def _last_of(agent: Sequence[AgentEntry], over: AgentEntry, turn: CallerEntry) -> AgentEntry:
    """The last entry that went on with `over` while the caller still spoke."""
    last = over
    for entry in agent:
        if last.end_ms <= entry.start_ms < turn.end_ms and entry.turn == over.turn and last.stopped_by in CUT_SHORT:
            last = entry
    return last


def _first(answers: Sequence[AgentEntry], turn: CallerEntry, *, is_filler: bool) -> list[int]:
    """How long after the caller's end the first filler, or the first answer that is none, began; empty if none did."""
    found = [one.start_ms for one in answers if (one.kind is AgentKind.FILLER) is is_filler]
    return [found[0] - turn.end_ms] if found else []


def _percentiles(name: str, values: Sequence[int], joint: str = "_p") -> dict[str, int | None]:
    return {f"{name}{joint}{percent}": nearest_rank(values, percent) for percent in (50, 95)}
