"""One direction of the network between Twilio and a server: late, sometimes bunched, always in order."""

from collections import deque
from collections.abc import Callable
from random import Random

from agent.clock import Clock, Timer
from fsm.units import NS_PER_MS


class Link:
    """Delivers actions in the order they were given, each after the link's delay.

    `jitter_ms` delays each one further by a random time; a stall (`stall_ms` long, once in `stall_every_ms`) holds
    everything back and then delivers it at once. Without any delay, an action runs on the spot.
    """

    def __init__(
        self,
        clock: Clock,
        rng: Random,
        *,
        delay_ms: int = 0,
        jitter_ms: int = 0,
        stall_every_ms: int = 0,
        stall_ms: int = 0,
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._delay_ns = delay_ms * NS_PER_MS
        self._jitter_ns = jitter_ms * NS_PER_MS
        self._stall_every_ns = stall_every_ms * NS_PER_MS
        self._stall_ns = stall_ms * NS_PER_MS
        self.is_prompt = not (delay_ms or jitter_ms or stall_every_ms)
        """Whether an action would run on the spot, so that there is no need to make one of a message."""
        self._began_at = clock.now()
        self._held_until = 0
        self._under_way: deque[tuple[int, Callable[[], None]]] = deque()
        self._timer: Timer | None = None

    def hold(self, duration_ms: int) -> None:
        """Deliver nothing for so long, then all of it at once."""
        self.is_prompt = False
        self._held_until = max(self._held_until, self._clock.now() + duration_ms * NS_PER_MS)

    def carry(self, action: Callable[[], None]) -> None:
        """Run `action` at the other end."""
        due = self._due()
        if not self._under_way and due <= self._clock.now():
            action()
            return
        if self._under_way:
            due = max(due, self._under_way[-1][0])
        self._under_way.append((due, action))
        if self._timer is None:
            self._timer = self._clock.call_at(due, self._deliver)

    def cut(self) -> None:
        """Lose everything under way."""
        self._under_way.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self) -> int:
        now = self._clock.now()
        due = now + self._delay_ns
        if self._jitter_ns:
            due += self._rng.randrange(self._jitter_ns)
        if self._stall_every_ns:
            phase = (due - self._began_at) % self._stall_every_ns
            if phase >= self._stall_every_ns - self._stall_ns:
                due += self._stall_every_ns - phase
        return max(due, self._held_until)

    def _deliver(self) -> None:
        self._timer = None
        if self._held_until > self._clock.now():
            self._timer = self._clock.call_at(self._held_until, self._deliver)
            return
        while self._under_way and self._under_way[0][0] <= self._clock.now():
            _, action = self._under_way.popleft()
            action()
        if self._under_way and self._timer is None:
            self._timer = self._clock.call_at(self._under_way[0][0], self._deliver)
