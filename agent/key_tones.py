"""The keys of a telephone as sound: two tones at once, mu-law at 8 kHz (ITU-T Q.23; durations: ITU-T Q.24)."""

import audioop
import math
from array import array
from functools import cache

from agent.keypad import HIGH_HZ, LOW_HZ
from fsm.units import SAMPLE_RATE_HZ, ULAW_SILENCE, ms_to_samples

KEYS = ("123A", "456B", "789C", "*0#D")
TONE_MS, GAP_MS, WAIT_MS = 100, 100, 500
"""A tone, the silence after it, and what `w` waits. Receivers need 40 ms of each."""

AMPLITUDE = 8_000
"""Of each tone: together some 9 dB below the loudest that mu-law can say."""


def tones_of(digits: str) -> bytes:
    """The keys of `digits` one after the other; `w` is a pause."""
    return b"".join(_silence(WAIT_MS) if digit == "w" else _tone(digit) + _silence(GAP_MS) for digit in digits)


@cache
def _tone(digit: str) -> bytes:
    row = next(index for index, keys in enumerate(KEYS) if digit in keys)
    low, high = LOW_HZ[row], HIGH_HZ[KEYS[row].index(digit)]
    turn = math.tau / SAMPLE_RATE_HZ
    samples = (
        round(AMPLITUDE * (math.sin(low * at * turn) + math.sin(high * at * turn)))
        for at in range(ms_to_samples(TONE_MS))
    )
    return audioop.lin2ulaw(array("h", samples).tobytes(), 2)


def _silence(ms: int) -> bytes:
    return bytes([ULAW_SILENCE]) * ms_to_samples(ms)
