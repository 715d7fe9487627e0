"""An open websocket of either side: messages arrive by callback straight from the transport, plain functions send.

No task, no queue, no pass of the loop lies between the socket's bytes and the listener.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from os import urandom
from typing import cast

from agent.net_frames import (
    BINARY,
    CLOSE,
    KEY_BYTES,
    NO_CLOSING_HANDSHAKE,
    PING,
    PONG,
    TEXT,
    BrokenRuleError,
    FrameReader,
    close_payload,
    encode,
    encode_masked,
    parse_close,
)
from agent.ports import WireListener

UNSENT_LIMIT_BYTES = 1 << 20
"""Kept for a wire that still opens, or whose other side reads too slowly: two minutes of a call's mu-law."""

CLOSE_WAIT_S = 2.0
"""Longest wait for the other side's half of a closing handshake, and then for the connection's own end."""

KEYS_AT_ONCE = 1_024
INTERNAL_ERROR = 1011

log = logging.getLogger(__name__)


def _fresh_keys() -> Iterator[bytes]:
    """Keys for masking, from the system's randomness: asked for a thousand at a time, since asking is a system call."""
    while True:
        block = urandom(KEYS_AT_ONCE * KEY_BYTES)
        for at in range(0, len(block), KEY_BYTES):
            yield block[at : at + KEY_BYTES]


_KEYS = _fresh_keys()


class OpenSocket(asyncio.Protocol):
    """One open websocket; a `Wire`. Give it its `listener` before the first bytes.

    `on_close` comes once, in a callback of the loop's, never within a call of ours. Whoever closes says why: the code
    that it tells is that of the side that was first. `gone` is called last, when the connection itself has ended. With
    a `heartbeat_s` the other side is pinged after so long without a byte of it, and given up after as long again.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        *,
        is_client: bool,
        limit_bytes: int,
        heartbeat_s: float | None = None,
        gone: Callable[[], None],
    ) -> None:
        self.listener: WireListener | None = None
        self.dropped_count = 0
        """Messages that were never sent: it was closed, or the other side reads too slowly."""
        self._transport = transport
        self._is_client = is_client
        self._frames = FrameReader(expects_mask=not is_client, limit_bytes=limit_bytes)
        self._gone = gone
        self._closing: tuple[int, str] | None = None
        """What was closed with, once either side did."""
        self._is_answered = False
        """Whether the other side's close frame came, or will not."""
        self._timer: asyncio.TimerHandle | None = None
        self._heartbeat_s = heartbeat_s
        self._has_heard = False
        self._has_pinged = False
        if heartbeat_s is not None:
            self._wait(heartbeat_s, self._on_heartbeat)

    @property
    def is_open(self) -> bool:
        """Whether nobody closed it."""
        return self._closing is None

    # --- out -----------------------------------------------------------------------------------------------------

    def send(self, message: str | bytes) -> None:
        """Send now; dropped and counted once closed, and where the other side reads too slowly."""
        transport = self._transport
        if (
            self._closing is not None
            or transport.is_closing()
            or transport.get_write_buffer_size() + len(message) > UNSENT_LIMIT_BYTES
        ):
            self.dropped_count += 1
        elif isinstance(message, str):
            self._write(TEXT, message.encode())
        else:
            self._write(BINARY, message)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close; harmless twice. What still arrives is not delivered; `on_close` is, with this code."""
        if self._closing is None:
            self._closing = (code, reason)
            self._say_goodbye(close_payload(code, reason))

    def abort(self) -> None:
        """End the connection now, whatever waits to be written."""
        self._transport.abort()

    def _write(self, opcode: int, payload: bytes) -> None:
        if self._is_client:
            self._transport.write(encode_masked(opcode, payload, next(_KEYS)))
        else:
            self._transport.write(encode(opcode, payload))

    def _say_goodbye(self, payload: bytes) -> None:
        """Send a close frame, and see to it that the connection ends."""
        self._wait(CLOSE_WAIT_S, self._on_overdue)
        if not self._transport.is_closing():
            self._write(CLOSE, payload)

    # --- in ------------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """The transport's: the next bytes."""
        self._has_heard = True
        if not self._is_answered:
            self._frames.push(data)
        try:
            # Nothing counts after a close frame, or after what cannot be read.
            while not self._is_answered and (message := self._frames.next()) is not None:
                opcode, payload = message
                if opcode <= BINARY:
                    self._deliver(payload)
                elif opcode == CLOSE:
                    self._take_close(cast("bytes", payload))
                elif opcode == PING:
                    self._take_ping(cast("bytes", payload))
        except BrokenRuleError as error:
            self._give_up(error.code, error.reason)

    def _deliver(self, message: str | bytes) -> None:
        if self._closing is None and self.listener is not None:
            try:
                self.listener.on_message(message)
            except Exception:
                log.exception("the listener of a wire failed")
                self.close(INTERNAL_ERROR, "a fault of ours, see the log")

    def _take_ping(self, payload: bytes) -> None:
        if self._closing is None and not self._transport.is_closing():
            self._write(PONG, payload)

    def _take_close(self, payload: bytes) -> None:
        code, reason = parse_close(payload)
        self._is_answered = True
        if self._closing is None:
            self._closing = (code, reason)
            self._say_goodbye(payload[:2])
        self._transport.close()
        self._report()

    def _give_up(self, code: int, reason: str) -> None:
        """The other side broke a rule: nothing more can be read. It may still read why."""
        self._is_answered = True
        self.close(code, reason)
        self._report()

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport's: the connection has ended."""
        if self._timer is not None:
            self._timer.cancel()
        reason = f"the connection was lost: {exc}" if exc else "the connection was lost"
        self._closing = self._closing or (NO_CLOSING_HANDSHAKE, reason)
        self._is_answered = True
        self._report()
        self._gone()

    def _report(self) -> None:
        listener, self.listener = self.listener, None
        if listener is not None and self._closing is not None:
            report_end(listener, self._closing)

    # --- time ----------------------------------------------------------------------------------------------------

    def _wait(self, duration_s: float, callback: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(duration_s, callback)

    def _on_heartbeat(self) -> None:
        assert self._heartbeat_s is not None, "only a wire with a heartbeat sets this timer"
        if self._has_pinged and not self._has_heard:
            self._closing = self._closing or (NO_CLOSING_HANDSHAKE, "no answer to a ping")
            self._transport.abort()
            return
        self._has_pinged = not self._has_heard
        if self._has_pinged and not self._transport.is_closing():
            self._write(PING, b"")
        self._has_heard = False
        self._wait(self._heartbeat_s, self._on_heartbeat)

    def _on_overdue(self) -> None:
        self._transport.abort()
        self._report()


def report_end(listener: WireListener, end: tuple[int, str]) -> None:
    """Tell a listener that its wire is gone; what it does wrong then hurts nobody else."""
    try:
        listener.on_close(*end)
    except Exception:
        log.exception("the listener of a wire failed in on_close")
