import json
from typing import Any

import pytest

from agent.errors import Fault, FaultKind, Whose
from agent.ports import Usage
from agent.providers.chat import ChatModel
from agent.providers.chat_request import ChatSettings
from fsm.events import ToolCall
from fsm.transcript import Message
from tests.agent.providers.fakes import FakeExchange, FakeNetwork, GenerationLog
from tests.fakes import ManualClock

ASKED = [Message("system", "Be kind."), Message("user", "Hi")]
FINISH = {
    "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
    "x_groq": {"id": "r", "usage": {"prompt_tokens": 5, "completion_tokens": 2}},
}


def word(text: str) -> dict[str, Any]:
    return {"id": "c1", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}


def finish(reason: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}


def tool(name: str, arguments: str = "{}") -> dict[str, Any]:
    piece = {"index": 0, "id": "t1", "type": "function", "function": {"name": name, "arguments": arguments}}
    return {"id": "c1", "choices": [{"index": 0, "delta": {"tool_calls": [piece]}, "finish_reason": None}]}


class Answer:
    """One generation, the clock, and the server's end of it."""

    def __init__(self, base_url: str = "https://api.groq.com") -> None:
        self.clock = ManualClock()
        self.network = FakeNetwork()
        self.model = ChatModel(self.network, self.clock, ChatSettings(api_key="key", base_url=base_url))
        self.heard = GenerationLog()
        self.generation = self.model.generate(ASKED, [], self.heard)

    @property
    def server(self) -> FakeExchange:
        return self.network.exchange

    def fault(self) -> Fault:
        assert self.heard.fault is not None
        assert self.clock.pending_count == 0, "nothing is left behind"
        return self.heard.fault


def test_the_request() -> None:
    t = Answer()
    assert (t.server.method, t.server.url) == ("POST", "https://api.groq.com/openai/v1/chat/completions")
    assert t.server.headers == {
        "Authorization": "Bearer key",
        "Content-Type": "application/json",
        "Accept": "text/event-stream",
    }
    assert t.server.asked["messages"][1] == {"role": "user", "content": "Hi"}


def test_words_are_passed_on_as_they_come() -> None:
    t = Answer()
    t.server.answer()
    t.server.events(word(""), word("Hel"))
    assert t.heard.text == "Hel"
    t.server.events(word("lo."), FINISH)
    assert not t.heard.is_over
    t.server.events("[DONE]")
    assert t.heard.text == "Hello."
    assert (t.heard.calls, t.heard.usage) == ((), Usage(5, 2, 0))
    t.server.end()
    assert t.clock.pending_count == 0


def test_words_that_arrive_together_are_one_call() -> None:
    t = Answer()
    t.server.answer()
    t.server.data(b"".join(f"data: {json.dumps(word(text))}\n\n".encode() for text in ("a", "b", "c")))
    assert t.heard.tokens == ["abc"]


def test_bytes_split_within_a_character() -> None:
    t = Answer()
    t.server.answer()
    raw = f"data: {json.dumps(word('é'), ensure_ascii=False)}\n\n".encode()
    t.server.data(*(raw[at : at + 1] for at in range(len(raw))))
    assert t.heard.text == "é"


def test_tools_are_asked_for_after_words() -> None:
    t = Answer()
    t.server.answer()
    t.server.events(word("One moment."), tool("book", '{"day":1}'), finish("tool_calls"), "[DONE]")
    assert t.heard.text == "One moment."
    assert t.heard.calls == (ToolCall("t1", "book", '{"day":1}'),)


def test_a_finish_without_the_end_marker_is_an_end_too() -> None:
    t = Answer()
    t.server.answer()
    t.server.events(word("Yes."), FINISH)
    t.clock.advance(251)
    assert t.heard.calls == ()


def test_a_server_that_does_not_end_the_body_is_left_after_a_while() -> None:
    t = Answer()
    t.server.answer()
    t.server.events(word("Yes."), FINISH, "[DONE]")
    was_left = t.server.is_cancelled
    assert not was_left, "reading to the end keeps the connection"
    t.clock.advance(2_001)
    assert t.server.is_cancelled
    assert t.clock.pending_count == 0


@pytest.mark.parametrize("how", ["end", "done", "break"])
def test_an_answer_without_a_finish_reason_is_cut_short(how: str) -> None:
    t = Answer()
    t.server.answer()
    t.server.events(word("We are op"))
    if how == "end":
        t.server.end()
    elif how == "done":
        t.server.events("[DONE]")
    else:
        t.server.fail("ClientPayloadError")
    assert t.fault().kind is FaultKind.CUT_SHORT
    assert t.heard.text == "We are op", "what came stays said"


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_an_answer_cut_by_the_server_is_one_if_it_has_words(reason: str) -> None:
    t = Answer()
    t.server.answer()
    t.server.events(word("We are open"), finish(reason), "[DONE]")
    assert t.heard.calls == ()


@pytest.mark.parametrize("chunks", [[finish("length")], [tool("book", '{"da'), finish("length")]])
def test_an_answer_cut_before_anything_usable_is_a_fault(chunks: list[dict[str, Any]]) -> None:
    t = Answer()
    t.server.answer()
    t.server.events(*chunks, "[DONE]")
    assert t.fault().kind is FaultKind.CUT_SHORT


def test_a_model_that_does_not_stop_is_stopped() -> None:
    t = Answer()
    t.server.answer()
    for _ in range(70):
        t.server.events(word("x" * 1_000))
    assert t.fault().kind is FaultKind.BAD_MESSAGE
    assert t.server.is_cancelled


def test_an_endless_line_is_refused() -> None:
    t = Answer()
    t.server.answer()
    t.server.data(b"data: " + b"x" * 2_000_000)
    assert t.fault().kind is FaultKind.BAD_MESSAGE


# --- deadlines ---


def test_no_answer_at_all_is_a_stall() -> None:
    t = Answer()
    t.clock.advance(5_999)
    assert not t.heard.is_over
    t.clock.advance(1)
    assert t.fault().kind is FaultKind.STALLED
    assert t.server.is_cancelled


def test_thinking_without_a_word_is_a_stall_too() -> None:
    t = Answer()
    t.server.answer()
    for _ in range(5):
        t.clock.advance(1_000)
        t.server.events({"choices": [{"index": 0, "delta": {"reasoning": "hm"}}]})
    t.clock.advance(1_000)
    assert t.fault().kind is FaultKind.STALLED


def test_silence_in_mid_answer_is_a_stall() -> None:
    t = Answer()
    t.server.answer()
    for _ in range(5):
        t.clock.advance(3_000)
        t.server.events(word("word "))
    assert not t.heard.is_over
    t.clock.advance(3_999)
    assert not t.heard.is_over
    t.clock.advance(1)
    assert t.fault().kind is FaultKind.STALLED


# --- refusals ---


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, FaultKind.REFUSED_KEY),
        (404, FaultKind.BAD_REQUEST),
        (400, FaultKind.BAD_REQUEST),
        (413, FaultKind.BAD_REQUEST),
        (498, FaultKind.OVERLOADED),
        (503, FaultKind.OVERLOADED),
    ],
)
def test_refusals(status: int, kind: FaultKind) -> None:
    t = Answer()
    t.server.answer(status)
    t.server.data(b'{"error":{"mess', b'age":"because"}}')
    t.server.end()
    assert t.fault().kind is kind
    assert "because" in t.fault().detail


def test_a_limit_tells_when_to_come_back() -> None:
    t = Answer()
    t.server.answer(429, {"retry-after": "3"})
    t.server.end()
    assert (t.fault().kind, t.fault().retry_after_ms) == (FaultKind.RATE_LIMITED, 3_000)


@pytest.mark.parametrize("how", ["hangs", "breaks"])
def test_a_refusal_whose_body_does_not_end_is_still_that_refusal(how: str) -> None:
    t = Answer()
    t.server.answer(401)
    if how == "hangs":
        t.clock.advance(6_000)
    else:
        t.server.fail("ClientPayloadError")
    assert t.fault().kind is FaultKind.REFUSED_KEY


def test_a_huge_refusal_is_read_only_in_part() -> None:
    t = Answer()
    t.server.answer(500)
    for _ in range(100):
        t.server.data(b"x" * 100_000)
    t.server.end()
    assert len(t.fault().detail) < 300


@pytest.mark.parametrize("chunk", [{"error": {"message": "no", "code": "tool_use_failed"}}, {"x_groq": {"error": "e"}}])
def test_an_error_in_the_stream_ends_it(chunk: dict[str, Any]) -> None:
    t = Answer()
    t.server.answer()
    t.server.events(word("We are"), chunk)
    assert t.fault().kind is FaultKind.CUT_SHORT
    assert t.heard.text == "We are"


# --- connections ---


def test_a_connection_that_died_in_the_pool_costs_one_more_request_and_no_fault() -> None:
    t = Answer()
    t.server.fail("ServerDisconnectedError")
    assert len(t.network.exchanges) == 2
    assert t.network.exchanges[0].body == t.network.exchanges[1].body
    t.server.answer()
    t.server.events(word("Yes."), FINISH, "[DONE]")
    assert t.heard.text == "Yes."
    assert t.model.counts["sent_again"] == 1


def test_a_server_that_cannot_be_reached_is_not_tried_for_ever() -> None:
    t = Answer()
    t.server.fail("ClientConnectorError")
    t.server.fail("ClientConnectorError")
    assert t.fault().kind is FaultKind.UNREACHABLE
    assert len(t.network.exchanges) == 2


def test_a_time_out_is_not_tried_again() -> None:
    t = Answer()
    t.server.fail("no answer within 6000 ms", timed_out=True)
    assert t.fault().kind is FaultKind.STALLED
    assert len(t.network.exchanges) == 1


def test_cancelling_in_mid_answer_says_nothing_more_and_warms_a_connection_in_place_of_the_lost_one() -> None:
    t = Answer()
    answering = t.server
    answering.answer()
    answering.events(word("We are"))
    t.generation.cancel()
    assert answering.is_cancelled
    assert t.clock.pending_count == 0
    assert (t.server.method, t.server.url) == ("GET", "https://api.groq.com/openai/v1/models")
    t.generation.cancel()
    t.clock.advance(60_000)
    assert not t.heard.is_over
    assert len(t.network.exchanges) == 2


def test_cancelling_before_the_answer_or_after_it_opens_nothing() -> None:
    t = Answer()
    t.generation.cancel()
    assert len(t.network.exchanges) == 1
    t = Answer()
    t.server.answer()
    t.server.events(word("Yes."), FINISH, "[DONE]")
    t.generation.cancel()
    t.server.end()
    assert len(t.network.exchanges) == 1
    assert t.clock.pending_count == 0


def test_warming_asks_for_the_models_once_at_a_time() -> None:
    t = Answer()
    t.model.warm()
    t.model.warm()
    assert [exchange.method for exchange in t.network.exchanges] == ["POST", "GET"]
    t.server.answer()
    t.server.end()
    t.model.warm()
    assert len(t.network.exchanges) == 3
    t.model.close()
    assert t.server.is_cancelled


# --- the check at the start ---


def check(status: int, body: bytes, *, base_url: str = "https://api.groq.com") -> Fault | None:
    t = Answer(base_url)
    reports: list[Fault | None] = []
    t.model.check_models(reports.append)
    t.server.answer(status)
    t.server.data(body)
    t.server.end()
    assert len(reports) == 1
    return reports[0]


def listing(*models: str) -> bytes:
    return json.dumps({"object": "list", "data": [{"id": model, "object": "model"} for model in models]}).encode()


def test_the_check_finds_the_model() -> None:
    assert check(200, listing("x", "openai/gpt-oss-120b")) is None


def test_the_check_names_a_missing_model_and_what_there_is() -> None:
    fault = check(200, listing("other/model"))
    assert fault is not None
    assert fault.whose is Whose.SETTINGS
    assert "openai/gpt-oss-120b is not offered" in fault.detail
    assert "other/model" in fault.detail


def test_the_check_does_not_judge_the_names_of_a_compatible_server() -> None:
    assert check(200, listing("gguf"), base_url="http://127.0.0.1:8080/v1") is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"data":7}', b'{"data":[1,{"id":2}]}'])
def test_a_list_that_is_none_is_not_held_against_anybody(body: bytes) -> None:
    assert check(200, body) is None


def test_the_check_tells_a_wrong_key_and_an_unreachable_server() -> None:
    fault = check(401, b'{"error":{"message":"Invalid API Key"}}')
    assert fault is not None
    assert fault.kind is FaultKind.REFUSED_KEY
    t = Answer()
    reports: list[Fault | None] = []
    t.model.check_models(reports.append)
    t.server.fail("refused")
    assert reports[0] is not None
    assert reports[0].kind is FaultKind.UNREACHABLE
