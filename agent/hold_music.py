"""Music for who waits: a soft tone that is made here, or a recording that an agent's file names."""

import audioop
import wave
from array import array
from collections.abc import Sequence
from functools import cache
from math import exp, pi, sin
from pathlib import Path

from agent.audio_file import RAW_SUFFIXES
from agent.fillers import faded
from fsm.units import SAMPLE_RATE_HZ, ULAW_SILENCE, ms_to_samples

NONE, TONE = "none", "tone"
"""What an agent's file may say besides the name of a recording."""

NOTES_HZ: Sequence[float] = (392.0, 587.33, 493.88, 783.99, 659.26, 493.88, 587.33, 440.0)
"""Of a G major chord with its neighbours: no tune that anybody could get tired of."""

NOTE_SAMPLES = ms_to_samples(2_000)
ATTACK_SAMPLES = ms_to_samples(30)
"""A note that begins at once sounds like a key of the telephone."""

PEAK = 2_600
"""Of 32,767: 22 dB below the loudest, well below a voice."""

DECAY_PER_SAMPLE = 2.2 / SAMPLE_RATE_HZ

LONGEST_S = 600
LARGEST_BYTES = 64 * 1024 * 1024
"""A recording of ten minutes in studio quality has less than that and a half of it again."""

EDGE_SAMPLES = ms_to_samples(300)
"""Each stretch of music rises and falls so slowly: nobody is startled."""


class Music:
    """The music of one call: each stretch goes on where the one before it ended."""

    def __init__(self, audio: bytes) -> None:
        self._audio = audio
        self._at = 0

    def stretch(self, samples: int) -> bytes:
        """The next so many samples, beginning softly and ending so."""
        piece = bytearray()
        while len(piece) < samples and self._audio:
            part = self._audio[self._at : self._at + samples - len(piece)]
            self._at = (self._at + len(part)) % len(self._audio)
            piece += part
        edge = min(EDGE_SAMPLES, len(piece) // 2)
        rising = faded(bytes(piece[:edge])[::-1])[::-1]
        return rising + bytes(piece[edge : len(piece) - edge]) + faded(bytes(piece[len(piece) - edge :]))


def music_of(told: str) -> bytes:
    """Mu-law audio for what an agent's file says: "none", "tone", or a recording's path. Raises ValueError."""
    if told == NONE:
        return b""
    return tone() if told == TONE else _recording(Path(told))


@cache
def tone() -> bytes:
    """Soft notes like those of a bell, one every two seconds; they are made when they are first wanted."""
    return b"".join(_note(hz) for hz in NOTES_HZ)


@cache
def _note(hz: float) -> bytes:
    step = 2 * pi * hz / SAMPLE_RATE_HZ
    sound = array("h")
    for at in range(NOTE_SAMPLES):
        swell = min(1.0, at / ATTACK_SAMPLES) * exp(-DECAY_PER_SAMPLE * at)
        sound.append(round(PEAK * swell * (0.8 * sin(step * at) + 0.2 * sin(2 * step * at))))
    return audioop.lin2ulaw(sound.tobytes(), 2)


def _recording(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ValueError(f"{path}: expected a recording of at most {LARGEST_BYTES >> 20} MiB")
        audio = path.read_bytes() if path.suffix.lower() in RAW_SUFFIXES else _wav(path)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    if not audio.strip(bytes([ULAW_SILENCE, ULAW_SILENCE & 0x7F])):
        raise ValueError(f"{path}: expected sound, got silence")
    if len(audio) > LONGEST_S * SAMPLE_RATE_HZ:
        raise ValueError(f"{path}: expected at most {LONGEST_S} s, got {len(audio) // SAMPLE_RATE_HZ} s")
    return audio


def _wav(path: Path) -> bytes:
    try:
        with wave.open(str(path)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            sound = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(
            f"{path}: expected a WAV file of 8 to 32 bits, or raw mu-law at 8 kHz named {RAW_SUFFIXES[0]}: {error}"
        ) from None
    if channels > 2 or not rate:
        raise ValueError(f"{path}: expected one or two channels, got {channels}, at {rate} Hz")
    sound = sound[: len(sound) - len(sound) % (channels * width)]
    if width == 1:
        sound = audioop.bias(sound, 1, 128)  # alone of all widths, a WAV's bytes have no sign
    sound = audioop.lin2lin(sound, width, 2)
    if channels == 2:
        sound = audioop.tomono(sound, 2, 0.5, 0.5)
    sound, _ = audioop.ratecv(sound, 2, 1, rate, SAMPLE_RATE_HZ, None)
    return audioop.lin2ulaw(sound, 2)
