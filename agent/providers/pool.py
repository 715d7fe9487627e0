"""Websockets opened before they are needed, so that a call does not wait for a handshake."""

from collections.abc import Callable
from dataclasses import dataclass

from agent.clock import Clock, Timer
from agent.ports import Wire, WireListener
from fsm.units import ms_to_ns

RETRY_FIRST_MS = 1_000
RETRY_LONGEST_MS = 60_000
"""A spare that cannot be had is tried again after the first, then twice as late each time, up to the longest."""


@dataclass(frozen=True, slots=True)
class WarmPolicy:
    """How a provider's spare sockets are kept.

    `size`: at most so many spares. `refills`: one spare is always there, once `warm` was called; otherwise each `warm`
    opens one. A spare older than `max_age_ms` is closed. `keep_alive` is sent every `keep_alive_ms`, `greeting` once,
    as soon as a spare is open; whoever takes a spare that is open already must reckon with both.
    """

    size: int = 4
    refills: bool = True
    max_age_ms: int = 150_000
    keep_alive: str = ""
    keep_alive_ms: int = 4_000
    greeting: str | bytes = b""


class WarmSockets:
    """Spare websockets of one provider. `dial` opens one; where none is spare, `take` dials on the spot."""

    def __init__(self, clock: Clock, dial: Callable[[WireListener], Wire], policy: WarmPolicy) -> None:
        self.taken_warm_count = 0
        self.taken_cold_count = 0
        self._clock = clock
        self._dial = dial
        self._policy = policy
        self._spares: list[_Spare] = []
        self._is_wanted = False
        self._retry: Timer | None = None
        self._retry_ms = RETRY_FIRST_MS

    @property
    def spare_count(self) -> int:
        """Spares open or opening."""
        return len(self._spares)

    def warm(self) -> None:
        """Open one more spare, where there is room for it."""
        self._is_wanted = True
        if len(self._spares) < self._policy.size and self._retry is None:
            self._open()

    def take(self, listener: WireListener) -> Wire:
        """A wire for `listener`: one that is open, else one that is opening, else a new one.

        Of a wire that is open already (`is_open`) the listener gets no `on_open`.
        """
        spare = self._best()
        if spare is None:
            self.taken_cold_count += 1
            wire = self._dial(listener)
        else:
            self.taken_warm_count += 1
            self._spares.remove(spare)
            wire = spare.hand_to(listener)
            if wire.is_open:
                self._retry_ms = RETRY_FIRST_MS
        self._refill()
        return wire

    def close(self) -> None:
        """Close all spares; nothing is opened any more."""
        self._is_wanted = False
        self._cancel_retry()
        for spare in self._spares:
            spare.discard()
        self._spares.clear()

    def _best(self) -> "_Spare | None":
        open_ones = [spare for spare in self._spares if spare.is_open]
        return next(iter(open_ones or self._spares), None)

    def _open(self) -> None:
        self._spares.append(_Spare(self, self._clock, self._dial, self._policy))

    def _refill(self) -> None:
        if self._is_wanted and self._policy.refills and not self._spares and self._retry is None:
            self._open()

    def _cancel_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    def spare_aged(self, spare: "_Spare") -> None:
        """A spare was not needed for so long that it is replaced."""
        self._spares.remove(spare)
        spare.discard()
        self._retry_ms = RETRY_FIRST_MS
        self._refill()

    def spare_lost(self, spare: "_Spare") -> None:
        """A spare could not be opened, or the other side closed it: try again, ever more slowly."""
        if spare not in self._spares:
            return  # it was discarded by us
        self._spares.remove(spare)
        if self._retry is None:
            self._retry = self._clock.call_at(self._clock.now() + ms_to_ns(self._retry_ms), self._try_again)
            self._retry_ms = min(self._retry_ms * 2, RETRY_LONGEST_MS)

    def _try_again(self) -> None:
        self._retry = None
        self._refill()


class _Spare:
    """One spare: a listener that keeps the wire alive until it is handed on, and then only passes on."""

    def __init__(
        self, pool: WarmSockets, clock: Clock, dial: Callable[[WireListener], Wire], policy: WarmPolicy
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._policy = policy
        self._taker: WireListener | None = None
        self._keep_alive: Timer | None = None
        self._wire = dial(self)
        self._age = clock.call_at(clock.now() + ms_to_ns(policy.max_age_ms), lambda: pool.spare_aged(self))

    @property
    def is_open(self) -> bool:
        """Whether the wire can be used at once."""
        return self._wire.is_open

    def hand_to(self, listener: WireListener) -> Wire:
        """Let `listener` have the wire and everything that happens on it from now on."""
        self._taker = listener
        self._stop()
        return self._wire

    def discard(self) -> None:
        """Close the wire."""
        self._stop()
        self._wire.close()

    def on_open(self) -> None:
        if self._taker is not None:
            self._taker.on_open()
            return
        if self._policy.greeting:
            self._wire.send(self._policy.greeting)
        if self._policy.keep_alive:
            self._arm()

    def on_message(self, message: str | bytes) -> None:
        if self._taker is not None:
            self._taker.on_message(message)

    def on_close(self, code: int, reason: str) -> None:
        if self._taker is not None:
            self._taker.on_close(code, reason)
            return
        self._stop()
        self._pool.spare_lost(self)

    def _arm(self) -> None:
        due = self._clock.now() + ms_to_ns(self._policy.keep_alive_ms)
        self._keep_alive = self._clock.call_at(due, self._stay_alive)

    def _stay_alive(self) -> None:
        self._wire.send(self._policy.keep_alive)
        self._arm()

    def _stop(self) -> None:
        self._age.cancel()
        if self._keep_alive is not None:
            self._keep_alive.cancel()
            self._keep_alive = None
