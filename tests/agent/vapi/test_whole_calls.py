"""Whole calls at an emulated Vapi to what `offhook serve` runs, over sockets: what becomes of them in the data."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from click.testing import CliRunner

from agent.agent_file import load_agent
from agent.cli import offhook
from agent.house import House
from agent.vapi.assistant import assistant_of, model_at_vapi
from simulator.emulators import EmulatedProviders, Setup
from simulator.peers.groq import GroqPeer
from simulator.peers.groq_behaviour import GroqBehaviour
from simulator.peers.vapi import VapiCall
from simulator.peers.vapi_behaviour import Auth, VapiBehaviour
from simulator.peers.vapi_turns import CallerTurn
from simulator.vapi_command import BOOKING, summary, told
from simulator.vapi_on_sockets import VapiVisit
from tests.agent.test_house import settings
from tests.agent.test_house import told as tell_on_sockets
from tests.agent.vapi.desk import HEADERS, SECRET, Json, chat_body
from tests.agent.vapi.world import how
from tools.appointments.tools import booking_rows
from tools.waiting import elapse

AGENT = load_agent("appointments")


class Practice:
    """A house that answers Vapi, with an emulated model of its own."""

    def __init__(self, house: House, emulated: EmulatedProviders) -> None:
        self.house = house
        self.groq = emulated.peer(GroqPeer)
        self.url = f"http://127.0.0.1:{house.server.port}"

    async def call(
        self,
        *turns: str | CallerTurn,
        behaviour: VapiBehaviour | None = None,
        assistant: Json = None,
        secret: str = SECRET,
    ) -> VapiCall:
        said = tuple(CallerTurn(turn) if isinstance(turn, str) else turn for turn in turns or BOOKING)
        url = f"{self.url}/vapi/webhook"
        return await VapiVisit(url, secret, said, behaviour or VapiBehaviour(), assistant).call()

    def assistant_at_vapi(self) -> Json:
        """The agent as an assistant whose model is Vapi's own."""
        model = model_at_vapi(AGENT, "openai", "gpt-4.1", "UTC")
        return assistant_of(AGENT, self.house.config, AGENT.toolset(), self.url, SECRET, model)

    @property
    def rows(self) -> list[tuple[object, object]]:
        """Who has an appointment, and by which number."""
        return [(row["name"], row["caller"]) for row in booking_rows(self.house.config.data / "appointments.db")]


@asynccontextmanager
async def practice(data: Path, model: GroqBehaviour | None) -> AsyncIterator[Practice]:
    behaviours = {"groq": model or GroqBehaviour(first_token_ms=0)}
    async with (
        EmulatedProviders(Setup(only=("groq",), behaviours=behaviours)) as emulated,
        House(settings(data, VAPI_SECRET=SECRET, **emulated.env), AGENT) as house,
    ):
        yield Practice(house, emulated)


def tell(data: Path, story: Callable[[Practice], Awaitable[None]], model: GroqBehaviour | None = None) -> None:
    async def whole() -> None:
        async with practice(data, model) as there:
            await story(there)

    tell_on_sockets(whole)


def test_our_brain_books_for_a_caller_at_vapi_and_the_call_is_among_the_calls(tmp_path: Path) -> None:
    calls: list[VapiCall] = []

    async def story(there: Practice) -> None:
        calls.append(await there.call())
        assert there.rows == [("Ann Lee", "+15550001111")]

    tell(tmp_path, story)
    (call,) = calls
    assert (call.ended_reason, call.problems) == ("assistant-ended-call", [])
    shown = CliRunner().invoke(offhook, ["calls", "show", call.call_id[:8], "--data", str(tmp_path), "--json"])
    record = json.loads(shown.output)
    assert (record["call_id"], record["outcome"], record["turns"]) == (call.call_id, "done", 4)
    assert record["fields"]["book_appointment"]["name"] == "Ann Lee"
    assert json.loads(json.dumps(told(call)))["said"][-1]["text"] == "Goodbye, and see you on Tuesday."
    assert "4 answers, first words after" in summary(call)


@pytest.mark.parametrize("behaviour", [VapiBehaviour(copies=3), VapiBehaviour(copies=2, copy_after_ms=300)], ids=how)
def test_tool_calls_that_are_delivered_again_and_again_book_once(tmp_path: Path, behaviour: VapiBehaviour) -> None:
    async def story(there: Practice) -> None:
        call = await there.call(behaviour=behaviour, assistant=there.assistant_at_vapi())
        delivered = [each for each in call.deliveries if each.type == "tool-calls"]
        assert len(delivered) == 2 * behaviour.copies
        by_call: dict[str, set[bytes]] = {}
        for each in delivered:
            assert each.answer is not None
            by_call.setdefault(each.body["toolCallList"][0]["id"], set()).add(each.answer.body)
        assert [len(answers) for answers in by_call.values()] == [1, 1]
        assert there.rows == [("Ann Lee", "+15550001111")]
        assert call.problems == []

    tell(tmp_path, story)


def test_a_caller_who_goes_on_in_mid_answer_leaves_nothing_running(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(there: Practice) -> None:
        call = await there.call("Tuesday", CallerTurn("Tuesday morning, please.", after_ms=700), *BOOKING[1:])
        assert call.completions[0].is_aborted
        assert there.groq.counts["cancelled"] == 1
        assert there.groq.open_count == 0
        assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("vapi")]
        assert there.house.server.vapi.in_progress == 0
        assert there.rows == [("Ann Lee", "+15550001111")]

    tell(tmp_path, story, GroqBehaviour(first_token_ms=500, tokens_per_s=8))
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_an_answer_that_nobody_waits_for_any_more_is_given_up_before_its_first_word(tmp_path: Path) -> None:
    async def story(there: Practice) -> None:
        async with aiohttp.ClientSession() as http:
            body, url = chat_body(("user", "Tuesday morning, please.")), f"{there.url}/vapi/chat/completions"
            async with http.post(url, data=body, headers=HEADERS) as answer:
                while not there.groq.open_count:
                    await elapse(0.01)
                answer.close()
        while there.groq.open_count:
            await elapse(0.01)
        assert there.groq.counts["cancelled"] == 1
        assert there.groq.counts["finished"] == 0

    tell(tmp_path, story, GroqBehaviour(first_token_ms=60_000))


def test_a_connection_that_is_lost_in_mid_answer_is_made_up_for_by_the_next(tmp_path: Path) -> None:
    async def story(there: Practice) -> None:
        call = await there.call(behaviour=VapiBehaviour(cut_after_chunks=2))
        assert call.completions[0].is_aborted
        assert len(call.completions) == 5
        assert there.rows == [("Ann Lee", "+15550001111")]
        while there.groq.open_count:
            await elapse(0.01)

    tell(tmp_path, story)


@pytest.mark.parametrize("auth", [Auth.WRONG_SECRET, Auth.WRONG_SIGNATURE, Auth.STALE_SIGNATURE, Auth.NONE])
def test_who_does_not_know_the_secret_gets_401_and_nothing_is_done(tmp_path: Path, auth: Auth) -> None:
    async def story(there: Practice) -> None:
        call = await there.call(behaviour=VapiBehaviour(auth=auth))
        assert {each.status for each in call.deliveries} == {401}
        assert call.ended_reason == "assistant-request-failed"
        assert there.rows == []
        assert there.house.desk.workshop.journal.entries() == []

    tell(tmp_path, story)
    assert list(tmp_path.glob("traces/*")) == []


def test_many_calls_at_once_each_have_their_appointment(tmp_path: Path) -> None:
    async def story(there: Practice) -> None:
        names = ["Ann Lee", "Bo Ray", "Cy Fox", "Di Orr"]
        assistant = there.assistant_at_vapi()
        visits = [
            there.call(BOOKING[0], "The first one.", f"My name is {name}.", BOOKING[3], assistant=how)
            for name, how in zip(names, [None, assistant] * 2, strict=True)
        ]
        calls = await asyncio.gather(*visits)
        assert [call.problems for call in calls] == [[]] * 4
        taken = [name for name, _ in there.rows]
        assert set(taken) <= set(names)
        assert len(taken) == len(set(taken)) >= 1
        starts = [row["slot"] for row in booking_rows(tmp_path / "appointments.db")]
        assert len(starts) == len(set(starts)), "no slot is given twice"

    tell(tmp_path, story)
