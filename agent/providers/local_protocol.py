"""What a server and its speech worker say to each other over the worker's pipes.

A message is a little-endian header (payload length, kind, stream) and a payload. A stream is the ears of one call or
one utterance; stream 0 is the worker itself. Numbers are rising and never used twice, so late messages find nobody.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from agent.ports import Alignment

_HEADER = struct.Struct("<IBI")
_WORDS = struct.Struct("<BI")
_SPEAK = struct.Struct("<HH")
_ALIGNMENT = struct.Struct("<H")

MAX_PAYLOAD_BYTES = 1_000_000
"""Two minutes of audio; more is not a message but a broken pipe."""


class Kind(IntEnum):
    """What a message says; the first half goes to the worker, the second comes from it."""

    LISTEN = 1
    """A call's ears begin."""
    AUDIO = 2
    """The caller's next mu-law audio."""
    FINALIZE = 3
    """Settle the words held back; answered by SETTLED after them."""
    IGNORE = 4
    """The call's ears are closed."""
    SPEAK = 5
    """One more clause of an utterance."""
    FINISH = 6
    """No more clauses; answered by SPOKEN after the last audio."""
    DROP = 7
    """Forget the utterance."""

    READY = 16
    """Models are loaded."""
    WORDS = 17
    """Words of the current segment."""
    SETTLED = 18
    """Everything asked for by a FINALIZE was said."""
    SOUND = 19
    """The next mu-law audio of an utterance."""
    SPOKEN = 20
    """All audio of an utterance was sent."""
    FAULT = 21
    """The stream, or with stream 0 the worker, cannot go on; the payload says why."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a voice differs from the model's own, in percent: a higher pitch also makes a smaller speaker."""

    pitch_percent: int = 100
    speed_percent: int = 100


@dataclass(frozen=True, slots=True)
class Words:
    """A transcript; `until_samples` is where in the stream's audio the words settled so far end."""

    text: str
    is_final: bool
    speech_final: bool
    until_samples: int


class ProtocolError(ValueError):
    """The other side does not speak this protocol."""


def encode(kind: Kind, stream: int, payload: bytes = b"") -> bytes:
    """A message as it goes down the pipe."""
    return _HEADER.pack(len(payload), kind, stream) + payload


class Deframer:
    """Messages from a byte stream that is cut anywhere."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Kind, int, bytes]]:
        """The messages that `data` completes, in order; raises `ProtocolError` on what cannot be one."""
        self._pending += data
        while len(self._pending) >= _HEADER.size:
            length, kind, stream = _HEADER.unpack_from(self._pending)
            if length > MAX_PAYLOAD_BYTES or kind not in _KINDS:
                raise ProtocolError(f"expected a message of the speech worker, got kind {kind} of {length} bytes")
            end = _HEADER.size + length
            if len(self._pending) < end:
                return
            payload = bytes(self._pending[_HEADER.size : end])
            del self._pending[:end]
            yield _KINDS[kind], stream, payload


_KINDS = {int(kind): kind for kind in Kind}


def pack_words(words: Words) -> bytes:
    """The payload of WORDS."""
    return _WORDS.pack(words.is_final | words.speech_final << 1, words.until_samples) + words.text.encode()


def unpack_words(payload: bytes) -> Words:
    """The inverse of `pack_words`."""
    flags, until_samples = _WORDS.unpack_from(payload)
    return Words(payload[_WORDS.size :].decode(), bool(flags & 1), bool(flags & 2), until_samples)


def pack_speak(text: str, style: Style) -> bytes:
    """The payload of SPEAK."""
    return _SPEAK.pack(style.pitch_percent, style.speed_percent) + text.encode(errors="replace")


def unpack_speak(payload: bytes) -> tuple[str, Style]:
    """The inverse of `pack_speak`."""
    return payload[_SPEAK.size :].decode(), Style(*_SPEAK.unpack_from(payload))


def pack_sound(audio: bytes, alignment: Alignment) -> bytes:
    """The payload of SOUND; a piece lasts well under the 8 s that a start of 16 bits can hold."""
    count = len(alignment.chars)
    starts = _starts(count).pack(*alignment.starts_samples)
    return b"".join((_ALIGNMENT.pack(count), starts, _text(alignment.chars), audio))


def unpack_sound(payload: bytes) -> tuple[bytes, Alignment]:
    """The inverse of `pack_sound`."""
    (count,) = _ALIGNMENT.unpack_from(payload)
    starts = _starts(count)
    chars_at = _ALIGNMENT.size + starts.size
    audio_at = chars_at + 4 * count
    chars = payload[chars_at:audio_at].decode("utf-32-le")
    return payload[audio_at:], Alignment(chars, starts.unpack_from(payload, _ALIGNMENT.size))


def _starts(count: int) -> struct.Struct:
    return struct.Struct(f"<{count}H")


def _text(chars: str) -> bytes:
    """Four bytes a character, so that counts are counts of characters."""
    return chars.encode("utf-32-le", errors="replace")
