"""The emulated Groq's streams, as a client on the wire sees them."""

import random
from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.brain.answers import BrainAnswer
from simulator.peers.groq import GroqBehaviour, GroqPeer, GroqStreamFault
from tests.simulator.peers.groq_client import CALL, MODEL, USER, WEATHER, Client, chunks, deltas, events, spoken
from tests.simulator.peers.recorders import RecordedAnswer


def test_a_stream_is_role_then_reasoning_then_content_then_finish_then_done() -> None:
    answer = Client("Good morning.").ask()
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/event-stream"
    kinds = [
        "role"
        if "role" in delta
        else "reasoning"
        if "reasoning" in delta
        else "content"
        if "content" in delta
        else "end"
        for delta in deltas(answer)
    ]
    order = ["role", "reasoning", "content", "end"]
    assert sorted(kinds, key=order.index) == kinds
    assert set(kinds) == set(order)
    assert events(answer)[-1] == "[DONE]"
    assert spoken(answer) == "Good morning."
    assert all(delta["channel"] == "analysis" for delta in deltas(answer) if "reasoning" in delta)


def test_id_and_created_are_the_same_in_all_chunks_and_usage_comes_unasked_at_the_finish() -> None:
    first, *_, last = chunks(answer := Client().ask())
    assert {(chunk["id"], chunk["created"], chunk["object"]) for chunk in chunks(answer)} == {
        (first["id"], first["created"], "chat.completion.chunk")
    }
    assert first["x_groq"]["id"] == last["x_groq"]["id"]
    assert last["choices"][0]["finish_reason"] == "stop"
    usage = last["x_groq"]["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert usage["queue_time"] + usage["prompt_time"] == pytest.approx(0.09)
    assert "usage" not in last


def test_include_usage_adds_a_chunk_without_choices() -> None:
    *_, finish, usage = chunks(Client().ask(stream_options={"include_usage": True}))
    assert finish["usage"] == finish["x_groq"]["usage"] == usage["usage"]
    assert usage["choices"] == []
    assert usage["service_tier"] == "on_demand"


def test_the_first_token_takes_its_time_and_the_rest_comes_in_bursts() -> None:
    answer = Client(
        "one two three four five six seven", reasoning="", first_token_ms=90, tokens_per_s=100, burst_tokens=4
    ).ask()
    assert [(at, data.count(b"data:")) for at, data in answer.writes] == [(90, 1 + 4), (130, 3 + 2)]


def test_a_stall_parts_the_stream() -> None:
    answer = Client("one two three four five six", reasoning="", stall_after_tokens=3, stall_ms=2_000).ask()
    before = b"".join(data for at, data in answer.writes if at < 1_000)
    assert before.count(b'"content":" three"') == 1
    assert b" four" not in before
    assert answer.writes[-1][0] >= 2_090


def test_slow_first_tokens_happen_at_their_share() -> None:
    client = Client(slow_share=0.5, slow_first_token_ms=3_000)
    firsts = [client.ask() for _ in range(40)]
    slow = sum(answer.writes[-1][0] - answer.writes[0][0] < 3_000 and _latency(answer) >= 3_000 for answer in firsts)
    assert 5 < slow < 35


def _latency(answer: RecordedAnswer) -> int:
    """Each request of these clients is sent at a multiple of ten seconds."""
    return answer.writes[0][0] % 10_000


@pytest.mark.parametrize("null", [False, True])
def test_the_role_chunk_has_empty_or_null_content(null: bool) -> None:
    first = deltas(Client(role_content_null=null).ask())[0]
    assert first == {"role": "assistant", "content": None if null else ""}


def test_a_tool_call_comes_whole_in_one_delta_after_the_content() -> None:
    answer = Client(CALL).ask(tools=[WEATHER])
    *_, call, end = deltas(answer)
    [only] = call["tool_calls"]
    assert (only["index"], only["type"], len(only["id"])) == (0, "function", 9)
    assert only["function"] == {"name": "get_weather", "arguments": CALL.tool_calls[0][1]}
    assert end == {}
    assert spoken(answer) == "Let me look."
    assert chunks(answer)[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_a_tool_call_can_come_in_pieces_whose_later_ones_lack_the_id() -> None:
    answer = Client(CALL, split_tool_calls=True).ask(tools=[WEATHER])
    pieces = [part for delta in deltas(answer) for part in delta.get("tool_calls", [])]
    assert [("id" in piece) for piece in pieces] == [True] + [False] * (len(pieces) - 1)
    assert len(pieces) > 3
    assert "".join(piece["function"]["arguments"] for piece in pieces) == CALL.tool_calls[0][1]


def test_several_calls_come_in_several_chunks_or_together() -> None:
    twice = BrainAnswer("", (("get_weather", ""), ("get_weather", "{}")))
    apart = [delta["tool_calls"] for delta in deltas(Client(twice).ask(tools=[WEATHER])) if "tool_calls" in delta]
    assert [[call["index"] for call in calls] for calls in apart] == [[0], [1]]
    together = Client(twice, tool_calls_in_one_chunk=True).ask(tools=[WEATHER])
    [calls] = [delta["tool_calls"] for delta in deltas(together) if "tool_calls" in delta]
    assert [call["index"] for call in calls] == [0, 1]


@pytest.mark.parametrize("call", [("fly_to_moon", "{}"), ("get_weather", "{broken"), ("get_weather", "[1]")])
def test_a_call_that_the_service_checks_and_finds_wrong_is_tool_use_failed(call: tuple[str, str]) -> None:
    client = Client(BrainAnswer("", (call,)))
    refused = client.ask(tools=[WEATHER])
    assert refused.status == 400
    assert refused.json["error"]["code"] == "tool_use_failed"
    assert call[1] in refused.json["error"]["failed_generation"]
    assert client.ask(tools=[WEATHER], disable_tool_validation=True).status == 200
    client.peer.behaviour = replace(client.peer.behaviour, check_tool_calls=False)
    assert client.ask(tools=[WEATHER]).status == 200


def test_tool_choice_none_hides_the_tools_from_the_brain() -> None:
    class Curious:
        def answer(self, request: object) -> BrainAnswer:
            assert isinstance(request, dict)
            return BrainAnswer("tools" if "tools" in request else "none")

    client = Client()
    client.peer = GroqPeer(client.clock, random.Random(1), Curious())
    assert spoken(client.ask(tools=[WEATHER])) == "tools"
    assert spoken(client.ask(tools=[WEATHER], tool_choice="none")) == "none"


@given(
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    seed=st.integers(0, 999),
    crlf=st.booleans(),
    comments=st.booleans(),
    split=st.booleans(),
    burst=st.integers(1, 9),
)
def test_however_the_bytes_are_cut_the_text_is_whole(
    text: str, seed: int, crlf: bool, comments: bool, split: bool, burst: int
) -> None:
    client = Client(text, seed=seed, crlf=crlf, comments=comments, split_bytes=split, burst_tokens=burst)
    answer = client.ask()
    assert spoken(answer) == text
    assert events(answer)[-1] == "[DONE]"
    assert answer.is_ended
    assert client.clock.pending_count == 0
    assert (b"\r\n" in answer.body) == crlf
    assert (b": keep-alive" in answer.body) == comments


def test_split_bytes_cut_within_characters() -> None:
    answers = [Client("ééééé ééé", split_bytes=True, seed=seed).ask() for seed in range(30)]
    assert any(_is_broken_utf8(data) for answer in answers for _, data in answer.writes)


def _is_broken_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return True
    return False


def test_without_stream_one_json_object_comes_when_all_is_generated() -> None:
    answer = Client(CALL, first_token_ms=100, tokens_per_s=100).ask(tools=[WEATHER], stream=False)
    message = answer.json["choices"][0]["message"]
    assert message["content"] == "Let me look."
    assert message["tool_calls"][0]["function"]["name"] == "get_weather"
    assert message["reasoning"]
    assert answer.json["object"] == "chat.completion"
    assert answer.ended_ms == 100 + answer.json["usage"]["completion_tokens"] * 10


def test_streams_break_in_every_way() -> None:
    def broken(fault: GroqStreamFault) -> RecordedAnswer:
        answer = Client("one two three four five", reasoning="", stream_fault=fault, fault_after_tokens=2).ask()
        assert answer.status == 200
        return answer

    name, error = events(broken(GroqStreamFault.ERROR_EVENT))[-1]
    assert (name, error["error"]["type"]) == ("error", "internal_server_error")
    assert "capacity" in chunks(broken(GroqStreamFault.ERROR_DATA))[-1]["error"]["message"]
    name, failed = events(broken(GroqStreamFault.TOOL_USE_FAILED))[-1]
    assert failed["error"]["code"] == "tool_use_failed"
    assert failed["error"]["failed_generation"]
    assert chunks(broken(GroqStreamFault.X_GROQ_ERROR))[-1]["x_groq"]["error"]

    for fault in (GroqStreamFault.RESET, GroqStreamFault.CUT, GroqStreamFault.HANG):
        answer = broken(fault)
        assert spoken(answer) == "one two"
        assert "[DONE]" not in events(answer)
        assert (answer.is_aborted, answer.is_ended) == (fault is GroqStreamFault.RESET, fault is GroqStreamFault.CUT)

    whole = broken(GroqStreamFault.NO_DONE)
    assert chunks(whole)[-1]["choices"][0]["finish_reason"] == "stop"
    assert "[DONE]" not in events(whole)
    unfinished = broken(GroqStreamFault.NO_FINISH)
    assert events(unfinished)[-1] == "[DONE]"
    assert all(chunk["choices"][0]["finish_reason"] is None for chunk in chunks(unfinished))


def test_starving_ends_with_length_and_empty_content() -> None:
    answer = Client(starve=True).ask()
    assert spoken(answer) == ""
    assert any("reasoning" in delta for delta in deltas(answer))
    assert chunks(answer)[-1]["choices"][0]["finish_reason"] == "length"


def test_a_small_token_limit_is_eaten_up_by_reasoning() -> None:
    answer = Client().ask(max_completion_tokens=5)
    assert spoken(answer) == ""
    assert chunks(answer)[-1]["choices"][0]["finish_reason"] == "length"
    assert chunks(answer)[-1]["x_groq"]["usage"]["completion_tokens"] == 5


def test_hidden_reasoning_still_costs_time_and_tokens() -> None:
    shown, hidden = Client().ask(), Client().ask(include_reasoning=False)
    assert not any("reasoning" in delta for delta in deltas(hidden))
    assert (
        chunks(hidden)[-1]["x_groq"]["usage"]["completion_tokens"]
        == (chunks(shown)[-1]["x_groq"]["usage"]["completion_tokens"])
    )
    assert hidden.ended_ms == shown.ended_ms


def test_a_body_may_stay_open_after_done() -> None:
    answer = Client(hold_open_ms=1_500).ask()
    assert answer.ended_ms == answer.writes[-1][0] + 1_500


def test_a_client_that_goes_away_is_noticed_and_the_next_is_served() -> None:
    client = Client("one two three four five six seven eight nine", tokens_per_s=10)
    answer, exchange = client.send(body=orjson.dumps({"model": MODEL, "messages": [USER], "stream": True}))
    client.clock.advance(300)
    assert client.peer.open_count == 1
    exchange.on_disconnect()
    written = len(answer.writes)
    client.clock.advance(10_000)
    assert len(answer.writes) == written > 0
    assert (client.peer.counts["cancelled"], client.peer.open_count, client.clock.pending_count) == (1, 0, 0)
    assert client.ask(60_000).is_ended
    exchange.on_disconnect()
    assert client.peer.counts["cancelled"] == 1


def test_settings_that_cannot_be_say_what_was_expected() -> None:
    for wrong in ({"tokens_per_s": 0}, {"burst_tokens": 0}, {"slow_share": 2}, {"cache_min_tokens": 0}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))}: expected"):
            GroqBehaviour(**wrong)  # type: ignore[arg-type]  # one wrong value each
