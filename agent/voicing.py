"""How periodic a sound is: vocal folds swing 60 to 400 times a second, noise, breath and a crowd do not."""

import audioop
from array import array

from fsm.units import SAMPLE_RATE_HZ

PITCH_SAMPLES = range(10, 71)
"""Periods that are tried, at 4 kHz: of voices from 57 to 400 Hz."""

MATCHED_SAMPLES = 80
"""The last 20 ms are sought in what came before them."""

WINDOW_BYTES = 2 * 2 * (MATCHED_SAMPLES + PITCH_SAMPLES[-1]) + 2
"""What is needed of 16-bit sound at 8 kHz: 37.5 ms, and a sample for the mean of two."""

LEAST_RMS = 4
"""Below this a sound is little but the rounding of its samples."""

_RIPPLE = array("h", [1, 0, -1, 0] * SAMPLE_RATE_HZ).tobytes()


def never_silent(sound: bytes) -> bytes:
    """The same with a ripple of one step: `audioop.findfit` compares nothing with digital silence, and stops there."""
    return audioop.add(sound, _RIPPLE[: len(sound)], 2)


def periodicity(sound: bytes) -> float:
    """How well the last 20 ms of 16-bit `sound` at 8 kHz repeat what came a pitch period before: 0 to 1.

    The greatest normalised autocorrelation over all periods of a voice, at half the rate, since that takes a quarter of
    the time; all the arithmetic is done by `audioop.findfit`. A match upside down is none.
    """
    window = sound[-WINDOW_BYTES:]
    smooth = audioop.add(audioop.mul(window[:-2], 2, 0.5), audioop.mul(window[2:], 2, 0.5), 2)
    slow = never_silent(array("h", smooth)[::2].tobytes())
    recent = slow[-2 * MATCHED_SAMPLES :]
    recent_rms = audioop.rms(recent, 2)
    if recent_rms < LEAST_RMS:
        return 0.0
    earlier = slow[: -2 * PITCH_SAMPLES[0]]
    offset, factor = audioop.findfit(earlier, recent)
    matched_rms = audioop.rms(earlier[2 * offset : 2 * (offset + MATCHED_SAMPLES)], 2)
    if factor <= 0 or not matched_rms:
        return 0.0
    return min(1.0, factor * recent_rms / matched_rms)
