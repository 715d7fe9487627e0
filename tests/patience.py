"""For tests on the real clock: how long they wait for what must come, and a loop on which a stall takes no time."""

import asyncio
import selectors
import time
from collections.abc import Coroutine
from typing import Any, TypeVar
from unittest.mock import patch

T = TypeVar("T")

PATIENCE_S = 60.0
"""What must come has come by then, however busy the machine is; it only ends a test that hangs."""

LOOK_MS = 10
"""The loop looks at the clock at least so often: a longer gap between two looks is a stall."""

LONGEST_STEP_NS = 2 * LOOK_MS * 1_000_000
"""So much time passes between two looks at most; what more passed outside, nobody in here notices."""


class Watch:
    """Monotonic time that stands still while this process is not given the processor, and else runs `speed` times."""

    def __init__(self, speed: int = 1) -> None:
        self.speed = speed
        self._read_at = self._now = time.monotonic_ns()

    def monotonic_ns(self) -> int:
        """The present instant, in ns."""
        read_at = time.monotonic_ns()
        self._now += min((read_at - self._read_at) * self.speed, LONGEST_STEP_NS)
        self._read_at = read_at
        return self._now


class _RestlessSelector(selectors.DefaultSelector):
    """Waits in short turns: the loop asks again, and looks at its watch on the way."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._speed = watch.speed

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        turn_s = LOOK_MS / 1_000
        return super().select((turn_s if timeout is None else min(timeout, turn_s)) / self._speed)


class PatientLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose time is a `Watch`: all that runs on it stalls together, and so notices nothing."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        super().__init__(_RestlessSelector(watch))

    def time(self) -> float:
        """The watch's time, in seconds."""
        return self._watch.monotonic_ns() / 1e9


def run_patiently(story: Coroutine[Any, Any, T], *, speed: int = 1) -> T:
    """As `asyncio.run`, on a clock that a machine's stall does not move; `LoopClock` goes by it too.

    For stories all of whose parties are on this one loop: a caller, a phone, our server and the providers then live
    at the same pace, and nobody's deadline passes while another one was not given the time to answer. With `speed`
    such a story takes less time, and no less happens in it.
    """
    watch = Watch(speed)
    with patch("agent.clock.time", watch), asyncio.Runner(loop_factory=lambda: PatientLoop(watch)) as runner:
        return runner.run(story)
