"""What a websocket server sends: frames as bytes (RFC 6455, section 5), straight to an asyncio transport.

A server's frame is a header and the payload, unmasked, so a plain `send` costs no task, no queue and no wake-up.
Reading is left to a library.
"""

import asyncio
import struct
from collections import Counter

UNREAD_LIMIT_BYTES = 32 * 1024 * 1024
"""Bytes kept for a client that does not read; past it the connection is torn down and counted."""

CLOSE_TIMEOUT_S = 2.0
"""How long a client may take to answer our close frame before its connection is torn down."""

_TEXT, _BINARY, _CLOSE = 0x1, 0x2, 0x8

REASON_LIMIT_BYTES = 123
"""Room for a close reason: a control frame holds 125 bytes, two of them the code."""


class ServerWire:
    """A server's end of an open websocket; counts `messages_out` and, for a client that does not read, `unread`."""

    def __init__(self, transport: asyncio.Transport, counts: Counter[str]) -> None:
        self.counts = counts
        self.is_open = True
        self._transport = transport
        self._closing: asyncio.TimerHandle | None = None

    def send(self, message: str | bytes) -> None:
        """Send a message; ignored once closed."""
        if not self.is_open or self._transport.is_closing():
            return
        frame = encode_message(message)
        if self._transport.get_write_buffer_size() + len(frame) > UNREAD_LIMIT_BYTES:
            self.counts["unread"] += 1
            self.tear_down()
            return
        self.counts["messages_out"] += 1
        self._transport.write(frame)

    def close(self, code: int | None = 1000, reason: str = "") -> None:
        """Send the close frame, with a code or without one; the client has `CLOSE_TIMEOUT_S` to answer it."""
        if not self.is_open or self._transport.is_closing():
            return
        self.is_open = False
        self._transport.write(encode_close(code, reason))
        self._closing = asyncio.get_running_loop().call_later(CLOSE_TIMEOUT_S, self._transport.abort)

    def abort(self) -> None:
        """End the connection without a closing handshake, after what was sent."""
        self.is_open = False
        asyncio.get_running_loop().call_soon(self._transport.abort)  # a pass later: uvloop writes at the end of one

    def tear_down(self) -> None:
        """End the connection now, whatever waits to be written."""
        self.is_open = False
        self._transport.abort()

    def hang_up(self) -> None:
        """Both close frames are through: end the connection once everything is written."""
        self.is_open = False
        self._transport.close()

    def release(self) -> None:
        """Forget the timer."""
        if self._closing is not None:
            self._closing.cancel()


def encode_message(message: str | bytes) -> bytes:
    """A whole text or binary message in one unmasked frame."""
    return _encode(_TEXT, message.encode()) if isinstance(message, str) else _encode(_BINARY, message)


def encode_close(code: int | None, reason: str) -> bytes:
    """A close frame; without a code it is empty. A long reason is cut between characters."""
    if code is None:
        return _encode(_CLOSE, b"")
    clipped = reason.encode()[:REASON_LIMIT_BYTES].decode(errors="ignore").encode()
    return _encode(_CLOSE, struct.pack("!H", code) + clipped)


def _encode(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    if size < 65_536:
        return struct.pack("!BBH", 0x80 | opcode, 126, size) + payload
    return struct.pack("!BBQ", 0x80 | opcode, 127, size) + payload
