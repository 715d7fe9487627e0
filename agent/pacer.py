"""One ticker for every playout of the process: absolute in its schedule, asleep while nobody needs it."""

from collections.abc import Callable

from agent.clock import Clock, Timer
from fsm.units import FRAME_MS, ms_to_ns

Beat = Callable[[int], None]
"""What is called once a period, with the present instant (ns)."""


class Pacer:
    """Calls everything registered once every `period_ms`, in the order of registration.

    Ticks lie on a grid that begins with the first registration, so lateness never adds up; ticks that were missed
    are left out, not made up for: what is called looks at the clock, not at a count. A callback that raises is
    reported to `on_error` and hurts nobody else.
    """

    def __init__(self, clock: Clock, on_error: Callable[[Beat, Exception], None], *, period_ms: int = FRAME_MS) -> None:
        assert period_ms > 0, f"a period of {period_ms} ms never ends; give at least 1"
        self._clock = clock
        self._on_error = on_error
        self._period_ns = ms_to_ns(period_ms)
        self._beats: dict[Beat, None] = {}
        self._timer: Timer | None = None
        self._next_at = 0
        self.late_ticks = 0
        """Ticks that were left out because the process was late by a period or more."""

    def __len__(self) -> int:
        return len(self._beats)

    def add(self, beat: Beat) -> None:
        """Call `beat` from the next tick on; harmless when it is registered already."""
        self._beats[beat] = None
        if self._timer is None:
            self._next_at = self._clock.now() + self._period_ns
            self._timer = self._clock.call_at(self._next_at, self._tick)

    def remove(self, beat: Beat) -> None:
        """Do not call `beat` again, not even in the tick under way; harmless when it is not registered."""
        self._beats.pop(beat, None)
        if not self._beats and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        now = self._clock.now()
        missed = max(0, now - self._next_at) // self._period_ns
        self.late_ticks += missed
        self._next_at += (missed + 1) * self._period_ns
        self._timer = self._clock.call_at(self._next_at, self._tick)
        for beat in tuple(self._beats):
            if beat in self._beats:
                self._call(beat, now)

    def _call(self, beat: Beat, now: int) -> None:
        try:
            beat(now)
        except Exception as error:  # whatever one call does wrong, the others keep their audio
            self._on_error(beat, error)
