"""The record of a call: one line a decision, complete, and silent about what is private where asked."""

import io
from pathlib import Path
from typing import Any

import orjson
import pytest

from agent.trace import PRIVATE, Trace, check_of, open_trace, redacted
from fsm.effects import RunTool, StartReply
from fsm.events import CallStarted, ToolCall, ToolReturned, ToolsRequested, WordsHeard
from fsm.profile import Phrases, Profile
from fsm.state import CallState, Mode
from fsm.step import begin
from fsm.units import ms_to_ns

STARTED_AT = ms_to_ns(5_000)
STATE = begin(Profile(), Phrases(), STARTED_AT)


class Recorder:
    """A trace into memory."""

    def __init__(self, *, is_redacted: bool = False, private: frozenset[str] = frozenset()) -> None:
        self.out = io.StringIO()
        self.trace = Trace(self.out, STARTED_AT, is_redacted=is_redacted, private=private)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """As written, without their checks."""
        return [
            {key: value for key, value in orjson.loads(line).items() if key != "check"}
            for line in self.out.getvalue().splitlines()
        ]


def test_the_first_line_says_all_that_is_needed_to_decide_again() -> None:
    recorder = Recorder()
    recorder.trace.header(call_id="CA1", agent="appointments", wall_clock="2026-11-23T08:00:00+00:00", state=STATE)
    (line,) = recorder.lines
    assert (line["at_ns"], line["kind"], line["version"]) == (0, "call", 3)
    assert (line["began_at_ns"], line["words"]) == (STARTED_AT, "kept")
    assert Profile(**line["profile"]) == STATE.profile
    assert Phrases.from_table(line["phrases"]) == STATE.phrases


def test_what_led_to_a_decision_is_on_disk_with_it_and_not_before_it_was_acted_on(tmp_path: Path) -> None:
    trace, path = open_trace(tmp_path, "CA1", STARTED_AT)
    assert path is not None
    trace.stage(STARTED_AT + 1, "turn_ended", turn=1, reply=1)
    trace.stage(STARTED_AT + 2, "asked", turn=1, reply=1)
    assert path.read_text(encoding="utf-8") == ""
    trace.decision(STARTED_AT + 3, Mode.LISTENING, WordsHeard("yes", True), CallState(mode=Mode.THINKING), ())
    assert [orjson.loads(line)["at_ns"] for line in path.read_text(encoding="utf-8").splitlines()] == [1, 2, 3]
    trace.stage(STARTED_AT + 4, "heard", turn=1, reply=1)
    trace.close()
    assert len(path.read_text(encoding="utf-8").splitlines()) == 4


def test_a_decision_is_one_line_with_event_modes_and_orders() -> None:
    recorder = Recorder()
    call = ToolCall("c1", "book", '{"slot": 1}')
    after = CallState(mode=Mode.THINKING)
    recorder.trace.decision(
        STARTED_AT + 7, Mode.LISTENING, WordsHeard("yes", True), after, (StartReply(2, 1), RunTool(2, call))
    )
    assert recorder.lines == [
        {
            "at_ns": 7,
            "kind": "event",
            "mode": "LISTENING",
            "event": "WordsHeard",
            "data": {"text": "yes", "is_final": True, "speech_final": False, "until": 0, "is_faint": False},
            "to": "THINKING",
            "effects": [
                ["StartReply", {"reply": 2, "turn": 1, "is_drafted": False}],
                ["RunTool", {"reply": 2, "call": {"call_id": "c1", "name": "book", "arguments": '{"slot": 1}'}}],
            ],
        }
    ]


def test_what_a_tool_keeps_private_is_in_no_line_of_its_call() -> None:
    recorder = Recorder(private=frozenset({"card"}))
    calls = tuple(
        ToolCall(f"c{n}", "pay", text)
        for n, text in enumerate(['{"card": "4242", "euros": 5}', '{"to": [{"card": 4242}]}', '{"card": "4242'])
    )
    returned = ToolReturned(2, "c0", '{"paid":true,"card":"4242"}')
    effects = tuple(RunTool(2, call) for call in calls)
    recorder.trace.decision(STARTED_AT, Mode.THINKING, ToolsRequested(2, calls), CallState(), effects)
    recorder.trace.decision(STARTED_AT, Mode.THINKING, returned, CallState(), ())
    assert "4242" not in recorder.out.getvalue()
    requested, came_back = recorder.lines
    told = [call["arguments"] for call in requested["data"]["calls"]]
    assert told == ['{"card":"<4 chars>","euros":5}', '{"to":[{"card":"<4 chars>"}]}', "<14 chars>"]
    assert [effect[1]["call"]["arguments"] for effect in requested["effects"]] == told
    assert came_back["data"]["result"] == '{"paid":true,"card":"<4 chars>"}'


def test_stages_and_notes_are_lines_of_their_own() -> None:
    recorder = Recorder()
    recorder.trace.stage(STARTED_AT + 9, "sent", turn=1, reply=2)
    recorder.trace.note(STARTED_AT + 10, "fault", fault="it broke")
    assert recorder.lines == [
        {"at_ns": 9, "kind": "stage", "stage": "sent", "turn": 1, "reply": 2},
        {"at_ns": 10, "kind": "note", "note": "fault", "data": {"fault": "it broke"}},
    ]


def test_each_line_is_checked_together_with_the_one_before() -> None:
    recorder = Recorder()
    for fault in ("one", "other"):
        recorder.trace.note(STARTED_AT, "fault", fault=fault)
    one, other = (orjson.loads(line) for line in recorder.out.getvalue().splitlines())
    checks = one.pop("check"), other.pop("check")
    assert checks == (check_of(one, ""), check_of(other, checks[0]))
    assert checks[1] != check_of(other, ""), "the line before it is missed"
    assert checks[1] != check_of(other | {"at_ns": 1}, checks[0]), "what was changed in it is noticed"


def test_a_redacted_trace_has_lengths_where_others_have_words() -> None:
    recorder = Recorder(is_redacted=True)
    tools = ToolsRequested(2, (ToolCall("c1", "book", '{"name": "Ada Lovelace"}'),), "Booking it, Ada.")
    for event in (CallStarted("+15551234567", "+15557654321"), WordsHeard("I am Ada Lovelace"), tools):
        recorder.trace.decision(STARTED_AT, Mode.LISTENING, event, STATE, ())
    recorder.trace.note(STARTED_AT, "turn 1", text="I am Ada Lovelace")
    recorder.trace.note(STARTED_AT, "fault", fault="groq: closed")
    written = recorder.out.getvalue()
    assert "Ada" not in written
    assert "555" not in written
    assert "<17 chars>" in written
    assert "groq: closed" in written
    assert '"book"' in written


def test_redaction_reaches_into_lists_and_leaves_the_rest() -> None:
    plain = {"text": "hello", "heard": "", "reply": 2, "calls": ({"arguments": "{}", "name": "book"},)}
    assert redacted(plain) == {
        "text": "<5 chars>",
        "heard": "",
        "reply": 2,
        "calls": [{"arguments": "<2 chars>", "name": "book"}],
    }
    assert "text" in PRIVATE


def test_an_instant_before_the_call_began_counts_as_its_beginning() -> None:
    recorder = Recorder()
    recorder.trace.stage(STARTED_AT - 100, "caller_silent", turn=1, reply=1)
    assert recorder.lines[0]["at_ns"] == 0


def test_a_file_gets_what_is_worth_knowing_at_once(tmp_path: Path) -> None:
    trace, path = open_trace(tmp_path / "traces", "CA1", STARTED_AT)
    assert path == tmp_path / "traces" / "CA1.jsonl"
    trace.note(STARTED_AT, "fault", fault="x")
    assert path.read_text().endswith("}\n"), "a crash costs no line"
    trace.close()
    trace.note(STARTED_AT, "fault", fault="after the end")
    assert path.read_text().count("\n") == 1
    trace.close()


def test_where_no_file_can_be_made_nothing_is_written_and_nobody_suffers(tmp_path: Path) -> None:
    (tmp_path / "traces").write_text("in the way")
    trace, path = open_trace(tmp_path / "traces", "CA1", STARTED_AT)
    assert path is None
    trace.note(STARTED_AT, "fault", fault="x")
    trace.close()


def test_a_full_disk_costs_lines_and_not_the_call() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    trace = Trace(Full(), STARTED_AT)
    trace.note(STARTED_AT, "fault", fault="x")
    trace.note(STARTED_AT, "fault", fault="y")
    assert trace.errors == 2


def test_closing_on_a_full_disk_is_an_error_of_the_trace_and_happens_once() -> None:
    class Full(io.StringIO):
        def close(self) -> None:
            super().close()
            raise OSError(28, "No space left on device")

    disk = Full()
    trace = Trace(disk, STARTED_AT)
    trace.close()
    trace.close()
    trace.note(STARTED_AT, "too late")
    assert disk.closed
    assert trace.errors == 1


@pytest.mark.parametrize("text", ['"quoted"', "line\nbreak", "ünïcödé ☎", "\x00"])
def test_whatever_is_said_stays_one_line(text: str) -> None:
    recorder = Recorder()
    recorder.trace.decision(STARTED_AT, Mode.LISTENING, WordsHeard(text), STATE, ())
    (line,) = recorder.lines
    assert line["data"]["text"] == text
