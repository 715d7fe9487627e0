"""How an aiohttp websocket, of either side, is written from plain functions and read by one task."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
from aiohttp import WSMsgType, web

from agent.ports import WireListener

OUTBOX_LIMIT_BYTES = 1 << 20
"""Kept for a wire that still opens, or whose other side reads too slowly: two minutes of a call's mu-law."""

NO_STATUS = 1005
NO_CLOSING_HANDSHAKE = 1006

AnySocket = aiohttp.ClientWebSocketResponse | web.WebSocketResponse


class Outlet:
    """Sends on an aiohttp websocket from plain functions.

    aiohttp writes a message to the socket before its `send_*` coroutine can first wait, so one step of that coroutine
    is the whole send, and no task is needed. Where the step does wait, the socket's buffer is full: the coroutine is
    parked until the buffer has drained, and what is sent meanwhile is kept in order, bounded.
    """

    def __init__(self, limit_bytes: int = OUTBOX_LIMIT_BYTES) -> None:
        self.dropped_count = 0
        self._limit_bytes = limit_bytes
        self._socket: AnySocket | None = None
        self._parked: Coroutine[Any, Any, None] | None = None
        self._outbox: deque[str | bytes] = deque()
        self._outbox_bytes = 0

    def open(self, socket: AnySocket) -> None:
        """Send what was kept so far, and from now on at once."""
        self._socket = socket
        self._flush()

    def shut(self) -> None:
        """Forget what could not be sent; counted."""
        self.dropped_count += len(self._outbox)
        self._outbox.clear()
        self._outbox_bytes = 0
        if self._parked is not None:
            self._parked.close()
            self._parked = None

    def send(self, message: str | bytes) -> None:
        """Send now; keep the message where it cannot be sent yet, drop and count it where too much is kept already."""
        if self._socket is not None and self._parked is None:
            self._write(self._socket, message)
        elif self._outbox_bytes + len(message) > self._limit_bytes:
            self.dropped_count += 1
        else:
            self._outbox.append(message)
            self._outbox_bytes += len(message)

    def _write(self, socket: AnySocket, message: str | bytes) -> None:
        self._step(socket.send_str(message) if isinstance(message, str) else socket.send_bytes(message))

    def _step(self, sending: Coroutine[Any, Any, None]) -> None:
        try:
            drained = sending.send(None)
        except StopIteration:
            return
        except ConnectionError:  # the other side has just gone; the reader is about to learn it
            self.dropped_count += 1
            return
        assert isinstance(drained, asyncio.Future), f"aiohttp waits for {drained!r}, expected a future"
        drained._asyncio_future_blocking = False  # as a task does when it takes over the waiting
        self._parked = sending
        drained.add_done_callback(self._go_on)

    def _go_on(self, _drained: "asyncio.Future[None]") -> None:
        parked, self._parked = self._parked, None
        if parked is not None:
            self._step(parked)
            self._flush()

    def _flush(self) -> None:
        while self._outbox and self._parked is None and self._socket is not None:
            message = self._outbox.popleft()
            self._outbox_bytes -= len(message)
            self._write(self._socket, message)


async def read_messages(socket: AnySocket, listener: WireListener, is_wanted: Callable[[], bool]) -> tuple[int, str]:
    """Deliver messages as long as `is_wanted`; returns code and reason once the socket is closing."""
    while is_wanted():
        message = await socket.receive()
        kind = message.type
        if kind is not WSMsgType.TEXT and kind is not WSMsgType.BINARY:
            return _end_of(message, socket)
        if is_wanted():
            listener.on_message(message.data)
    return NO_CLOSING_HANDSHAKE, ""


def _end_of(message: aiohttp.WSMessage, socket: AnySocket) -> tuple[int, str]:
    if message.type is WSMsgType.CLOSE:
        return int(message.data) or NO_STATUS, str(message.extra or "")
    if message.type is WSMsgType.ERROR:
        code = getattr(message.data, "code", NO_CLOSING_HANDSHAKE)
        return int(code), f"{type(message.data).__name__}: {message.data}"
    lost = socket.exception()
    return NO_CLOSING_HANDSHAKE, f"the connection was lost: {lost}" if lost else "the connection was lost"
