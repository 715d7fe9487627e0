"""The sounds of steps, heard with the ear of the emulated transcriber."""

import random

import pytest

from fsm.units import ULAW_SILENCE, ms_to_samples
from simulator.ears import voiced_span
from simulator.script import Music, Noise, Say
from simulator.script_sounds import Sound, sound_of
from simulator.speech import SpeechReader


def words_in(audio: bytes) -> list[str]:
    reader = SpeechReader()
    heard = [*reader.push(audio + bytes([ULAW_SILENCE]) * 800), *reader.finish()]
    return [word.text for word in heard]


def sound(step: object) -> Sound:
    return sound_of(step, random.Random(1))


def test_pauses_and_sounds_within_an_utterance_leave_its_words_whole() -> None:
    said = sound(Say("[300 ms] Well [cough] it is five [900 ms] five [mumble 400 ms] one."))
    assert said.text == "Well it is five five one."
    assert words_in(said.audio) == ["Well", "it", "is", "five", "five", "one."]
    assert [word.text for word in said.words] == ["Well", "it", "is", "five", "five", "one."]
    for word in said.words:
        assert words_in(said.audio[word.start_samples : word.end_samples]) == [word.text]
    pauses = [b.start_samples - a.end_samples for a, b in zip(said.words, said.words[1:], strict=False)]
    assert pauses[3] >= ms_to_samples(900)
    assert pauses[4] >= ms_to_samples(400)


def test_an_utterance_without_marks_sounds_as_ever() -> None:
    assert sound(Say("Hello there.")).audio == sound(Say("Hello there.", loudness=1.0)).audio


@pytest.mark.parametrize("loudness", [0.25, 0.5, 2.0])
def test_a_quiet_voice_says_the_same_words(loudness: float) -> None:
    usual, changed = sound(Say("Can you hear me?")), sound(Say("Can you hear me?", loudness=loudness))
    assert words_in(changed.audio) == words_in(usual.audio) == ["Can", "you", "hear", "me?"]
    assert changed.audio != usual.audio


def test_noise_and_music_are_loud_and_have_no_words() -> None:
    for step in (Noise(600), Music(600)):
        made = sound(step)
        assert voiced_span(made.audio) is not None
        assert words_in(made.audio) == []
        assert not made.takes_floor
        assert len(made.audio) == ms_to_samples(600)


def test_a_voice_far_from_the_telephone_loses_words() -> None:
    far = words_in(sound(Say("Can you hear me when I am far away?", loudness=0.1)).audio)
    assert len(far) < 9
