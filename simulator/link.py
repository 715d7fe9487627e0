"""What lies between two ends: delay, jitter, stalls, cuts. Always in order, as TCP delivers."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from fsm.units import ms_to_ns
from simulator.world import Scheduled, World

LANE_LIMIT_MESSAGES = 10_000
"""Under way at once in one direction of one connection: more than three minutes of frames."""

LANE_LIMIT_BYTES = 32 * 1024 * 1024
"""The same in bytes. A connection that passes either limit is cut: nothing may be lost from its middle."""


@dataclass(frozen=True, slots=True)
class LinkModel:
    """How the network between two ends behaves; windows and moments count from the world's beginning.

    `up_ms` and `down_ms` delay what the dialling side sends and gets; `jitter_ms` delays each message further by up to
    so much; `handshake_ms` is what a new websocket costs beyond that. In a stall nothing arrives, and then all of it;
    at a cut every open connection is lost; while it is down, dialling fails.
    """

    up_ms: int = 1
    down_ms: int = 1
    jitter_ms: int = 0
    handshake_ms: int = 0
    stalls_ms: tuple[tuple[int, int], ...] = ()
    down_windows_ms: tuple[tuple[int, int], ...] = ()
    cuts_ms: tuple[int, ...] = ()
    splits_bodies: bool = True
    """Whether pieces of an HTTP body are split anywhere on their way, as TCP may."""


class Connection(Protocol):
    """Something a cut ends."""

    def cut(self) -> None:
        """The network lost it: both ends notice by themselves."""


class Link:
    """The network to one origin; every connection to it passes here.

    `counts`: websockets, refusals, requests, messages and bodies' pieces each way (`up`, `down`), `cuts`, `overflows`.
    """

    def __init__(self, world: World, name: str, model: LinkModel) -> None:
        self.world = world
        self.name = name
        self.model = model
        self.counts: Counter[str] = Counter()
        self._open: dict[Connection, None] = {}
        self._stalled_until = 0
        self._down_until = 0
        for cut_ms in model.cuts_ms:
            world.call_at(world.started_at + ms_to_ns(cut_ms), self.cut)

    def rng(self, name: str) -> Random:
        """One of this link's own random streams."""
        return self.world.rng(f"wires/{self.name}/{name}")

    # --- what a scenario does to it ------------------------------------------------------------------------

    def stall(self, duration_ms: int) -> None:
        """Let nothing arrive for `duration_ms`, then all of it in order."""
        self._stalled_until = max(self._stalled_until, self.world.now() + ms_to_ns(duration_ms))

    def take_down(self, duration_ms: int) -> None:
        """Let dialling fail for `duration_ms`; open connections stay."""
        self._down_until = max(self._down_until, self.world.now() + ms_to_ns(duration_ms))

    def cut(self) -> None:
        """Lose every open connection, with what was under way."""
        for connection in tuple(self._open):
            self.counts["cuts"] += 1
            connection.cut()

    # --- what connections ask ------------------------------------------------------------------------------

    @property
    def open_count(self) -> int:
        """Connections that at least one end still holds."""
        return len(self._open)

    @property
    def is_down(self) -> bool:
        """Whether dialling fails at this instant."""
        now = self.world.now()
        return now < self._down_until or self._end_of(self.model.down_windows_ms) > now

    def passable_at(self) -> int:
        """From when on something may arrive: now, or the end of the stall."""
        return max(self.world.now(), self._stalled_until, self._end_of(self.model.stalls_ms))

    def hold(self, connection: Connection) -> None:
        """Count a connection as open."""
        self._open[connection] = None

    def release(self, connection: Connection) -> None:
        """Forget a connection; harmless twice."""
        self._open.pop(connection, None)

    def _end_of(self, windows_ms: tuple[tuple[int, int], ...]) -> int:
        """The end (ns) of the window that now is in, else zero."""
        passed = self.world.now() - self.world.started_at
        ends = (ms_to_ns(until) for since, until in windows_ms if ms_to_ns(since) <= passed < ms_to_ns(until))
        return self.world.started_at + max(ends, default=-self.world.started_at)


class Lane:
    """One direction of one connection: delivers in order, each after its delay, never within `carry`."""

    def __init__(self, link: Link, delay_ms: int, name: str, *, on_overflow: Callable[[], None]) -> None:
        self._link = link
        self._world = link.world
        self._name = name
        self._delay_ns = ms_to_ns(delay_ms)
        self._jitter_ns = ms_to_ns(link.model.jitter_ms)
        self._rng = link.rng(name)
        self._on_overflow = on_overflow
        self._under_way: deque[tuple[int, int, Callable[[], None]]] = deque()
        self._bytes = 0
        self._timer: Scheduled | None = None
        self._is_cut = False

    def carry(self, deliver: Callable[[], None], size_bytes: int = 0, *, extra_ms: int = 0) -> None:
        """Call `deliver` at the other end; a lane that was cut carries nothing."""
        if self._is_cut:
            return
        if len(self._under_way) >= LANE_LIMIT_MESSAGES or self._bytes + size_bytes > LANE_LIMIT_BYTES:
            self._link.counts["overflows"] += 1
            self._on_overflow()
            return
        due = self._world.now() + self._delay_ns + ms_to_ns(extra_ms)
        if self._jitter_ns:
            due += self._rng.randrange(self._jitter_ns + 1)
        if self._under_way:
            due = max(due, self._under_way[-1][0])
        self._bytes += size_bytes
        self._link.counts[self._name] += 1
        self._under_way.append((due, size_bytes, deliver))
        if self._timer is None:
            self._timer = self._world.call_at(due, self._arrive)

    def cut(self) -> None:
        """Lose what is under way and carry nothing more."""
        self._is_cut = True
        self._under_way.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _arrive(self) -> None:
        """Deliver the first message, then wait for the next: others may act between two of one instant."""
        passable_at = self._link.passable_at()
        if passable_at > self._world.now():
            self._timer = self._world.call_at(passable_at, self._arrive)
            return
        _, size_bytes, deliver = self._under_way.popleft()
        self._bytes -= size_bytes
        self._timer = self._world.call_at(self._under_way[0][0], self._arrive) if self._under_way else None
        deliver()
