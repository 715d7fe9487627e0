"""The person at a simulated phone, and its loudspeaker: the playback buffer on a clock, marks as they fall due."""

from collections.abc import Callable
from typing import Protocol

from agent.clock import Clock, Timer
from fsm.units import NS_PER_SAMPLE
from simulator.peers.twilio_playback import CutBy, Playback


class Handset(Protocol):
    """The person at the far end: a mouth and an ear, 20 ms at a time."""

    def next_frame(self) -> bytes:
        """The next 160 bytes of mu-law from the microphone: what sounded in the 20 ms that end now."""
        ...

    def on_audible(self, audio: bytes, at: int) -> None:
        """What the earpiece gave for 20 ms from instant `at` (ns), silence included."""


Tap = Callable[[bytes, bytes, int], None]
"""Told of each 20 ms: the caller's frame, what was audible to the caller, and the instant (ns) both began."""


class Player:
    """Plays into `playback` from its making on; `echo` is told of each mark that was reached or flushed, in order."""

    def __init__(self, clock: Clock, echo: Callable[[str], None]) -> None:
        self.playback = Playback()
        self.started_at = clock.now()
        self._clock = clock
        self._echo = echo
        self._timer: Timer | None = None

    def push(self, audio: bytes) -> None:
        """Play `audio` after all that waits; at once if nothing does."""
        self.play()
        first_sample = -((self.started_at - self._clock.now()) // NS_PER_SAMPLE)  # rounded up: never too early
        self.playback.push(audio, first_sample)

    def mark(self, name: str) -> None:
        """Echo `name` when everything before it has been played."""
        self.play()
        if self.playback.mark(name):
            self._echo(name)
        self._await_mark()

    def clear(self) -> None:
        """Silence, at once; all marks that wait are echoed, in order."""
        self.play()
        for name in self.playback.clear():
            self._echo(name)
        self._await_mark()

    def play(self) -> None:
        """Bring the playhead to the present."""
        for name in self.playback.advance((self._clock.now() - self.started_at) // NS_PER_SAMPLE):
            self._echo(name)

    def stop(self) -> None:
        """The stream is over: what waits will never sound, its marks are not echoed."""
        self.play()
        self.playback.clear(CutBy.STREAM_END)
        self._await_mark()

    def instant_of(self, samples: int) -> int:
        """The instant (ns) at which sample `samples` of the stream sounds."""
        return self.started_at + samples * NS_PER_SAMPLE

    def _await_mark(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.playback.next_mark_at()
        if due is not None:
            self._timer = self._clock.call_at(self.instant_of(due), self._on_mark_due)

    def _on_mark_due(self) -> None:
        self.play()
        self._await_mark()
