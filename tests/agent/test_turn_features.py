import audioop
import cmath
import math

import numpy as np
import pytest

from agent.turn_features import BANDS, FRAMES, RANGE_LOG10, log_mel
from agent.turn_scores import HEARD_SAMPLES
from fsm.units import SAMPLE_RATE_HZ
from tests.agent.test_voice_activity import noise, ulaw

STEP = SAMPLE_RATE_HZ / math.tau
FRAME_AT_4_S, LOWER_BANDS = 400, 57
"""Bands below 3.4 kHz: no telephone lets more through."""


def tone(*hz: float) -> bytes:
    """Eight seconds of tones that swell and fade, as mu-law."""
    swells = [4_000 * (0.6 + 0.4 * math.sin(at / 3_000)) for at in range(HEARD_SAMPLES)]
    return ulaw([round(swell * sum(math.sin(at * f / STEP) for f in hz)) for at, swell in enumerate(swells)])


def whisper_column(audio: bytes, frame: int) -> list[float]:
    """A column of Whisper's features by their definition, in plain Python: at 16 kHz, one term of a sum after another.

    Log10 of the power in each band, not yet cut off below and scaled.
    """
    linear = np.frombuffer(audioop.ulaw2lin(audio, 2), np.int16) / 32_768
    spectrum = np.fft.rfft(linear)
    doubled = 2 * np.fft.irfft(spectrum, 2 * len(linear))  # what a perfect resampler gives
    doubled = (doubled - doubled.mean()) / math.sqrt(doubled.var() + 1e-7)
    begin = frame * 160 - 200
    sound = [float(doubled[begin + n]) * (0.5 - 0.5 * math.cos(math.tau * n / 400)) for n in range(400)]
    power = [
        abs(sum(value * cmath.exp(-1j * math.tau * k * n / 400) for n, value in enumerate(sound))) ** 2
        for k in range(201)
    ]
    corners = [hz_of(mel_of(8_000) * i / (BANDS + 1)) for i in range(BANDS + 2)]
    return [
        math.log10(max(1e-10, sum(power[k] * share(k * 40.0, *corners[band : band + 3]) for k in range(201))))
        for band in range(BANDS)
    ]


def mel_of(hz: float) -> float:
    return 3 * hz / 200 if hz < 1_000 else 15 + 27 * math.log(hz / 1_000) / math.log(6.4)


def hz_of(mel: float) -> float:
    return 200 * mel / 3 if mel < 15 else 1_000 * math.exp(math.log(6.4) * (mel - 15) / 27)


def share(hz: float, low: float, peak: float, high: float) -> float:
    return max(0.0, min((hz - low) / (peak - low), (high - hz) / (high - peak))) * 2 / (high - low)


@pytest.mark.parametrize("audio", [tone(440, 1_210, 2_530), ulaw(noise(8_000, 3_000))], ids=["tones", "noise"])
def test_features_are_those_of_whisper_by_their_definition(audio: bytes) -> None:
    found = log_mel(audio)
    assert found.shape == (BANDS, FRAMES)
    assert found.dtype == np.float32
    floor = 4 * float(found.min()) - 4
    for frame in (37, FRAME_AT_4_S, 761):
        wanted = [(max(value, floor) + 4) / 4 for value in whisper_column(audio, frame)]
        assert found[:LOWER_BANDS, frame] == pytest.approx(wanted[:LOWER_BANDS], abs=2e-2)


def test_nothing_lies_more_than_the_range_below_the_loudest_and_the_upper_half_holds_nothing() -> None:
    found = log_mel(tone(440))
    assert found.min() == pytest.approx(found.max() - RANGE_LOG10 / 4)
    assert np.all(found[64:] == found.min()), "bands above 4 kHz"


def test_a_tone_lies_in_its_band_whatever_its_loudness() -> None:
    audio = tone(440)
    faint = audioop.lin2ulaw(audioop.mul(audioop.ulaw2lin(audio, 2), 2, 0.25), 2)
    corners = [hz_of(mel_of(8_000) * i / (BANDS + 1)) for i in range(BANDS + 2)]
    band = int(log_mel(audio)[:, FRAME_AT_4_S].argmax())
    assert corners[band] < 440 < corners[band + 2]
    assert log_mel(faint)[band] == pytest.approx(log_mel(audio)[band], abs=0.02)


def test_short_sound_stands_at_the_end_after_silence() -> None:
    found = log_mel(tone(440)[: 2 * SAMPLE_RATE_HZ])
    assert np.all(found[:, : FRAMES - 202] == found.min())
    assert found[:, FRAMES - 100].max() > found.min() + 1


def test_of_long_sound_the_end_counts_and_silence_is_a_number_too() -> None:
    audio = tone(440)
    assert np.array_equal(log_mel(noise_before(audio)), log_mel(audio))
    assert np.isfinite(log_mel(b"\xff" * HEARD_SAMPLES)).all()
    assert np.isfinite(log_mel(b"\xff")).all()


def noise_before(audio: bytes) -> bytes:
    return ulaw(noise(1_000, 9_000)) + audio
