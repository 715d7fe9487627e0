"""The sounds of a script's steps: mu-law audio, and what is in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import singledispatch
from itertools import pairwise
from random import Random

from simulator import speech
from simulator.script import (
    Aside,
    Backchannel,
    Background,
    Beep,
    ClearThroat,
    Cough,
    Hesitate,
    Laugh,
    Mumble,
    Music,
    Noise,
    Play,
    Say,
    Sneeze,
)
from simulator.script_marks import Mark, MarkKind, read_marks
from simulator.sounds import beep, louder

MARK_NOISE_LEVEL = 1_500
"""RMS of a [noise] within what is said."""


WORDY: Mapping[type, str] = {
    Backchannel: "backchannel",
    Hesitate: "hesitation",
    Aside: "aside",
    Background: "background",
}
"""What is said without a bid for the floor: the kind of it."""

WORDLESS: Mapping[type, tuple[str, Callable[[Random, int | None], bytes]]] = {
    Cough: ("cough", speech.cough),
    Laugh: ("laugh", speech.laugh),
    Sneeze: ("sneeze", speech.sneeze),
    ClearThroat: ("throat", speech.throat),
}
"""The sounds of a body: the kind of each, and what makes it."""


@dataclass(frozen=True, slots=True)
class SoundMark:
    """A sound within what is said, and where it is, in samples."""

    kind: MarkKind
    start_samples: int
    end_samples: int


@dataclass(frozen=True, slots=True)
class Sound:
    """Audio of a step; `words` where they are known, and the sounds between them (`marks`), in samples of it."""

    kind: str
    text: str
    audio: bytes
    takes_floor: bool
    words: tuple[speech.SpokenWord, ...] = ()
    marks: tuple[SoundMark, ...] = ()


@singledispatch
def sound_of(step: object, _rng: Random) -> Sound:
    """The sound of a step."""
    raise AssertionError(f"{step} makes no sound")


@sound_of.register
def _(step: Say, rng: Random) -> Sound:
    text, marks = read_marks(step.text)
    spoken, sounds = _with_marks(text, _spoken(text, step.ms_per_char), marks, rng)
    audio = spoken.audio if step.loudness == 1.0 else louder(spoken.audio, step.loudness)
    return Sound("say", text, audio, takes_floor=True, words=spoken.words, marks=sounds)


@sound_of.register(Backchannel)
@sound_of.register(Hesitate)
@sound_of.register(Aside)
@sound_of.register(Background)
def _(step: Backchannel | Hesitate | Aside | Background, _rng: Random) -> Sound:
    spoken = _spoken(step.text, step.ms_per_char)
    audio = spoken.audio if step.loudness == 1.0 else louder(spoken.audio, step.loudness)
    return Sound(WORDY[type(step)], step.text, audio, takes_floor=False, words=spoken.words)


@sound_of.register(Cough)
@sound_of.register(Laugh)
@sound_of.register(Sneeze)
@sound_of.register(ClearThroat)
def _(step: Cough | Laugh | Sneeze | ClearThroat, rng: Random) -> Sound:
    kind, make = WORDLESS[type(step)]
    return Sound(kind, "", make(rng, step.duration_ms), takes_floor=False)


@sound_of.register
def _(step: Mumble, rng: Random) -> Sound:
    return Sound("mumble", "", speech.mumble(step.duration_ms, rng), takes_floor=False)


@sound_of.register
def _(step: Noise, rng: Random) -> Sound:
    return Sound("noise", "", speech.noise(step.duration_ms, rng, step.level), takes_floor=False)


@sound_of.register
def _(step: Music, rng: Random) -> Sound:
    return Sound("music", "", speech.music(step.duration_ms, rng), takes_floor=False)


@sound_of.register
def _(step: Beep, _rng: Random) -> Sound:
    return Sound("beep", "", beep(step.duration_ms, step.hz), takes_floor=False)


@sound_of.register
def _(step: Play, _rng: Random) -> Sound:
    return Sound("play", step.text, step.audio, takes_floor=step.takes_floor)


def _spoken(text: str, ms_per_char: int | None) -> speech.Speech:
    return speech.speak(text) if ms_per_char is None else speech.speak(text, ms_per_char=ms_per_char)


def _with_marks(
    text: str, spoken: speech.Speech, marks: tuple[Mark, ...], rng: Random
) -> tuple[speech.Speech, tuple[SoundMark, ...]]:
    """The same words with the sounds of marks between them, and where these are."""
    if not marks:
        return spoken, ()
    ends = [word.start_samples for word in spoken.words[1:]] + [len(spoken.audio)]
    cuts = [0 if mark.after_chars == 0 else ends[_words_until(text, mark) - 1] for mark in marks]
    inserts = [_mark_audio(mark, rng) for mark in marks]
    pieces = [spoken.audio[: cuts[0]]]
    for insert, (begin, end) in zip(inserts, pairwise([*cuts, len(spoken.audio)]), strict=True):
        pieces += insert, spoken.audio[begin:end]
    starts = [at + sum(map(len, inserts[:index])) for index, at in enumerate(cuts)]
    sounds = tuple(
        SoundMark(mark.kind, start, start + len(insert))
        for mark, start, insert in zip(marks, starts, inserts, strict=True)
    )
    words = []
    for word in spoken.words:
        later = sum(len(insert) for insert, at in zip(inserts, cuts, strict=True) if at <= word.start_samples)
        words.append(speech.SpokenWord(word.text, word.start_samples + later, word.end_samples + later))
    return speech.Speech(b"".join(pieces), tuple(words)), sounds


def _words_until(text: str, mark: Mark) -> int:
    """How many spoken words come before a mark; a very long one is spoken as several."""
    return len(speech.speak(text[: mark.after_chars], ms_per_char=1).words)


_BODY_MARKS = {
    MarkKind.COUGH: speech.cough,
    MarkKind.LAUGH: speech.laugh,
    MarkKind.SNEEZE: speech.sneeze,
    MarkKind.THROAT: speech.throat,
}


def _mark_audio(mark: Mark, rng: Random) -> bytes:
    match mark.kind:
        case MarkKind.SILENCE:
            return speech.silence(mark.duration_ms)
        case MarkKind.MUMBLE:
            return speech.mumble(mark.duration_ms, rng)
        case MarkKind.NOISE:
            return speech.noise(mark.duration_ms, rng, MARK_NOISE_LEVEL)
    return _BODY_MARKS[mark.kind](rng)
