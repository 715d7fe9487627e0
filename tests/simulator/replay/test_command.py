"""The command: no difference is exit 0, one is 1 and shown, what cannot be replayed is 2 with a reason."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from agent.cli import offhook
from agent.wire_log import wires_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(offhook, ["replay", *map(str, arguments)])


@pytest.fixture
def copy(demo_trace: Path, tmp_path: Path) -> Path:
    """The trace of the demonstration alone, without its wires."""
    path = tmp_path / demo_trace.name
    path.write_bytes(demo_trace.read_bytes())
    return path


def edit(path: Path, event: str, **changes: Any) -> int:  # noqa: ANN401 - values of JSON
    """Change the third decision about `event`; the number of its line."""
    lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    number = [number for number, line in enumerate(lines) if line.get("event") == event][2]
    lines[number].update(changes)
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return number + 1


def test_a_recorded_call_is_replayed_at_both_levels(demo_trace: Path) -> None:
    answer = run(demo_trace)
    assert answer.exit_code == 0, answer.output
    assert "core: " in answer.output
    assert "shell: " in answer.output
    assert answer.output.count("no difference") == 2


def test_as_json(demo_trace: Path) -> None:
    told = json.loads(run(demo_trace, "--json").output)
    assert told["is_same"]
    assert told["core"]["decisions"] == told["shell"]["decisions"] > 50
    assert (told["differences"], told["notes"]) == ([], [])


def test_without_wires_the_core_alone_is_replayed_and_that_is_said(copy: Path) -> None:
    answer = run(copy)
    assert answer.exit_code == 0
    assert "note: the wires of this call were not kept" in answer.output
    assert "OFFHOOK_TRACE_WIRES=kept" in answer.output
    answer = run(copy, "--level", "shell")
    assert answer.exit_code == 2
    assert "is not there: the wires of this call were not kept" in answer.output
    assert "note" not in run(copy, "--level", "core").output


def test_an_edited_event_is_found_and_shown(copy: Path) -> None:
    number = edit(copy, "WordsHeard", at_ns=9_000_000_000)
    answer = run(copy)
    assert answer.exit_code == 1
    assert f"trace:{number}: " in answer.output
    assert "it was changed since it was recorded" in answer.output
    told = json.loads(run(copy, "--json").output)
    assert not told["is_same"]
    assert told["differences"][0]["line"] == number


def test_a_decision_that_was_edited_stands_beside_what_is_decided(demo_trace: Path, copy: Path) -> None:
    wires_path(copy).write_bytes(wires_path(demo_trace).read_bytes())
    edit(copy, "SpeechStarted", effects=[["FinalizeTranscript", {}]])
    answer = run(copy)
    assert answer.exit_code == 1
    assert "SpeechStarted was decided otherwise" in answer.output
    assert "FinalizeTranscript()" in answer.output
    assert "(shell)" in answer.output, "the shell finds it as well"


def test_a_trace_that_was_cut_off_is_replayed_as_far_as_it_goes_and_refused(copy: Path) -> None:
    whole = copy.read_bytes()
    lines = whole.count(b"\n")
    copy.write_bytes(whole[:-40])
    answer = run(copy)
    assert answer.exit_code == 2
    assert "decisions replayed, no difference" in answer.output
    assert f"{copy}: cut off in line {lines}: expected a whole trace" in answer.output


def test_a_trace_without_its_last_line_is_not_whole(copy: Path) -> None:
    *lines, _ = copy.read_bytes().splitlines(keepends=True)
    copy.write_bytes(b"".join(lines))
    answer = run(copy)
    assert answer.exit_code == 2
    assert f"cut off after line {len(lines)}" in answer.output


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "the file is empty"),
        ("nothing of the kind\n", "expected one JSON object a line"),
        ('{"at_ns": 0, "kind": "call", "version": 2}\n', "expected a trace of version 3, got 2"),
        ('{"at_ns": 0, "kind": "call", "version": 3, "words": "hidden"}\n', "this trace hides what was said"),
        ('{"at_ns": 0, "kind": "call", "version": 3}\n', "expected a whole number as began_at_ns"),
    ],
)
def test_what_cannot_be_replayed_is_told(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(content)
    answer = run(path)
    assert answer.exit_code == 2
    assert str(path) in answer.output
    assert complaint in answer.output


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    answer = run(tmp_path / "gone.jsonl")
    assert answer.exit_code == 2
    assert "gone.jsonl: expected a trace file, could not read it" in answer.output


def test_the_wires_of_another_call_are_refused(demo_trace: Path, copy: Path) -> None:
    head, *rest = wires_path(demo_trace).read_text().splitlines(keepends=True)
    wires_path(copy).write_text(head.replace(demo_trace.stem, "CA-other") + "".join(rest))
    answer = run(copy)
    assert answer.exit_code == 2
    assert f"expected the wires of call {demo_trace.stem}, got those of CA-other" in answer.output


def test_another_tuning_is_a_diff_and_what_it_means(copy: Path) -> None:
    answer = run(copy, "--profile", "wait_ms=900", "--profile", "unfinished_wait_ms=1400")
    assert answer.exit_code == 0, answer.output
    assert "with wait_ms: 400 -> 900, unfinished_wait_ms: 1200 -> 1400" in answer.output
    assert "first divergence, line " in answer.output
    assert "turn 1 would have ended " in answer.output
    assert "no longer what the caller would have done" in answer.output
    assert "5 turns would have ended at another moment: median +" in answer.output
    told = json.loads(run(copy, "--profile", "wait_ms=900", "--json").output)
    assert [finding["turn"] for finding in told["findings"]] == [1, 2, 3, 4, 5]


def test_no_tuning_is_compared_with_a_trace_that_was_changed(copy: Path) -> None:
    edit(copy, "WordsHeard", at_ns=9_000_000_000)
    answer = run(copy, "--profile", "wait_ms=900")
    assert answer.exit_code == 2
    assert "run it without --profile first" in answer.output


def test_a_profile_compares_decisions_not_wires(copy: Path) -> None:
    answer = run(copy, "--profile", "wait_ms=900", "--level", "shell")
    assert answer.exit_code == 2
    assert "leave out --level shell" in answer.output
