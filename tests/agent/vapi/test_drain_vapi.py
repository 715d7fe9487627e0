"""SIGTERM while Vapi has calls with us: what runs is finished, who is new is told that we are busy, then we go."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from agent import server_drain
from agent.agent_file import load_agent
from agent.house import House
from simulator.emulators import EmulatedProviders, Setup
from simulator.peers.groq_behaviour import GroqBehaviour
from tests.agent.test_house import settings, told
from tests.agent.vapi.desk import HEADERS, SECRET, Json, chat_body
from tools.waiting import elapse

AGENT = load_agent("appointments")
END_CALL = {"type": "function", "function": {"name": "endCall", "parameters": {}}}


class Visit:
    """A house with an emulated model, and somebody who asks it what Vapi asks."""

    def __init__(self, house: House, http: aiohttp.ClientSession) -> None:
        self.house = house
        self._http = http
        self._url = f"http://127.0.0.1:{house.server.port}/vapi"

    async def say(self, kind: str, call_id: str = "call-1", **fields: Json) -> Json:
        message = {"type": kind, "call": {"id": call_id}, **fields}
        async with self._http.post(f"{self._url}/webhook", json={"message": message}, headers=HEADERS) as answer:
            assert answer.status == 200
            return await answer.json()

    async def hear(self, words: str, call_id: str = "call-1") -> str:
        body = chat_body(("user", words), stream=False, call={"id": call_id}, tools=[END_CALL])
        async with self._http.post(f"{self._url}/chat/completions", data=body, headers=HEADERS) as answer:
            (choice,) = json.loads(await answer.read())["choices"]
            return f"{choice['message']['content']} ({choice['finish_reason']})"

    async def until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            await elapse(0.01)


@asynccontextmanager
async def visit(data: Path, first_token_ms: int = 0) -> AsyncIterator[Visit]:
    slow = GroqBehaviour(first_token_ms=first_token_ms)
    async with EmulatedProviders(Setup(only=("groq",), behaviours={"groq": slow})) as emulated:
        config = settings(data, VAPI_SECRET=SECRET, OFFHOOK_DRAIN_S="3600", **emulated.env)
        async with House(config, AGENT) as house, aiohttp.ClientSession() as http:
            yield Visit(house, http)


def tell(data: Path, story: Callable[[Visit], Awaitable[None]], first_token_ms: int = 0) -> None:
    async def whole() -> None:
        async with visit(data, first_token_ms) as there:
            await story(there)

    told(whole)


def test_an_answer_under_way_is_finished_first_and_nobody_new_comes_in(tmp_path: Path) -> None:
    async def story(there: Visit) -> None:
        answer = asyncio.create_task(there.hear("Tuesday morning, please."))
        await there.until(lambda: there.house.server.vapi.in_progress > 0)
        there.house.server.on_signal()
        assert await there.say("assistant-request", "call-2") == {"error": AGENT.busy}
        assert await there.hear("Hello?", "call-3") == f"{AGENT.busy} (tool_calls)"
        assert not answer.done()
        assert not there.house.server.is_drained
        assert "Tuesday" in await answer
        await there.house.server.until_drained()

    tell(tmp_path, story, first_token_ms=1_000)


def test_calls_of_whose_end_we_are_told_are_waited_for_and_so_are_their_reports(tmp_path: Path) -> None:
    async def story(there: Visit) -> None:
        await there.say("assistant-request")
        there.house.server.on_signal()
        assert "Tuesday" in await there.hear("Tuesday morning, please.")
        await there.say("status-update", status="ended")
        assert not there.house.server.is_drained
        await there.say("end-of-call-report", endedReason="customer-ended-call")
        await there.house.server.until_drained()
        assert (tmp_path / "traces" / "call-1.jsonl").exists()

    tell(tmp_path, story)


def test_a_second_signal_has_callers_told_goodbye(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_drain, "REPORT_S", 0.05)

    async def story(there: Visit) -> None:
        await there.say("assistant-request")
        there.house.server.on_signal()
        there.house.server.on_signal()
        await there.until(lambda: there.house.vapi is not None and there.house.vapi.takes_leave)
        assert await there.hear("Tuesday, please.") == f"{AGENT.phrases['goodbye']} (tool_calls)"
        assert not there.house.server.is_drained
        await there.say("status-update", status="ended")
        await there.house.server.until_drained()

    tell(tmp_path, story)


def test_a_call_that_never_ends_is_left_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_drain, "GOODBYE_S", 0.05)

    async def story(there: Visit) -> None:
        await there.say("assistant-request")
        there.house.server.on_signal()
        there.house.server.hurry()
        await there.house.server.until_drained()

    tell(tmp_path, story)
