"""One text stream of a socket: buffers text, speaks it generation by generation, ends (protocol page, 2.2 and 3.1)."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.clock import Timer
from fsm.units import ms_to_ns
from simulator.delays import draw_ns
from simulator.peers.elevenlabs_audio import Frame
from simulator.peers.elevenlabs_studio import Permit, Studio

BUFFER_LIMIT_CHARS = 40_000
"""Characters of one request to Flash v2.5 (protocol page, section 6)."""


@dataclass(frozen=True, slots=True)
class ContextOptions:
    """What a context was begun with."""

    output_format: str
    auto_mode: bool
    schedule: Sequence[int]
    speed: float
    inactivity_ns: int


class ContextListener(Protocol):
    """What a context tells its socket."""

    def on_frame(self, context: "Context", frame: Frame, *, is_first: bool) -> None:
        """Audio is due; `is_first` of its generation."""

    def on_flushed(self, context: "Context") -> None:
        """A flush was spoken to its end."""

    def on_final(self, context: "Context") -> None:
        """The context was closed, and everything is spoken."""

    def on_inactive(self, context: "Context") -> None:
        """No text came for too long."""

    def on_over_limit(self, context: "Context") -> None:
        """Too many generations are under way and waiting."""


@dataclass(frozen=True, slots=True)
class _Job:
    text: str
    is_flush: bool


class Context:
    """One stream of text; plain calls in, frames out through the listener."""

    def __init__(
        self, context_id: str | None, options: ContextOptions, studio: Studio, listener: ContextListener
    ) -> None:
        self.id = context_id
        self.options = options
        self.settings: object = None
        """What the first message asked for; a later message may not ask for anything else."""
        self.is_closing = False
        self._studio = studio
        self._listener = listener
        self._buffer = ""
        self._generations = 0
        self._jobs: deque[_Job] = deque()
        self._frames: deque[tuple[int, Frame]] = deque()
        self._is_first = False
        self._began_at = 0
        self._free_at = 0
        self._permit: Permit | None = None
        self._timer: Timer | None = None
        self._inactivity: Timer | None = None
        self.touch()

    @property
    def is_generating(self) -> bool:
        """Something is being spoken or waits for it."""
        return self._permit is not None

    @property
    def buffered_chars(self) -> int:
        """Characters that wait for a trigger."""
        return len(self._buffer.strip())

    def touch(self) -> None:
        """Begin the wait for the next text anew."""
        if self._inactivity is not None:
            self._inactivity.cancel()
        clock = self._studio.clock
        self._inactivity = clock.call_at(clock.now() + self.options.inactivity_ns, self._on_inactive)

    def add(self, text: str, *, try_trigger: bool = False) -> None:
        """More text; spoken once the schedule, `auto_mode` or `try_trigger` says so."""
        self._buffer += text
        if self.options.auto_mode:
            self._generate(len(self._buffer))
        elif len(self._buffer) >= self._threshold() or (try_trigger and self._is_worth_trying()):
            self._generate(self._whole_words())

    def flush(self) -> None:
        """Speak all that is buffered."""
        self._generate(len(self._buffer), is_flush=True)

    def close(self, *, flush: bool) -> None:
        """Take no more text; speak what was triggered, and the buffer only with `flush`; then end."""
        self.is_closing = True
        if flush:
            self._generate(len(self._buffer))
        elif self.buffered_chars:
            self._studio.counts["dropped_chars"] += self.buffered_chars
            self._studio.complain(
                f"context {self.id!r} was closed with {self.buffered_chars} characters that were never flushed"
            )
        self._buffer = ""
        if not self.is_generating:
            self._end()

    def drop(self) -> None:
        """Forget everything; nothing more is told to the listener."""
        self._jobs.clear()
        self._frames.clear()
        for timer in (self._timer, self._inactivity):
            if timer is not None:
                timer.cancel()
        if self._permit is not None:
            self._permit.release()
            self._permit = None

    def stall(self, duration_ms: int) -> None:
        """Pause for so long before the next frame."""
        if self._frames:
            self._began_at += ms_to_ns(duration_ms)
            if self._timer is not None:
                self._timer.cancel()
            self._await_frame()

    def _is_worth_trying(self) -> bool:
        return self.buffered_chars >= self._studio.behaviour.try_trigger_min_chars

    def _threshold(self) -> int:
        schedule = self.options.schedule
        return schedule[min(self._generations, len(schedule) - 1)]

    def _whole_words(self) -> int:
        """Characters up to the last blank: what comes next may still belong to the last word."""
        end = max(self._buffer.rfind(blank) for blank in " \n\t")
        return end + 1 if self._buffer[: end + 1].strip() else len(self._buffer)

    def _generate(self, chars: int, *, is_flush: bool = False) -> None:
        text, self._buffer = self._buffer[:chars], self._buffer[chars:]
        if not text.strip():
            return
        self._generations += 1
        self._jobs.append(_Job(text, is_flush))
        if self._permit is None:
            self._permit = self._studio.ask_to_generate(self._begin_next)
            if self._permit is None:
                self._jobs.clear()
                self._listener.on_over_limit(self)

    def _begin_next(self) -> None:
        """Speak the next job."""
        performance = self._studio.perform(self._jobs[0].text, self.options.output_format, self.options.speed)
        self._began_at = max(self._studio.clock.now(), self._free_at)
        self._frames.extend(performance.frames)
        self._is_first = True
        self._await_frame()

    def _await_frame(self) -> None:
        self._timer = self._studio.clock.call_at(self._began_at + self._frames[0][0], self._send_frame)

    def _send_frame(self) -> None:
        _, frame = self._frames.popleft()
        is_first, self._is_first = self._is_first, False
        self._listener.on_frame(self, frame, is_first=is_first)
        if self._permit is None:
            return  # a fault struck and dropped this context
        if self._frames:
            self._await_frame()
        else:
            self._end_job()

    def _end_job(self) -> None:
        job = self._jobs.popleft()
        self._free_at = self._studio.clock.now() + draw_ns(self._studio.behaviour.pause_ms, self._studio.rng)
        if job.is_flush:
            self._listener.on_flushed(self)
        if self._jobs:
            self._begin_next()
            return
        if self._permit is not None:
            self._permit.release()
            self._permit = None
        if self.is_closing:
            self._end()

    def _end(self) -> None:
        self.drop()
        self._listener.on_final(self)

    def _on_inactive(self) -> None:
        if self.is_generating:
            self.touch()
        else:
            self._listener.on_inactive(self)
