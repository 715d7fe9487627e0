"""What lies between two ends: delay, jitter, bursts, stalls, cuts.

Always in order within a connection, as TCP delivers; what travels on different connections may overtake.
"""

from collections import Counter, deque
from collections.abc import Callable
from random import Random
from typing import Any, Protocol

from fsm.units import ms_to_ns
from simulator.link_model import BadLink, Direction, LinkModel, Windows
from simulator.world import Scheduled, World

__all__ = ["BadLink", "Direction", "Lane", "Link", "LinkModel"]

LANE_LIMIT_MESSAGES = 10_000
"""Under way at once in one direction of one connection: more than three minutes of frames."""

LANE_LIMIT_BYTES = 32 * 1024 * 1024
"""The same in bytes. A connection that passes either limit is cut: nothing may be lost from its middle."""


class Connection(Protocol):
    """Something a cut ends."""

    def __str__(self) -> str:
        """What it is, and what its ends wait for: for a run that is stuck."""
        ...

    def cut(self) -> None:
        """The network lost it: both ends notice by themselves."""


class Link:
    """The network to one origin; every connection to it passes here.

    `counts`: websockets, refusals, requests, `cuts`, `overflows`.
    """

    def __init__(self, world: World, name: str, model: LinkModel) -> None:
        self.world = world
        self.name = name
        self.model = model
        self.counts: Counter[str] = Counter()
        self._open: dict[Connection, None] = {}
        self.up = Way(self, "up", model.up)
        self.down = Way(self, "down", model.down)
        self.may_stall = bool(model.stalls_ms)
        self._stalled_until = 0
        self._down_until = 0
        self._cuts = [world.call_at(world.started_at + ms_to_ns(cut_ms), self.cut) for cut_ms in model.cuts_ms]

    def rng(self, name: str) -> Random:
        """One of this link's own random streams."""
        return self.world.rng(f"wires/{self.name}/{name}")

    # --- what a scenario does to it ------------------------------------------------------------------------

    def stall(self, duration_ms: int) -> None:
        """Let nothing arrive for `duration_ms`, then all of it in order."""
        self.may_stall = True
        self._stalled_until = max(self._stalled_until, self.world.now() + ms_to_ns(duration_ms))

    def take_down(self, duration_ms: int) -> None:
        """Let dialling fail for `duration_ms`; open connections stay."""
        self._down_until = max(self._down_until, self.world.now() + ms_to_ns(duration_ms))

    def leave(self) -> None:
        """Nothing more is done to it that its model has in store."""
        for cut in self._cuts:
            cut.cancel()

    def cut(self) -> None:
        """Lose every open connection, with what was under way."""
        for connection in tuple(self._open):
            self.counts["cuts"] += 1
            connection.cut()

    @property
    def open_connections(self) -> tuple[Connection, ...]:
        """The connections that at least one end still holds, oldest first."""
        return tuple(self._open)

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

    def _end_of(self, windows_ms: Windows) -> int:
        """The end (ns) of the window that now is in, else zero."""
        passed = self.world.now() - self.world.started_at
        ends = (ms_to_ns(until) for since, until in windows_ms if ms_to_ns(since) <= passed < ms_to_ns(until))
        return self.world.started_at + max(ends, default=-self.world.started_at)


class Way:
    """One direction of a link, for all its connections: when what enters it now arrives."""

    def __init__(self, link: Link, name: str, model: Direction) -> None:
        self.is_even = model.is_even
        self.delay_ns = ms_to_ns(model.delay_ms)
        self._world = link.world
        self._rng = link.rng(name)
        self._jitter_limit_ns = ms_to_ns(model.jitter_ms)
        self._correlation = model.jitter_correlation
        self._jitter_ns: int | None = None  # of the message before
        self._burst_rng = link.rng(f"{name}-bursts") if model.burst_ms else self._rng
        self._burst_ns = ms_to_ns(model.burst_ms)
        self._burst_every_ns = ms_to_ns(model.burst_every_ms)
        self._period_ends_at = self._world.started_at
        self._held_from = self._held_until = 0

    def due(self, now: int) -> int:
        """The instant at which what is sent at `now` arrives, unless something of its connection is in front of it."""
        return self._leaves_at(now) + self.delay_ns + self._next_jitter_ns()

    def _next_jitter_ns(self) -> int:
        if not self._jitter_limit_ns:
            return 0
        if self._jitter_ns is None or not self._correlation or self._rng.random() >= self._correlation:
            self._jitter_ns = self._rng.randrange(self._jitter_limit_ns + 1)
        return self._jitter_ns

    def _leaves_at(self, now: int) -> int:
        """Now, or the end of the burst's hold that now is in."""
        if not self._burst_ns:
            return now
        while now >= self._period_ends_at:  # one draw a period, used or not: traffic does not move the bursts
            self._held_from = self._period_ends_at + self._burst_rng.randrange(self._burst_every_ns - self._burst_ns)
            self._held_until = self._held_from + self._burst_ns
            self._period_ends_at += self._burst_every_ns
        return self._held_until if self._held_from <= now < self._held_until else now


class Lane:
    """One direction of one connection: delivers in order, each after its delay, never within `carry`."""

    __slots__ = (
        "_arrives",
        "_bytes",
        "_counts",
        "_is_cut",
        "_link",
        "_on_overflow",
        "_timer",
        "_under_way",
        "_way",
        "_world",
    )

    def __init__(self, link: Link, way: Way, *, on_overflow: Callable[[], None]) -> None:
        self._link = link
        self._way = way
        self._world = link.world
        self._counts = link.counts
        self._on_overflow = on_overflow
        self._under_way: deque[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = deque()
        self._bytes = 0
        self._timer: Scheduled | None = None
        self._is_cut = False
        self._arrives = self._arrive  # bound once, not for every message

    def carry(
        self, deliver: Callable[..., None], args: tuple[Any, ...] = (), size_bytes: int = 0, extra_ms: int = 0
    ) -> None:
        """Call `deliver(*args)` at the other end; a lane that was cut carries nothing."""
        if self._is_cut:
            return
        under_way, way = self._under_way, self._way
        if way.is_even and not under_way and size_bytes <= LANE_LIMIT_BYTES and not extra_ms:  # nearly always
            self._timer = timer = self._world.call_in(way.delay_ns, self._arrives)
            under_way.append((timer.when, size_bytes, deliver, args))
            self._bytes = size_bytes
            return
        self._bytes += size_bytes
        if self._bytes > LANE_LIMIT_BYTES or len(under_way) >= LANE_LIMIT_MESSAGES:
            self._bytes -= size_bytes
            self._counts["overflows"] += 1
            self._on_overflow()
            return
        now = self._world.now()
        due = now + way.delay_ns if way.is_even else way.due(now)
        if extra_ms:
            due += ms_to_ns(extra_ms)
        if under_way and under_way[-1][0] > due:
            due = under_way[-1][0]
        under_way.append((due, size_bytes, deliver, args))
        if self._timer is None:
            self._timer = self._world.call_at(due, self._arrives)

    def cut(self) -> None:
        """Lose what is under way and carry nothing more."""
        self._is_cut = True
        self._under_way.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _arrive(self) -> None:
        """Deliver the first message, then wait for the next: others may act between two of one instant."""
        if self._link.may_stall and (passable_at := self._link.passable_at()) > self._world.now():
            self._timer = self._world.call_at(passable_at, self._arrives)
            return
        under_way = self._under_way
        _, size_bytes, deliver, args = under_way.popleft()
        self._bytes -= size_bytes
        self._timer = self._world.call_at(under_way[0][0], self._arrives) if under_way else None
        deliver(*args)
