"""From an engine's sound to telephone audio whose letters have places."""

import audioop
import math
import stat
from array import array
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.providers.local_protocol import Style
from agent.providers.local_speaking import (
    LEAD_IN_SAMPLES,
    PIECE_SAMPLES,
    Sound,
    audible,
    breaths,
    espeak_engine,
    flite_engine,
    low_pass,
    pieces,
    read_wav,
    sentences,
    starts,
    telephone,
)
from fsm.units import ms_to_samples


def tone(hz: int, rate_hz: int, duration_s: float = 0.5, level: int = 8_000) -> bytes:
    count = int(duration_s * rate_hz)
    return array("h", (int(level * math.sin(2 * math.pi * hz * n / rate_hz)) for n in range(count))).tobytes()


def rms(pcm: bytes) -> int:
    middle = len(pcm) // 4 & ~1
    return audioop.rms(pcm[middle:-middle], 2)


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 26_019, 44_100])
def test_speech_passes_and_what_would_fold_back_does_not(rate_hz: int) -> None:
    for hz in (300, 1_000, 2_500):
        assert rms(telephone(Sound(tone(hz, rate_hz), rate_hz))) == pytest.approx(5_657, rel=0.06)
    for hz in (4_700, 5_500, 7_500):
        assert rms(telephone(Sound(tone(hz, rate_hz), rate_hz))) < 60


def test_the_loudest_sound_is_not_bent() -> None:
    loud = tone(440, 22_050, level=32_767)
    filtered = low_pass(loud, 22_050)
    assert len(filtered) == len(loud)
    assert audioop.max(filtered, 2) == pytest.approx(32_767, rel=0.01)


def test_telephone_audio_lasts_as_long_as_the_sound() -> None:
    assert len(telephone(Sound(tone(440, 22_050, 1.0), 22_050))) == pytest.approx(16_000, abs=4)
    assert telephone(Sound(tone(440, 8_000), 8_000)) == tone(440, 8_000)
    assert telephone(Sound(b"", 22_050)) == b""


def test_speech_is_found_between_its_silences() -> None:
    pcm = bytes(2 * 800) + tone(440, 8_000, 0.2) + bytes(2 * 1_600)
    assert audible(pcm) == (800, 2_400)
    assert audible(bytes(320)) == (0, 160)
    assert audible(b"") == (0, 0)


def test_letters_share_the_speech_and_digits_take_longer() -> None:
    places = starts("ab 1c", 1_000, 2_000)
    assert places[0] == 1_000
    assert places == tuple(sorted(places))
    assert places[4] - places[3] > 3 * (places[1] - places[0])


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three?", ["One. ", "Two! ", "Three?"]),
        ("It is 3.5 dollars, Dr Lee", ["It is 3.5 dollars, Dr Lee"]),
        ("Well... yes.", ["Well... ", "yes."]),
        ("", []),
    ],
)
def test_sentences_are_spoken_one_by_one(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts


def test_a_long_first_sentence_is_begun_before_its_end_is_made() -> None:
    long = "I have Tuesday November 24 at 10 AM, 10:30 AM, or 11 AM. Which one?"
    assert breaths(long) == ["I have Tuesday November 24 at 10 AM, ", "10:30 AM, or 11 AM. ", "Which one?"]
    assert breaths("Well, sure.") == ["Well, sure."]
    assert breaths("x" * 100) == ["x" * 100]
    assert breaths("") == []


def engine(text: str, _style: Style) -> Sound:
    """70 ms a letter, 100 ms of silence before and after."""
    return Sound(bytes(2 * 2_205) + tone(440, 22_050, 0.07 * len(text)) + bytes(2 * 2_205), 22_050)


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="ab .!,1é", min_size=1, max_size=40), st.sampled_from(["", " "]), st.booleans())
def test_pieces_carry_every_letter_once_and_inside_their_audio(text: str, lead: str, is_first: bool) -> None:
    made = list(pieces(engine, text, Style(), lead, is_first=is_first))
    assert "".join(alignment.chars for _, alignment in made) == lead + text
    for audio, alignment in made:
        assert 0 < len(audio) <= PIECE_SAMPLES
        assert len(alignment.starts_samples) == len(alignment.chars)
        assert all(0 <= start < len(audio) for start in alignment.starts_samples)
        assert list(alignment.starts_samples) == sorted(alignment.starts_samples)


def test_the_first_clause_begins_without_the_engine_s_silence_and_later_ones_keep_it() -> None:
    first = b"".join(audio for audio, _ in pieces(engine, "hello", Style(), "", is_first=True))
    later = b"".join(audio for audio, _ in pieces(engine, "hello", Style(), " ", is_first=False))
    assert audible(audioop.ulaw2lin(first, 2))[0] == pytest.approx(LEAD_IN_SAMPLES, abs=80)
    assert len(later) - len(first) == pytest.approx(ms_to_samples(100) - LEAD_IN_SAMPLES, abs=80)


def wav(pcm: bytes, rate_hz: int, *, data_bytes: int) -> bytes:
    header = b"RIFF\x24\xf0\xff\x7fWAVEfmt " + (16).to_bytes(4, "little") + (1).to_bytes(2, "little") * 2
    header += rate_hz.to_bytes(4, "little") + (2 * rate_hz).to_bytes(4, "little") + b"\x02\x00\x10\x00"
    return header + b"data" + data_bytes.to_bytes(4, "little") + pcm


def test_a_wav_from_a_pipe_is_read_although_it_lies_about_its_length() -> None:
    assert read_wav(wav(b"\1\0\2\0\3", 16_000, data_bytes=0x7FFFF000)) == Sound(b"\1\0\2\0", 16_000)
    with pytest.raises(OSError, match="expected a WAV"):
        read_wav(b"Segmentation fault")


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize(("name", "make"), [("espeak-ng", espeak_engine), ("flite", flite_engine)])
def test_a_program_speaks_what_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, make: type[object]
) -> None:
    (tmp_path / "sound.wav").write_bytes(wav(b"\1\0", 16_000, data_bytes=2))
    program(tmp_path, name, f'/bin/cat > {tmp_path}/text; echo "$@" > {tmp_path}/args; /bin/cat {tmp_path}/sound.wav')
    monkeypatch.setenv("PATH", str(tmp_path))
    speak = make()
    assert callable(speak)
    assert speak("-v is no option", Style(118, 100)) == Sound(b"\1\0", 16_000)
    told = (tmp_path / "text").read_text() or (tmp_path / "args").read_text()
    assert told.strip().endswith("-v is no option")
    higher = (tmp_path / "args").read_text()
    speak("again", Style())
    assert higher != (tmp_path / "args").read_text(), "another pitch is another voice"


def test_a_program_that_fails_or_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="flite is not installed"):
        flite_engine()
    program(tmp_path, "flite", "exit 4")
    with pytest.raises(OSError, match="ended with 4"):
        flite_engine()("hello", Style())
