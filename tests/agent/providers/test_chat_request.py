import json

import pytest

from agent.errors import FaultKind, SettingsError, Whose
from agent.ports import ToolSchema
from agent.providers.chat_request import (
    ChatSettings,
    Dialect,
    encode_message,
    encode_request,
    endpoint,
    fault_in_stream,
    fault_of_answer,
    headers,
)
from fsm.events import ToolCall
from fsm.transcript import Message


@pytest.mark.parametrize(
    ("base", "url", "dialect"),
    [
        ("https://api.groq.com", "https://api.groq.com/openai/v1/models", Dialect.GROQ),
        ("https://api.groq.com/", "https://api.groq.com/openai/v1/models", Dialect.GROQ),
        ("https://api.groq.com/openai/v1", "https://api.groq.com/openai/v1/models", Dialect.GROQ),
        ("http://127.0.0.1:4000", "http://127.0.0.1:4000/openai/v1/models", Dialect.GROQ),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1/models", Dialect.COMPATIBLE),
        ("http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/v1/models", Dialect.COMPATIBLE),
        (
            "https://api.fireworks.ai/inference/v1",
            "https://api.fireworks.ai/inference/v1/models",
            Dialect.COMPATIBLE,
        ),
        ("https://api.openai.com/v1", "https://api.openai.com/v1/models", Dialect.OPENAI),
    ],
)
def test_the_base_url_tells_where_and_in_which_dialect(base: str, url: str, dialect: Dialect) -> None:
    settings = ChatSettings(api_key="k", base_url=base)
    assert endpoint(settings, "models") == url
    assert settings.dialect is dialect


def test_a_base_url_that_is_none_is_a_settings_error() -> None:
    with pytest.raises(SettingsError):
        endpoint(ChatSettings(api_key="k", base_url="groq"), "models")


def test_the_key_travels_in_its_header_and_an_empty_one_not_at_all() -> None:
    assert headers(ChatSettings(api_key="secret")) == {"Authorization": "Bearer secret"}
    assert headers(ChatSettings(api_key="")) == {}
    assert "secret" not in repr(ChatSettings(api_key="secret"))


BOOK = ToolSchema("book", "Book a slot.", {"type": "object", "properties": {"day": {"type": "string"}}})


def test_a_request_to_groq() -> None:
    settings = ChatSettings(api_key="k", temperature=0.5, max_completion_tokens=99)
    body = json.loads(encode_request(settings, [Message("system", "Be kind."), Message("user", "Hi")], [BOOK]))
    assert body == {
        "model": "openai/gpt-oss-120b",
        "stream": True,
        "temperature": 0.5,
        "max_completion_tokens": 99,
        "reasoning_effort": "low",
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "book",
                    "description": "Book a slot.",
                    "parameters": {"type": "object", "properties": {"day": {"type": "string"}}},
                },
            }
        ],
        "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}],
    }


def test_a_request_to_another_server_has_nothing_of_groqs() -> None:
    settings = ChatSettings(api_key="", base_url="http://127.0.0.1:8080/v1", model="llama3.2")
    body = json.loads(encode_request(settings, [Message("user", "Hi")], []))
    assert body == {
        "model": "llama3.2",
        "stream": True,
        "temperature": 0.4,
        "max_tokens": 1_024,
        "stream_options": {"include_usage": True},
        "messages": [{"role": "user", "content": "Hi"}],
    }


@pytest.mark.parametrize(
    ("model", "effort", "sent"),
    [
        ("openai/gpt-oss-20b", "auto", "low"),
        ("qwen/qwen3.8-27b", "auto", "none"),
        ("moonshotai/kimi", "auto", None),
        ("openai/gpt-oss-20b", "high", "high"),
        ("openai/gpt-oss-20b", "", None),
    ],
)
def test_the_least_thinking_is_asked_of_a_model_in_its_own_words(model: str, effort: str, sent: str | None) -> None:
    settings = ChatSettings(api_key="k", model=model, reasoning_effort=effort)
    assert json.loads(encode_request(settings, [], [])).get("reasoning_effort") == sent


def test_a_cut_reply_says_that_it_was_cut() -> None:
    cut = encode_message(Message("assistant", "We are open on", cut=True))
    assert cut == {"role": "assistant", "content": "We are open on — [the caller interrupted here]"}
    assert encode_message(Message("assistant", "", cut=True))["content"] == "— [the caller interrupted here]"


def test_a_reply_that_broke_off_is_to_be_gone_on_with() -> None:
    broken = encode_message(Message("assistant", "We are open on", broken=True))
    assert broken["content"] == "We are open on — [the connection broke here: go on from here]"


def test_tool_calls_and_their_results() -> None:
    call = ToolCall("id1", "book", '{"day":"Monday"}')
    asked = encode_message(Message("assistant", "One moment.", tool_calls=(call,)))
    function = {"name": "book", "arguments": '{"day":"Monday"}'}
    assert asked == {
        "role": "assistant",
        "content": "One moment.",
        "tool_calls": [{"id": "id1", "type": "function", "function": function}],
    }
    assert encode_message(Message("tool", "ok", tool_call_id="id1")) == {
        "role": "tool",
        "content": "ok",
        "tool_call_id": "id1",
    }


@pytest.mark.parametrize("arguments", ["", "{", '"text"', "[1]", "null", '{"a":NaN}'])
def test_broken_arguments_do_not_go_back_to_the_server(arguments: str) -> None:
    encoded = encode_message(Message("assistant", "", tool_calls=(ToolCall("i", "book", arguments),)))
    assert encoded["tool_calls"][0]["function"]["arguments"] == "{}"


def body(code: str, **more: str) -> bytes:
    return json.dumps({"error": {"message": "why", "type": "t", "code": code, **more}}).encode()


@pytest.mark.parametrize(
    ("status", "answer", "kind", "whose"),
    [
        (401, body("invalid_api_key"), FaultKind.REFUSED_KEY, Whose.SETTINGS),
        (403, b"<html><body>Access denied</body></html>", FaultKind.REFUSED_KEY, Whose.SETTINGS),
        (404, body("model_not_found"), FaultKind.BAD_REQUEST, Whose.SETTINGS),
        (400, body("model_decommissioned"), FaultKind.BAD_REQUEST, Whose.SETTINGS),
        (400, body("invalid_request_error"), FaultKind.BAD_REQUEST, Whose.OURS),
        (400, body("tool_use_failed", failed_generation="my name is"), FaultKind.CUT_SHORT, Whose.PROVIDER),
        (413, body("rate_limit_exceeded"), FaultKind.BAD_REQUEST, Whose.SETTINGS),
        (429, body("rate_limit_exceeded"), FaultKind.RATE_LIMITED, Whose.PROVIDER),
        (498, body("capacity_exceeded"), FaultKind.OVERLOADED, Whose.PROVIDER),
        (502, b"<html>Bad gateway</html>", FaultKind.OVERLOADED, Whose.PROVIDER),
        (500, b"", FaultKind.OVERLOADED, Whose.PROVIDER),
        (500, b'{"error":"text"}', FaultKind.OVERLOADED, Whose.PROVIDER),
        (500, b"[1]", FaultKind.OVERLOADED, Whose.PROVIDER),
    ],
)
def test_a_refusal_tells_whose_fault_it_is(status: int, answer: bytes, kind: FaultKind, whose: Whose) -> None:
    fault = fault_of_answer(ChatSettings(api_key="k"), status, {}, answer)
    assert (fault.kind, fault.whose, fault.provider) == (kind, whose, "groq")
    assert "my name is" not in fault.detail
    assert "<" not in fault.detail


def test_a_fault_never_holds_the_key() -> None:
    settings = ChatSettings(api_key="gsk_secret")
    fault = fault_of_answer(settings, 401, {}, json.dumps({"error": {"message": "bad key gsk_secret"}}).encode())
    assert "gsk_secret" not in str(fault)


@pytest.mark.parametrize(
    ("answer_headers", "wait_ms"),
    [
        ({"retry-after": "7"}, 7_000),
        ({"retry-after": "4.77s"}, 4_770),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "7.66s"}, 7_660),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "2m59.56s"}, 179_560),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "120ms"}, 120),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1h2m"}, 3_720_000),
        ({"x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "7s"}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_after_a_limit(answer_headers: dict[str, str], wait_ms: int | None) -> None:
    fault = fault_of_answer(ChatSettings(api_key="k"), 429, answer_headers, b"")
    assert fault.retry_after_ms == wait_ms


def test_how_long_to_wait_may_stand_in_the_message_only() -> None:
    told = json.dumps({"error": {"message": "Limit 8000, used 8000. Please try again in 4.77s. Visit x."}}).encode()
    assert fault_of_answer(ChatSettings(api_key="k"), 429, {}, told).retry_after_ms == 4_770


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("", FaultKind.CUT_SHORT),
        ("tool_use_failed", FaultKind.CUT_SHORT),
        ("rate_limit_exceeded", FaultKind.RATE_LIMITED),
        ("model_not_found", FaultKind.BAD_REQUEST),
    ],
)
def test_an_error_inside_a_stream(code: str, kind: FaultKind) -> None:
    assert fault_in_stream(ChatSettings(api_key="k"), code, "why").kind is kind
