"""A websocket that we dial: a task opens it, and from then on it lives by callbacks. The outer face is `agent.net`."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping

from agent.net_frames import NO_CLOSING_HANDSHAKE
from agent.net_handshake import Handshake
from agent.net_http import Address
from agent.net_pool import ConnectionPool
from agent.net_socket import INTERNAL_ERROR, UNSENT_LIMIT_BYTES, OpenSocket, report_end
from agent.ports import WireListener

MESSAGE_LIMIT_BYTES = 4 << 20
"""Largest message read; a larger one ends the wire with 1009. Six minutes of base64 mu-law."""

HEARTBEAT_S = 10.0
"""A peer that was silent for so long is pinged; one that is silent for as long again is gone (1006)."""

GOING_AWAY = 1001

log = logging.getLogger(__name__)


class ClientWire:
    """A websocket we dialled; a `Wire`. `over` is called once, when nothing of it is left."""

    def __init__(self, pool: ConnectionPool, listener: WireListener, over: Callable[["ClientWire"], None]) -> None:
        self._pool = pool
        self._listener = listener
        self._over = over
        self._socket: OpenSocket | None = None
        self._opening: Handshake | None = None
        self._is_wanted = True
        self._is_over = False
        self._outbox: deque[str | bytes] = deque()
        self._outbox_bytes = 0
        self._dropped_count = 0

    @property
    def is_open(self) -> bool:
        """Whether the handshake is done and nobody closed it."""
        return self._socket is not None and self._socket.is_open

    @property
    def dropped_count(self) -> int:
        """Messages that were never sent: the wire was closed, or its other side read too slowly."""
        return self._dropped_count + (self._socket.dropped_count if self._socket is not None else 0)

    def start(self, address: Address, headers: Mapping[str, str], open_timeout_ms: int) -> None:
        """Dial, once."""
        self._opening = Handshake(self, self._pool, address, headers, open_timeout_ms)

    def start_failing(self, reason: str) -> None:
        """Nothing can be dialled: the listener is told in a later pass."""
        asyncio.get_running_loop().call_soon(self.on_not_opened, NO_CLOSING_HANDSHAKE, reason)

    def send(self, message: str | bytes) -> None:
        """Send now; kept (bounded) while the wire opens, dropped and counted once it is closed."""
        if self._socket is not None:
            self._socket.send(message)
        elif not self._is_wanted or self._outbox_bytes + len(message) > UNSENT_LIMIT_BYTES:
            self._dropped_count += 1
        else:
            self._outbox.append(message)
            self._outbox_bytes += len(message)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the wire; harmless twice. What still arrives is not delivered; `on_close` is, with this code."""
        if self._socket is not None:
            self._socket.close(code, reason)
        elif self._is_wanted:
            self._is_wanted = False
            asyncio.get_running_loop().call_soon(self.on_not_opened, code, reason)

    # --- what comes of the opening -------------------------------------------------------------------------------

    def on_opened(self, transport: asyncio.Transport, rest: bytes) -> None:
        """The handshake is done, and `rest` came already."""
        if not self._is_wanted:
            transport.abort()
            return
        self._pool.note_switched(+1)
        socket = self._socket = OpenSocket(
            transport,
            is_client=True,
            limit_bytes=MESSAGE_LIMIT_BYTES,
            heartbeat_s=HEARTBEAT_S,
            gone=self._on_gone,
        )
        socket.listener = self._listener
        transport.set_protocol(socket)
        self._flush()
        try:
            self._listener.on_open()
        except Exception:
            log.exception("the listener of a wire failed in on_open")
            socket.close(INTERNAL_ERROR, "a fault of ours, see the log")
        if rest:
            socket.data_received(rest)

    def on_not_opened(self, code: int, reason: str) -> None:
        """There will be no websocket; harmless twice."""
        if self._is_over or self._socket is not None:
            return
        self._is_over = True
        self._is_wanted = False
        if self._opening is not None:
            self._opening.stop()
        self._dropped_count += len(self._outbox)
        self._outbox.clear()
        report_end(self._listener, (code, reason))
        self._over(self)

    def _flush(self) -> None:
        while self._outbox and self._socket is not None:
            self._socket.send(self._outbox.popleft())

    def _on_gone(self) -> None:
        self._pool.note_switched(-1)
        self._over(self)
