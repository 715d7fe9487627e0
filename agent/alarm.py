"""The one timer of a call: it rings at the earliest deadline of the state, and is set anew when that changes."""

from collections.abc import Callable

from agent.clock import Clock, Timer


class Alarm:
    """Rings at one instant (ns) at a time, never before it."""

    def __init__(self, clock: Clock, on_due: Callable[[], None]) -> None:
        self._clock = clock
        self._on_due = on_due
        self._timer: Timer | None = None
        self._due: int | None = None

    def set(self, due: int | None) -> None:
        """Ring at `due` instead of whatever it was set to; None: not at all."""
        if due == self._due:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._due = due
        self._timer = None if due is None else self._clock.call_at(due, self._ring)

    def _ring(self) -> None:
        due, self._due, self._timer = self._due, None, None
        if due is not None and self._clock.now() < due:
            self.set(due)  # a timer that rounds down
        else:
            self._on_due()
