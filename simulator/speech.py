"""Speech-like 8 kHz mu-law that carries its words: text to audio, and audio back to the words that arrived.

`speak` makes it, `SpeechReader` (in `simulator.speech_reader`) hears it, `simulator.sounds` has what else is on a
line. All of it is pure: the same arguments give the same bytes.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from fsm.units import ms_to_samples
from simulator.sounds import cough, hum, laugh, mumble, music, noise, silence, sneeze, throat, voiced
from simulator.speech_code import MAX_PACKETS, WORD_LIMIT_BYTES, encode, packet_samples
from simulator.speech_reader import HeardWord, SpeechReader

__all__ = [
    "HeardWord",
    "Speech",
    "SpeechReader",
    "SpokenWord",
    "char_starts",
    "cough",
    "hum",
    "laugh",
    "mumble",
    "music",
    "noise",
    "silence",
    "sneeze",
    "speak",
    "throat",
    "words_of",
]

MS_PER_CHAR = 65
"""Some 150 words a minute."""

SHORTEST_WORD_MS = 160
FEWEST_PACKETS = 4
"""Then every half of a word, wherever it begins, holds a whole packet: a half is enough to know the word."""

GAP_MS = 40
"""Between two words, at least; long enough for a reader to see that a word was cut."""
GAP_SPREAD_MS = 20
CLAUSE_PAUSE_MS = 120
SENTENCE_PAUSE_MS = 240
"""Shorter than a usual end-of-turn wait (300 ms), so that two sentences stay one utterance."""

_MURMUR = bytes((0xFF, 0x7F, 0xFE, 0xFE, 0xFF, 0x7E, 0x7E, 0x7F, 0xFF, 0xFD, 0xFE, 0x7F, 0x7E)) * 256
"""Mu-law near silence: breath between words, a few units loud."""


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word and where it sounds, in samples of its speech."""

    text: str
    start_samples: int
    end_samples: int


@dataclass(frozen=True, slots=True)
class Speech:
    """Mu-law audio and the words in it; after each word, the last one too, comes its gap."""

    audio: bytes
    words: tuple[SpokenWord, ...]


@lru_cache(maxsize=256)  # scripts and voices say the same things in every run
def speak(text: str, *, ms_per_char: int = MS_PER_CHAR) -> Speech:
    """Speak `text`; words are what blanks separate, and keep their punctuation and case.

    Text without a word is no audio. Words over `WORD_LIMIT_BYTES` bytes are spoken as several.
    """
    assert ms_per_char > 0, f"ms_per_char must be positive, not {ms_per_char}"
    audio: list[bytes] = []
    words: list[SpokenWord] = []
    position = 0
    for serial, (start, end) in enumerate(_word_spans(text)):
        word = _sayable(text[start:end])
        sound = _word_audio(word, serial % 256, ms_per_char)
        gap = _gap(word, serial)
        words.append(SpokenWord(word, position, position + len(sound)))
        audio += sound, gap
        position += len(sound) + len(gap)
    return Speech(b"".join(audio), tuple(words))


def words_of(text: str) -> tuple[str, ...]:
    """The words of `text` as `speak` speaks them."""
    return tuple(_sayable(text[start:end]) for start, end in _word_spans(text))


def char_starts(text: str, speech: Speech) -> tuple[int, ...]:
    """Sample of `speech` at which each character of `text` begins; blanks begin where the word before them ends."""
    starts: list[int] = []
    done_samples = 0
    for (start, end), word in zip(_word_spans(text), speech.words, strict=True):
        starts += [done_samples] * (start - len(starts))
        length, chars = word.end_samples - word.start_samples, end - start
        starts += [word.start_samples + length * i // chars for i in range(chars)]
        done_samples = word.end_samples
    starts += [done_samples] * (len(text) - len(starts))
    return tuple(starts)


def _word_spans(text: str) -> Iterator[tuple[int, int]]:
    """First and past-the-last character of each word."""
    for match in re.finditer(r"\S+", text):
        start = match.start()
        size = 0
        for i in range(match.start(), match.end()):
            char_bytes = len(_sayable(text[i]).encode())
            if size + char_bytes > WORD_LIMIT_BYTES:
                yield start, i
                start, size = i, 0
            size += char_bytes
        yield start, match.end()


def _sayable(text: str) -> str:
    """`text` without lone surrogates, which broken JSON may carry and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()


def _word_audio(word: str, serial: int, ms_per_char: int) -> bytes:
    length = packet_samples(len(word.encode()))
    natural = round(ms_to_samples(ms_per_char * len(word)) / length)
    shortest = math.ceil(ms_to_samples(SHORTEST_WORD_MS) / length)
    packets = min(MAX_PACKETS, max(FEWEST_PACKETS, natural, shortest))
    return voiced(encode(word, serial, packets).signs)


def _gap(word: str, serial: int) -> bytes:
    gap_ms = GAP_MS + serial * 7 % (GAP_SPREAD_MS + 1)
    last = word.rstrip("\"')]}»”’")[-1:]  # noqa: RUF001  # closing quotes are meant, as written
    if last in (".", "!", "?", "…"):
        gap_ms += SENTENCE_PAUSE_MS
    elif last in (",", ";", ":"):
        gap_ms += CLAUSE_PAUSE_MS
    return _MURMUR[: ms_to_samples(gap_ms)]
