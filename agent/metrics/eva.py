"""EVA's turn score: one number between 0 and 1 per call, from how each turn was taken.

The rules are those of ServiceNow/eva's turn-taking metric v0.2. Note for a fast agent: it gives 1.0 from 500 ms of
latency on, and 0.8 for 300 ms; a human gap is not what it rewards.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from agent.metrics.percentiles import at_index, mean, rate
from agent.metrics.spans import Span, joined, overlap_ms
from agent.metrics.turn_trace import AgentEntry, EndedBy, TurnTrace

CALLER_GAP_MS = 600
"""Pauses shorter than this are inside what the caller says."""

AGENT_GAP_MS = 200
"""The same for the agent."""

PASS_SCORE = Fraction(8, 10)
"""A call that scores so much counts as passed."""

EARLY_MS, LATE_MS, LATE_WITH_TOOL_MS = 200, 2_750, 4_000


@dataclass(slots=True)
class EvaTurn:
    """One turn: what both sides said in it, in order; turn 0 is the greeting."""

    number: int
    caller: list[Span] = field(default_factory=list)
    agent: list[Span] = field(default_factory=list)
    has_tool: bool = False
    agent_cut: bool = False
    """The agent began while the caller spoke."""
    caller_cut: bool = False
    """The caller began while the agent spoke."""
    is_fallback: bool = False

    @property
    def is_evaluable(self) -> bool:
        """Whether both spoke in it."""
        return self.number != 0 and bool(self.caller and self.agent)

    @property
    def latency_ms(self) -> int:
        """From the caller's last end to the agent's first start: negative where the agent cut in."""
        return self.agent[0][0] - self.caller[-1][1]


# --- the score -----------------------------------------------------------------------------------------------------


def score_of(turns: Sequence[EvaTurn], *, is_abandoned: bool = False) -> Fraction:
    """The call's score. `is_abandoned`: it ended by inactivity, and the caller spoke last."""
    scores = [turn_score(turn, _before(turns, turn)) for turn in turns if turn.is_evaluable or turn.is_fallback]
    if is_abandoned or not scores:
        return Fraction(0)
    return round(sum(scores, Fraction(0)) / len(scores), 4)


def turn_score(turn: EvaTurn, before: EvaTurn | None) -> Fraction:
    """The score of a turn that is evaluable or a fallback, to 4 decimals; `before` is the turn before it."""
    if turn.is_fallback:
        return Fraction(0)
    known = []
    if turn.agent_cut:
        known.append(_cut_score(turn))
    if turn.caller_cut and before is not None and before.agent:
        known.append(_yield_curve(max(0, before.agent[-1][1] - turn.caller[0][0])))
    return round(min(known) if known else _latency_curve(turn.latency_ms, has_tool=turn.has_tool), 4)


def _before(turns: Sequence[EvaTurn], turn: EvaTurn) -> EvaTurn | None:
    return next((one for one in turns if one.number == turn.number - 1), None)


def _cut_score(turn: EvaTurn) -> Fraction:
    pairs = [[overlap_ms(ours, theirs) for theirs in turn.caller] for ours in turn.agent]
    cuts = sum(any(shared > 1 for shared in row) for row in pairs)
    scores = [_overlap_curve(sum(map(sum, pairs)))]
    if cuts:
        scores.append(max(Fraction(0), Fraction(1, 2) * (1 - Fraction(cuts - 1, 2))))
    settled_ms = _settled_ms(turn)
    if settled_ms is not None:
        scores.append(_latency_curve(settled_ms, has_tool=turn.has_tool))
    return min(scores)


def _settled_ms(turn: EvaTurn) -> int | None:
    """How long after the caller's last end the agent began again; None if it was speaking then, or never did."""
    end = turn.caller[-1][1]
    if any(start <= end < stop for start, stop in turn.agent):
        return None
    return next((start - end for start, _ in turn.agent if start > end), None)


def _latency_curve(ms: int, *, has_tool: bool) -> Fraction:
    falls_from, zero_at = (3_000, 5_000) if has_tool else (2_000, 3_500)
    rising, falling = Fraction(ms + 500, 1_000), Fraction(zero_at - ms, zero_at - falls_from)
    return max(Fraction(0), min(Fraction(1), rising, falling))


def _overlap_curve(ms: int) -> Fraction:
    return max(Fraction(0), Fraction(2_000 - ms, 4_000))


def _yield_curve(ms: int) -> Fraction:
    return max(Fraction(0), Fraction(2_000 - ms, 2_000))


# --- from intervals ------------------------------------------------------------------------------------------------


def turns_of(trace: TurnTrace) -> list[EvaTurn]:
    """The turns of a call: a new one begins where the caller begins and the agent has spoken since they last did.

    What the trace says of its turns (tools, fallbacks) is found by the turn numbers of the agent's entries.
    """
    caller = joined(((entry.start_ms, entry.end_ms) for entry in trace.caller_turns), CALLER_GAP_MS)
    agent = joined(((entry.start_ms, entry.end_ms) for entry in trace.agent), AGENT_GAP_MS)
    turns = [EvaTurn(0)]
    last_at = -1
    for kind, span in sorted([("caller", one) for one in caller] + [("agent", one) for one in agent], key=_begin):
        if kind == "agent":
            turns[-1].agent.append(span)
            turns[-1].agent_cut |= any(start <= span[0] < end for start, end in turns[-1].caller)
            continue
        if any(start < span[0] and end > last_at for start, end in agent):
            turns.append(EvaTurn(len(turns)))
        turns[-1].caller_cut |= any(start < span[0] < end for start, end in agent)
        turns[-1].caller.append(span)
        last_at = span[0]
    return [*turns, *_flagged(trace, turns)]


def _begin(pair: tuple[str, Span]) -> tuple[int, bool]:
    """In order of time; of two that begin together, the caller first."""
    return pair[1][0], pair[0] == "agent"


def _flagged(trace: TurnTrace, turns: Sequence[EvaTurn]) -> list[EvaTurn]:
    """Flag `turns` with what the trace says of them; fallbacks that belong to none of them."""
    told = {turn.turn: turn for turn in trace.turns}
    found: set[int] = set()
    for entry in trace.agent:
        turn = next((one for one in turns if _has(one, entry)), None)
        if turn is None:
            continue
        flags = told.get(entry.turn) if entry.turn is not None else None
        turn.has_tool |= entry.tool or (flags is not None and flags.tool)
        if flags is not None and flags.fallback:
            turn.is_fallback = True
            found.add(flags.turn)
    silent = [turn for turn in trace.turns if turn.fallback and turn.turn not in found]
    return [EvaTurn(len(turns) + index, is_fallback=True) for index, _ in enumerate(silent)]


def _has(turn: EvaTurn, entry: AgentEntry) -> bool:
    return any(start <= entry.start_ms < end for start, end in turn.agent)


def is_abandoned(trace: TurnTrace) -> bool:
    """Whether the call ended by inactivity although the caller had spoken last."""
    last_caller = max((entry.end_ms for entry in trace.caller_turns), default=0)
    last_agent = max((entry.end_ms for entry in trace.agent), default=0)
    return trace.ended_by is EndedBy.INACTIVITY and last_caller > last_agent


# --- many calls ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class EvaScores:
    """The scores of many calls."""

    scores: list[Fraction] = field(default_factory=list)
    turns: list[EvaTurn] = field(default_factory=list)
    """The evaluable ones of all calls."""

    def add(self, trace: TurnTrace) -> None:
        """Score a call."""
        turns = turns_of(trace)
        self.scores.append(score_of(turns, is_abandoned=is_abandoned(trace)))
        self.turns += [turn for turn in turns if turn.is_evaluable]

    def values(self) -> Mapping[str, Any]:
        """Mean score of the calls, how many passed, and the side numbers over all evaluable turns."""
        count = len(self.turns)
        latencies = [turn.latency_ms for turn in self.turns]
        early = sum(turn.latency_ms < EARLY_MS for turn in self.turns)
        late = sum(_is_late(turn) for turn in self.turns)
        return {
            "score_mean": float(sum(self.scores, Fraction(0)) / len(self.scores)) if self.scores else None,
            "pass_rate": rate(sum(score >= PASS_SCORE for score in self.scores), len(self.scores)),
            "calls": len(self.scores),
            "evaluable_turns": count,
            "latency_ms_mean": mean(latencies),
            "latency_ms_p50": at_index(latencies, 50),
            "latency_ms_p90": at_index(latencies, 90),
            "early": early,
            "late": late,
            "on_time": count - early - late,
            "agent_interruption_rate": rate(sum(turn.agent_cut for turn in self.turns), count),
            "user_interruption_rate": rate(sum(turn.caller_cut for turn in self.turns), count),
        }


def _is_late(turn: EvaTurn) -> bool:
    return turn.latency_ms >= (LATE_WITH_TOOL_MS if turn.has_tool else LATE_MS)
