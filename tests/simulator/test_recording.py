import audioop
import wave
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm.units import NS_PER_MS, NS_PER_S
from simulator import recording
from simulator.recording import StereoRecorder

FRAME_NS = 20 * NS_PER_MS


def read(path: Path) -> tuple[bytes, bytes]:
    """Left and right of a recording, as mu-law."""
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 8_000)
        stereo = file.readframes(file.getnframes())
    sides = (audioop.tomono(stereo, 2, 1, 0), audioop.tomono(stereo, 2, 0, 1))
    left, right = (audioop.lin2ulaw(side, 2) for side in sides)
    return left, right


def test_the_caller_is_left_and_the_agent_right(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    with StereoRecorder(path) as record:
        record(b"\x10" * 160, b"\x90" * 160, 0)
        record(b"\xff" * 160, b"\x20" * 160, FRAME_NS)
    assert read(path) == (b"\x10" * 160 + b"\xff" * 160, b"\x90" * 160 + b"\x20" * 160)
    assert record.written_samples == 320


@given(st.lists(st.tuples(st.binary(min_size=160, max_size=160), st.binary(min_size=160, max_size=160)), max_size=6))
def test_every_frame_comes_back(tmp_path_factory: pytest.TempPathFactory, frames: list[tuple[bytes, bytes]]) -> None:
    path = tmp_path_factory.mktemp("recording") / "call.wav"
    with StereoRecorder(path) as record:
        for index, (caller, agent) in enumerate(frames):
            record(caller, agent, index * FRAME_NS)
    for side, told in zip(read(path), zip(*frames, strict=True), strict=False):
        assert audioop.ulaw2lin(side, 2) == audioop.ulaw2lin(b"".join(told), 2)


def test_a_gap_between_two_streams_is_silence(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    with StereoRecorder(path) as record:
        record(b"\x10" * 160, b"\x10" * 160, 5 * NS_PER_S)
        record(b"\x20" * 160, b"\x20" * 160, 8 * NS_PER_S)
    left, _ = read(path)
    assert left == b"\x10" * 160 + b"\xff" * (3 * 8_000 - 160) + b"\x20" * 160


def test_an_instant_far_away_does_not_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "GAP_LIMIT_SAMPLES", 20_000)
    with StereoRecorder(tmp_path / "call.wav") as record:
        record(b"\x10" * 160, b"\x10" * 160, 0)
        record(b"\x10" * 160, b"\x10" * 160, 10**18)
        record(b"\x10" * 160, b"\x10" * 160, 0)
    assert record.written_samples == 3 * 160 + 20_000


def test_more_than_the_limit_is_dropped_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "LIMIT_SAMPLES", 400)
    path = tmp_path / "call.wav"
    with StereoRecorder(path) as record:
        for index in range(3):
            record(b"\x10" * 160, b"\x10" * 160, index * FRAME_NS)
    assert (record.written_samples, record.dropped_samples) == (320, 160)
    assert len(read(path)[0]) == 320


def test_closing_twice_is_harmless_and_late_frames_are_counted(tmp_path: Path) -> None:
    record = StereoRecorder(tmp_path / "call.wav")
    record.close()
    record.close()
    record(b"\x10" * 160, b"\x10" * 160, 0)
    assert record.dropped_samples == 160
    assert read(record.path) == (b"", b"")


def test_both_sides_last_equally_long(tmp_path: Path) -> None:
    with StereoRecorder(tmp_path / "call.wav") as record, pytest.raises(AssertionError, match="160 and 80"):
        record(b"\x10" * 160, b"\x10" * 80, 0)


def test_a_place_that_does_not_exist_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        StereoRecorder(tmp_path / "nowhere" / "call.wav")
