"""The code in which simulated speech carries its words: text <-> signs of samples.

A word is a run of equal packets, told apart by their index. Each bit is the sign of `HOLD` samples in a row, so the
words survive any change of volume and any line noise quieter than the speech. A packet is nine zero bits, then bytes
each led by a one bit: nine zeros in a row occur nowhere else, so a reader may start anywhere.

Packet: text length in bytes, serial of the word, packets in the word, index of this one, text in UTF-8, CRC-16.
Within this code a sample is one of three characters: `1` positive, `0` negative, `-` too quiet to tell.
"""

# The module is not deprecated: `audioop-lts` carries it on where the standard library stopped.
import audioop
import binascii
from dataclasses import dataclass
from functools import lru_cache

HOLD = 4
"""Samples that carry one bit."""

WORD_LIMIT_BYTES = 60
"""Longest text of one word in UTF-8; longer ones are spoken as several words."""

MAX_PACKETS = 255
"""The packet count of a word is one byte."""

QUIET = ord("-")
AUDIBLE_LEVEL = 250
"""Linear magnitude (of 32,767) from which a sample counts as sound: above line noise, below speech at a third of its
volume."""

_BYTE_SAMPLES = 9 * HOLD
_FRAMING_BYTES = 6
_LEAD = b"0" * _BYTE_SAMPLES
SYNC = _LEAD + b"1" * HOLD
"""What every packet begins with, and nothing else contains: the lead and the first byte's leading one."""


def _classes() -> bytes:
    linear = audioop.ulaw2lin(bytes(range(256)), 2)
    levels = [int.from_bytes(linear[i : i + 2], "little", signed=True) for i in range(0, 512, 2)]
    return bytes(QUIET if abs(level) < AUDIBLE_LEVEL else ord("1" if level > 0 else "0") for level in levels)


SIGNS = _classes()
"""Table for `bytes.translate`: mu-law to signs."""

_BYTE_SIGNS = [b"1" * HOLD + b"".join(bit.encode() * HOLD for bit in f"{value:08b}") for value in range(256)]
_BYTE_OF_BITS = {f"1{value:08b}".encode(): value for value in range(256)}


@dataclass(frozen=True, slots=True)
class WordCode:
    """A word in signs: `packets` packets of `packet_samples` samples each."""

    text: str
    packets: int
    packet_samples: int
    signs: bytes


@dataclass(frozen=True, slots=True)
class Packet:
    """What one packet says: its word, and which packet of the word it is."""

    word: WordCode
    index: int


def packet_samples(text_bytes: int) -> int:
    """Length of one packet of a word of `text_bytes` bytes."""
    return _BYTE_SAMPLES * (1 + _FRAMING_BYTES + text_bytes)


@lru_cache(maxsize=512)
def encode(text: str, serial: int, packets: int) -> WordCode:
    """The code of a word; `serial` tells it from equal words nearby."""
    data = text.encode()
    assert 0 < len(data) <= WORD_LIMIT_BYTES, f"a word has 1 to {WORD_LIMIT_BYTES} bytes, not {len(data)}: {text!r}"
    assert 0 < packets <= MAX_PACKETS, f"a word has 1 to {MAX_PACKETS} packets, not {packets}"
    signs = b"".join(_packet_signs(bytes((len(data), serial, packets, index)) + data) for index in range(packets))
    return WordCode(text, packets, packet_samples(len(data)), signs)


def _packet_signs(body: bytes) -> bytes:
    checked = body + binascii.crc_hqx(body, 0xFFFF).to_bytes(2, "big")
    return _LEAD + b"".join([_BYTE_SIGNS[value] for value in checked])


def claimed_samples(signs: bytearray, at: int) -> int:
    """How long the packet whose sync stands at `at` says it is; 0 if that cannot be; a lower bound if it is cut."""
    length_at = at + _BYTE_SAMPLES
    length_bits = bytes(signs[length_at + HOLD // 2 : length_at + _BYTE_SAMPLES : HOLD])
    if len(length_bits) < 9:
        return 2 * _BYTE_SAMPLES
    text_bytes = _BYTE_OF_BITS.get(length_bits, 0)
    return packet_samples(text_bytes) if 0 < text_bytes <= WORD_LIMIT_BYTES else 0


def decode(signs: bytearray, at: int, length: int) -> Packet | None:
    """The packet of `length` samples at `at`, or `None` if it is damaged."""
    bits = bytes(signs[at + _BYTE_SAMPLES + HOLD // 2 : at + length : HOLD])
    values = [_BYTE_OF_BITS.get(bits[i : i + 9], -1) for i in range(0, len(bits), 9)]
    if -1 in values:
        return None
    body, checksum = bytes(values[:-2]), bytes(values[-2:])
    if binascii.crc_hqx(body, 0xFFFF) != int.from_bytes(checksum, "big"):
        return None
    _, serial, packets, index = body[:4]
    try:
        text = body[4:].decode()
    except UnicodeDecodeError:
        return None
    return Packet(encode(text, serial, packets), index) if index < packets else None
