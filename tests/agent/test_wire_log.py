"""The wires of a call on disk: in order, whole, bounded, and never at the call's expense."""

import io
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import wire_log
from agent.wire_log import WireLog, bytes_told, shown_bytes, told_bytes, wires_path

BEGAN_AT = 5_000


def lines(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.binary())
def test_a_message_comes_back_as_it_was(message: str | bytes) -> None:
    line = orjson.loads(orjson.dumps(told_bytes(message)))
    assert bytes_told(line) == message


@given(one=st.binary(), other=st.binary())
def test_bytes_that_were_sent_are_told_apart(one: bytes, other: bytes) -> None:
    assert (shown_bytes(one) == shown_bytes(other)) == (one == other)
    assert shown_bytes("hello") == {"text": "hello"}


def test_the_log_lies_beside_the_trace() -> None:
    assert wires_path(Path("data/traces/CA1.jsonl")) == Path("data/traces/CA1.wires.jsonl")


def test_what_happened_before_the_call_comes_first_in_the_order_of_time(tmp_path: Path) -> None:
    log, path = WireLog(), tmp_path / "traces" / "CA1.wires.jsonl"
    log.write({"at_ns": 4_000, "in": "warm"})
    log.write({"at_ns": 3_000, "in": "stream_opened", "stream": 1})
    log.begin(path, {"call_id": "CA1"}, BEGAN_AT)
    log.write({"at_ns": 5_010, "in": "timer", "due_ns": 5_005})
    log.close()
    assert lines(path) == [
        {"kind": "wires", "version": 2, "began_at_ns": BEGAN_AT, "lost_lines": 0, "call_id": "CA1"},
        {"at_ns": -2_000, "in": "stream_opened", "stream": 1},
        {"at_ns": -1_000, "in": "warm"},
        {"at_ns": 10, "in": "timer", "due_ns": 5},
    ]


def test_nothing_comes_after_the_end(tmp_path: Path) -> None:
    log, path = WireLog(), tmp_path / "x.wires.jsonl"
    log.begin(path, {}, BEGAN_AT)
    log.close()
    log.close()
    log.write({"at_ns": 6_000, "in": "warm"})
    assert log.is_over
    assert len(lines(path)) == 1


def test_what_waits_for_a_call_is_bounded_and_the_log_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_log, "EARLY_LIMIT_LINES", 2)
    log = WireLog()
    for _ in range(5):
        log.write({"at_ns": 1, "in": "warm"})
    log.begin(tmp_path / "x.wires.jsonl", {}, BEGAN_AT)
    log.close()
    assert lines(tmp_path / "x.wires.jsonl")[0]["lost_lines"] == log.dropped == 3


def test_a_log_that_grows_too_long_ends_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_log, "LIMIT_BYTES", 300)
    log, path = WireLog(), tmp_path / "x.wires.jsonl"
    log.begin(path, {}, BEGAN_AT)
    for at in range(100):
        log.write({"at_ns": BEGAN_AT + at, "in": "warm"})
    assert log.is_over
    written = lines(path)
    assert len(written) < 20
    assert written[-1]["kind"] == "limit"


def test_where_no_file_can_be_made_nothing_is_written_and_nobody_suffers(tmp_path: Path) -> None:
    (tmp_path / "traces").write_text("in the way")
    log = WireLog()
    log.begin(tmp_path / "traces" / "x.wires.jsonl", {}, BEGAN_AT)
    log.write({"at_ns": 6_000, "in": "warm"})
    assert log.is_over
    log.close()


def test_a_full_disk_costs_the_log_and_not_the_call(tmp_path: Path) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, f"No space left on device for {len(text)} characters")

        def close(self) -> None:
            super().close()
            raise OSError(28, "No space left on device")

    log = WireLog()
    log.begin(tmp_path / "x.wires.jsonl", {}, BEGAN_AT)
    assert log._out is not None
    log._out.close()
    log._out = Full()
    log.write({"at_ns": 6_000, "in": "warm"})
    log.close()
    assert log.dropped == 2
