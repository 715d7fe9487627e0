"""Whether a frame is a key of the telephone: two tones at once, and nothing else (ITU-T Q.23)."""

import audioop
import math
from array import array

from fsm.units import FRAME_SAMPLES, SAMPLE_RATE_HZ

LOW_HZ, HIGH_HZ = (697, 770, 852, 941), (1_209, 1_336, 1_477, 1_633)

TONES_SHARE = 0.8
"""Of a frame's power in its two tones, at least. Vowels have theirs in many harmonics, and seldom on these."""


def _wave(hz: int, phase: float) -> bytes:
    return array(
        "h", [round(10_000 * math.sin(math.tau * hz * at / SAMPLE_RATE_HZ + phase)) for at in range(FRAME_SAMPLES)]
    ).tobytes()


_LOW, _HIGH = ([(_wave(hz, 0), _wave(hz, math.pi / 2)) for hz in group] for group in (LOW_HZ, HIGH_HZ))
_WAVE_POWER = 10_000**2 / 2


def is_keypad_tone(sound: bytes) -> bool:
    """Whether nearly all power of one frame of 16-bit samples lies in one tone of either group."""
    power = audioop.rms(sound, 2) ** 2
    if not power:
        return False
    low, high = (max(_power_in(sound, waves) for waves in group) for group in (_LOW, _HIGH))
    return low + high >= TONES_SHARE * power and min(low, high) >= 0.05 * power


def _power_in(sound: bytes, waves: tuple[bytes, bytes]) -> float:
    """Power of a tone in `sound`, from how much of its sine and of its cosine there is."""
    sine, cosine = waves
    return float(audioop.findfactor(sound, sine) ** 2 + audioop.findfactor(sound, cosine) ** 2) * _WAVE_POWER
