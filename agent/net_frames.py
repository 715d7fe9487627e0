"""Websocket frames as bytes (RFC 6455, section 5): messages in, frames out, and back. Pure.

Fifty times a second and call, so a whole text or binary message in one frame takes the shortest way. Everything else
(fragments, control frames, what breaks the rules) is looked at closely.
"""

import struct

try:
    from websockets.speedups import apply_mask
except ImportError:  # no compiled code on this platform
    from websockets.utils import apply_mask

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

NO_STATUS = 1005
NO_CLOSING_HANDSHAKE = 1006
PROTOCOL_ERROR = 1002
INVALID_TEXT = 1007
TOO_BIG = 1009

CONTROL_LIMIT_BYTES = 125
REASON_LIMIT_BYTES = CONTROL_LIMIT_BYTES - 2
"""What fits into a close frame beside the code."""

KEY_BYTES = 4

FINAL = 0x80
MASKED = 0x80
WHOLE_DATA = frozenset({FINAL | TEXT, FINAL | BINARY})
"""First bytes of frames that are a whole message."""

SENDABLE_CODES = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)})
"""Codes that a close frame may carry (7.4)."""


class BrokenRuleError(Exception):
    """The other side broke the protocol; `code` is what the websocket is to be closed with."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


# --- out -------------------------------------------------------------------------------------------------------


def encode(opcode: int, payload: bytes) -> bytes:
    """A server's frame: a whole message, or a control frame."""
    return _header(opcode, len(payload), 0) + payload


def encode_masked(opcode: int, payload: bytes, key: bytes) -> bytes:
    """A client's frame, masked with the 4 bytes of `key`, which nobody may be able to foresee (5.3)."""
    return _header(opcode, len(payload), MASKED) + key + apply_mask(payload, key)


def close_payload(code: int, reason: str) -> bytes:
    """What a close frame says. A long reason is cut between characters; a code that may not be sent is left out."""
    if code not in SENDABLE_CODES:
        return b""
    return struct.pack("!H", code) + reason.encode()[:REASON_LIMIT_BYTES].decode(errors="ignore").encode()


def _header(opcode: int, size: int, mask: int) -> bytes:
    if size < 126:
        return bytes((FINAL | opcode, mask | size))
    if size < 65_536:
        return struct.pack("!BBH", FINAL | opcode, mask | 126, size)
    return struct.pack("!BBQ", FINAL | opcode, mask | 127, size)


# --- in --------------------------------------------------------------------------------------------------------


def parse_close(payload: bytes) -> tuple[int, str]:
    """Code and reason of a close frame; 1005 where it has none. Raises `BrokenRuleError`."""
    if not payload:
        return NO_STATUS, ""
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or code not in SENDABLE_CODES:
        raise BrokenRuleError(PROTOCOL_ERROR, "a close frame without a valid code")
    return code, _text(payload[2:])


def _text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise BrokenRuleError(INVALID_TEXT, "a text that is not UTF-8") from None


class FrameReader:
    """Cuts a stream of bytes into messages and control frames. Give it bytes by `push`, then call `next` until None.

    `expects_mask`: we are the server. A message of more than `limit_bytes` breaks a rule as soon as that can be known.
    """

    def __init__(self, *, expects_mask: bool, limit_bytes: int) -> None:
        self._mask_bit = MASKED if expects_mask else 0
        self._limit = limit_bytes
        self._data = b""
        self._at = 0
        self._later: list[bytes] = []
        """Came while `_data` ends within a frame: joined when the frame can be complete, so nothing is copied twice."""
        self._held = 0
        """Bytes in `_data` from `_at`, and in `_later`."""
        self._needed = 0
        self._fragments: list[bytes] = []
        self._fragments_bytes = 0
        self._fragments_opcode = 0

    def push(self, data: bytes) -> None:
        """Take the next bytes, split anywhere."""
        self._held += len(data)
        if self._held == len(data):
            self._data, self._at = data, 0
            return
        self._later.append(data)
        if self._held >= self._needed:
            self._data = b"".join((self._data[self._at :], *self._later))
            self._at = 0
            self._later.clear()

    def next(self) -> tuple[int, str | bytes] | None:
        """The next message (opcode TEXT or BINARY) or control frame; None once more bytes are needed.

        Raises `BrokenRuleError`; nothing can be read after that.
        """
        while (frame := self._next_frame()) is not None:
            first, payload = frame
            if first in WHOLE_DATA and not self._fragments_opcode:
                return (TEXT, _text(payload)) if first == FINAL | TEXT else (BINARY, payload)
            message = self._take(first, payload)
            if message is not None:
                return message
        return None

    def _next_frame(self) -> tuple[int, bytes] | None:
        """First byte and payload of the next frame."""
        data, at = self._data, self._at
        if self._held < 2 or self._held < self._needed:
            self._needed = max(self._needed, 2)
            return None
        first, size = data[at], data[at + 1]
        if size & MASKED != self._mask_bit:
            raise BrokenRuleError(PROTOCOL_ERROR, "a masked frame from a server, or an unmasked one from a client")
        size &= 0x7F
        begin = at + 2
        if size > CONTROL_LIMIT_BYTES:
            begin += 2 if size == 126 else 8
            if self._held < begin - at:
                self._needed = max(self._needed, begin - at)
                return None
            size = int.from_bytes(data[at + 2 : begin], "big")
        if self._mask_bit:
            begin += KEY_BYTES
        end = begin + size
        if self._held < end - at:
            self._check(first, size)
            self._needed = max(self._needed, end - at)
            return None
        if first not in WHOLE_DATA or size > self._limit:
            self._check(first, size)
        self._held -= end - at
        self._at = end
        self._needed = 0
        payload = data[begin:end]
        return first, apply_mask(payload, data[begin - KEY_BYTES : begin]) if self._mask_bit else payload

    def _check(self, first: int, size: int) -> None:
        """Whether a frame may begin so, and be so large (5.2, 5.5)."""
        opcode = first & 0x0F
        if first & 0x70:
            raise BrokenRuleError(PROTOCOL_ERROR, "a frame with reserved bits, for an extension that nobody asked for")
        if opcode in {CLOSE, PING, PONG}:
            if not first & FINAL or size > CONTROL_LIMIT_BYTES:
                raise BrokenRuleError(PROTOCOL_ERROR, "a control frame in fragments or of more than 125 bytes")
        elif opcode not in {CONTINUATION, TEXT, BINARY}:
            raise BrokenRuleError(PROTOCOL_ERROR, f"a frame of unknown kind {opcode}")
        elif self._fragments_bytes + size > self._limit:
            raise BrokenRuleError(TOO_BIG, f"a message of more than {self._limit} bytes")

    def _take(self, first: int, payload: bytes) -> tuple[int, str | bytes] | None:
        """A frame that is not a message by itself, or comes within one: what is complete now."""
        opcode = first & 0x0F
        if opcode >= CLOSE:
            return opcode, payload
        if (opcode == CONTINUATION) != bool(self._fragments_opcode):
            what = "a continuation of nothing" if opcode == CONTINUATION else "a message within another"
            raise BrokenRuleError(PROTOCOL_ERROR, what)
        self._fragments_opcode = self._fragments_opcode or opcode
        self._fragments.append(payload)
        self._fragments_bytes += max(1, len(payload))  # empty ones are not free
        if self._fragments_bytes > self._limit:
            raise BrokenRuleError(TOO_BIG, f"a message of more than {self._limit} bytes")
        if not first & FINAL:
            return None
        whole, opcode = b"".join(self._fragments), self._fragments_opcode
        self._fragments.clear()
        self._fragments_bytes = self._fragments_opcode = 0
        return (TEXT, _text(whole)) if opcode == TEXT else (BINARY, whole)
