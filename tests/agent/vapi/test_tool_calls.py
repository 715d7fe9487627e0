"""Tools behind Vapi: every documented shape, each tool call once, every failure a result on one line."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from agent.vapi.messages import MAX_CALLS
from agent.vapi.webhook import IS_OVER
from tests.agent.vapi.desk import Json, VapiDesk, function, told
from tools.context import ToolContext, ToolError
from tools.declare import tool
from tools.waiting import elapse

BODIES = [
    {"toolCallList": [function("t1", "order", '{"what": "tea"}')]},
    {"toolCallList": [function("t1", "order", {"what": "tea"})]},
    {"toolCallList": [{"id": "t1", "name": "order", "arguments": {"what": "tea"}}]},
    {"toolCallList": [{"id": "t1", "name": "order", "parameters": {"what": "tea"}}]},
    {
        "toolWithToolCallList": [
            {"toolCall": {"id": "t1", "function": {"name": "order", "parameters": {"what": "tea"}}}}
        ]
    },
    {
        "toolWithToolCallList": [
            {"name": "order", "toolCall": {"id": "t1", "name": "order", "parameters": {"what": "tea"}}}
        ]
    },
]


class Shop:
    """Tools that count what they do."""

    def __init__(self, data: Path) -> None:
        self.ordered: list[tuple[str, str, str]] = []
        shop = self

        @tool(kind="effect", deadline_ms=500)
        async def order(context: ToolContext, what: str, takes_s: float = 0) -> dict[str, str]:
            """Order something."""
            await elapse(takes_s)
            shop.ordered.append((context.call_id, context.caller, what))
            return {"ordered": f"{what}\nand more"}

        @tool()
        def price(what: str) -> dict[str, int]:
            """What it costs."""
            if what == "nothing":
                raise ToolError("There is no nothing.\nAsk for something.")
            return {"cents": len(what)}

        self.desk = VapiDesk(data, order, price)


@pytest.fixture(name="shop")
def new_shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.mark.parametrize("body", BODIES)
def test_arguments_are_found_wherever_they_lie(shop: Shop, body: dict[str, Any]) -> None:
    async def story() -> None:
        answer = await shop.desk.say("tool-calls", **body)
        assert answer == {"results": [{"toolCallId": "t1", "name": "order", "result": '{"ordered":"tea\\nand more"}'}]}
        assert shop.ordered == [("call-1", "+15551230000", "tea")]

    told(story)


def test_several_calls_are_answered_in_their_order_and_run_at_once(shop: Shop) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        slow = [function(f"t{n}", "order", {"what": str(n), "takes_s": 0.4}) for n in range(3)]
        results = await shop.desk.use(*slow, function("t9", "price", {"what": "tea"}))
        assert [each["toolCallId"] for each in results] == ["t0", "t1", "t2", "t9"]
        assert results[3]["result"] == '{"cents":3}'
        assert loop.time() - began == pytest.approx(0.4)

    told(story)


def test_a_tool_call_sent_again_is_not_done_again(shop: Shop) -> None:
    async def story() -> None:
        wanted = function("t1", "order", {"what": "tea", "takes_s": 0.3})
        both = await asyncio.gather(shop.desk.use(wanted), shop.desk.use(wanted))
        later = await shop.desk.use(wanted, wanted)
        assert both[0] == both[1] == later
        assert len(later) == len(shop.ordered) == 1

    told(story)


def test_the_same_thing_under_another_id_is_not_done_again_either_even_by_another_process(shop: Shop) -> None:
    async def story() -> None:
        await shop.desk.use(function("t1", "order", {"what": "tea"}))
        await shop.desk.use(function("t2", "order", {"what": "tea"}))
        restarted = VapiDesk(shop.desk.config.data, *shop.desk.workshop.tools)
        (result,) = await restarted.use(function("t1", "order", {"what": "tea"}))
        assert "done already" in result["result"]
        await restarted.use(function("t1", "order", {"what": "tea"}), call_id="call-2")
        assert [call_id for call_id, _, _ in shop.ordered] == ["call-1", "call-2"]

    told(story)


def test_one_that_was_too_late_is_told_its_end_when_it_is_asked_for_again(shop: Shop) -> None:
    async def story() -> None:
        wanted = function("t1", "order", {"what": "tea", "takes_s": 0.8})
        (late,) = await shop.desk.use(wanted)
        assert "Not confirmed within 0.5 s" in late["error"]
        (ended,) = await shop.desk.use(wanted)
        assert "ordered" in ended["result"]
        assert len(shop.ordered) == 1

    told(story)


def test_what_goes_wrong_is_an_error_on_one_line_beside_results(shop: Shop) -> None:
    async def story() -> None:
        results = await shop.desk.use(
            function("t1", "prise", {}),
            function("t2", "order", "{broken"),
            function("t3", "price", {"what": "nothing"}),
            function("t4", "price", {"what": "tea"}),
        )
        assert "Did you mean 'price'?" in results[0]["error"]
        assert "order" in results[1]["error"]
        assert "There is no nothing." in results[2]["error"]
        assert results[3]["result"] == '{"cents":3}'
        assert not any("\n" in text for each in results for text in each.values())

    told(story)


def test_after_the_end_nothing_begins_but_what_was_done_is_told(shop: Shop) -> None:
    async def story() -> None:
        wanted = function("t1", "order", {"what": "tea"})
        (first,) = await shop.desk.use(wanted)
        over = {
            "type": "status-update",
            "status": "ended",
            "call": {"id": "call-1"},
            "endedReason": "silence-timed-out",
        }
        assert await shop.desk.post({"message": over}) == {}
        again, new = await shop.desk.use(wanted, function("t2", "order", {"what": "milk"}))
        assert again == first
        assert new == {"toolCallId": "t2", "name": "order", "error": IS_OVER}
        assert len(shop.ordered) == 1

    told(story)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"{", "expected JSON"),
        (b"[]", "expected a JSON object, got list"),
        (b"{}", "server messages have it"),
        ({"message": {"type": "tool-calls", "toolCallList": [{}]}}, "needs call.id"),
        ({"message": {"type": "tool-calls", "call": {"id": "../x"}}}, "call.id must be"),
        ({"message": {"type": "tool-calls", "call": {"id": "c"}}}, "expected calls"),
        ({"message": {"type": "tool-calls", "call": {"id": "c"}, "toolCallList": [{"id": "t"}]}}, "a name"),
        (
            {"message": {"type": "tool-calls", "call": {"id": "c"}, "toolCallList": [{}] * (MAX_CALLS + 1)}},
            f"at most {MAX_CALLS}",
        ),
    ],
)
def test_what_is_no_message_is_refused_with_what_was_expected(shop: Shop, body: Json, complaint: str) -> None:
    async def story() -> None:
        assert complaint in (await shop.desk.post(body, status=400))["error"]

    told(story)


def test_a_stranger_learns_nothing_and_does_nothing(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        message = {"type": "tool-calls", "call": {"id": "c"}, "toolCallList": [function("t", "order", {"what": "tea"})]}
        for body in (json.dumps({"message": message}).encode(), b"{", b"{}"):
            assert "secret" in (await shop.desk.post(body, headers={"x-vapi-secret": "guess"}, status=401))["error"]
        assert shop.ordered == []
        assert "tea" not in caplog.text

    told(story)
