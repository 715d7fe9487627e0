"""The sounds of a script's steps: mu-law audio, and what is in it."""

from dataclasses import dataclass
from functools import singledispatch
from random import Random

from simulator import speech
from simulator.script import Backchannel, Cough, Mumble, Play, Say


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
def _(step: Say, _rng: Random) -> Sound:
    spoken = (
        speech.speak(step.text) if step.ms_per_char is None else speech.speak(step.text, ms_per_char=step.ms_per_char)
    )
    return Sound("say", step.text, spoken.audio, takes_floor=True, words=spoken.words)


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
def _(step: Play, _rng: Random) -> Sound:
    return Sound("play", step.text, step.audio, takes_floor=step.takes_floor)
