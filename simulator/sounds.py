"""What is on a telephone line besides words: silence, line noise, coughs, music, mumbling; 8 kHz mu-law."""

import audioop
import math
import random
from functools import lru_cache

from fsm.units import ULAW_SILENCE, ms_to_samples

SYLLABLE_SAMPLES = 1_600
"""Five syllables a second."""

PITCH_SAMPLES = 64
"""A voice of 125 Hz; divides the syllable."""

LAUGH_PERIOD_MS = 210
"""From one note of a laugh to the next."""

NOTES_HZ = (200, 240, 260, 300, 320, 400, 440, 480)
"""Multiples of 20 Hz: each repeats without a click every 50 ms."""


def silence(duration_ms: int) -> bytes:
    """Digital silence."""
    return bytes((ULAW_SILENCE,)) * ms_to_samples(duration_ms)


def noise(duration_ms: int, rng: random.Random, level: int = 40) -> bytes:
    """White noise of `level` RMS (linear, of 32,767); up to about 100 it is line noise under any speech."""
    return rng.randbytes(ms_to_samples(duration_ms)).translate(_noise_table(level))


def hum(duration_ms: int, rng: random.Random, level: int = 40) -> bytes:
    """Mains hum of 60 Hz and its third harmonic, `level` RMS, at a random phase."""
    samples = ms_to_samples(duration_ms)
    period = _tones(((60, level), (180, level // 2)), 400)
    start = rng.randrange(len(period))
    return (period * (samples // len(period) + 2))[start : start + samples]


def cough(rng: random.Random, duration_ms: int | None = None) -> bytes:
    """A loud burst without words, fading; 150 to 300 ms unless told."""
    return _burst(ms_to_samples(rng.randint(150, 300) if duration_ms is None else duration_ms), rng, 9_000)


def sneeze(rng: random.Random, duration_ms: int | None = None) -> bytes:
    """A breath drawn in, and a louder burst than a cough's; 300 to 600 ms unless told."""
    samples = ms_to_samples(rng.randint(300, 600) if duration_ms is None else duration_ms)
    drawn_in = samples * 2 // 5
    return rng.randbytes(drawn_in).translate(_noise_table(400)) + _burst(samples - drawn_in, rng, 12_000)


def throat(rng: random.Random, duration_ms: int | None = None) -> bytes:
    """A rough voice without words, in two pushes; 300 to 700 ms unless told."""
    duration_ms = rng.randint(300, 700) if duration_ms is None else duration_ms
    first_ms = duration_ms * rng.randint(35, 50) // 100
    pause_ms = min(60, duration_ms // 6)
    pushes = louder(mumble(first_ms, rng), 0.6) + silence(pause_ms)
    return pushes + louder(mumble(duration_ms - first_ms - pause_ms, rng), 0.9)


def laugh(rng: random.Random, duration_ms: int | None = None) -> bytes:
    """Notes of a voice without words, each softer than the one before; 600 to 1,200 ms unless told.

    About five notes a second, as measured by Provine and Yong (Ethology 89, 1991: 75 ms notes, 210 ms from one to the
    next); up to twice as long as theirs, since many people laugh with more voice.
    """
    left = ms_to_samples(rng.randint(600, 1_200) if duration_ms is None else duration_ms)
    pieces: list[bytes] = []
    loudness = 1.0
    while left > 0:
        note = rng.randint(75, 150)
        piece = (louder(mumble(note, rng), loudness) + silence(LAUGH_PERIOD_MS - note))[:left]
        pieces.append(piece)
        left -= len(piece)
        loudness = max(0.3, loudness * 0.9)
    return b"".join(pieces)


def _burst(samples: int, rng: random.Random, level: int) -> bytes:
    """Noise that fades from `level` RMS to a sixth of it."""
    steps = 16
    pieces = [
        rng.randbytes(samples * (i + 1) // steps - samples * i // steps).translate(
            _noise_table(level - level * i // (steps + 2))
        )
        for i in range(steps)
    ]
    return b"".join(pieces)


def music(duration_ms: int, rng: random.Random) -> bytes:
    """Chords that change every quarter of a second."""
    samples = ms_to_samples(duration_ms)
    chords: list[bytes] = []
    for _ in range(0, samples, ms_to_samples(250)):
        low, middle, high = sorted(rng.sample(NOTES_HZ, 3))
        chords.append(_tones(((low, 2_000), (middle, 1_500), (high, 1_000)), 400) * 5)
    return b"".join(chords)[:samples]


def beep(duration_ms: int, hz: int = 1_000, level: int = 3_000) -> bytes:
    """The steady tone after which a machine records, `level` RMS."""
    one_second = _tones(((hz, level),), 8_000)
    return (one_second * (duration_ms // 1_000 + 1))[: ms_to_samples(duration_ms)]


def mumble(duration_ms: int, rng: random.Random) -> bytes:
    """A voice whose words nobody can make out."""
    samples = ms_to_samples(duration_ms)
    # The bit 0x10 in every byte keeps zero runs shorter than a packet's lead.
    bits = "".join(f"{value | 0x10:08b}" for value in rng.randbytes(samples // 32 + 1))
    return voiced(bits.replace("0", "0000").replace("1", "1111").encode()[:samples])


def voiced(signs: bytes) -> bytes:
    """Mu-law with the given signs (`0` negative, `1` positive) and the loudness of speech, about 3,500 RMS."""
    loudness = _voice() * (len(signs) // SYLLABLE_SAMPLES + 1)
    merged = int.from_bytes(loudness[: len(signs)], "big") | int.from_bytes(signs.translate(_SIGN_BITS), "big")
    return merged.to_bytes(len(signs), "big")


def louder(audio: bytes, loudness: float) -> bytes:
    """The same mu-law audio, `loudness` times as loud; below 1 it is quieter."""
    return audio.translate(_loudness_table(loudness))


@lru_cache(maxsize=16)
def _loudness_table(loudness: float) -> bytes:
    """Signs stay, also where nothing of a sample is left: they carry the words."""
    codes = bytes(range(256))
    changed = audioop.lin2ulaw(audioop.mul(audioop.ulaw2lin(codes, 2), 2, loudness), 2)
    return bytes(code & 0x80 | new & 0x7F for code, new in zip(codes, changed, strict=True))


_SIGN_BITS = bytes(0x80 if value == ord("1") else 0x00 for value in range(256))


@lru_cache(maxsize=1)
def _voice() -> bytes:
    """Magnitudes of one syllable, as mu-law without the sign bit."""
    levels = []
    for i in range(SYLLABLE_SAMPLES):
        syllable = 1_700 + 4_300 * math.sin(math.pi * i / SYLLABLE_SAMPLES) ** 2
        levels.append(syllable * (1 - 0.25 * (i % PITCH_SAMPLES) / PITCH_SAMPLES))
    return bytes(value & 0x7F for value in _mulaw(levels))


@lru_cache(maxsize=64)
def _noise_table(level: int) -> bytes:
    """Table that turns random bytes into mu-law noise of `level` RMS: uniform, so its peak is 1.7 times that."""
    assert 0 <= level <= 18_000, f"a noise level is 0 to 18,000, not {level}"
    peak = level * math.sqrt(3)
    return _mulaw([peak * (2 * value - 255) / 255 for value in range(256)])


@lru_cache(maxsize=64)
def _tones(tones: tuple[tuple[int, int], ...], samples: int) -> bytes:
    """Sines of (frequency in Hz, RMS) pairs, mixed."""
    return _mulaw(
        [
            sum(level * math.sqrt(2) * math.sin(2 * math.pi * hertz * i / 8_000) for hertz, level in tones)
            for i in range(samples)
        ]
    )


def _mulaw(levels: list[float]) -> bytes:
    linear = b"".join(max(-32_768, min(32_767, round(level))).to_bytes(2, "little", signed=True) for level in levels)
    return audioop.lin2ulaw(linear, 2)
