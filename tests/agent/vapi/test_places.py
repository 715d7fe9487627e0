"""How many of Vapi's calls there may be, and what those are told for whom there is no room, or no time any more."""

from datetime import timedelta
from pathlib import Path

import pytest

from agent.config import Config, Secret
from agent.vapi.calls import QUIET_S
from agent.vapi.webhook import TURNED_AWAY
from tests.agent.vapi.desk import AGENT, PHRASES, SECRET, Json, VapiDesk, function, told, words_of
from tools.declare import tool

END_CALL = {"type": "function", "function": {"name": "endCall", "parameters": {}}}
SECOND = {"id": "call-2"}


class Shop:
    """A desk with one place, whose only tool counts what it does."""

    def __init__(self, data: Path) -> None:
        self.ordered: list[str] = []
        shop = self

        @tool(kind="effect")
        def order(what: str) -> str:
            """Order something."""
            shop.ordered.append(what)
            return f"{what} comes"

        self.desk = VapiDesk(data, order, config=Config(vapi_secret=Secret(SECRET), data=data, max_calls=1))

    async def rings(self, call_id: str) -> Json:
        return await self.desk.post({"message": {"type": "assistant-request", "call": {"id": call_id}}})

    async def is_now(self, status: str) -> None:
        message = {"type": "status-update", "status": status, "call": {"id": "call-1"}}
        assert await self.desk.post({"message": message}) == {}

    async def orders(self, what: str, call_id: str = "call-1") -> str:
        (result,) = await self.desk.use(function(f"t-{what}", "order", {"what": what}), call_id=call_id)
        return result.get("error") or result["result"]


@pytest.fixture(name="shop")
def new_shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


BUSY = {"error": AGENT.busy}


def test_a_call_too_many_is_turned_away_until_another_one_ends(shop: Shop) -> None:
    async def story() -> None:
        assert "assistant" in await shop.rings("call-1")
        assert "assistant" in await shop.rings("call-1")  # the same call, asked again
        assert await shop.rings("call-2") == BUSY
        await shop.is_now("ended")
        assert "assistant" in await shop.rings("call-2")

    told(story)


def test_a_conversation_too_many_hears_that_we_are_busy_and_is_ended(shop: Shop) -> None:
    async def story() -> None:
        await shop.rings("call-1")
        words, end, finish = await shop.desk.chat(("user", "Hello?"), call=SECOND, tools=[END_CALL])
        assert words == {"content": AGENT.busy}
        assert end["tool_calls"][0]["function"] == {"name": "endCall", "arguments": "{}"}
        assert finish == {"finish": "tool_calls"}
        assert await shop.desk.chat(("user", "Hello?"), call=SECOND) == [{"content": AGENT.busy}, {"finish": "stop"}]
        assert shop.desk.model.generations == []

    told(story)


def test_what_is_only_told_of_takes_no_place(shop: Shop) -> None:
    async def story() -> None:
        await shop.is_now("in-progress")
        for kind in ("hang", "speech-update"):
            await shop.desk.say(kind)
        assert "assistant" in await shop.rings("call-2")

    told(story)


def test_a_call_of_which_nothing_is_heard_any_more_gives_its_place_up(shop: Shop) -> None:
    async def story() -> None:
        assert await shop.orders("tea") == '"tea comes"'
        shop.desk.now += timedelta(seconds=QUIET_S - 1)
        assert await shop.rings("call-2") == BUSY
        shop.desk.now += timedelta(seconds=2)
        assert "assistant" in await shop.rings("call-2")

    told(story)


def test_a_call_under_way_has_its_tools_however_full_it_is(shop: Shop) -> None:
    async def story() -> None:
        await shop.rings("call-1")
        assert await shop.orders("tea", "call-2") == '"tea comes"'

    told(story)


def test_while_closing_calls_go_on_and_none_begins(shop: Shop) -> None:
    async def story() -> None:
        await shop.orders("tea")
        shop.desk.is_closing = True
        assert await shop.orders("milk") == '"milk comes"'
        assert await shop.rings("call-2") == BUSY
        assert await shop.orders("sugar", "call-2") == TURNED_AWAY
        assert words_of(await shop.desk.chat(("user", "Hello?"), call=SECOND)) == AGENT.busy
        assert shop.ordered == ["tea", "milk"]

    told(story)


def test_at_leave_taking_callers_are_told_goodbye_and_what_was_done_is_still_known(shop: Shop) -> None:
    async def story() -> None:
        await shop.orders("tea")
        shop.desk.is_closing = True
        shop.desk.webhook.take_leave()
        words, end, _ = await shop.desk.chat(("user", "And milk."), tools=[END_CALL])
        assert words == {"content": PHRASES.goodbye}
        assert end["tool_calls"][0]["function"]["name"] == "endCall"
        assert await shop.orders("milk") == TURNED_AWAY
        assert await shop.orders("tea") == '"tea comes"'
        assert shop.ordered == ["tea"]

    told(story)


def test_whose_end_is_awaited_and_then_their_report(shop: Shop) -> None:
    async def story() -> None:
        calls = shop.desk.webhook.calls
        changes: list[int] = []
        shop.desk.webhook.on_change = lambda: changes.append(calls.awaited)
        await shop.orders("tea")
        assert (calls.active, calls.awaited) == (1, 0)  # nobody promised to tell us of its end
        await shop.is_now("in-progress")
        assert (calls.awaited, calls.unreported) == (1, 0)
        await shop.is_now("ended")
        assert (calls.active, calls.awaited, calls.unreported) == (0, 0, 1)
        await shop.desk.say("end-of-call-report", endedReason="customer-ended-call")
        assert calls.unreported == 0
        assert changes == [0, 0, 0]

    told(story)
