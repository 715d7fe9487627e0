"""What the emulated voice says: text to audio frames with alignments (protocol page, sections 2.3 and 5)."""

import audioop
import random
import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from fsm.units import SAMPLE_RATE_HZ, ms_to_samples, samples_to_ms
from simulator.brain.speaking import ONES, TENS
from simulator.peers.elevenlabs_behaviour import ElevenLabsBehaviour
from simulator.speech import MS_PER_CHAR, char_starts, speak

FORMATS: Mapping[str, int] = {"ulaw_8000": 1, "pcm_8000": 2, "pcm_16000": 4}
"""Output formats offered, and their bytes for one sample at 8 kHz."""

DEFAULT_FORMAT = "mp3_44100_128"
"""What the service sends when no format is asked for."""


@dataclass(frozen=True, slots=True)
class Characters:
    """Characters and the sample at which each begins; they sound until the next one begins."""

    chars: str
    starts_samples: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Timing:
    """When the characters of one frame sound, in ms relative to the frame."""

    chars: tuple[str, ...]
    starts_ms: tuple[int, ...]
    durations_ms: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """A piece of audio as it is sent; no character begins in a frame without timing."""

    audio: bytes
    samples: int
    sent: Timing | None
    spoken: Timing | None


@dataclass(frozen=True, slots=True)
class Rendering:
    """A generation: audio in its output format, and both alignments."""

    audio: bytes
    samples: int
    sample_bytes: int
    sent: Characters
    spoken: Characters


@lru_cache(maxsize=128)
def render(text: str, output_format: str, *, speed: float = 1.0, normalise: bool = False) -> Rendering:
    """Speak `text`; `normalise` says digits as words."""
    spoken, origin = normalised(text) if normalise else (text, range(len(text)))
    speech = speak(spoken, ms_per_char=max(1, round(MS_PER_CHAR / speed)))
    starts = char_starts(spoken, speech)
    return Rendering(
        _encoded(speech.audio, output_format),
        len(speech.audio),
        FORMATS[output_format],
        Characters(text, tuple(starts[i] for i in origin)),
        Characters(spoken, starts),
    )


def cut(rendering: Rendering, behaviour: ElevenLabsBehaviour, rng: random.Random) -> list[Frame]:
    """Frames of uneven length, never a multiple of 160 samples but for the last; words may be split between two."""
    frames: list[Frame] = []
    begin = 0
    while begin < rendering.samples:
        length = rng.randint(ms_to_samples(behaviour.frame_min_ms), ms_to_samples(behaviour.frame_max_ms))
        length += length % 160 == 0
        end = min(begin + length, rendering.samples)
        size = rendering.sample_bytes
        frames.append(
            Frame(
                rendering.audio[begin * size : end * size],
                end - begin,
                timing(rendering.sent, begin, end, rendering.samples),
                timing(rendering.spoken, begin, end, rendering.samples),
            )
        )
        begin = end
    return frames


def timing(characters: Characters, begin: int, end: int, total: int) -> Timing | None:
    """The characters that begin within samples `begin` to `end`, relative to `begin`; those at the very end of the
    `total` belong to the last frame."""  # noqa: D205, D209 - one sentence
    starts = characters.starts_samples
    first = bisect_left(starts, begin)  # they never fall
    inside = range(first, len(starts) if end == total else bisect_left(starts, end, first))
    if not inside:
        return None
    ends = (*starts[1:], total)
    return Timing(
        tuple(characters.chars[i] for i in inside),
        tuple(samples_to_ms(starts[i] - begin) for i in inside),
        tuple(samples_to_ms(max(0, ends[i] - starts[i])) for i in inside),
    )


def normalised(text: str) -> tuple[str, Sequence[int]]:
    """`text` with its numbers as words, and for each character of `text` the character of the result it became."""
    spoken: list[str] = []
    origin: list[int] = []
    length = done = 0
    for match in re.finditer(r"\d+", text):
        before = text[done : match.start()]
        word = say_digits(match.group())
        spoken += before, word
        origin += range(length, length + len(before))
        length += len(before)
        digits = match.end() - match.start()
        origin += [length + len(word) * i // digits for i in range(digits)]
        length += len(word)
        done = match.end()
    origin += range(length, length + len(text) - done)
    spoken.append(text[done:])
    return "".join(spoken), origin


def say_digits(digits: str) -> str:
    """A number up to 59 as a word, a longer one digit by digit."""
    number = int(digits[:3])
    if len(digits) > 2 or number >= 60 or digits.startswith("0"):
        return " ".join(ONES[int(digit)] for digit in digits)
    if number < 20:
        return ONES[number]
    return TENS[number // 10] + (f" {ONES[number % 10]}" if number % 10 else "")


def _encoded(ulaw: bytes, output_format: str) -> bytes:
    if output_format == "ulaw_8000":
        return ulaw
    linear: bytes = audioop.ulaw2lin(ulaw, 2)
    if output_format == "pcm_8000":
        return linear
    doubled: bytes = audioop.ratecv(linear, 2, 1, SAMPLE_RATE_HZ, 2 * SAMPLE_RATE_HZ, None)[0]
    wanted = FORMATS["pcm_16000"] * len(ulaw)
    return doubled[:wanted].ljust(wanted, b"\0")
