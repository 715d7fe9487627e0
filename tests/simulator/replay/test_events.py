"""A trace holds every event and order whole: what is read is what was written."""

import io
from typing import Any

import hypothesis.strategies as st
import orjson
import pytest
from hypothesis import given

from agent.trace import Trace
from fsm.effects import EFFECTS, Effect
from fsm.events import EVENTS, Event, Tick, WordsHeard
from fsm.profile import Phrases, Profile
from fsm.state import CallState, Mode
from simulator.replay.events import UnreadableError, effect_of, event_of
from simulator.strategies import profiles

st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))
st.register_type_strategy(str, st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
st.register_type_strategy(Profile, profiles())
st.register_type_strategy(Phrases, st.builds(Phrases, tools=st.just({"look": "Let me look."})))
ANY_EVENT: st.SearchStrategy[Event] = st.one_of([st.builds(kind) for kind in EVENTS])
ANY_EFFECT: st.SearchStrategy[Effect] = st.one_of([st.builds(kind) for kind in EFFECTS])


def written(event: Event, effects: tuple[Effect, ...] = ()) -> dict[str, Any]:
    """The line of a decision, read back as JSON."""
    out = io.StringIO()
    Trace(out, 0).decision(1, Mode.LISTENING, event, CallState(), effects)
    line: dict[str, Any] = orjson.loads(out.getvalue())
    return line


@given(event=ANY_EVENT)
def test_an_event_is_read_as_it_was_written(event: Event) -> None:
    line = written(event)
    assert event_of(line["event"], line["data"]) == event


@given(effects=st.lists(ANY_EFFECT, max_size=3).map(tuple))
def test_orders_are_read_as_they_were_written(effects: tuple[Effect, ...]) -> None:
    line = written(Tick(), effects)
    assert tuple(effect_of(name, data) for name, data in line["effects"]) == effects


WORDS = {"text": "yes", "is_final": True, "speech_final": False}


@pytest.mark.parametrize(
    ("name", "data", "complaint"),
    [
        ("WordsHurt", WORDS, "expected the name of an event, got 'WordsHurt'"),
        (["WordsHeard"], WORDS, "expected the name of an event"),
        ("StartReply", {"reply": 1, "turn": 1}, "expected the name of an event"),
        ("WordsHeard", {"text": "yes"}, "WordsHeard: expected text, is_final, speech_final, until, is_faint, got text"),
        ("WordsHeard", WORDS | {"more": 1}, "until, is_faint, got text, is_final, speech_final,"),
        ("WordsHeard", WORDS | {"text": 7}, "text: expected a text, got 7"),
        ("WordsHeard", WORDS | {"is_final": 1}, "is_final: expected true or false, got 1"),
        ("WordsHeard", "yes", "expected text, is_final, speech_final, until, is_faint, got 'yes'"),
        ("SpeechStarted", {"at": 1.5}, "at: expected a whole number, got 1.5"),
        ("SpeechStarted", {"at": True}, "at: expected a whole number, got True"),
        ("ToolsRequested", {"reply": 1, "calls": [7], "said": ""}, "calls: expected a table, got 7"),
        ("ToolsRequested", {"reply": 1, "calls": {}, "said": ""}, "calls: expected a list, got {}"),
        ("Tick", {"at": 1}, "Tick: expected no fields, got at"),
    ],
)
def test_what_is_no_event_is_told_by_field(name: object, data: object, complaint: str) -> None:
    with pytest.raises(UnreadableError) as told:
        event_of(name, data)
    assert complaint in str(told.value)


def test_a_stage_has_one_of_three_names() -> None:
    data = {"reply": 1, "stage": "nose", "kind": "x", "retryable": True, "retry_after_ms": 0}
    with pytest.raises(UnreadableError, match="stage: expected one of model, voice, tool, got 'nose'"):
        event_of("ReplyFailed", data)


def test_an_effect_is_no_event() -> None:
    assert event_of("WordsHeard", WORDS) == WordsHeard("yes", True)
    with pytest.raises(UnreadableError, match="expected the name of an effect, got 'WordsHeard'"):
        effect_of("WordsHeard", WORDS)
