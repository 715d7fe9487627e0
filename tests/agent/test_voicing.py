import array
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.keypad import HIGH_HZ, LOW_HZ, is_keypad_tone
from agent.voicing import WINDOW_BYTES, periodicity
from tests.agent.test_voice_activity import Wave, noise, tone, vowel


def linear(sound: Wave) -> bytes:
    return array.array("h", [round(value) for value in sound]).tobytes()


@pytest.mark.parametrize("pitch_hz", [70, 100, 130, 200, 300, 380])
def test_a_voice_of_any_pitch_is_periodic(pitch_hz: float) -> None:
    assert periodicity(linear(vowel(60, pitch_hz=pitch_hz))) > 0.8


@pytest.mark.parametrize("seed", range(8))
def test_noise_is_not(seed: int) -> None:
    assert periodicity(linear(noise(60, 2_000, seed))) < 0.5


def test_silence_is_not() -> None:
    assert periodicity(bytes(WINDOW_BYTES)) == 0


@given(samples=st.lists(st.integers(-32_768, 32_767), min_size=310, max_size=400))
def test_any_sound_has_a_periodicity_from_0_to_1(samples: list[int]) -> None:
    assert 0 <= periodicity(array.array("h", samples).tobytes()) <= 1


@pytest.mark.parametrize("low_hz", LOW_HZ)
@pytest.mark.parametrize("high_hz", HIGH_HZ)
def test_every_key_is_known_at_any_phase_and_with_twist(low_hz: int, high_hz: int) -> None:
    for shift in (0, 33, 71):
        low, high = (tone(40, level, hz)[shift : shift + 160] for level, hz in ((3_000, low_hz), (5_000, high_hz)))
        assert is_keypad_tone(linear([a + b for a, b in zip(low, high, strict=True)]))


def test_voices_noise_and_single_tones_are_no_keys() -> None:
    rng = random.Random(4)
    for _ in range(200):
        begin = rng.randrange(4_000)
        assert not is_keypad_tone(linear(vowel(600, pitch_hz=rng.uniform(80, 350))[begin : begin + 160]))
    assert not is_keypad_tone(linear(noise(20, 3_000)))
    assert not is_keypad_tone(linear(tone(20, 3_000, 941)))
    assert not is_keypad_tone(bytes(320))
