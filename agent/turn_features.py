"""What an end-of-turn model sees of a caller's last eight seconds: a log-mel spectrogram, as Whisper's encoder has it.

Whisper looks at 16 kHz: windows of 25 ms every 10 ms, 201 bins of 40 Hz, 80 mel bands (Slaney's scale and norm), log10,
nothing more than 8 below the loudest (feature_extraction_whisper.py of Hugging Face's transformers; smart-turn v3 was
trained on it). A telephone has 8 kHz, and the same windows there have the lower 101 of those bins at a fourth of their
power; the upper ones hold nothing. So the sound is not resampled, and half of the work is left out.
"""

import audioop
from functools import cache
from typing import Any

from agent.turn_scores import HEARD_SAMPLES
from fsm.units import SAMPLE_RATE_HZ

WINDOW_SAMPLES, HOP_SAMPLES = SAMPLE_RATE_HZ // 40, SAMPLE_RATE_HZ // 100
BINS, BANDS, FRAMES = WINDOW_SAMPLES // 2 + 1, 80, HEARD_SAMPLES // HOP_SAMPLES
MODEL_RATE_HZ = 16_000
"""What the bands are spread over: the upper ones stay empty."""

POWER_SCALE = (MODEL_RATE_HZ / SAMPLE_RATE_HZ) ** 2
"""Twice as many samples in a window make four times the power."""

LEAST_POWER, RANGE_LOG10 = 1e-10, 8.0
LEAST_VARIANCE = 1e-7
PIECE_FRAMES = 32
"""Frames multiplied at a time: too few for numpy's BLAS to start threads of its own, which costs ten times as much."""

LINEAR_HZ, LINEAR_MEL, MEL_HZ, LOG_STEP = 1_000.0, 15.0, 200.0 / 3.0, 6.4 ** (1.0 / 27.0)
"""Slaney's scale: 15 mel to 1 kHz in even steps, and a factor of 6.4 in 27 steps above."""


def log_mel(audio: bytes) -> Any:  # noqa: ANN401 - an array of numpy, which an extra brings
    """The features of mu-law `audio`: float32, `BANDS` by `FRAMES`, about -1 to 1.

    Of more than `HEARD_SAMPLES` the last count; less is led by silence. The sound is brought to zero mean and unit
    variance first, so that how loud somebody speaks does not matter.
    """
    import numpy as np  # noqa: PLC0415 - the extra brings it, and most servers do without

    linear = np.frombuffer(audioop.ulaw2lin(audio[-HEARD_SAMPLES:], 2), np.int16)
    sound = np.zeros(HEARD_SAMPLES, np.float32)
    sound[HEARD_SAMPLES - len(linear) :] = linear.astype(np.float32) / 32_768
    sound = (sound - sound.mean()) / np.sqrt(sound.var() + LEAST_VARIANCE)
    padded = np.pad(sound, WINDOW_SAMPLES // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[::HOP_SAMPLES][:FRAMES]
    spectra = np.fft.rfft(windows * _window(), axis=1)
    power = (spectra.real**2 + spectra.imag**2) * POWER_SCALE
    in_bands = (power.reshape(-1, PIECE_FRAMES, BINS) @ _bands().T).reshape(FRAMES, BANDS).T
    found = np.log10(np.maximum(in_bands, LEAST_POWER))
    found = np.maximum(found, found.max() - RANGE_LOG10)
    return ((found + 4.0) / 4.0).astype(np.float32)


@cache
def _window() -> Any:  # noqa: ANN401 - as above
    """A periodic Hann window."""
    import numpy as np  # noqa: PLC0415 - as above

    return np.hanning(WINDOW_SAMPLES + 1)[:-1].astype(np.float32)


@cache
def _bands() -> Any:  # noqa: ANN401 - as above
    """How much each bin counts in each band: triangles of equal area, their corners evenly spaced in mel."""
    import numpy as np  # noqa: PLC0415 - as above

    top = LINEAR_MEL + np.log(MODEL_RATE_HZ / 2 / LINEAR_HZ) / np.log(LOG_STEP)
    mel = np.linspace(0.0, top, BANDS + 2)
    corners = np.where(mel < LINEAR_MEL, MEL_HZ * mel, LINEAR_HZ * LOG_STEP ** (mel - LINEAR_MEL))
    bins = np.arange(BINS) * SAMPLE_RATE_HZ / WINDOW_SAMPLES
    low, peak, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    triangles = np.minimum((bins - low) / (peak - low), (high - bins) / (high - peak))
    return (np.maximum(triangles, 0.0) * 2.0 / (high - low)).astype(np.float32)
