"""What the emulated Groq refuses, limits and counts."""

import pytest

from simulator.peers.base import Request
from simulator.peers.groq import GroqRefusal
from simulator.peers.groq_meter import spell_duration
from tests.simulator.peers.groq_client import MODEL, USER, WEATHER, Client, chunks, spoken
from tests.simulator.peers.recorders import RecordedAnswer

REFUSALS = [
    (GroqRefusal.TOOL_USE_FAILED, 400, "tool_use_failed"),
    (GroqRefusal.BAD_KEY, 401, "invalid_api_key"),
    (GroqRefusal.UNKNOWN_MODEL, 404, "model_not_found"),
    (GroqRefusal.TOO_LARGE, 413, "rate_limit_exceeded"),
    (GroqRefusal.RATE_LIMITED_REQUESTS, 429, "rate_limit_exceeded"),
    (GroqRefusal.RATE_LIMITED_TOKENS, 429, "rate_limit_exceeded"),
    (GroqRefusal.FLEX_FULL, 498, "capacity_exceeded"),
    (GroqRefusal.SERVER_ERROR, 500, None),
    (GroqRefusal.OVER_CAPACITY, 503, None),
]


@pytest.mark.parametrize(("refusal", "status", "code"), REFUSALS)
def test_an_injected_refusal_holds_for_the_first_requests(refusal: GroqRefusal, status: int, code: str | None) -> None:
    client = Client(refuse=refusal, fail_first_n=2)
    for _ in range(2):
        refused = client.ask()
        assert refused.status == status
        assert refused.json["error"].get("code") == code
        assert refused.headers["x-request-id"].startswith("req_")
    assert client.ask().status == 200
    assert client.peer.counts["refused"] == 2


@pytest.mark.parametrize(("refusal", "status"), [(GroqRefusal.EDGE_FORBIDDEN, 403), (GroqRefusal.BAD_GATEWAY, 502)])
def test_the_edge_refuses_in_html(refusal: GroqRefusal, status: int) -> None:
    refused = Client(refuse=refusal).ask()
    assert refused.status == status
    assert refused.headers["content-type"].startswith("text/html")
    assert refused.body.startswith(b"<html>")


def test_the_edge_turns_away_user_agents() -> None:
    client = Client(refused_user_agents=("python-requests",))
    answer = RecordedAnswer(client.clock)
    headers = {"authorization": "Bearer k", "user-agent": "python-requests/2.32"}
    client.peer.exchange(Request("GET", "/openai/v1/models", headers), answer)
    assert answer.status == 403


@pytest.mark.parametrize("retry_after_s", [None, 3.5])
def test_a_429_has_retry_after_only_when_told(retry_after_s: float | None) -> None:
    refused = Client(refuse=GroqRefusal.RATE_LIMITED_TOKENS, retry_after_s=retry_after_s).ask()
    assert refused.headers.get("retry-after") == (None if retry_after_s is None else "3.5")
    assert "tokens per minute (TPM)" in refused.json["error"]["message"]
    assert refused.json["error"]["type"] == "tokens"


@pytest.mark.parametrize("key", ["", "Bearer ", "Bearer", "Basic abc", "Bearer wrong"])
def test_a_missing_malformed_or_wrong_key_is_401(key: str) -> None:
    client = Client(api_key="right")
    for method, path in (("POST", "/openai/v1/chat/completions"), ("GET", "/v1/models")):
        answer, _ = client.send(method, path, key)
        assert answer.status == 401
        assert answer.json["error"]["code"] == "invalid_api_key"
    assert client.send("GET", "/v1/models", "Bearer right")[0].status == 200


def test_rate_limit_headers_count_down_and_reset() -> None:
    client = Client(requests_per_day=100, tokens_per_minute=5_000)
    first, second = client.ask(1_000), client.ask(1_000)
    assert (first.headers["x-ratelimit-remaining-requests"], second.headers["x-ratelimit-remaining-requests"]) == (
        "99",
        "98",
    )
    left = int(second.headers["x-ratelimit-remaining-tokens"])
    assert left < int(first.headers["x-ratelimit-remaining-tokens"]) < 5_000
    assert second.headers["x-ratelimit-reset-tokens"] == "59s"
    client.clock.advance(60_000)
    assert int(client.ask().headers["x-ratelimit-remaining-tokens"]) > left


def test_limits_that_are_used_up_give_429_and_a_request_beyond_them_413() -> None:
    client = Client("x" * 400, tokens_per_minute=125)
    assert client.ask(1_000).status == 200
    refused = client.ask(1_000)
    assert refused.status == 429
    assert refused.headers["retry-after"] == "59"
    client.clock.advance(60_000)
    assert client.ask().status == 200
    large = client.ask(max_completion_tokens=126)
    assert (large.status, large.json["error"]["type"]) == (413, "tokens")
    daily = Client(requests_per_day=1)
    assert [daily.ask().status for _ in range(2)] == [200, 429]


def test_cached_tokens_rise_with_a_repeated_prefix_and_expire() -> None:
    client = Client()
    system = {"role": "system", "content": "Be brief. " * 200}

    def cached(text: str, model: str = MODEL) -> int:
        answer = client.ask(messages=[system, {"role": "user", "content": text}], model=model)
        details = chunks(answer)[-1]["x_groq"]["usage"]["prompt_tokens_details"]
        assert isinstance(details["cached_tokens"], int)
        return details["cached_tokens"]

    assert cached("hello") == 0
    assert cached("good morning") == 512
    assert cached("good morning", "qwen/qwen3.6-27b") == 0
    client.clock.advance(2 * 3_600_000 + 20_000)
    assert cached("good evening") == 0


TOOL_MESSAGE = {"role": "tool", "tool_call_id": "a1", "content": "{}"}
CALLING = {
    "role": "assistant",
    "tool_calls": [{"id": "a1", "type": "function", "function": {"name": "f", "arguments": ""}}],
}


@pytest.mark.parametrize(
    "members",
    [
        {"model": None},
        {"messages": None},
        {"messages": []},
        {"messages": ["hello"]},
        {"messages": [{"role": "robot", "content": "x"}]},
        {"messages": [{"role": "user"}]},
        {"messages": [{"role": "user", "content": 7}]},
        {"messages": [USER, TOOL_MESSAGE]},
        {"messages": [USER, CALLING, USER, TOOL_MESSAGE]},
        {"messages": [USER, CALLING, {**TOOL_MESSAGE, "tool_call_id": "b2"}]},
        {"n": 2},
        {"logprobs": True},
        {"stop": ["a", "b", "c", "d", "e"]},
        {"reasoning_effort": "none"},
        {"reasoning_effort": "low", "model": "groq/compound"},
        {"reasoning_format": "raw", "tools": [WEATHER]},
        {"reasoning_format": "parsed", "include_reasoning": True},
        {"response_format": {"type": "json_object"}, "tools": [WEATHER]},
        {"response_format": {"type": "json_schema"}},
        {"model": "llama-3.3-70b-versatile"},
        {"tools": [WEATHER] * 129},
        {"tools": [{"type": "function"}]},
        {"tools": [WEATHER], "model": "groq/compound"},
        {"stream": False, "stream_options": {"include_usage": True}},
        {"max_completion_tokens": 0},
        {"temperature": 3},
    ],
)
def test_what_the_real_service_refuses_is_refused_with_400(members: dict[str, object]) -> None:
    client = Client()
    refused = client.ask(**members)
    assert refused.status == 400
    assert refused.json["error"]["type"] == "invalid_request_error"
    assert refused.json["error"]["message"]
    assert client.ask().status == 200


def test_a_tool_message_that_answers_a_call_is_taken() -> None:
    assert Client().ask(messages=[USER, CALLING, TOOL_MESSAGE, TOOL_MESSAGE]).status == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_json_object_is_400(body: bytes) -> None:
    assert Client().send(body=body)[0].status == 400


def test_json_mode_demands_json_of_the_model() -> None:
    client = Client("not json", '{"a":1}')
    assert client.ask(response_format={"type": "json_object"}).json["error"]["code"] == "json_validate_failed"
    assert spoken(client.ask(response_format={"type": "json_object"})) == '{"a":1}'


def test_an_unknown_model_is_404_unless_every_model_is_served() -> None:
    assert Client().ask(model="gpt-17").json["error"]["code"] == "model_not_found"
    assert Client(models=()).ask(model="anything").status == 200


def test_paths_models_and_what_is_not_served() -> None:
    client = Client()
    for path in ("/openai/v1/models", "/v1/models"):
        assert MODEL in [model["id"] for model in client.send("GET", path)[0].json["data"]]
    assert client.send("GET", "/openai/v1/models/openai%2Fgpt-oss-120b")[0].json["id"] == MODEL
    assert client.send("GET", "/openai/v1/models/nothing")[0].status == 404
    assert client.send("GET", "/openai/v1/chat/completions")[0].status == 404
    assert client.send("POST", "/v1/chat/completions", body=b"{}")[0].status == 400
    refusal = client.peer.upgrade(Request("GET", "/openai/v1/realtime"))
    assert refusal is not None
    assert refusal.status == 404


def test_durations_are_spelled_as_in_the_headers() -> None:
    spelled = [spell_duration(int(seconds * 1e9)) for seconds in (0, 7.66, 59.999, 179.56, 3_602)]
    assert spelled == ["0s", "7.66s", "1m0s", "2m59.56s", "1h0m2s"]
