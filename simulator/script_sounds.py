"""The sounds of a script's steps: mu-law audio, and what is in it."""

from dataclasses import dataclass
from functools import singledispatch
from itertools import pairwise
from random import Random

from simulator import speech
from simulator.script import Backchannel, Cough, Mumble, Music, Noise, Play, Say
from simulator.script_marks import Mark, MarkKind, read_marks
from simulator.sounds import louder

MARK_NOISE_LEVEL = 1_500
"""RMS of a [noise] within what is said."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Audio of a step; `words` where they are known, in samples of it."""

    kind: str
    text: str
    audio: bytes
    takes_floor: bool
    words: tuple[speech.SpokenWord, ...] = ()


@singledispatch
def sound_of(step: object, _rng: Random) -> Sound:
    """The sound of a step."""
    raise AssertionError(f"{step} makes no sound")


@sound_of.register
def _(step: Say, rng: Random) -> Sound:
    text, marks = read_marks(step.text)
    spoken = speech.speak(text) if step.ms_per_char is None else speech.speak(text, ms_per_char=step.ms_per_char)
    if marks:
        spoken = _with_marks(text, spoken, marks, rng)
    audio = spoken.audio if step.loudness == 1.0 else louder(spoken.audio, step.loudness)
    return Sound("say", text, audio, takes_floor=True, words=spoken.words)


@sound_of.register
def _(step: Backchannel, _rng: Random) -> Sound:
    spoken = speech.speak(step.text)
    return Sound("backchannel", step.text, spoken.audio, takes_floor=False, words=spoken.words)


@sound_of.register
def _(_step: Cough, rng: Random) -> Sound:
    return Sound("cough", "", speech.cough(rng), takes_floor=False)


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
def _(step: Play, _rng: Random) -> Sound:
    return Sound("play", step.text, step.audio, takes_floor=step.takes_floor)


def _with_marks(text: str, spoken: speech.Speech, marks: tuple[Mark, ...], rng: Random) -> speech.Speech:
    """The same words with the sounds of marks between them."""
    ends = [word.start_samples for word in spoken.words[1:]] + [len(spoken.audio)]
    cuts = [0 if mark.after_chars == 0 else ends[_words_until(text, mark) - 1] for mark in marks]
    inserts = [_mark_audio(mark, rng) for mark in marks]
    pieces = [spoken.audio[: cuts[0]]]
    for insert, (begin, end) in zip(inserts, pairwise([*cuts, len(spoken.audio)]), strict=True):
        pieces += insert, spoken.audio[begin:end]
    words = []
    for word in spoken.words:
        later = sum(len(insert) for insert, at in zip(inserts, cuts, strict=True) if at <= word.start_samples)
        words.append(speech.SpokenWord(word.text, word.start_samples + later, word.end_samples + later))
    return speech.Speech(b"".join(pieces), tuple(words))


def _words_until(text: str, mark: Mark) -> int:
    """How many spoken words come before a mark; a very long one is spoken as several."""
    return len(speech.speak(text[: mark.after_chars], ms_per_char=1).words)


def _mark_audio(mark: Mark, rng: Random) -> bytes:
    match mark.kind:
        case MarkKind.SILENCE:
            return speech.silence(mark.duration_ms)
        case MarkKind.COUGH:
            return speech.cough(rng)
        case MarkKind.MUMBLE:
            return speech.mumble(mark.duration_ms, rng)
        case MarkKind.NOISE:
            return speech.noise(mark.duration_ms, rng, MARK_NOISE_LEVEL)
