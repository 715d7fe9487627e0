"""What all voices of the emulated ElevenLabs share: clock, chance, settings, counts and the limit on generations."""

import random
from collections import Counter, deque
from collections.abc import Callable

from agent.clock import Clock, Timer
from fsm.units import ms_to_ns, samples_to_ns
from simulator.delays import draw_ns
from simulator.peers.elevenlabs_audio import Frame, Rendering, cut, render
from simulator.peers.elevenlabs_behaviour import ElevenLabsBehaviour

COMPLAINTS_LIMIT = 500
"""Complaints kept; later ones are only counted, as `complaints_dropped`."""


class Studio:
    """Shared by the sockets and requests of one peer."""

    def __init__(self, clock: Clock, rng: random.Random, behaviour: ElevenLabsBehaviour) -> None:
        self.clock = clock
        self.rng = rng
        self.behaviour = behaviour
        self.counts: Counter[str] = Counter()
        self.complaints: list[str] = []
        self.generating = 0
        self._waiting: deque[Permit] = deque()

    def complain(self, complaint: str) -> None:
        """Note something a client should not do although the service bears it."""
        if len(self.complaints) < COMPLAINTS_LIMIT:
            self.complaints.append(complaint)
        else:
            self.counts["complaints_dropped"] += 1

    def ask_to_generate(self, begin: Callable[[], None]) -> "Permit | None":
        """Call `begin` once a generation is allowed, maybe now; `None`: too many are waiting."""
        limit = self.behaviour.max_concurrent
        permit = Permit(self, begin)
        if limit is None or self.generating < limit:
            permit.grant()
        elif len(self._waiting) < self.behaviour.max_queued:
            self.counts["queued"] += 1
            self._waiting.append(permit)
        else:
            self.counts["over_limit"] += 1
            return None
        return permit

    def leave(self, permit: "Permit") -> None:
        """A permit is given back, or no longer waited for."""
        if permit in self._waiting:
            self._waiting.remove(permit)
            return
        self.generating -= 1
        if self._waiting:
            self._waiting.popleft().grant(self.behaviour.queue_ms)

    def perform(self, text: str, output_format: str, speed: float) -> "Performance":
        """Render a generation and time its frames, from its trigger on."""
        self.counts["generations"] += 1
        self.counts["characters"] += len(text)
        behaviour = self.behaviour
        rendering = render(text, output_format, speed=speed, normalise=behaviour.normalise_numbers)
        return Performance(rendering, self._times(cut(rendering, behaviour, self.rng)))

    def _times(self, frames: list[Frame]) -> list[tuple[int, Frame]]:
        behaviour = self.behaviour
        jitter_ns = ms_to_ns(behaviour.first_byte_jitter_ms)
        at_ns = draw_ns(behaviour.first_byte_ms, self.rng) + (self.rng.randrange(jitter_ns) if jitter_ns else 0)
        sent_ns = 0
        stalls_at_ns = None if behaviour.stall_after_ms is None else ms_to_ns(behaviour.stall_after_ms)
        timed: list[tuple[int, Frame]] = []
        for frame in frames:
            if stalls_at_ns is not None and sent_ns >= stalls_at_ns:
                at_ns += draw_ns(behaviour.stall_ms, self.rng)
                stalls_at_ns = None
            timed.append((at_ns, frame))
            length_ns = samples_to_ns(frame.samples)
            sent_ns += length_ns
            at_ns += int(length_ns / behaviour.pace)
        return timed


class Permit:
    """The right to generate; given back with `release`."""

    def __init__(self, studio: Studio, begin: Callable[[], None]) -> None:
        self._studio = studio
        self._begin = begin
        self._timer: Timer | None = None
        self._is_released = False

    def grant(self, delay_ms: int = 0) -> None:
        """Let it begin."""
        self._studio.generating += 1
        self._studio.counts["generating_peak"] = max(self._studio.counts["generating_peak"], self._studio.generating)
        clock = self._studio.clock
        self._timer = clock.call_at(clock.now() + ms_to_ns(delay_ms), self._begin)

    def release(self) -> None:
        """Give it back; harmless twice."""
        if self._is_released:
            return
        self._is_released = True
        if self._timer is not None:
            self._timer.cancel()
        self._studio.leave(self)


class Performance:
    """A rendering and the instants of its frames, in ns after the trigger."""

    def __init__(self, rendering: Rendering, frames: list[tuple[int, Frame]]) -> None:
        self.rendering = rendering
        self.frames = frames
