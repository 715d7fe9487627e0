"""Where time, ids and randomness enter: ports, and their real adapters."""

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Protocol

from fsm.units import NS_PER_S


class Timer(Protocol):
    """A pending callback."""

    def cancel(self) -> None:
        """Forget the callback; harmless when it already ran."""


class Clock(Protocol):
    """Monotonic time in integer nanoseconds, and callbacks on it."""

    def now(self) -> int:
        """The present instant, in ns; never goes backwards."""
        ...

    def call_at(self, when: int, callback: Callable[[], None]) -> Timer:
        """Call `callback` once, at instant `when` (ns) or as soon after it as possible."""
        ...


class Ids(Protocol):
    """Fresh identifiers."""

    def fresh(self, prefix: str) -> str:
        """An identifier never given before, beginning with `prefix`."""
        ...


class LoopClock:
    """The running asyncio loop's clock."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> int:
        """Nanoseconds of the system's monotonic clock."""
        return time.monotonic_ns()

    def call_at(self, when: int, callback: Callable[[], None]) -> Timer:
        """Call `callback` at `when`; never early, even where the loop's timers are coarse."""
        delay_ns = max(0, when - time.monotonic_ns())
        return self._loop.call_later(delay_ns / NS_PER_S, callback)


class RandomIds:
    """Identifiers from the operating system's randomness."""

    def fresh(self, prefix: str) -> str:
        """`prefix` and 32 hexadecimal digits."""
        return f"{prefix}{secrets.token_hex(16)}"
