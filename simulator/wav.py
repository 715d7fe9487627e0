"""Recordings of callers: WAV files as the audio of a telephone."""

import audioop
import wave
from pathlib import Path

from fsm.units import SAMPLE_RATE_HZ


def read_wav(path: Path) -> bytes:
    """A WAV file as mu-law at 8 kHz; of two channels the left. Raises ValueError."""
    try:
        with wave.open(str(path), "rb") as recording:
            channels, width, rate = recording.getnchannels(), recording.getsampwidth(), recording.getframerate()
            pcm = recording.readframes(recording.getnframes())
    except OSError as error:
        raise ValueError(f"expected a WAV file, but {path} cannot be read: {error.strerror}") from error
    except (EOFError, wave.Error) as error:
        raise ValueError(f"expected a WAV file with PCM samples, got {path}: {error}") from error
    if width not in (1, 2, 3, 4) or channels not in (1, 2):
        raise ValueError(f"expected PCM on one or two channels, got {channels} of {8 * width} bit in {path}")
    if width == 1:
        pcm = audioop.bias(pcm, 1, -128)
    if channels == 2:
        pcm = audioop.tomono(pcm, width, 1, 0)
    pcm = audioop.lin2lin(pcm, width, 2)
    if rate != SAMPLE_RATE_HZ:
        pcm, _ = audioop.ratecv(pcm, 2, 1, rate, SAMPLE_RATE_HZ, None)
    return audioop.lin2ulaw(pcm, 2)
