"""The peer that plays Vapi, against a server that the test drives: what it sends, and what it does not take."""

import base64
import hashlib
import hmac
import json
from itertools import pairwise

import pytest

from simulator.brain.answers import BrainAnswer, CannedBrain
from simulator.peers.base import Request
from simulator.peers.vapi_behaviour import Auth, Layout, VapiBehaviour
from simulator.peers.vapi_turns import CallerTurn
from tests.simulator.peers.vapi_server import (
    NOON,
    ORIGIN,
    SECRET,
    Json,
    VapiScene,
    assistant,
    events,
    function,
    own_model,
    words,
)

END_CALL = {"type": "endCall"}
TRANSFER = {"type": "transferCall", "destinations": [{"type": "number", "number": "+15557654321"}]}


def calls(*asked: tuple[str, str, str]) -> bytes:
    """A stream that asks for tools: id, name and arguments of each, in two pieces."""
    first = [{"index": i, "id": id_, "type": "function", "function": {"name": name, "arguments": args[:3]}}
             for i, (id_, name, args) in enumerate(asked)]  # fmt: skip
    rest = [{"index": i, "function": {"arguments": args[3:]}} for i, (_, _, args) in enumerate(asked)]
    finish = {"delta": {}, "finish_reason": "tool_calls"}
    return events({"delta": {"tool_calls": first}}, {"delta": {"tool_calls": rest}}, finish)


def results(message: Json) -> Json:
    """A result for each call of a message."""
    told = [each["toolCall"] for each in message["toolWithToolCallList"]]
    names = [call.get("name") or call["function"]["name"] for call in told]
    return {
        "results": [
            {"toolCallId": c["id"], "name": n, "result": f"{n} is done"} for c, n in zip(told, names, strict=True)
        ]
    }


# --- how a call goes ---------------------------------------------------------------------------------------


def test_a_call_asks_for_its_assistant_tells_how_it_goes_and_ends_with_a_report() -> None:
    scene = VapiScene("Hi.", "And you?")
    scene.server.answers["assistant-request"] = {"assistant": assistant()}
    scene.server.completions = [words("I am ", "well."), words("Bye.")]
    call = scene.run()
    assert scene.said == [
        "assistant: Hello.",
        "user: Hi.",
        "assistant: I am well.",
        "user: And you?",
        "assistant: Bye.",
    ]
    assert (call.ended_reason, call.problems) == ("customer-ended-call", [])
    kinds = scene.server.kinds
    assert kinds[:3] == ["assistant-request", "status-update", "assistant.started"]
    assert kinds[-2:] == ["status-update", "end-of-call-report"]
    assert kinds.count("completion") == 2
    assert kinds.count("conversation-update") == 2
    first, second = scene.server.bodies("completion")
    assert (first["model"], first["stream"], first["call"]["id"]) == ("brain", True, call.call_id)
    assert [m["content"] for m in second["messages"]] == ["Hello.", "Hi.", "I am well.", "And you?"]
    (report,) = scene.server.bodies("end-of-call-report")
    said = [(each["role"], each["message"]) for each in report["message"]["artifact"]["messages"]]
    assert said[:3] == [("bot", "Hello."), ("user", "Hi."), ("bot", "I am well.")]


def test_only_what_the_assistant_wants_is_told() -> None:
    scene = VapiScene("Hi.")
    scene.server.answers["assistant-request"] = {"assistant": assistant(serverMessages=["transcript"])}
    scene.run()
    assert sorted(scene.server.kinds) == ["assistant-request", "completion", "transcript"]


@pytest.mark.parametrize(
    ("answer", "reason", "said"),
    [
        ({"error": "We are closed."}, "assistant-request-returned-error", ["assistant: We are closed."]),
        (
            {"destination": {"type": "number", "number": "+15557654321", "message": "One moment."}},
            "assistant-request-returned-forwarding-phone-number",
            ["assistant: One moment."],
        ),
        ({}, "assistant-request-returned-no-assistant", []),
        ({"assistantId": "nobody"}, "assistant-request-returned-no-assistant", []),
        ({"assistant": {"model": {}}}, "assistant-request-returned-invalid-assistant", []),
        ({"assistant": assistant(name="n" * 41)}, "assistant-request-returned-invalid-assistant", []),
        ({"assistant": assistant(colour="red")}, "assistant-request-returned-invalid-assistant", []),
    ],
)
def test_a_call_that_nobody_takes_ends_at_once(answer: Json, reason: str, said: list[str]) -> None:
    scene = VapiScene("Hi.")
    scene.server.answers["assistant-request"] = answer
    call = scene.run()
    assert (call.ended_reason, scene.said) == (reason, said)
    assert bool(call.problems) == ("invalid" in reason or "no-assistant" in reason)


def test_an_assistant_that_comes_too_late_is_none() -> None:
    scene = VapiScene("Hi.")
    scene.server.delays_ms["assistant-request"] = 7_600
    call = scene.run()
    assert call.ended_reason == "assistant-request-failed"
    assert "7500 ms" in call.problems[0]


def test_an_assistant_may_be_saved_at_vapi() -> None:
    scene = VapiScene("Hi.", saved={"a1": assistant(firstMessage="Saved: {{customer.number}}.")})
    scene.server.answers["assistant-request"] = {"assistantId": "a1"}
    scene.run()
    assert scene.said[0] == "assistant: Saved: +15550001111."


# --- who it says it is -------------------------------------------------------------------------------------


def headers(auth: Auth, **server: Json) -> Request:
    behaviour = VapiBehaviour(auth=auth)
    scene = VapiScene(
        behaviour=behaviour, assistant=assistant(server={"url": f"{ORIGIN}/hook", **server}) if server else None
    )
    scene.server.answers["assistant-request"] = {"assistant": assistant()}
    scene.run()
    return scene.server.came[0][1]


def test_a_credential_shows_itself_in_each_way() -> None:
    assert headers(Auth.SECRET).headers["x-vapi-secret"] == SECRET
    assert headers(Auth.BEARER).headers["authorization"] == f"Bearer {SECRET}"
    assert not {"x-vapi-secret", "authorization", "x-signature"} & set(headers(Auth.NONE).headers)
    for auth, encode in ((Auth.HMAC, bytes.hex), (Auth.HMAC_BASE64, lambda digest: base64.b64encode(digest).decode())):
        request = headers(auth)
        signed = request.headers["x-timestamp"].encode() + b"." + request.body
        digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
        assert request.headers["x-signature"] == encode(digest)
        assert int(request.headers["x-timestamp"]) == round(NOON.timestamp() * 1_000)


def test_a_server_has_headers_of_its_own_and_no_credential_then() -> None:
    request = headers(Auth.HMAC, headers={"X-Vapi-Secret": "own"})
    assert request.headers["x-vapi-secret"] == "own"
    assert "x-signature" not in request.headers
    assert headers(Auth.WRONG_SECRET, headers={"X-Vapi-Secret": "own"}).headers["x-vapi-secret"] == "ownx"


# --- tools -------------------------------------------------------------------------------------------------

LOOK, BOOK = function("look"), function("book", messages=[
    {"type": "request-start", "content": "I book it."},
    {"type": "request-response-delayed", "content": "Still at it.", "timingMilliseconds": 800},
    {"type": "request-failed", "content": "That did not work."},
])  # fmt: skip


def ask(*names: str) -> BrainAnswer:
    return BrainAnswer("Let me see.", tuple((name, '{"id": "7"}') for name in names))


def scene_with(
    *script: BrainAnswer, behaviour: VapiBehaviour | None = None, turns: tuple[str, ...] = ("Go.",)
) -> VapiScene:
    scene = VapiScene(*turns, behaviour=behaviour, assistant=own_model(LOOK, BOOK), brain=CannedBrain(script))
    scene.server.answers["tool-calls"] = results
    return scene


def test_the_tools_of_one_answer_come_in_one_message_and_their_results_go_to_the_model() -> None:
    scene = scene_with(ask("look", "book"), BrainAnswer("Done."))
    call = scene.run()
    (message,) = scene.server.bodies("tool-calls")
    assert [each["function"]["name"] for each in message["message"]["toolCallList"]] == ["look", "book"]
    assert [end.text for end in call.tool_ends] == ["look is done", "book is done"]
    assert [m["role"] for m in call.messages] == [
        "assistant",
        "user",
        "assistant",
        "assistant",
        "tool",
        "tool",
        "assistant",
    ]
    assert call.said[-1][1].endswith("I book it. Done.")


@pytest.mark.parametrize("layout", Layout)
def test_arguments_lie_where_the_layout_says(layout: Layout) -> None:
    scene = scene_with(ask("look"), BrainAnswer("Done."), behaviour=VapiBehaviour(layout=layout))
    call = scene.run()
    message = scene.server.bodies("tool-calls")[0]["message"]
    told = message["toolWithToolCallList"][0]["toolCall"]
    found = {
        Layout.TEXT: lambda: json.loads(told["function"]["arguments"]),
        Layout.OBJECT: lambda: told["function"]["arguments"],
        Layout.ARGUMENTS: lambda: told["arguments"],
        Layout.PARAMETERS: lambda: told["parameters"],
        Layout.PAIRED: lambda: told["function"]["parameters"],
    }
    assert found[layout]() == {"id": "7"}
    assert ("toolCallList" in message) == (layout is not Layout.PAIRED)
    assert call.problems == []


def test_who_waits_for_a_tool_hears_so() -> None:
    scene = scene_with(ask("book"), BrainAnswer("Done."))
    scene.server.delays_ms["tool-calls"] = 1_000
    scene.run()
    assert scene.said[-1] == "assistant: I book it. Still at it. Done."


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"results": []}, "expected one result"),
        ({"results": [{"toolCallId": "other", "name": "book", "result": "x"}]}, "expected one result"),
        ([], "expected one result"),
        (lambda m: {"results": [{**results(m)["results"][0], "result": "two\nlines"}]}, "on one line"),
        (lambda m: {"results": [{**results(m)["results"][0], "result": {"an": "object"}}]}, "on one line"),
        (lambda m: {"results": [{**results(m)["results"][0], "name": "look"}]}, "expected name 'book'"),
    ],
)
def test_what_is_no_result_is_none_and_the_words_for_failures_are_said(answer: Json, problem: str) -> None:
    scene = scene_with(ask("book"))
    scene.server.answers["tool-calls"] = answer
    call = scene.run()
    assert [(end.text, end.is_failure) for end in call.tool_ends] == [("No result returned.", True)]
    assert problem in call.problems[0]
    assert scene.said[-1] == "assistant: I book it. That did not work."


def test_a_tool_that_nobody_has_is_told_to_the_model() -> None:
    scene = scene_with(ask("loook"), BrainAnswer("Sorry."))
    call = scene.run()
    assert "no server has a tool 'loook'" in call.problems[0]
    assert scene.said[-1] == "assistant: Sorry."
    assert "tool-calls" not in scene.server.kinds


def test_who_goes_on_while_a_tool_runs_gets_the_next_answer_with_its_result() -> None:
    scene = scene_with(ask("look"), BrainAnswer("Well."), BrainAnswer("Good."))
    scene.call._turns.append(CallerTurn("And?", after_ms=300))
    scene.server.delays_ms["tool-calls"] = 500
    call = scene.run()
    roles = [m["role"] for m in call.messages]
    assert roles[:5] == ["assistant", "user", "assistant", "assistant", "tool"]
    assert scene.said[-1] == "assistant: Well."


# --- what only Vapi does -----------------------------------------------------------------------------------


def test_a_custom_model_ends_the_call_once_it_was_heard() -> None:
    scene = VapiScene("Bye.", "Too late.", assistant=assistant(model={"tools": [END_CALL]}))
    scene.server.completions = [events({"delta": {"content": "Goodbye."}})[:-14] + calls(("c1", "endCall", "{}"))]
    call = scene.run()
    assert (call.ended_reason, scene.said[-1]) == ("assistant-ended-call", "assistant: Goodbye.")
    tools = scene.server.bodies("completion")[0]["tools"]
    assert [each["function"]["name"] for each in tools] == ["endCall"]


@pytest.mark.parametrize(
    ("arguments", "answer", "number", "reason"),
    [
        ('{"destination": "+15557654321"}', {}, "+15557654321", "assistant-forwarded-call"),
        (
            "{}",
            {"destination": {"type": "number", "number": "+15550009999"}},
            "+15550009999",
            "assistant-forwarded-call",
        ),
        ("{}", {"error": "Nobody is there."}, "", "customer-ended-call"),
    ],
)
def test_a_call_is_handed_over(arguments: str, answer: Json, number: str, reason: str) -> None:
    scene = VapiScene("A person, please.", assistant=assistant(model={"tools": [TRANSFER]}))
    scene.server.completions = [calls(("c1", "transferCall", arguments))]
    scene.server.answers["transfer-destination-request"] = answer
    call = scene.run()
    assert (call.forwarded_to, call.ended_reason) == (number, reason)
    assert ("transfer-destination-request" in scene.server.kinds) == (arguments == "{}")


# --- interruptions and trouble -----------------------------------------------------------------------------


def test_who_interrupts_speech_has_heard_only_so_much() -> None:
    turns = (CallerTurn("Hi."), CallerTurn("Stop.", after_ms=1_000))
    scene = VapiScene(*turns, assistant=assistant(), behaviour=VapiBehaviour(say_ms_per_character=50))
    scene.server.completions = [words("This is a very long answer that never ends."), words("Yes.")]
    scene.run()
    assert scene.said[2] == "assistant: This is a very long"
    assert scene.server.kinds.count("user-interrupted") == 1


def test_who_interrupts_a_thought_ends_its_request() -> None:
    scene = VapiScene("Hi.", CallerTurn("Stop.", after_ms=200), assistant=assistant())
    scene.server.delays_ms["completion"] = 500
    call = scene.run()
    first, second = (wire for wire in scene.server.wires if wire.request.path == "/llm/chat/completions")
    assert (first.is_lost, second.is_lost) == (True, False)
    assert [each.is_aborted for each in call.completions] == [True, False]


def test_a_url_that_ends_in_the_path_already_is_taken_as_it_is() -> None:
    scene = VapiScene("Hi.", assistant=assistant(model={"url": f"{ORIGIN}/llm/chat/completions"}))
    scene.run()
    paths = [wire.request.path for wire in scene.server.wires]
    assert [path for path in paths if path.startswith("/llm")] == ["/llm/chat/completions"]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (events({"delta": {"content": "Hi"}}, {"delta": {}, "finish_reason": "stop"}, done=False), "without [DONE]"),
        (events({"delta": {"content": "Hi"}}), "without a finish_reason"),
        (b"data: {broken\n\n", "expected JSON"),
        (b'data: {"object": "else"}\n\n', "expected a chat.completion.chunk"),
        (b"event: x\n\n", "expected an event of one data line"),
        (events({"delta": {}, "finish_reason": "tool_calls"}), "with 0 tool calls"),
        (words("Hi.") + b"data: more\n\n", "after [DONE]"),
    ],
)
def test_an_answer_that_an_openai_client_would_not_take_ends_the_call(body: bytes, complaint: str) -> None:
    scene = VapiScene("Hi.", assistant=assistant())
    scene.server.completions = [body]
    call = scene.run()
    assert call.ended_reason == "pipeline-error-custom-llm-llm-failed"
    assert complaint in call.problems[0]


def test_an_answer_in_one_piece_is_taken() -> None:
    scene = VapiScene("Hi.", assistant=assistant())
    message = {"role": "assistant", "content": "Whole."}
    scene.server.completions = [json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode()]
    scene.server.stream_type = "application/json"
    scene.run()
    assert scene.said[-1] == "assistant: Whole."


def test_what_was_not_taken_in_is_sent_again_as_the_server_says() -> None:
    plan = {"type": "exponential", "maxRetries": 2, "baseDelaySeconds": 1}
    scene = VapiScene(assistant=assistant(server={"url": f"{ORIGIN}/hook", "backoffPlan": plan}))
    scene.server.statuses["end-of-call-report"] = [503, 500, 200]
    call = scene.run()
    reports = [each for each in call.deliveries if each.type == "end-of-call-report"]
    assert [each.status for each in reports] == [503, 500, 200]
    waits = [later.asked_at - earlier.answered_at for earlier, later in pairwise(reports)]
    assert [round(wait / 1e9) for wait in waits] == [1, 2]


def test_by_itself_nothing_is_sent_again() -> None:
    scene = VapiScene(assistant=assistant())
    scene.server.statuses["end-of-call-report"] = [503]
    call = scene.run()
    assert scene.server.kinds.count("end-of-call-report") == 1
    assert call.problems == ["end-of-call-report: status 503, application/json"]


def test_copies_are_the_same_bytes_and_broken_ones_come_first() -> None:
    behaviour = VapiBehaviour(copies=2, copy_after_ms=400, broken_first=True)
    scene = scene_with(ask("look"), BrainAnswer("Done."), behaviour=behaviour)
    call = scene.run()
    bodies = [request.body for kind, request in scene.server.came if kind == "tool-calls"]
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]
    assert scene.server.kinds.index("broken") < scene.server.kinds.index("status-update")
    assert call.problems == []


def test_the_report_may_come_before_the_end_or_long_after_it() -> None:
    scene = VapiScene(assistant=assistant(), behaviour=VapiBehaviour(report_first=True, report_after_ms=60_000))
    scene.run()
    assert scene.server.kinds[-2:] == ["end-of-call-report", "status-update"]
    assert scene.world.elapsed_ms > 60_000


def test_a_slow_model_is_told_by_hang() -> None:
    scene = VapiScene("Hi.", assistant=assistant(), behaviour=VapiBehaviour(hang_after_ms=300))
    scene.server.delays_ms["completion"] = 500
    scene.run()
    assert scene.server.kinds.count("hang") == 1


def test_a_model_that_says_nothing_in_time_ends_the_call() -> None:
    scene = VapiScene("Hi.", assistant=assistant(model={"timeoutSeconds": 2}))
    scene.server.delays_ms["completion"] = 3_000
    call = scene.run()
    assert "chat completion: timed out" in call.problems[0]
    assert [wire.request.path for wire in scene.server.wires if wire.is_lost] == ["/llm/chat/completions"]
