"""Clauses that an answer may begin with whatever it says ("Sure.", "Let me see."), played from memory at once.

A voice needs some 200 ms for its first sound. An opening is rendered ahead like the greeting; once a reply begins with
one it sounds, and the voice has as long as it lasts for the rest. The voice is never told of it: what it is given is
what comes after.
"""

import audioop
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from agent.phrases import RenderedPhrase
from agent.ports import Alignment
from fsm.units import ULAW_SILENCE, ms_to_samples, samples_to_ms
from fsm.words import tokens

STEP_SAMPLES = ms_to_samples(10)

LOUD = 200
"""RMS, of 32,767, from which a step is taken for speech: what a voice leaves before and after it is far quieter."""

LEAD_IN_SAMPLES = ms_to_samples(20)
"""Kept before the first loud step: consonants begin softly. More would be waited for by the caller."""

PAUSE_SAMPLES = ms_to_samples(160)
"""Between an opening and what follows it, less than between two sentences: people hardly stop after "Sure."."""

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clip:
    """An opening as it sounds: the clause as the model wrote it, the text that is spoken, its sound."""

    clause: str
    spoken: str
    audio: bytes
    alignment: Alignment

    @property
    def duration_ms(self) -> int:
        """How long it lasts, the pause after it included."""
        return samples_to_ms(len(self.audio))


class OpeningClauses:
    """The openings of one call; `phrase` has the sound of a text, where it was rendered.

    A voice that failed could not go on after one either: none is played then, until the voice was heard again.
    """

    def __init__(self, texts: Iterable[str], phrase: Callable[[str], RenderedPhrase | None]) -> None:
        self.is_voice_failing = False
        self._phrase = phrase
        self.change(texts)

    def change(self, texts: Iterable[str]) -> None:
        """Have others: the language is another one."""
        self._texts = {tokens(text): text for text in texts}

    def begins(self, said: str) -> bool:
        """Whether `said` may be the first words of an opening that has more of them."""
        words = tokens(said)
        return any(len(words) < len(one) and one[: len(words)] == words for one in self._texts)

    def has(self, clause: str) -> bool:
        """Whether `clause` is an opening, give or take case and punctuation; a question is another thing."""
        text = self._texts.get(tokens(clause))
        return text is not None and _asks(text) is _asks(clause)

    def clip(self, clause: str) -> Clip | None:
        """The sound of `clause`, if it is an opening that is rendered and the voice can be expected to go on."""
        if self.is_voice_failing or not self.has(clause):
            return None
        text = self._texts[tokens(clause)]
        phrase = self._phrase(text)
        return None if phrase is None else _clip(clause, text, phrase)


def _asks(text: str) -> bool:
    return text.rstrip().endswith("?")


def _clip(clause: str, text: str, phrase: RenderedPhrase) -> Clip | None:
    """The phrase without the silence around it, and with a pause after it; None where nothing of it can be heard."""
    steps = range(0, len(phrase.audio), STEP_SAMPLES)
    first = next((at for at in steps if _is_loud(phrase.audio, at)), None)
    if first is None:
        return None
    last = next(at for at in reversed(steps) if _is_loud(phrase.audio, at))
    begin, end = max(0, first - LEAD_IN_SAMPLES), last + STEP_SAMPLES
    audio = phrase.audio[begin:end]
    rest = phrase.audio[end : end + PAUSE_SAMPLES]  # breath sounds better than nothing
    pause = rest.ljust(PAUSE_SAMPLES, bytes([ULAW_SILENCE]))
    return Clip(clause, text, audio + pause, _alignment(text, phrase.alignment, begin, len(audio)))


def _alignment(text: str, told: Alignment | None, begin: int, samples: int) -> Alignment:
    """Where the characters sound in what was kept; spread evenly where the voice did not tell."""
    if told is None or "".join(told.chars.split()) != "".join(text.split()):
        return Alignment(text, tuple(samples * index // len(text) for index in range(len(text))))
    return Alignment(told.chars, tuple(min(max(0, start - begin), samples) for start in told.starts_samples))


def _is_loud(audio: bytes, at: int) -> bool:
    step = audio[at : at + STEP_SAMPLES]
    return bool(audioop.rms(audioop.ulaw2lin(step, 2), 2) >= LOUD)
