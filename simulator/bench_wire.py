"""Websocket frames of a load generator: as little work a message as the protocol allows (RFC 6455, section 5).

A client's frames are masked with the key 0, which leaves the payload as it is.
"""

import base64
import hashlib
import struct

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY = base64.b64encode(bytes(16)).decode()


class FrameReader:
    """Cuts a stream of bytes into frames; unmasks those of a client. Messages are expected in one frame each."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The frames that are complete now: opcode and payload."""
        if self._rest:
            data = self._rest + data
        frames: list[tuple[int, bytes]] = []
        at = 0
        while (found := _frame_at(data, at)) is not None:
            begin, end = found
            payload = data[begin:end]
            if data[at + 1] & 0x80:
                payload = _unmasked(payload, data[begin - 4 : begin])
            frames.append((data[at] & 0x0F, payload))
            at = end
        self._rest = data[at:]
        return frames


def _frame_at(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the payload of the frame at `at` begins and ends; None while the frame is incomplete."""
    if len(data) < at + 2:
        return None
    size, begin = data[at + 1] & 0x7F, at + 2
    extended = {126: 2, 127: 8}.get(size, 0)
    if extended:
        if len(data) < begin + extended:
            return None
        size = int.from_bytes(data[begin : begin + extended], "big")
        begin += extended
    if data[at + 1] & 0x80:
        begin += 4
    return (begin, begin + size) if len(data) >= begin + size else None


def _unmasked(payload: bytes, key: bytes) -> bytes:
    size = len(payload)
    if key == b"\0\0\0\0" or not size:
        return payload
    mask = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")).to_bytes(size, "big")


def client_frame(opcode: int, payload: bytes) -> bytes:
    """A client's frame."""
    return _header(opcode, len(payload), 0x80) + b"\0\0\0\0" + payload


def server_frame(opcode: int, payload: bytes) -> bytes:
    """A server's frame."""
    return _header(opcode, len(payload), 0) + payload


def _header(opcode: int, size: int, mask: int) -> bytes:
    if size < 126:
        return bytes((0x80 | opcode, mask | size))
    if size < 65_536:
        return struct.pack("!BBH", 0x80 | opcode, mask | 126, size)
    return struct.pack("!BBQ", 0x80 | opcode, mask | 127, size)


def upgrade_request(path: str, port: int) -> bytes:
    """A client's half of the handshake."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {_KEY}\r\n\r\n"
    ).encode()


def upgrade_answer(key: bytes) -> bytes:
    """A server's half of the handshake."""
    accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
