"""Voice to voice as openbenchmarks measures it ("TTFAB"), from intervals that are known instead of detected.

The rules are those of its analyzer 2.4.0, but for the ones that guard against its own detectors: from the end of the
caller's last voiced sound to the first voiced sound of ours after the turn's start, fillers included. It may be
negative; such values are kept, and counted.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from agent.metrics.percentiles import interpolated
from agent.metrics.spans import Span, joined
from agent.metrics.turn_trace import TurnTrace

TURN_GAP_MS = 700
"""Contributions of the caller less than this apart are one turn."""

AGENT_GAP_MS = 6 * 32
"""A shorter silence is within a stretch of the agent's: its detector leaves one after six windows of 32 ms."""

SHORTEST_MS = 60
"""A shorter stretch of the agent's is none."""

BARGED_MS = 50
DOUBLE_TALK_MS = 300
LONGEST_MS = 15_000
CONTENT_MS = 400
"""So long lasts what is more than a filler."""

PERCENTS = (50, 90, 95, 99)


class Discard(StrEnum):
    """Why a turn is left out."""

    BARGED_GREETING = "barged_greeting"
    BARGED_REPLY = "barged_reply"
    DOUBLE_TALK = "double_talk"
    NO_RESPONSE = "no_response"


@dataclass(frozen=True, slots=True)
class Answered:
    """A turn that counts; `content_ms`: to the first stretch that is more than a filler, if one came in time."""

    ttfab_ms: int
    content_ms: int | None


def turns_of(caller: Sequence[Span], agent: Sequence[Span]) -> list[Answered | Discard]:
    """What came of each of the caller's turns; both sides as stretches of voice, in order."""
    if caller and _is_greeting_barged(caller[0][0], agent):
        return [Discard.BARGED_GREETING] * len(caller)
    found: list[Answered | Discard] = []
    previous: Span | None = None
    for index, (start, end) in enumerate(caller):
        until = caller[index + 1][0] if index + 1 < len(caller) else None
        inside = [one for one in agent if start <= one[0] and (until is None or one[0] < until)]
        reply = inside[0] if inside else None
        found.append(_turn(start, end, agent, inside, previous))
        previous = reply
    return found


def _turn(
    start: int, end: int, agent: Sequence[Span], inside: Sequence[Span], previous: Span | None
) -> Answered | Discard:
    """A turn from `start` to `end`; `inside`: what the agent began before the next one, `previous`: its last reply."""
    if previous is not None and previous[1] - start > BARGED_MS:
        return Discard.BARGED_REPLY
    if any(end - DOUBLE_TALK_MS <= one[0] < end for one in agent):
        return Discard.DOUBLE_TALK
    if not inside or inside[0][0] - end > LONGEST_MS:
        return Discard.NO_RESPONSE
    content = next((one[0] - end for one in inside if one[0] >= end and one[1] - one[0] >= CONTENT_MS), None)
    return Answered(inside[0][0] - end, content)


def _is_greeting_barged(first_start: int, agent: Sequence[Span]) -> bool:
    before = [one for one in agent if one[0] < first_start]
    return bool(before) and before[-1][1] - first_start > BARGED_MS


def voices_of(trace: TurnTrace) -> tuple[list[Span], list[Span]]:
    """The caller's turns and the agent's stretches, from first to last voiced sound."""
    turns = [(entry.voiced[0][0], entry.voiced[-1][1]) for entry in trace.caller_turns]
    stretches = joined((span for entry in trace.agent for span in entry.voiced), AGENT_GAP_MS)
    return joined(turns, TURN_GAP_MS), [span for span in stretches if span[1] - span[0] >= SHORTEST_MS]


@dataclass(slots=True)
class VoiceToVoice:
    """Many calls: the values of all turns that count are pooled."""

    ttfab_ms: list[int] = field(default_factory=list)
    content_ms: list[int] = field(default_factory=list)
    discards: Counter[Discard] = field(default_factory=Counter)

    def add(self, trace: TurnTrace) -> None:
        """Measure a call."""
        for turn in turns_of(*voices_of(trace)):
            if isinstance(turn, Discard):
                self.discards[turn] += 1
                continue
            self.ttfab_ms.append(turn.ttfab_ms)
            if turn.content_ms is not None:
                self.content_ms.append(turn.content_ms)

    def values(self) -> Mapping[str, Any]:
        """Percentiles in ms, how even they are (p95/p50), and what was left out, by reason."""
        percentiles = {f"ttfab_ms_p{percent}": interpolated(self.ttfab_ms, percent) for percent in PERCENTS}
        p50, p95 = percentiles["ttfab_ms_p50"], percentiles["ttfab_ms_p95"]
        return {
            **percentiles,
            "consistency": p95 / p50 if p50 and p95 is not None else None,
            "turns": len(self.ttfab_ms),
            "negative": sum(value < 0 for value in self.ttfab_ms),
            **{f"content_ms_p{percent}": interpolated(self.content_ms, percent) for percent in PERCENTS},
            "discarded": {reason.value: self.discards[reason] for reason in Discard},
        }
