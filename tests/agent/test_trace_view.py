"""Traces as people read them, and what they are told about files that are none."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.trace import Trace, open_trace
from agent.trace_command import trace as trace_command
from agent.trace_view import TraceError, read_trace, readable
from fsm.effects import CancelReply, Recite, RunTool, StartReply
from fsm.events import PlayoutHeld, Tick, ToolCall, ToolsRequested, WordsHeard
from fsm.profile import Phrases, Profile
from fsm.state import CallState, Mode
from fsm.step import begin
from fsm.units import ms_to_ns


def at(ms: int) -> int:
    return ms_to_ns(10_000 + ms)


@pytest.fixture(name="path")
def written(tmp_path: Path) -> Path:
    trace, path = open_trace(tmp_path, "CA1", at(0))
    assert path is not None
    tell(trace)
    trace.close()
    return path


def tell(trace: Trace) -> None:
    trace.header(call_id="CA1", agent="appointments", wall_clock="2026-11-23", state=begin(Profile(), Phrases(), at(0)))
    listening, thinking = CallState(mode=Mode.LISTENING), CallState(mode=Mode.THINKING)
    trace.decision(at(100), Mode.CONNECTING, Tick(), thinking, (Recite(1, 0, "Hello."),))
    trace.decision(at(900), Mode.LISTENING, WordsHeard("book it", is_final=True), listening, ())
    trace.stage(at(1_000), "caller_silent", turn=1, reply=1)
    trace.stage(at(1_400), "turn_ended", turn=1, reply=2)
    trace.decision(at(1_400), Mode.LISTENING, Tick(), thinking, (StartReply(2, 1),))
    call = ToolCall("c1", "book", '{"slot": 1}')
    trace.decision(at(1_500), Mode.THINKING, ToolsRequested(2, (call,)), thinking, (RunTool(2, call),))
    trace.stage(at(1_600), "sent", turn=1, reply=2)
    trace.stage(at(1_675), "heard", turn=1, reply=2)
    trace.decision(at(2_000), Mode.BARGE_IN, PlayoutHeld(2, "You are"), listening, (CancelReply(2),))
    trace.note(at(2_100), "fault", fault="groq: closed", retries=0, irregular={})


def test_each_decision_is_one_line_in_fixed_columns(path: Path) -> None:
    lines = list(readable(read_trace(path)))
    assert lines[0] == "call CA1  agent appointments  2026-11-23"
    assert lines[1].split() == ["100", "ms", "CONNECTING", "Tick", "->", "THINKING", "Recite", '"Hello."']
    assert lines[2].split() == ["900", "ms", "LISTENING", "WordsHeard", '"book', 'it"']
    assert lines[3].split() == ["1000", "ms", ".", "caller_silent", "(turn", "1,", "reply", "1)"]
    assert 'RunTool book({"slot": 1})' in lines[6]
    assert lines[9].split()[2:] == ["BARGE_IN", "PlayoutHeld", '"You', 'are"', "->", "LISTENING", "CancelReply"]
    assert lines[10].split() == ["2100", "ms", "*", "fault", '"groq:', 'closed"'], "what is nothing is left out"
    columns = {line.index(" ms  ") for line in lines[1:11]}
    assert len(columns) == 1


def test_the_ledger_is_a_table_at_the_end(path: Path) -> None:
    *_, blank, head, row = readable(read_trace(path))
    assert blank == ""
    assert head.split() == "turn voice to voice of which (ms)".split()
    assert row.split() == "1 675 ms endpointing 400 own 200 phone 75".split()


def test_a_call_in_which_nobody_was_answered_has_no_table(path: Path) -> None:
    lines = [line for line in read_trace(path) if line["kind"] != "stage"]
    assert "" not in list(readable(lines))


def test_a_last_line_cut_off_by_a_crash_is_left_out(path: Path) -> None:
    whole = path.read_text()
    path.write_text(whole + '{"at_ns": 12, "ki')
    assert len(read_trace(path)) == whole.count("\n")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "the file is empty or cut"),
        ("hello\nworld\n", ":1: expected one JSON object a line"),
        ('{"at_ns": 0, "kind": "call", "version": 3}\nhello\n{}\n', ":2: expected one JSON object a line"),
        ("[1]\n", 'expected "kind" and "at_ns"'),
        ('{"kind": "call"}\n', 'expected "kind" and "at_ns"'),
        ('{"at_ns": 0, "kind": "note", "note": "x", "data": {}}\n', "expected the line of a call first"),
        ('{"at_ns": 0, "kind": "call", "version": 99}\n', "expected a trace of version 3, got 99"),
        ("\x00\xff\n", "expected one JSON object a line"),
    ],
)
def test_a_file_that_is_no_trace_is_told_where_and_why(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(content)
    with pytest.raises(TraceError) as told:
        read_trace(path)
    assert complaint in str(told.value)
    assert str(path) in str(told.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"gone\.jsonl: expected a trace file, could not read it"):
        read_trace(tmp_path / "gone.jsonl")


def test_the_command_prints_the_lines_or_the_ledger(path: Path) -> None:
    told = CliRunner().invoke(trace_command, [str(path)])
    assert told.exit_code == 0
    assert told.output.splitlines() == list(readable(read_trace(path)))
    told = CliRunner().invoke(trace_command, [str(path), "--json"])
    assert '"voice_to_voice_ms":675' in told.output


def test_the_command_complains_in_one_line(tmp_path: Path) -> None:
    told = CliRunner().invoke(trace_command, [str(tmp_path / "gone.jsonl")])
    assert told.exit_code == 1
    assert told.output.startswith("Error: ")
    assert "Traceback" not in told.output
