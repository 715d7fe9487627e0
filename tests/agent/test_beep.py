"""Beeps as frames: those of machines are told when they end, and nothing else is one."""

import audioop
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.beep import BeepDetector
from fsm.units import FRAME_SAMPLES, NS_PER_MS, NS_PER_SAMPLE
from simulator import sounds, speech


def beeps_ms(audio: bytes, frame: int = FRAME_SAMPLES) -> list[int]:
    """When beeps end, in ms since the beginning."""
    detector = BeepDetector()
    ends = range(frame, len(audio) + 1, frame)
    heard = [detector.push(audio[end - frame : end], end * NS_PER_SAMPLE) for end in ends]
    return [beep.ended_at // NS_PER_MS for beep in heard if beep is not None]


def mixed(one: bytes, other: bytes) -> bytes:
    return audioop.lin2ulaw(audioop.add(audioop.ulaw2lin(one, 2), audioop.ulaw2lin(other, 2), 2), 2)


@pytest.mark.parametrize("hz", [440, 850, 1_000, 1_400, 2_000])
@pytest.mark.parametrize("level", [600, 3_000, 12_000])
def test_a_beep_of_usual_pitch_and_loudness_is_told_at_its_end(hz: int, level: int) -> None:
    audio = sounds.silence(500) + sounds.beep(400, hz, level) + sounds.silence(300)
    assert beeps_ms(audio) == [900]


@pytest.mark.parametrize("hz", [440, 1_000, 1_400])
def test_a_beep_is_heard_through_a_noisy_line(hz: int) -> None:
    audio = sounds.silence(500) + sounds.beep(400, hz) + sounds.silence(300)
    assert beeps_ms(mixed(audio, sounds.noise(1_200, Random(1), 100))) == [900]


@given(hz=st.integers(400, 2_500), length_ms=st.integers(160, 2_900), offset=st.integers(0, 159))
def test_a_beep_of_any_length_and_place_is_told_once_and_within_a_frame(hz: int, length_ms: int, offset: int) -> None:
    audio = sounds.silence(200) + bytes([255]) * offset + sounds.beep(length_ms, hz) + sounds.silence(200)
    (told,) = beeps_ms(audio)
    ended_ms = 200 + offset / 8 + length_ms
    assert -20 <= told - ended_ms <= 20


@pytest.mark.parametrize("frame", [80, 160, 480, 1_000])
def test_its_framing_makes_no_difference(frame: int) -> None:
    audio = sounds.silence(500) + sounds.beep(400) + sounds.silence(500)
    assert beeps_ms(audio, frame) == [900]


@given(seed=st.integers(0, 10_000))
def test_nothing_else_that_sounds_on_a_telephone_is_a_beep(seed: int) -> None:
    rng = Random(seed)
    for sound in (
        speech.speak("You have reached Ada Bell, please leave a message after the tone.").audio,
        sounds.mumble(2_000, rng),
        sounds.music(3_000, rng),
        sounds.noise(1_000, rng, 3_000),
        sounds.hum(1_000, rng, 1_000),
        sounds.cough(rng) + sounds.laugh(rng) + sounds.sneeze(rng) + sounds.throat(rng),
    ):
        assert beeps_ms(sound + sounds.silence(100)) == []


def test_a_key_of_the_telephone_is_no_beep() -> None:
    key = mixed(sounds.beep(300, 770), sounds.beep(300, 1_336))
    assert beeps_ms(sounds.silence(100) + key + sounds.silence(100)) == []


@pytest.mark.parametrize("length_ms", [80, 3_400])
def test_a_click_and_a_fax_are_no_beeps(length_ms: int) -> None:
    assert beeps_ms(sounds.silence(100) + sounds.beep(length_ms, 2_100) + sounds.silence(100)) == []
