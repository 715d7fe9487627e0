"""Recorded calls made by hand: the machine with a caller whose pauses are known, written as a server writes them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from pathlib import Path

from agent.trace import open_trace
from fsm.effects import HoldPlayout
from fsm.events import (
    CallEnded,
    CallStarted,
    Event,
    PlayoutFinished,
    PlayoutHeld,
    ReplyAudioStarted,
    SpeechStarted,
    SpeechStopped,
    Tick,
    WordsHeard,
)
from fsm.profile import Phrases, Profile
from fsm.state import Mode
from fsm.step import begin, step
from fsm.units import ms_to_ns

BEGAN_AT = 7_000_000_000_000
"""The clock of a machine that has been up for a while."""

LATENCY_MS, REPLY_MS, FINAL_MS, WORDS_MS = 400, 1_500, 250, 600
GAP_MS = 700
"""From the end of our answer to the caller's next turn."""

Parts = Sequence[tuple[str, int]]
"""What is said, and the silence after it (ms) before it goes on; the last one's is not used."""


@dataclass
class RecordedCall:
    """A call under way; times in ms since it began. What the caller does goes by `say`, the rest follows."""

    folder: Path
    call_id: str
    profile: Profile = field(default_factory=Profile)
    is_redacted: bool = False

    def __post_init__(self) -> None:
        self._trace, path = open_trace(self.folder, self.call_id, BEGAN_AT, is_redacted=self.is_redacted)
        assert path is not None
        self.path = path
        self.state = begin(self.profile, Phrases(), BEGAN_AT)
        self._trace.header(call_id=self.call_id, agent="a", wall_clock="2026-11-29T08:00:00Z", state=self.state)
        self._coming: list[tuple[int, int, Event]] = []
        self._count = 0
        self._at(0, CallStarted("+1", "+2"))
        self.run_until(0)

    @property
    def now_ms(self) -> int:
        return (self.state.now - BEGAN_AT) // 1_000_000

    def say(self, at_ms: int, parts: Parts) -> int:
        """Say it, from `at_ms` on; when the last sound ends."""
        ends_ms = at_ms
        for text, pause_ms in parts:
            ends_ms = at_ms + WORDS_MS
            self._at(at_ms + 60, SpeechStarted(BEGAN_AT + ms_to_ns(at_ms)))
            self._at(at_ms + 300, WordsHeard(text.split()[0]))
            self._at(ends_ms + 100, SpeechStopped(BEGAN_AT + ms_to_ns(ends_ms)))
            self._at(ends_ms + FINAL_MS, WordsHeard(text, is_final=True, until=BEGAN_AT + ms_to_ns(ends_ms)))
            at_ms = ends_ms + pause_ms
        self.run_until(ends_ms + FINAL_MS)
        return ends_ms

    def listen(self) -> int:
        """Let the agent answer and finish; when it fell silent."""
        at_ms = self.now_ms
        while self.state.mode is not Mode.LISTENING or self.state.utterance.text:
            assert at_ms < self.now_ms + 20_000, f"the agent stays {self.state.mode}"
            at_ms += 50
            self.run_until(at_ms)
        return self.now_ms

    def end(self) -> Path:
        """Hang up; where the trace lies."""
        self._at(self.now_ms + 100, CallEnded("caller hung up"))
        self.run_until(self.now_ms + 100)
        self._trace.note(self.state.now, "released")
        self._trace.close()
        return self.path

    def run_until(self, at_ms: int) -> None:
        """Let everything happen up to an instant."""
        until = BEGAN_AT + ms_to_ns(at_ms)
        while True:
            due = self.state.deadlines.earliest()
            at = self._coming[0][0] if self._coming else None
            if due is not None and due <= until and (at is None or due < at):
                self._decide(max(due, self.state.now), Tick())
            elif at is not None and at <= until:
                _, _, event = heappop(self._coming)
                self._decide(max(at, self.state.now), event)
            else:
                return

    def _at(self, at_ms: int, event: Event) -> None:
        self._count += 1
        heappush(self._coming, (BEGAN_AT + ms_to_ns(at_ms), self._count, event))

    def _decide(self, now: int, event: Event) -> None:
        before = self.state
        if isinstance(event, ReplyAudioStarted | PlayoutFinished) and event.reply != before.reply:
            return
        if isinstance(event, PlayoutFinished) and before.mode is not Mode.SPEAKING:
            return
        self.state, effects = step(before, event, now)
        self._trace.decision(now, before.mode, event, self.state, effects)
        if self.state.mode is Mode.THINKING and before.mode is not Mode.THINKING:
            self._at(self.now_ms + LATENCY_MS, ReplyAudioStarted(self.state.reply))
        if isinstance(event, ReplyAudioStarted):
            self._at(self.now_ms + REPLY_MS, PlayoutFinished(event.reply, "We have."))
        if any(isinstance(effect, HoldPlayout) for effect in effects):
            self._decide(now, PlayoutHeld(self.state.reply, "We"))


def record(folder: Path, call_id: str, turns: Sequence[Parts], profile: Profile | None = None) -> Path:
    """A whole call in which the caller says these turns, one after the other; where its trace lies."""
    call = RecordedCall(folder, call_id, profile or Profile())
    for parts in turns:
        call.say(call.listen() + GAP_MS, parts)
    call.listen()
    return call.end()


WHOLE: Parts = (("Tuesday is fine.", 0),)
"""A turn without a pause."""


def paused(pause_ms: int) -> Parts:
    """A turn that looks complete, and goes on after a pause."""
    return (("Tuesday is fine.", pause_ms), ("Or Friday, if you have it.", 0))


def record_many(folder: Path, calls: int, pause_ms: int, profile: Profile | None = None, turns: int = 4) -> None:
    """Calls with so many turns each, every third of which has a pause of that length."""
    for number in range(calls):
        said = [paused(pause_ms) if (number + turn) % 3 == 0 else WHOLE for turn in range(turns)]
        record(folder, f"CA{number:04}", said, profile)
