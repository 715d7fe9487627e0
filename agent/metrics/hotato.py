"""hotato's verdicts: did the agent yield, after how long, and for how long did both talk.

The rules are those of its engine 1.16.0, with frames that are known to be voiced instead of loud. Its activity hangs
over for 150 ms, so every time to yield is about that much longer than the truth, and a pause of 200 ms counts as a
yield even if the agent goes on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.metrics.percentiles import interpolated, mean, rate
from agent.metrics.spans import Span
from agent.metrics.turn_trace import CallerKind, TurnTrace

FRAME_MS = 20
HOP_MS = 10
HANGOVER_FRAMES = 15
TALKING_FRAMES = 10
"""The agent talks at the onset if it is active in one of so many frames before."""

WINDOW_FRAMES = 300
SILENT_FRAMES = 20
NEAR_FRAMES = 50
"""The caller must be active within so many frames of the silence."""

ONSET_FRAMES = 5
"""A run of so many active frames is where the caller begins, if no label says."""

PREMATURE_FRAMES = 5

PERCENTILES = {"median": 50, "p90": 90, "p95": 95}

SHOULD_YIELD = {
    CallerKind.TURN: True,
    CallerKind.BACKCHANNEL: False,
    CallerKind.VOCAL_TIC: False,
    CallerKind.NON_DIRECTED: False,
}
"""What is expected of the agent when the caller makes this sound over it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One event of the caller's. Durations in ms; None where they are undefined."""

    agent_talking_at_onset: bool
    did_yield: bool
    time_to_yield_ms: int | None
    talk_over_ms: int
    premature_start_ms: int | None
    response_gap_ms: int | None


def active_frames(voiced: Sequence[Span], frames: int) -> list[bool]:
    """Which frames are active: frame `i` covers 20 ms from `10i` on; it stays active for 15 more after the last."""
    active = [False] * frames
    for start, end in voiced:
        first = max(0, (start - FRAME_MS) // HOP_MS + 1)
        past = min(frames, -(-end // HOP_MS) + HANGOVER_FRAMES)
        active[first:past] = [True] * max(0, past - first)
    return active


def verdict(caller: Sequence[bool], agent: Sequence[bool], onset_ms: int | None) -> Verdict | None:
    """What the agent did about the caller's event at `onset_ms` (None: their first speech); None if there is none."""
    frames = len(caller)
    assert len(agent) == frames, f"expected two channels of one length, got {frames} and {len(agent)} frames"
    labelled = None if onset_ms is None else round(onset_ms / HOP_MS)
    onset = _first_run(caller, 0, ONSET_FRAMES, active=True) if labelled is None else labelled
    if onset is None or not frames:
        return None
    onset = min(max(0, onset), frames - 1)
    yielded = _yield_frame(caller, agent, onset)
    until = min(frames, onset + WINDOW_FRAMES) if yielded is None else yielded
    premature, gap = _timing(caller, agent, onset)
    return Verdict(
        agent_talking_at_onset=any(agent[max(0, onset - TALKING_FRAMES) : onset + 1]),
        did_yield=yielded is not None,
        time_to_yield_ms=None if yielded is None else (yielded - onset) * HOP_MS,
        talk_over_ms=sum(caller[i] and agent[i] for i in range(onset, until)) * HOP_MS,
        premature_start_ms=premature,
        response_gap_ms=gap,
    )


def _yield_frame(caller: Sequence[bool], agent: Sequence[bool], onset: int) -> int | None:
    """The frame in which the agent falls silent near the caller's speech."""
    frame = onset
    while frame < onset + WINDOW_FRAMES and frame + SILENT_FRAMES <= len(agent):
        if any(agent[frame : frame + SILENT_FRAMES]):
            frame += 1
        elif any(caller[max(0, frame - NEAR_FRAMES) : frame + NEAR_FRAMES]):
            return frame
        else:
            frame += SILENT_FRAMES  # later in the same silence
    return None


def _timing(caller: Sequence[bool], agent: Sequence[bool], onset: int) -> tuple[int | None, int | None]:
    """By how much the answer came too soon, or after which gap."""
    began = next((i for i in range(onset, len(caller)) if caller[i]), None)
    ended = None if began is None else _first_run(caller, began, SILENT_FRAMES, active=False)
    silent = next((i for i in range(onset, len(agent)) if not agent[i]), None)
    answer = None if silent is None else next((i for i in range(silent, len(agent)) if agent[i]), None)
    if ended is None or answer is None:
        return None, None
    if ended - answer > PREMATURE_FRAMES:
        return (ended - answer) * HOP_MS, None
    return 0, max(0, answer - ended) * HOP_MS


def _first_run(frames: Sequence[bool], since: int, length: int, *, active: bool) -> int | None:
    """The first frame of the first run of so many frames that are active, or inactive."""
    count = 0
    for i in range(since, len(frames)):
        count = count + 1 if frames[i] is active else 0
        if count == length:
            return i - length + 1
    return None


@dataclass(slots=True)
class Verdicts:
    """Many calls: each sound of the caller's that begins while the agent talks is one event."""

    to_yield: list[Verdict] = field(default_factory=list)
    to_hold: list[Verdict] = field(default_factory=list)
    not_scorable: int = 0
    """Sounds while the agent did not talk."""

    def add(self, trace: TurnTrace) -> None:
        """Judge a call."""
        frames = -(-trace.end_ms // HOP_MS)
        caller = active_frames([span for entry in trace.caller for span in entry.voiced], frames)
        agent = active_frames([span for entry in trace.agent for span in entry.voiced], frames)
        for entry in trace.caller:
            if entry.kind not in SHOULD_YIELD:
                continue
            found = verdict(caller, agent, entry.voiced[0][0])
            if found is None or not found.agent_talking_at_onset:
                self.not_scorable += 1
            else:
                (self.to_yield if SHOULD_YIELD[entry.kind] else self.to_hold).append(found)

    def values(self) -> Mapping[str, Any]:
        """Shares of the events that went as expected, and how long yielding took (s)."""
        times = [one.time_to_yield_ms for one in self.to_yield if one.time_to_yield_ms is not None]
        talk_over = [one.talk_over_ms for one in self.to_yield]
        return {
            "yield_pass_rate": rate(sum(one.did_yield for one in self.to_yield), len(self.to_yield)),
            "hold_pass_rate": rate(sum(not one.did_yield for one in self.to_hold), len(self.to_hold)),
            "events_to_yield": len(self.to_yield),
            "events_to_hold": len(self.to_hold),
            "not_scorable": self.not_scorable,
            "time_to_yield_s": _summary(times),
            "talk_over_s": _summary(talk_over),
        }


def _summary(values_ms: Sequence[int]) -> dict[str, float | None]:
    found = {name: interpolated(values_ms, percent) for name, percent in PERCENTILES.items()}
    seconds = {name: None if value is None else value / 1_000 for name, value in found.items()}
    return {"mean": mean(values_ms, 1_000), **seconds}
