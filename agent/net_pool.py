"""Connections to providers: those that are open and idle are used again, the others are opened."""

import asyncio
from collections import defaultdict
from contextlib import suppress

from agent.net_dial import Dialler
from agent.net_http import HttpConnection, Origin

CONNECTION_LIMIT = 2_000
"""Open at once, in all: several hundred calls with their three providers."""

KEEP_ALIVE_S = 90.0
"""An idle HTTP connection is kept this long: longer than a caller's usual turn."""


class TooManyConnectionsError(OSError):
    """The limit is reached."""


class ConnectionPool:
    """The connections of a process."""

    def __init__(self, dialler: Dialler) -> None:
        self._dialler = dialler
        self._idle: defaultdict[Origin, list[HttpConnection]] = defaultdict(list)
        self._open: set[HttpConnection] = set()
        self._opening = 0
        self._switched = 0
        self._changed = asyncio.Event()

    @property
    def idle_count(self) -> int:
        """Connections that wait for a request."""
        return sum(map(len, self._idle.values()))

    def take(self, origin: Origin) -> HttpConnection | None:
        """An idle connection, the one that was used last; None where there is none."""
        waiting = self._idle[origin]
        while waiting:
            connection = waiting.pop()
            if connection.idle_timer is not None:
                connection.idle_timer.cancel()
            if connection.is_usable:
                return connection
        return None

    async def open(self, origin: Origin) -> HttpConnection:
        """A new connection. Raises `OSError`, `ssl.SSLError`."""
        if len(self._open) + self._opening + self._switched >= CONNECTION_LIMIT:
            raise TooManyConnectionsError(f"{CONNECTION_LIMIT} connections are open already")
        self._opening += 1
        try:
            connection = await self._dialler.connect(origin, lambda: HttpConnection(origin, self))
        finally:
            self._opening -= 1
            self._changed.set()
        self._open.add(connection)
        return connection

    async def warm(self, origin: Origin) -> None:
        """Open a connection for later, where none is idle; whoever needs one then learns why there is none."""
        if not any(connection.is_usable for connection in self._idle[origin]):
            with suppress(OSError, ValueError):
                self.on_idle(await self.open(origin))

    def note_switched(self, change: int) -> None:
        """So many more, or fewer, connections speak another protocol now."""
        self._switched += change

    def on_idle(self, connection: HttpConnection) -> None:
        """An answer is complete: keep the connection for a while."""
        self._idle[connection.origin].append(connection)
        connection.idle_timer = asyncio.get_running_loop().call_later(KEEP_ALIVE_S, self._on_idle_too_long, connection)

    def on_gone(self, connection: HttpConnection) -> None:
        """A connection has ended."""
        self._open.discard(connection)
        if connection in self._idle[connection.origin]:
            self._idle[connection.origin].remove(connection)
        if connection.idle_timer is not None:
            connection.idle_timer.cancel()
        self._changed.set()

    async def close(self) -> None:
        """End all, those in use too, and wait for those that are being opened, which their owners have given up."""
        self._dialler.close()
        for connection in tuple(self._open):
            connection.abort()
        while self._open or self._opening:
            self._changed.clear()
            await self._changed.wait()

    def _on_idle_too_long(self, connection: HttpConnection) -> None:
        self._idle[connection.origin].remove(connection)
        connection.abort()
