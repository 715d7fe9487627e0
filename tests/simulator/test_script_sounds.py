"""The sounds of steps, heard with the ear of the emulated transcriber."""

import audioop
import random

import pytest

from fsm.units import ULAW_SILENCE, ms_to_samples
from simulator.ears import voiced_span
from simulator.script import Aside, Background, ClearThroat, Cough, Hesitate, Laugh, Music, Noise, Say, Sneeze
from simulator.script_marks import MarkKind
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


def test_sounds_within_an_utterance_are_told_with_their_places() -> None:
    said = sound(Say("[300 ms] Well [cough] it [mumble 400 ms] is."))
    silence, cough, mumble = said.marks
    assert (silence.kind, silence.start_samples, silence.end_samples) == (MarkKind.SILENCE, 0, ms_to_samples(300))
    well, it, is_ = said.words
    assert well.end_samples <= cough.start_samples < cough.end_samples <= it.start_samples
    assert voiced_span(said.audio[cough.start_samples : cough.end_samples]) is not None
    assert mumble.end_samples - mumble.start_samples == ms_to_samples(400)
    assert it.end_samples <= mumble.start_samples < mumble.end_samples <= is_.start_samples


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


@pytest.mark.parametrize("made", [Cough, Laugh, Sneeze, ClearThroat])
def test_the_sounds_of_a_body_have_no_words_and_last_as_long_as_told(
    made: type[Cough | Laugh | Sneeze | ClearThroat],
) -> None:
    told, drawn = sound(made(duration_ms=418)), sound(made())
    assert len(told.audio) == ms_to_samples(418)
    assert ms_to_samples(150) <= len(drawn.audio) <= ms_to_samples(1_200)
    for one in (told, drawn):
        assert voiced_span(one.audio) is not None
        assert words_in(one.audio) == []
        assert not one.takes_floor


def test_what_is_not_for_the_agent_has_words_and_claims_nothing() -> None:
    for step, kind in (
        (Hesitate("um"), "hesitation"),
        (Aside("Not now, honey."), "aside"),
        (Background("And now the weather."), "background"),
    ):
        made = sound(step)
        assert (made.kind, made.takes_floor, words_in(made.audio)) == (kind, False, step.text.split())


def test_words_to_somebody_else_are_softer_and_those_of_others_softer_still() -> None:
    def level(step: object) -> int:
        return int(audioop.rms(audioop.ulaw2lin(sound(step).audio, 2), 2))

    assert level(Background("Over there.")) < level(Aside("Over there.")) < level(Say("Over there."))


def test_laughs_sneezes_and_throats_may_stand_within_what_is_said() -> None:
    said = sound(Say("Well [laugh] that is [throat] funny [sneeze] indeed."))
    assert words_in(said.audio) == ["Well", "that", "is", "funny", "indeed."]
