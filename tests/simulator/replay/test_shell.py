"""A recorded call through the whole shell again: exact, and a changed message, tool, timer or line of code is found."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

import agent.twilio
from agent.playout import Playout
from agent.trace_view import TraceError
from agent.wire_log import wires_path
from fsm.events import ToolReturned
from simulator.brain.answers import BrainAnswer
from simulator.rehearsal import Cast, Rehearsal, rehearse, trace_of
from simulator.replay.difference import told
from simulator.replay.recorded import read_recorded
from simulator.replay.shell import ShellReplay, replay_shell
from simulator.replay.wires import read_wires
from simulator.scenario.answers import Scripted, ScriptedAnswers
from simulator.script import AfterAgentFinished, HangUp, IfLate, IntoAgentSpeech, Say
from tools.context import ToolContext
from tools.declare import tool_of_schema
from tools.tool import Arguments, Terms

KEPT = {"OFFHOOK_TRACE_WIRES": "kept"}
SCRIPT = (
    Say("What times do you have on Tuesday?", AfterAgentFinished()),
    Say("Wait, where are you?", IntoAgentSpeech(900)),
    HangUp(AfterAgentFinished(silence_ms=600, if_late=IfLate.HANG_UP)),
)


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trace of a short call with a tool and an interruption, its wires beside it."""
    data = tmp_path_factory.mktemp("short")
    rehearsal, call = rehearse(data, SCRIPT, Cast(settings=KEPT))
    assert rehearsal.close() == []
    return trace_of(data, call)


def replayed(trace: Path) -> ShellReplay:
    return replay_shell(read_recorded(trace), read_wires(wires_path(trace)))


def edited(
    trace: Path, to: Path, which: Callable[[dict[str, Any]], bool], edit: Callable[[dict[str, Any]], None]
) -> Path:
    """A copy of a recorded call in folder `to`, the first of its wires' lines that is `which` changed by `edit`."""
    copy = to / trace.name
    copy.write_bytes(trace.read_bytes())
    lines = [orjson.loads(line) for line in wires_path(trace).read_bytes().splitlines()]
    edit(next(line for line in lines[1:] if which(line)))
    wires_path(copy).write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return copy


def test_a_call_in_virtual_time_does_all_again_to_the_nanosecond(trace: Path) -> None:
    replay = replayed(trace)
    assert replay.difference is None
    recorded = read_recorded(trace)
    assert replay.decisions == len(recorded.decisions) > 20
    assert replay.done > 500
    assert any(decision.event.__class__.__name__ == "ToolReturned" for decision in recorded.decisions)


def test_the_whole_demonstration_does_all_again(demo_trace: Path) -> None:
    assert replayed(demo_trace).is_same


def test_a_word_that_was_heard_otherwise_is_found_at_the_decision_it_led_to(trace: Path, tmp_path: Path) -> None:
    def mishear(line: dict[str, Any]) -> None:
        line["text"] = line["text"].replace("Tuesday", "Thursday")

    copy = edited(
        trace, tmp_path, lambda line: line.get("in") == "message" and "Tuesday" in line.get("text", ""), mishear
    )
    difference = replayed(copy).difference
    assert difference is not None
    assert difference.file == "trace"
    assert any("Tuesday" in line for line in difference.expected)
    assert any("Thursday" in line for line in difference.actual)
    assert any(line.startswith("  ! ") and "Thursday" in line for line in told(difference))


def test_a_tool_that_answered_otherwise_is_found(trace: Path, tmp_path: Path) -> None:
    copy = edited(trace, tmp_path, lambda line: line.get("in") == "tool", lambda line: line.update(result="{}"))
    difference = replayed(copy).difference
    assert difference is not None
    assert difference.expected != difference.actual
    assert any('"role":"tool","content":"{}"' in line for line in difference.actual), "the model is told of it at once"


def test_a_tool_that_nobody_asked_for_is_found(trace: Path, tmp_path: Path) -> None:
    copy = edited(trace, tmp_path, lambda line: line.get("in") == "tool", lambda line: line.update(name="find_slots"))
    difference = replayed(copy).difference
    assert difference is not None
    assert difference.what == "nothing waits for what came"
    assert difference.actual[0].startswith("no tool find_slots(")


def test_a_message_to_the_phone_that_was_another_is_found_beside_it(trace: Path, tmp_path: Path) -> None:
    copy = edited(
        trace,
        tmp_path,
        lambda line: line.get("out") == "phone" and '"clear"' in line["text"],
        lambda line: line.update(text='{"event":"clean"}'),
    )
    difference = replayed(copy).difference
    assert difference is not None
    assert difference.file == "wires"
    assert "text: " + '{"event":"clean"}' in difference.expected
    assert any('"event":"clear"' in line for line in difference.actual)


def test_a_timer_that_nobody_waits_for_is_found(trace: Path, tmp_path: Path) -> None:
    copy = edited(
        trace, tmp_path, lambda line: line.get("in") == "timer", lambda line: line.update(due_ns=line["due_ns"] + 1)
    )
    difference = replayed(copy).difference
    assert difference is not None
    assert difference.actual[0].startswith("no timer ")


def test_a_codec_that_writes_something_else_is_found(trace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mark = agent.twilio.encode_mark
    monkeypatch.setattr(agent.twilio, "encode_mark", lambda stream_id, name: write_mark(stream_id, f"{name}."))
    difference = replayed(trace).difference
    assert difference is not None
    assert difference.what == "something else was done"
    assert any('"event":"mark"' in line for line in difference.expected)


def test_a_playout_that_loses_count_is_found(trace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = Playout.heard_text
    monkeypatch.setattr(Playout, "heard_text", lambda playout, now: heard(playout, now)[:-3])
    difference = replayed(trace).difference
    assert difference is not None


def test_a_line_of_the_trace_that_never_comes_is_missed(trace: Path, tmp_path: Path) -> None:
    copy = tmp_path / trace.name
    copy.write_bytes(trace.read_bytes() + b'{"at_ns": 99000000000, "kind": "note", "note": "more", "data": {}}\n')
    wires_path(copy).write_bytes(wires_path(trace).read_bytes())
    difference = replayed(copy).difference
    assert difference is not None
    assert difference.what == "the call did not do what it did then"


def test_a_log_that_was_cut_off_is_replayed_as_far_as_it_goes(trace: Path, tmp_path: Path) -> None:
    copy = tmp_path / trace.name
    copy.write_bytes(trace.read_bytes())
    log = wires_path(trace).read_bytes()
    wires_path(copy).write_bytes(log[: len(log) // 2])
    wires = read_wires(wires_path(copy))
    replay = replay_shell(read_recorded(copy), wires)
    assert not wires.is_whole
    assert replay.is_same
    assert 0 < replay.decisions < len(read_recorded(copy).decisions)


def test_two_calls_at_once_are_each_on_their_own_tape(tmp_path: Path) -> None:
    rehearsal = Rehearsal(tmp_path, Cast(settings=KEPT))
    rehearsal.prepare()
    calls = [rehearsal.call(SCRIPT), rehearsal.call(SCRIPT[:1])]
    rehearsal.finish()
    assert rehearsal.close() == []
    for call in calls:
        assert replayed(trace_of(tmp_path, call)).is_same


NO_LOG = [
    ("", ":1: expected the first line of a log of wires"),
    ("hello\nworld\n", ":1: expected one JSON object a line"),
    ("[1]\n", ":1: expected one JSON object a line"),
    ('{"kind": "call"}\n', ":1: expected the first line of a log of wires"),
    ('{"kind": "wires", "version": 99}\n', "expected a log of wires of version 2, got 99"),
    ('{"kind": "wires", "version": 2}\n', ":1: expected began_at_ns, call_id, settings, agent"),
    (
        '{"kind": "wires", "version": 2, "began_at_ns": 1, "call_id": "CA", "settings": {}, "agent": {}}\n',
        ":1: expected the settings and the agent of the call",
    ),
]


@pytest.mark.parametrize(("content", "complaint"), NO_LOG)
def test_what_is_no_log_is_told_where_and_why(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "x.wires.jsonl"
    path.write_text(content)
    with pytest.raises(TraceError) as error:
        list(read_wires(path).woken())
    assert complaint in str(error.value)


@pytest.mark.parametrize(
    "line", ["{}", '{"at_ns": 1}', '{"at_ns": 1, "in": "x", "out": "y"}', '{"at_ns": "1", "in": "x"}']
)
def test_a_line_says_what_came_or_what_was_done(trace: Path, tmp_path: Path, line: str) -> None:
    path = tmp_path / "x.wires.jsonl"
    head = wires_path(trace).read_text().splitlines()[0]
    path.write_text(f"{head}\n{line}\n")
    with pytest.raises(TraceError, match=r'x.wires.jsonl:2: expected "at_ns" and either "in" or "out"'):
        list(read_wires(path).woken())


def test_a_log_of_something_unknown_is_a_difference_and_no_crash(trace: Path, tmp_path: Path) -> None:
    copy = edited(
        trace, tmp_path, lambda line: line.get("in") == "timer", lambda line: line.update({"in": "earthquake"})
    )
    difference = replayed(copy).difference
    assert difference is not None
    assert "earthquake" in difference.actual[0]


def test_a_call_whose_tools_were_told_by_a_server_is_replayed_with_them(tmp_path: Path) -> None:
    async def find(_context: ToolContext, arguments: Arguments) -> object:
        return {"found": arguments["name"]}

    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    remote = tool_of_schema("crm_find", "Find somebody.", schema, find, Terms(private=frozenset({"name"})))
    told = BrainAnswer("", (("crm_find", '{"name": "Ada"}'),)), BrainAnswer("I found you.")
    recipe = ScriptedAnswers(tuple(Scripted(answer, "reply", number) for number, answer in enumerate(told, 1)))
    rehearsal = Rehearsal(tmp_path, Cast(settings=KEPT, brain=recipe.fresh()))
    rehearsal.desk.offer_tools([remote])
    rehearsal.prepare()
    call = rehearsal.call((Say("It is Ada.", AfterAgentFinished()), HangUp(AfterAgentFinished())))
    rehearsal.finish()
    assert rehearsal.close() == []
    trace = trace_of(tmp_path, call)
    assert replayed(trace).difference is None
    returned = [decision.event for decision in read_recorded(trace).decisions]
    assert any(isinstance(event, ToolReturned) and "found" in event.result for event in returned)

    forgetful = tmp_path / "forgetful"
    forgetful.mkdir()
    lines = [orjson.loads(line) for line in wires_path(trace).read_bytes().splitlines()]
    lines[0]["remote_tools"] = []
    copy = forgetful / trace.name
    copy.write_bytes(trace.read_bytes())
    wires_path(copy).write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    assert replayed(copy).difference is not None
