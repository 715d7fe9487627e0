"""A recorded call decided again: exactly as it was, and any change of the record is found where it was made."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import orjson
import pytest
from hypothesis import given

from agent.trace_view import TraceError, read_trace
from fsm.state import Mode
from simulator.replay.core import replay_core
from simulator.replay.difference import core_differences, told
from simulator.replay.events import UnreadableError
from simulator.replay.recorded import read_recorded, recorded_of

Lines = list[dict[str, Any]]


@pytest.fixture(scope="module")
def lines(demo_trace: Path) -> Lines:
    return read_trace(demo_trace)


def decisions(lines: Lines) -> list[int]:
    return [index for index, line in enumerate(lines) if line["kind"] == "event"]


def edited(lines: Lines, index: int, edit: Callable[[dict[str, Any]], None]) -> Lines:
    """The lines, one of them changed by `edit`."""
    line = orjson.loads(orjson.dumps(lines[index]))
    edit(line)
    return [*lines[:index], line, *lines[index + 1 :]]


def test_a_recorded_call_is_decided_as_it_was(demo_trace: Path) -> None:
    replay = replay_core(read_recorded(demo_trace))
    assert replay.is_same
    assert core_differences(replay) == ()
    assert replay.recorded.is_released
    assert len(replay.states) == len(decisions(read_trace(demo_trace))) + 1 > 50
    assert replay.states[0].mode is Mode.CONNECTING
    assert replay.states[-1].mode is Mode.ENDED
    assert replay.states[-1].turn == 5


def first_line(lines: Lines) -> int:
    """Where the first difference is found, as an index."""
    return core_differences(replay_core(recorded_of(lines)))[0].line - 1


@given(data=st.data())
def test_a_changed_line_is_found_where_it_was_changed(lines: Lines, data: st.DataObject) -> None:
    index = data.draw(st.sampled_from(decisions(lines)))

    def edit(line: dict[str, Any]) -> None:
        kind = data.draw(st.sampled_from(["at_ns", "mode", "to", "effects", "event", "data"]))
        if kind == "at_ns":
            line["at_ns"] += data.draw(st.sampled_from([-1, 1, 10**9]))
        elif kind in ("mode", "to"):
            line[kind] = data.draw(st.sampled_from([mode for mode in Mode if mode != line[kind]]))
        elif kind == "effects":
            line["effects"] = [] if line["effects"] else [["FinalizeTranscript", {}]]
        elif kind == "event" or not line["data"]:
            line["event"], line["data"] = ("Tick", {}) if line["event"] != "Tick" else ("TurnResumed", {})
        else:
            name = data.draw(st.sampled_from(sorted(line["data"])))
            value = line["data"][name]
            line["data"][name] = {str: f"{value} x", int: 7_777, bool: value is False, list: []}[type(value)]

    changed = edited(lines, index, edit)
    assert changed != lines
    assert first_line(changed) == index


@given(data=st.data())
def test_a_line_that_is_missing_or_moved_is_found(lines: Lines, data: st.DataObject) -> None:
    index = data.draw(st.sampled_from(decisions(lines)[:-1]))
    if data.draw(st.booleans()):
        assert first_line([*lines[:index], *lines[index + 1 :]]) == index
    else:
        other = data.draw(st.integers(index + 1, len(lines) - 2))
        swapped = list(lines)
        swapped[index], swapped[other] = swapped[other], swapped[index]
        assert first_line(swapped) == index


def test_other_blanks_and_quotes_are_no_change(demo_trace: Path, lines: Lines, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert path.read_bytes() != demo_trace.read_bytes()
    assert replay_core(read_recorded(path)).is_same


def test_the_words_that_would_have_been_decided_on_stand_beside_what_was(lines: Lines) -> None:
    index = next(i for i in decisions(lines) if lines[i]["to"] == "BARGE_IN")
    assert lines[index]["effects"] == [["HoldPlayout", {"reply": 2}]]
    (difference,) = core_differences(
        replay_core(recorded_of(edited(lines, index, lambda line: line.update(effects=[]))))
    )
    assert difference.expected == ("SPEAKING -> BARGE_IN",)
    assert difference.actual == ("SPEAKING -> BARGE_IN", "HoldPlayout(reply=2)")
    shown = list(told(difference))
    assert shown[0].startswith(f"trace:{index + 1}: SpeechStarted was decided otherwise")
    assert any(line.startswith("  > ") and "SpeechStarted" in line for line in shown)
    assert any(line.startswith("  ! ") and "HoldPlayout(reply=2)" in line for line in shown)


def test_an_edit_and_what_it_led_to_are_both_told(lines: Lines) -> None:
    stops = [i for i in decisions(lines) if lines[i]["event"] == "SpeechStopped" and lines[i]["mode"] == "LISTENING"]
    index, later = stops[-1], lines[stops[-1]]["data"]["last_voiced_at"] + 10**9
    changed = edited(lines, index, lambda line: line["data"].update(last_voiced_at=later))
    edit, consequence = core_differences(replay_core(recorded_of(changed)))
    assert edit.line == index + 1
    assert "it was changed since it was recorded" in edit.what
    assert consequence.line > edit.line
    assert "was decided otherwise" in consequence.what


def test_a_mistake_of_the_machine_is_a_difference(lines: Lines) -> None:
    last = decisions(lines)[-1]
    changed = edited(lines, last, lambda line: line.update(at_ns=1))
    (difference,) = core_differences(replay_core(recorded_of(changed)))
    assert difference.actual[0].startswith("a mistake: the clock went backwards")


def test_a_changed_event_that_cannot_be_read_any_more_is_a_difference(lines: Lines) -> None:
    index = decisions(lines)[3]
    (difference,) = core_differences(
        replay_core(recorded_of(edited(lines, index, lambda line: line.update(event="Tock"))))
    )
    assert difference.line == index + 1
    assert "expected the name of an event, got 'Tock'" in difference.what


def test_a_trace_that_hides_words_says_how_to_record_one_that_does_not(lines: Lines) -> None:
    with pytest.raises(UnreadableError, match=r"1: this trace hides what was said.*OFFHOOK_TRACE_WORDS=kept"):
        recorded_of(edited(lines, 0, lambda line: line.update(words="hidden")))


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        ({"began_at_ns": "soon"}, "1: expected a whole number as began_at_ns, got 'soon'"),
        ({"profile": {"wait": 1}}, '1: expected the profile and phrases of the call: profile: unknown key "wait"'),
        ({"phrases": None}, "1: expected the profile and phrases of the call"),
    ],
)
def test_a_first_line_that_lacks_something_is_no_call(lines: Lines, edit: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UnreadableError) as error:
        recorded_of(edited(lines, 0, lambda line: line.update(edit)))
    assert complaint in str(error.value)


def test_an_instant_is_a_whole_number(lines: Lines, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    changed = edited(lines, 5, lambda line: line.update(at_ns="5"))
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in changed))
    with pytest.raises(TraceError, match=r"x.jsonl:6: expected a whole number as at_ns"):
        read_recorded(path)
