import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ports import Usage
from agent.providers.chat_stream import CALLS_LIMIT, ChatStream, StreamError, ThoughtFilter
from fsm.events import ToolCall


def delta(finish: str | None = None, **members: object) -> dict[str, Any]:
    return {"id": "c1", "choices": [{"index": 0, "delta": members, "logprobs": None, "finish_reason": finish}]}


def call(**members: object) -> dict[str, Any]:
    function = {key: members.pop(key) for key in ("name", "arguments") if key in members}
    return {**members, "function": function}


class Read:
    """A stream that read some chunks, and what it said."""

    def __init__(self, *chunks: dict[str, Any] | str, name: str = "") -> None:
        self.stream = ChatStream()
        self.text = ""
        for chunk in chunks:
            self.text += self.stream.push(name, (chunk if isinstance(chunk, str) else json.dumps(chunk)).encode())

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return self.stream.calls()


def test_text_is_spoken_and_reasoning_is_not() -> None:
    read = Read(
        delta(role="assistant", content=""),
        delta(role="assistant", content=None),
        delta(reasoning="The caller", channel="analysis"),
        delta(reasoning_content="wants"),
        delta(content="Hel"),
        delta(content="lo"),
        delta("stop"),
        "[DONE]",
    )
    assert read.text == "Hello"
    assert read.stream.finish_reason == "stop"
    assert read.stream.is_done


def test_reasoning_alone_is_no_first_token() -> None:
    assert not Read(delta(reasoning="hm")).stream.is_progressing
    assert Read(delta(content="hm")).stream.is_progressing
    assert Read(delta(tool_calls=[call(index=0, name="x")])).stream.is_progressing


@pytest.mark.parametrize(
    ("pieces", "spoken"),
    [
        (["<think>let me see</think>", "Yes."], "Yes."),
        (["\n<th", "ink>a</thi", "nk>\n\n Yes", "."], "Yes."),
        (["<think>never ends"], ""),
        (["<b>bold"], "<b>bold"),
        (["1 < 2"], "1 < 2"),
        (["<", "th", "at"], "<that"),
        (["Yes <think>x</think>"], "Yes <think>x</think>"),
        (["<thi"], "<thi"),
        ([" "], " "),
    ],
)
def test_thoughts_at_the_beginning_are_held_back(pieces: list[str], spoken: str) -> None:
    thoughts = ThoughtFilter()
    assert "".join(map(thoughts.push, pieces)) + thoughts.flush() == spoken
    read = Read(*(delta(content=piece) for piece in pieces), delta("stop"), "[DONE]")
    assert read.text == spoken


@given(st.text(max_size=30).map(lambda text: f"<think>{text.replace('<', '')}</think>Yes."), st.data())
def test_thoughts_are_held_back_however_they_are_split(text: str, data: st.DataObject) -> None:
    thoughts = ThoughtFilter()
    spoken = ""
    while text:
        size = data.draw(st.integers(1, len(text)))
        spoken += thoughts.push(text[:size])
        text = text[size:]
    assert spoken + thoughts.flush() == "Yes."


WEATHER = ToolCall("a", "weather", '{"city":"Paris"}')


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param(
            [delta(tool_calls=[call(index=0, id="a", name="weather", arguments='{"city":"Paris"}')])], id="whole"
        ),
        pytest.param(
            [
                delta(tool_calls=[call(index=0, id="a", type="function", name="weather", arguments="")]),
                delta(tool_calls=[call(index=0, arguments='{"city":')]),
                delta(tool_calls=[call(index=0, arguments='"Paris"}')]),
            ],
            id="split",
        ),
        pytest.param(
            [
                delta(tool_calls=[call(id="a", name="weather", arguments='{"city":')]),
                delta(tool_calls=[call(arguments='"Paris"}')]),
            ],
            id="without index",
        ),
        pytest.param(
            [delta(tool_calls=[call(index=0, id="a", name="weather", arguments={"city": "Paris"})])], id="object"
        ),
        pytest.param(
            [
                delta(tool_calls=[call(index=0, arguments='{"city":"Paris"}')]),
                delta(tool_calls=[call(index=0, id="a", name="weather")]),
            ],
            id="name last",
        ),
        pytest.param(
            [delta(tool_calls=[call(index=0.0, id="a", name="weather", arguments='{"city":"Paris"}')])], id="float"
        ),
    ],
)
def test_a_tool_call_however_it_comes(chunks: list[dict[str, Any]]) -> None:
    assert Read(*chunks, delta("tool_calls")).calls == (WEATHER,)


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([delta(tool_calls=[call(index=0, id="a", name="x"), call(index=1, id="b", name="y")])], id="one"),
        pytest.param(
            [
                delta(tool_calls=[call(index=0, id="a", name="x")]),
                delta(tool_calls=[call(index=1, id="b", name="y")]),
            ],
            id="two chunks",
        ),
        pytest.param(
            [delta(tool_calls=[call(id="a", name="x")]), delta(tool_calls=[call(id="b", name="y")])], id="no index"
        ),
        pytest.param(
            [
                delta(tool_calls=[call(index=0, id="a", name="x")]),
                delta(tool_calls=[call(index=0, id="b", name="y")]),
            ],
            id="same index",
        ),
    ],
)
def test_two_tool_calls_however_they_come(chunks: list[dict[str, Any]]) -> None:
    assert Read(*chunks).calls == (ToolCall("a", "x", "{}"), ToolCall("b", "y", "{}"))


def test_interleaved_pieces_find_their_call() -> None:
    read = Read(
        delta(tool_calls=[call(index=0, id="a", name="x", arguments="{"), call(index=1, id="b", name="y")]),
        delta(tool_calls=[call(index=1, arguments="[]")]),
        delta(tool_calls=[call(index=0, arguments="}")]),
    )
    assert read.calls == (ToolCall("a", "x", "{}"), ToolCall("b", "y", "[]"))


def test_a_call_without_a_name_is_none_and_one_without_an_id_gets_one() -> None:
    read = Read(delta(tool_calls=[call(index=0, arguments="{}"), call(index=1, name="x")]))
    assert read.calls == (ToolCall("call-c1-1", "x", "{}"),)


def test_calls_are_bounded() -> None:
    read = Read(delta(tool_calls=[call(index=place, id=f"i{place}", name="x") for place in range(CALLS_LIMIT + 1)]))
    assert len(read.calls) == CALLS_LIMIT
    assert read.stream.is_too_long


@pytest.mark.parametrize(
    "chunk",
    [
        {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}},
        {"choices": [], "x_groq": {"id": "req", "usage": {"prompt_tokens": 9, "completion_tokens": 2}}},
    ],
)
def test_usage(chunk: dict[str, Any]) -> None:
    assert Read(chunk).stream.usage == Usage(9, 2, 0)


def test_cached_tokens_and_missing_counts() -> None:
    usage = {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 8}}
    assert Read({"choices": [], "usage": usage}).stream.usage == Usage(9, 0, 8)
    assert Read({"choices": [], "usage": None}).stream.usage == Usage()


@pytest.mark.parametrize(
    ("chunk", "name", "error"),
    [
        ({"error": {"message": "no", "code": "c"}}, "", StreamError("c", "no")),
        ({"error": {"message": "no", "type": "t"}}, "error", StreamError("t", "no")),
        ({"message": "bare"}, "error", StreamError("", "bare")),
        ({"error": "text"}, "", StreamError("", "text")),
        ({"choices": [], "x_groq": {"id": "r", "error": "cut"}}, "", StreamError("", "cut")),
    ],
)
def test_errors_in_the_stream(chunk: dict[str, Any], name: str, error: StreamError) -> None:
    assert Read(chunk, name=name).stream.error == error


@pytest.mark.parametrize(
    "choices", [None, [], [None], [{"delta": None}], [{}], [{"index": 1, "delta": {"content": "x"}}]]
)
def test_chunks_without_a_word(choices: object) -> None:
    read = Read({"choices": choices})
    assert (read.text, read.calls, read.stream.finish_reason) == ("", (), "")


@given(st.binary(max_size=40))
def test_junk_is_counted(data: bytes) -> None:
    stream = ChatStream()
    stream.push("", b"\x00" + data)
    assert stream.malformed_count == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "delta", "tool_calls", "function", "index", "id", "usage", "x_groq", "error"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.lists(st.dictionaries(st.sampled_from(["choices", "usage", "x_groq", "error"]), JSON), max_size=4))
def test_no_shape_of_a_chunk_is_a_surprise(chunks: list[dict[str, Any]]) -> None:
    Read(*chunks).stream.calls()
