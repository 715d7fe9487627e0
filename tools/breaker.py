"""A circuit breaker: a host that keeps failing is left alone for a while, then tried by one request; pure."""

from enum import StrEnum

FAILURES = 5
"""So many failures in a row open it."""

WITHIN_S = 10.0
"""A row of failures is one only while no two of them lie further apart."""

OPEN_S = 5.0
"""How long it stays open before one request may try."""


class Circuit(StrEnum):
    """What a breaker lets through."""

    CLOSED = "closed"
    """Everything."""
    OPEN = "open"
    """Nothing, until it has been open long enough."""
    HALF_OPEN = "half-open"
    """Nothing but the one probe that is under way."""


class Breaker:
    """The circuit to one host. Instants are seconds of a monotonic clock.

    Whoever was admitted says in the end how it went, with one of `succeeded`, `failed` and `abandoned`.
    """

    def __init__(self, *, failures: int = FAILURES, within_s: float = WITHIN_S, open_s: float = OPEN_S) -> None:
        self.state = Circuit.CLOSED
        self._limit = failures
        self._within_s = within_s
        self._open_s = open_s
        self._failures = 0
        self._failed_at = 0.0

    def admits(self, now: float) -> bool:
        """Whether a request may be made now; one that finds the circuit open for long enough is its probe."""
        if self.state is Circuit.OPEN and now - self._failed_at >= self._open_s:
            self.state = Circuit.HALF_OPEN
            return True
        return self.state is Circuit.CLOSED

    def succeeded(self) -> None:
        """The host answered."""
        self.state, self._failures = Circuit.CLOSED, 0

    def failed(self, now: float) -> None:
        """It did not, or said that it cannot."""
        is_row = now - self._failed_at <= self._within_s
        self._failures = self._failures + 1 if is_row else 1
        self._failed_at = now
        if self.state is not Circuit.CLOSED or self._failures >= self._limit:
            self.state = Circuit.OPEN

    def abandoned(self) -> None:
        """Nobody waited for the answer: a probe that tells nothing, so the next request is another."""
        if self.state is Circuit.HALF_OPEN:
            self.state = Circuit.OPEN
