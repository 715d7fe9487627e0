"""A phone that does not carry silence frame by frame where nobody could tell the difference."""

from dataclasses import replace
from functools import cached_property
from typing import Protocol, runtime_checkable

from fsm.units import FRAME_MS
from simulator.peers import twilio_messages as messages
from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.peers.twilio_stream import FRAME_NS, TwilioPhone

IDLE_FRAMES = 20
"""Frames of silence in one message: 400 ms, the most by which somebody at rest may hear late what makes them speak."""

TALK_FRAMES = 3
"""Frames in one message of somebody in the middle of what they say, to whom nobody talks."""

IDLE_BEAT_MS = 60
"""Our own voice in pieces of so much; the lead of the playout holds three."""


def skipping_idle(behaviour: TwilioBehaviour | None) -> TwilioBehaviour:
    """The same behaviour of a phone that does not carry idle audio frame by frame."""
    return replace(behaviour or TwilioBehaviour(), idle_frames=IDLE_FRAMES)


@runtime_checkable
class RestingHandset(Protocol):
    """A handset whose person knows when they will be silent for a while."""

    def rests_until(self) -> int:
        """The instant (ns) before which the person makes no sound unless they hear something; past if they may now."""
        ...

    def talks_until(self) -> int:
        """The instant (ns) up to which the person talks on, into silence; past if they do not, or have just begun."""
        ...

    def rest(self, frames: int) -> None:
        """Let so many frames pass in silence."""


class IdlePhone(TwilioPhone):
    """A phone that sends the silence of a person at rest in long messages, `idle_frames` of its behaviour each.

    Everything that a person does still begins and ends at its own frame: only silence that follows enough silence for
    every listener to have drawn its conclusions travels together, up to that much later, and the middle of what is said
    while nobody else talks, up to two frames later. What the person hears meanwhile comes to their ear together, too.
    """

    _stride = 1
    """Frames until the phone acts again."""
    _is_talk = False
    """Whether they are of somebody in the middle of what they say, not silence."""

    @cached_property
    def _resting(self) -> RestingHandset | None:
        """The handset, if it can rest; asked once, since protocols are slow to answer."""
        return self._handset if isinstance(self._handset, RestingHandset) else None

    def hang_up(self) -> None:
        """End the stream properly, after what has passed of frames that travel together."""
        self._catch_up()
        super().hang_up()

    def vanish(self) -> None:
        """Lose the connection: how long the server heard the caller tells it what the caller heard."""
        self._catch_up()
        super().vanish()

    def _catch_up(self) -> None:
        """Send what has passed of frames that travel together."""
        if self._player is None or self.end is not None or self._stride == 1:
            return
        passed = (self._clock.now() - self._player.started_at) // FRAME_NS - self._chunk
        if passed > 0:
            self._go_on(min(passed, self._stride))

    def _on_frame_due(self) -> None:
        now = self._clock.now()
        assert self._player is not None, "frames begin with the stream"
        started_at = self._player.started_at
        while self.end is None and (due := started_at + (self._chunk + self._stride) * FRAME_NS) <= now:
            if self._stride == 1:
                self._one_frame()
            else:
                self._go_on(self._stride)
            self._stride = self._next_stride(due)
        if self.end is None:
            self._timer = self._clock.call_at(due, self._on_frame_due)

    def _next_stride(self, at: int) -> int:
        """How many frames from `at` (ns) on can travel together, at least one and at most `idle_frames`."""
        if self._resting is None or self._frames_to_drop or self._behaviour.drop_rate:
            return 1
        self._is_talk = self._resting.talks_until() - at >= TALK_FRAMES * FRAME_NS
        if self._is_talk:
            return TALK_FRAMES
        silent = -(-(self._resting.rests_until() - at) // FRAME_NS)
        return max(1, min(silent, self._behaviour.idle_frames))

    def _go_on(self, frames: int) -> None:
        """So many frames of silence, or of the person's voice, have passed: play, and send them in one message."""
        assert self._resting is not None
        assert self._player is not None
        if self._is_talk:
            spoken = b"".join([self._handset.next_frame() for _ in range(frames)])
        else:
            self._resting.rest(frames)
            spoken = messages.SILENT_FRAME * frames
        self._player.play()
        timestamp_ms = self._behaviour.first_timestamp_ms + self._chunk * FRAME_MS
        self._sound(self._player, spoken)
        self.frames_sent += 1
        self._up.send(messages.media(self.leg, self._up.next_sequence(), self._chunk, timestamp_ms, spoken))
