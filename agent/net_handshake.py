"""The opening of a websocket that we dial (RFC 6455, section 4): what comes of asking for one."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from websockets.utils import accept_key, generate_key

from agent.net_frames import NO_CLOSING_HANDSHAKE
from agent.net_http import Address, HttpConnection, encode_request
from agent.net_pool import ConnectionPool

REFUSAL_LIMIT_BYTES = 300
"""Read of the body of a refused handshake."""

REFUSAL_WAIT_S = 1.0
"""Longest wait for that body."""

SWITCHED = 101


class Opened(Protocol):
    """Who wants the websocket."""

    def on_opened(self, transport: asyncio.Transport, rest: bytes) -> None:
        """The connection speaks frames now, and `rest` came already."""

    def on_not_opened(self, code: int, reason: str) -> None:
        """It does not; `code` as in `WireListener.on_close`. Harmless twice."""


class Handshake:
    """Dials `address` and asks for a websocket, within `timeout_ms`. Raises `ValueError` for headers that break it."""

    def __init__(
        self, wire: Opened, pool: ConnectionPool, address: Address, headers: Mapping[str, str], timeout_ms: int
    ) -> None:
        self._wire = wire
        self._pool = pool
        self._key = generate_key()
        ours = {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": self._key,
        }
        request = encode_request("GET", address, {**ours, **headers}, b"")
        self._connection: HttpConnection | None = None
        self._status = 0
        self._headers: Mapping[str, str] = {}
        self._body = b""
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(timeout_ms / 1_000, self._on_timeout, timeout_ms)
        self._task = loop.create_task(self._dial(address, request))

    def stop(self) -> None:
        """Give up, and release everything; harmless twice."""
        self._timer.cancel()
        if self._task is not asyncio.current_task():
            self._task.cancel()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()

    async def _dial(self, address: Address, request: bytes) -> None:
        try:
            connection = await self._pool.open(address.origin)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            self._wire.on_not_opened(NO_CLOSING_HANDSHAKE, f"{type(error).__name__}: {error}")
            return
        if connection.is_usable:
            self._connection = connection
            connection.send(request, self)
        else:
            self._wire.on_not_opened(NO_CLOSING_HANDSHAKE, "the connection was lost")

    # --- the answer ----------------------------------------------------------------------------------------------

    def on_response(self, status: int, headers: Mapping[str, str]) -> None:
        """The head of the answer: anything but 101 is a refusal, whose words are waited for."""
        self._status = status
        self._headers = headers
        if status == SWITCHED:
            return
        self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(REFUSAL_WAIT_S, self._refuse)

    def on_data(self, data: bytes) -> None:
        """A piece of the body came."""
        self._body += data[: REFUSAL_LIMIT_BYTES - len(self._body)]
        if len(self._body) == REFUSAL_LIMIT_BYTES:
            self._refuse()

    def on_end(self) -> None:
        """The refusal is complete."""
        self._connection = None  # it may serve another
        self._refuse()

    def on_lost(self, reason: str) -> None:
        """The connection ended before the answer did."""
        self._connection = None
        if self._status:
            self._refuse()
        else:
            self._wire.on_not_opened(NO_CLOSING_HANDSHAKE, reason)

    def on_switched(self, transport: asyncio.Transport, rest: bytes) -> None:
        """The server agreed."""
        self._connection = None
        self._timer.cancel()
        if self._is_granted():
            self._wire.on_opened(transport, rest)
        else:
            transport.abort()
            self._wire.on_not_opened(NO_CLOSING_HANDSHAKE, "the handshake was answered with another's key or protocol")

    def _is_granted(self) -> bool:
        """Whether the server means a websocket, this one, and nothing we did not ask for (4.1)."""
        theirs = self._headers
        return (
            theirs.get("upgrade", "").lower() == "websocket"
            and theirs.get("sec-websocket-accept", "") == accept_key(self._key)
            and not theirs.get("sec-websocket-extensions")
        )

    def _refuse(self) -> None:
        """Tell the status, and the server's own reason."""
        words = self._headers.get("dg-error", "") or self._body.decode(errors="replace")
        reason = " ".join(words.split())[:REFUSAL_LIMIT_BYTES] or "no reason given"
        if self._status >= 300:
            self._wire.on_not_opened(self._status, reason)
        else:
            self._wire.on_not_opened(NO_CLOSING_HANDSHAKE, f"HTTP {self._status} instead of a websocket: {reason}")

    def _on_timeout(self, timeout_ms: int) -> None:
        reason = f"no answer to the handshake within {timeout_ms} ms"
        self._wire.on_not_opened(NO_CLOSING_HANDSHAKE, reason)
