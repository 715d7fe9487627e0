"""Stand-ins that tests share."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from fsm.units import NS_PER_MS


@dataclass(order=True)
class _Pending:
    when: int
    seq: int
    callback: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.cancelled = True


class ManualClock:
    """A clock that moves only when told to; timers of one instant fire in the order they were set."""

    def __init__(self, start_ns: int = 0) -> None:
        self._now = start_ns
        self._heap: list[_Pending] = []
        self._seq = 0

    def now(self) -> int:
        return self._now

    def call_at(self, when: int, callback: Callable[[], None]) -> _Pending:
        self._seq += 1
        pending = _Pending(max(when, self._now), self._seq, callback)
        heapq.heappush(self._heap, pending)
        return pending

    def advance(self, duration_ms: int) -> None:
        """Let `duration_ms` pass, firing what falls due on the way."""
        self.advance_to(self._now + duration_ms * NS_PER_MS)

    def advance_to(self, instant: int) -> None:
        while self._heap and self._heap[0].when <= instant:
            pending = heapq.heappop(self._heap)
            if not pending.cancelled:
                self._now = pending.when
                pending.callback()
        self._now = max(self._now, instant)

    @property
    def pending_count(self) -> int:
        """Timers still to fire: zero once everything was released."""
        return sum(not pending.cancelled for pending in self._heap)
