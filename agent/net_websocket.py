"""Websockets with callbacks: one task reads, plain functions send. The outer face is `agent.net`."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

from agent.net_outlet import NO_CLOSING_HANDSHAKE, Outlet, read_messages
from agent.ports import WireListener

MESSAGE_LIMIT_BYTES = 4 << 20
"""Largest message read; a larger one ends the wire with 1009. Six minutes of base64 mu-law."""

HEARTBEAT_S = 20.0
"""Between pings on a wire we dialled; a peer that does not answer within half of it is gone (1006)."""

CLOSE_WAIT_S = 2.0
"""Longest wait for the other side's half of a closing handshake."""

GOING_AWAY = 1001
INTERNAL_ERROR = 1011

REASON_LIMIT_BYTES = 123
"""What fits into a close frame beside the code (RFC 6455, 5.5)."""

log = logging.getLogger(__name__)


class HandshakeRefusedError(Exception):
    """The server answered an upgrade with an ordinary HTTP response."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"HTTP {status}: {reason}")
        self.status = status
        self.reason = reason


class ClientWire:
    """A websocket we dialled; a `Wire`. Its one task dials, reads and reports the end."""

    def __init__(self, listener: WireListener) -> None:
        self._listener = listener
        self._outlet = Outlet()
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing: tuple[int, str] | None = None
        self._close_task: asyncio.Task[bool] | None = None
        self._is_dialling = False
        self._is_over = False
        self._late_count = 0

    @property
    def is_open(self) -> bool:
        """Whether the handshake is done and nobody closed it."""
        return self._socket is not None and self._is_wanted()

    @property
    def dropped_count(self) -> int:
        """Messages that were never sent: the wire was closed, or its other side read too slowly."""
        return self._late_count + self._outlet.dropped_count

    def start(
        self, session: aiohttp.ClientSession, url: str, headers: Mapping[str, str], open_timeout_ms: int
    ) -> "asyncio.Task[None]":
        """Dial, once; the task ends after `on_close`."""
        self._task = asyncio.get_running_loop().create_task(self._run(session, url, headers, open_timeout_ms))
        return self._task

    def send(self, message: str | bytes) -> None:
        """Send now; kept (bounded) while the wire opens, dropped and counted once it is closed."""
        if self._is_wanted():
            self._outlet.send(message)
        else:
            self._late_count += 1

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the wire; harmless twice. What still arrives is not delivered; `on_close` is, with this code."""
        if not self._is_wanted():
            return
        self._closing = (code, reason)
        if self._socket is not None:
            closing = self._socket.close(code=code, message=reason.encode()[:REASON_LIMIT_BYTES])
            self._close_task = asyncio.get_running_loop().create_task(closing)  # wakes the reader, then shakes hands
        elif self._task is not None and self._is_dialling:  # a task that has not begun yet looks for itself
            self._task.cancel()

    def _is_wanted(self) -> bool:
        return self._closing is None and not self._is_over

    async def _run(
        self, session: aiohttp.ClientSession, url: str, headers: Mapping[str, str], open_timeout_ms: int
    ) -> None:
        try:
            end = await self._dial_and_read(session, url, headers, open_timeout_ms)
        except asyncio.CancelledError:
            end = (GOING_AWAY, "the network was closed")
        except Exception:
            log.exception("the listener of a wire failed")
            end = (INTERNAL_ERROR, "a fault of ours, see the log")
            self.close(*end)
        self._outlet.shut()
        if self._close_task is not None:
            await asyncio.wait([self._close_task])
        self._is_over = True
        _report_end(self._listener, self._closing or end)

    async def _dial_and_read(
        self, session: aiohttp.ClientSession, url: str, headers: Mapping[str, str], open_timeout_ms: int
    ) -> tuple[int, str]:
        if not self._is_wanted():
            return NO_CLOSING_HANDSHAKE, ""
        self._is_dialling = True
        try:
            self._socket = await _dial(session, url, headers, open_timeout_ms)
        except HandshakeRefusedError as error:
            return error.status, error.reason
        except TimeoutError:
            return NO_CLOSING_HANDSHAKE, f"no answer to the handshake within {open_timeout_ms} ms"
        except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as error:  # RuntimeError: the pool was closed
            return NO_CLOSING_HANDSHAKE, f"{type(error).__name__}: {error}"
        self._outlet.open(self._socket)
        self._listener.on_open()
        return await read_messages(self._socket, self._listener, self._is_wanted)


def _report_end(listener: WireListener, end: tuple[int, str]) -> None:
    try:
        listener.on_close(*end)
    except Exception:
        log.exception("the listener of a wire failed in on_close")


async def _dial(
    session: aiohttp.ClientSession, url: str, headers: Mapping[str, str], open_timeout_ms: int
) -> aiohttp.ClientWebSocketResponse:
    async with asyncio.timeout(open_timeout_ms / 1_000):
        return await session.ws_connect(
            URL(url, encoded=True),
            headers=headers,
            heartbeat=HEARTBEAT_S,
            max_msg_size=MESSAGE_LIMIT_BYTES,
            timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_WAIT_S),
        )


class ServerWire:
    """A websocket that somebody dialled to us; a `Wire`. Starts no task: the request's own one runs `pump`.

    `socket` is prepared already, and was made with `compress=False`: a compressor could make a send wait.
    """

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._outlet = Outlet()
        self._outlet.open(socket)
        self._closing: tuple[int, str] | None = None
        self._is_over = False
        self._reader: asyncio.Task[Any] | None = None
        self._late_count = 0

    @property
    def is_open(self) -> bool:
        """Whether nobody closed it."""
        return self._closing is None and not self._is_over and not self._socket.closed

    @property
    def dropped_count(self) -> int:
        """Messages that were never sent: the wire was closed, or its other side read too slowly."""
        return self._late_count + self._outlet.dropped_count

    def send(self, message: str | bytes) -> None:
        """Send now; dropped and counted once the wire is closed."""
        if self._closing is None and not self._is_over:
            self._outlet.send(message)
        else:
            self._late_count += 1

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the wire; harmless twice. What still arrives is not delivered; `on_close` is, with this code."""
        if self._closing is not None or self._is_over:
            return
        self._closing = (code, reason)
        if self._reader is not None and self._reader is not asyncio.current_task():
            self._reader.cancel()  # wakes `pump`, which shakes hands

    async def pump(self, listener: WireListener) -> None:
        """Read until the wire is closed by either side: `on_message` for each message, `on_close` once, at the end.

        Never raises for what the other side does. A failing listener is logged and closes the wire with 1011.
        """
        assert self._reader is None, "pump runs once"
        self._reader = asyncio.current_task()
        end = (GOING_AWAY, "the server was stopped")
        try:
            end = await self._read_and_close(listener)
        except Exception:
            log.exception("the listener of a wire failed")
            end = (INTERNAL_ERROR, "a fault of ours, see the log")
            self._closing = self._closing or end
            await self._shake_hands()
        finally:
            self._is_over = True
            self._outlet.shut()
            _report_end(listener, self._closing or end)

    async def _read_and_close(self, listener: WireListener) -> tuple[int, str]:
        end = (NO_CLOSING_HANDSHAKE, "")
        try:
            end = await read_messages(self._socket, listener, lambda: self._closing is None)
        except asyncio.CancelledError:
            if self._closing is None or self._reader is None or self._reader.uncancel() > 0:
                raise  # not only our own `close`: somebody stops the server
        await self._shake_hands()
        return end

    async def _shake_hands(self) -> None:
        if self._closing is not None:
            code, reason = self._closing
            await self._socket.close(code=code, message=reason.encode()[:REASON_LIMIT_BYTES])
