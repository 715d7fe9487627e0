"""Ears for the simulated person: when the agent is audible, and, where speech carries its words, which words came."""

import audioop
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from fsm.units import NS_PER_SAMPLE, ns_to_ms
from simulator.speech import HeardWord as SpokenWord
from simulator.speech import SpeechReader, silence
from simulator.speech_reader import DIGITAL_SILENCE

LOUD_LEVEL = 250
"""Linear amplitude (of 32,767) from which a sample counts as sound: above line noise, below quiet speech."""

LONGEST_PAUSE_MS = 60_000
"""Between two streams of a call."""

LOUD_SAMPLES = 8
"""Loud samples that make a stretch voiced; a click has fewer."""


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word that arrived, with the instants (ns) between which it sounded; not `whole` if part of it was missing."""

    text: str
    started_at: int
    ended_at: int
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Heard:
    """What one stretch of audio had: the instants (ns) of its first and past its last sound, and words completed."""

    voiced: tuple[int, int] | None
    words: tuple[HeardWord, ...] = ()


NOTHING = Heard(None)
"""What silence has."""


class Ear(Protocol):
    """Hears what is audible, piece by piece."""

    def hear(self, audio: bytes, at: int) -> Heard:
        """The next audio, which began to sound at instant `at` (ns)."""
        ...


def voiced_span(audio: bytes, level: int = LOUD_LEVEL) -> tuple[int, int] | None:
    """Positions of the first and past the last sample of sound in mu-law `audio`; `None` if it is quiet."""
    loud = audio.translate(_LOUDNESS if level == LOUD_LEVEL else _loudness(level))
    if loud.count(b"1") < LOUD_SAMPLES:
        return None
    return loud.find(b"1"), loud.rfind(b"1") + 1


@lru_cache(maxsize=8)
def _loudness(level: int) -> bytes:
    linear = audioop.ulaw2lin(bytes(range(256)), 2)
    return bytes(ord("1") if abs(audioop.getsample(linear, 2, code)) >= level else ord("0") for code in range(256))


_LOUDNESS = _loudness(LOUD_LEVEL)


def _instants(span: tuple[int, int] | None, at: int) -> tuple[int, int] | None:
    """The instants of a stretch of samples that began to sound at `at` (ns)."""
    return None if span is None else (at + span[0] * NS_PER_SAMPLE, at + span[1] * NS_PER_SAMPLE)


class EnergyEar:
    """An ear for any sound, real speech too: it knows when there is sound, and no words."""

    def __init__(self, level: int = LOUD_LEVEL) -> None:
        self._level = level

    def hear(self, audio: bytes, at: int) -> Heard:
        """The next audio, which began to sound at instant `at` (ns)."""
        span = voiced_span(audio, self._level)
        return NOTHING if span is None else Heard(_instants(span, at))


class WordEar:
    """An ear for speech that carries its words."""

    def __init__(self) -> None:
        self._reader = SpeechReader()
        self._heard_until: int | None = None

    def hear(self, audio: bytes, at: int) -> Heard:
        """The next audio, which began to sound at instant `at` (ns); what lies before and was not given is silence."""
        heard_until, self._heard_until = self._heard_until, at + len(audio) * NS_PER_SAMPLE
        if heard_until == at and audio == DIGITAL_SILENCE and self._reader.rest(len(audio)):
            return NOTHING
        read = () if heard_until is None or heard_until == at else self._pause(ns_to_ms(at - heard_until))
        position = self._reader.position_samples
        read += self._reader.push(audio)
        if audio == DIGITAL_SILENCE and not read:
            return NOTHING
        began_at = at - position * NS_PER_SAMPLE
        voiced = voiced_span(audio)
        if voiced is None and not read:
            return NOTHING
        if not read:
            return Heard(_instants(voiced, at))
        words = tuple(
            HeardWord(
                word.text,
                began_at + word.start_samples * NS_PER_SAMPLE,
                began_at + word.end_samples * NS_PER_SAMPLE,
                word.whole,
            )
            for word in read
        )
        return Heard(_instants(voiced, at), words)

    def _pause(self, missing_ms: int) -> tuple[SpokenWord, ...]:
        """Nothing sounded for so long, as when a stream was lost: the words that this cut."""
        return self._reader.push(silence(min(missing_ms, LONGEST_PAUSE_MS))) if missing_ms > 0 else ()
