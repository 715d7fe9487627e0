import array
import audioop
import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from agent.audio_file import AudioError, active_rms, mix, read_audio

SECOND = 8_000
Samples = np.ndarray[tuple[int], np.dtype[np.float64]]


def tone(
    hz: float, rate: int, seconds: float = 0.5, level: float = 0.5
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return level * np.sin(math.tau * hz * np.arange(round(rate * seconds)) / rate)


def pitch_hz(sound: bytes) -> float:
    return audioop.cross(sound, 2) / 2 / (len(sound) / 2 / SECOND)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("depth", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"])
def test_any_rate_and_depth_sounds_the_same(tmp_path: Path, rate: int, depth: str) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, tone(440, rate), rate, subtype=depth)
    sound = read_audio(path)
    assert len(sound) / 2 == pytest.approx(SECOND / 2, abs=2)
    assert pitch_hz(sound) == pytest.approx(440, abs=5)
    assert audioop.rms(sound, 2) == pytest.approx(0.5 * 32_767 / math.sqrt(2), rel=0.03)


def test_what_the_telephone_cannot_carry_does_not_come_back_as_something_else(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "high.wav", tone(7_000, 48_000), 48_000)
    assert audioop.rms(read_audio(tmp_path / "high.wav"), 2) < 100, "7 kHz must not fold to 1 kHz"


def test_each_channel_can_be_heard(tmp_path: Path) -> None:
    path = tmp_path / "two.wav"
    soundfile.write(path, np.stack([tone(300, 16_000), tone(900, 16_000)], axis=1), 16_000)
    assert [round(pitch_hz(read_audio(path, channel=channel)), -2) for channel in (0, 1)] == [300, 900]
    with pytest.raises(AudioError, match="got 2; it has channels 0 to 1"):
        read_audio(path, channel=2)


def test_raw_mu_law_is_known_by_its_name_or_by_the_option(tmp_path: Path) -> None:
    ulaw = audioop.lin2ulaw(array.array("h", [1_000] * 400).tobytes(), 2)
    for name, is_raw in (("call.ulaw", False), ("call.bin", True)):
        (tmp_path / name).write_bytes(ulaw)
        assert read_audio(tmp_path / name, is_raw=is_raw) == audioop.ulaw2lin(ulaw, 2)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"once upon a time", bytes(5_000), b"RIFF\x24\0\0\0WAVEfmt "])
def test_what_is_no_sound_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd.wav").write_bytes(content)
    with pytest.raises(AudioError, match=r"odd\.wav: expected"):
        read_audio(tmp_path / "odd.wav")


def test_a_recording_without_a_sample_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "none.wav", np.zeros(0), 8_000)
    with pytest.raises(AudioError, match="without a single sample"):
        read_audio(tmp_path / "none.wav")


def test_a_folder_a_missing_file_and_a_header_that_calls_itself_raw_are_told(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="got a folder"):
        read_audio(tmp_path)
    with pytest.raises(AudioError, match="No such file"):
        read_audio(tmp_path / "gone.wav")
    soundfile.write(tmp_path / "real.wav", tone(440, 8_000), 8_000)
    with pytest.raises(AudioError, match="leave out --raw"):
        read_audio(tmp_path / "real.wav", is_raw=True)


@pytest.mark.parametrize("snr_db", [20, 5, -5])
def test_noise_is_as_far_below_the_speech_as_was_asked(snr_db: float) -> None:
    speech = array.array("h", [6_000, -6_000] * 2_000).tobytes() + bytes(32_000)
    noise = array.array("h", [500, 500, -500, -500] * 100).tobytes()
    assert active_rms(speech) == pytest.approx(6_000, rel=0.01), "the pause does not count"
    added = mix(speech, noise, snr_db)[-16_000:]
    assert 20 * math.log10(6_000 / audioop.rms(added, 2)) == pytest.approx(snr_db, abs=0.2)
