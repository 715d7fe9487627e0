"""Music for who waits: quiet, soft at its edges, and read from recordings of any usual kind."""

import audioop
import wave
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.hold_music import EDGE_SAMPLES, NOTE_SAMPLES, NOTES_HZ, Music, music_of, tone
from fsm.units import SAMPLE_RATE_HZ, ULAW_SILENCE
from simulator.speech import speak

LOUDEST = 32_767


def linear(audio: bytes) -> bytes:
    return audioop.ulaw2lin(audio, 2)


def write(path: Path, *, width: int = 2, channels: int = 1, rate: int = 8_000, seconds: float = 1.0) -> str:
    """A WAV of a loud tone of 400 Hz."""
    from math import pi, sin  # noqa: PLC0415 - here alone

    top = (1 << (8 * width - 1)) - 1
    sound = bytearray()
    for at in range(int(rate * seconds)):
        value = round(0.5 * top * sin(2 * pi * 400 * at / rate))
        frame = bytes([value + 128]) if width == 1 else value.to_bytes(width, "little", signed=True)
        sound += frame * channels
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(bytes(sound))
    return str(path)


def test_the_tone_is_well_below_a_voice_and_never_silent_for_long() -> None:
    audio = tone()
    assert len(audio) == NOTE_SAMPLES * len(NOTES_HZ)
    assert audioop.max(linear(audio), 2) < LOUDEST // 10
    assert audioop.rms(linear(audio), 2) < audioop.rms(
        linear(speak("Willow Street Practice, how can I help?").audio), 2
    )
    half_seconds = [audio[at : at + SAMPLE_RATE_HZ // 2] for at in range(0, len(audio), SAMPLE_RATE_HZ // 2)]
    assert min(audioop.rms(linear(part), 2) for part in half_seconds) > 0


def test_nothing_is_nothing() -> None:
    assert music_of("none") == b""
    assert Music(b"").stretch(800) == b""


@given(lengths=st.lists(st.integers(1, 40_000), max_size=8), size=st.integers(1, 20_000))
def test_stretches_have_their_length_and_go_on_where_the_one_before_ended(lengths: list[int], size: int) -> None:
    audio = bytes(at % 251 for at in range(size))
    music, at = Music(audio), 0
    for length in lengths:
        stretch = music.stretch(length)
        assert len(stretch) == length
        edge = min(EDGE_SAMPLES, length // 2)
        expected = bytes(audio[(at + index) % size] for index in range(edge, length - edge))
        assert stretch[edge : length - edge] == expected
        at = (at + length) % size


def test_a_stretch_begins_and_ends_softly() -> None:
    loud = bytes([0x80, 0x00]) * 8_000
    stretch = Music(loud).stretch(8_000)
    first, last, middle = (linear(part) for part in (stretch[:80], stretch[-80:], stretch[3_000:3_080]))
    assert audioop.rms(first, 2) < audioop.rms(middle, 2) // 8
    assert audioop.rms(last, 2) < audioop.rms(middle, 2) // 8


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize(("channels", "rate"), [(1, 8_000), (2, 44_100), (1, 16_000)])
def test_a_wav_of_any_usual_kind_is_played_as_it_is(tmp_path: Path, width: int, channels: int, rate: int) -> None:
    audio = music_of(write(tmp_path / "music.wav", width=width, channels=channels, rate=rate))
    assert abs(len(audio) - SAMPLE_RATE_HZ) <= 2
    assert 10_000 < audioop.rms(linear(audio), 2) < 13_000, "half of full scale, as a sine"
    crossings = audioop.cross(linear(audio), 2)
    assert abs(crossings - 800) <= 4, "400 Hz"


def test_raw_mu_law_is_played_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "music.ulaw"
    path.write_bytes(tone())
    assert music_of(str(path)) == tone()


def test_what_is_no_music_is_told_with_what_is_expected(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    (tmp_path / "silent.ulaw").write_bytes(bytes([ULAW_SILENCE]) * 800)
    (tmp_path / "empty.ulaw").write_bytes(b"")
    (tmp_path / "long.ulaw").write_bytes(b"\x07" * (601 * SAMPLE_RATE_HZ))
    write(tmp_path / "many.wav", channels=3)
    for name, told in {
        "none.wav": "none.wav cannot be read: No such file",
        "text.wav": "expected a WAV file of 8 to 32 bits, or raw mu-law at 8 kHz named .ulaw",
        "silent.ulaw": "expected sound, got silence",
        "empty.ulaw": "expected sound, got silence",
        "long.ulaw": "expected at most 600 s, got 601 s",
        "many.wav": "expected one or two channels, got 3",
    }.items():
        with pytest.raises(ValueError, match=told):
            music_of(str(tmp_path / name))
