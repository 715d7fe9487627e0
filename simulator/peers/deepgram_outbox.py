"""What one websocket of the emulated Deepgram will do, each step in its time."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.clock import Clock, Timer

WAITING_LIMIT = 5_000
"""Steps that wait for their moment."""


@dataclass(order=True, slots=True)
class _Waiting:
    """A step that comes at `due` (ns)."""

    due: int
    seq: int
    step: Callable[[], None] = field(compare=False)


class Outbox:
    """Steps by their instants, first in first out at each, with one timer; a stall holds all of them back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seq = 0
        self._waiting: list[_Waiting] = []
        self._stalled_until = 0
        self._wake_at: int | None = None
        self._wake: Timer | None = None

    def put(self, due: int, step: Callable[[], None]) -> bool:
        """Do `step` at `due` (ns); whether there was room for it."""
        if len(self._waiting) >= WAITING_LIMIT:
            return False
        self._seq += 1
        heapq.heappush(self._waiting, _Waiting(due, self._seq, step))
        self._arm()
        return True

    def stall(self, until: int) -> None:
        """Do nothing before `until` (ns), then all that is due."""
        self._stalled_until = max(self._stalled_until, until)
        self._arm()

    def clear(self) -> None:
        """Forget everything."""
        self._waiting.clear()
        self._arm()

    def _arm(self) -> None:
        """One timer, for the earliest step that waits."""
        due = max(self._waiting[0].due, self._stalled_until) if self._waiting else None
        if due == self._wake_at:
            return
        if self._wake is not None:
            self._wake.cancel()
        self._wake_at = due
        self._wake = None if due is None else self._clock.call_at(due, self._on_wake)

    def _on_wake(self) -> None:
        self._wake = self._wake_at = None
        now = self._clock.now()
        while self._waiting and self._waiting[0].due <= now:
            heapq.heappop(self._waiting).step()
        self._arm()
