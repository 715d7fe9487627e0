"""Our brain for Vapi's calls: words as they come, tools within the answer, fillers, failures, and callers who go on."""

import asyncio
import json
from pathlib import Path

import pytest

from agent.ports import Usage
from agent.vapi.brain import FLUSH
from agent.vapi.webhook import StreamedResponse
from agent.web_request import WebRequest
from fsm.events import ToolCall
from fsm.transcript import Message, is_valid
from tests.agent.call_fakes import FakeGeneration, fault
from tests.agent.vapi.desk import HEADERS, PHRASES, Json, VapiDesk, chat_body, passed, told, words_of
from tests.tools.virtual import elapse
from tools.call_control import hang_up
from tools.declare import tool

ORDER = ToolCall("m1", "order", '{"what": "tea"}')
END_CALL = {"type": "function", "function": {"name": "endCall", "description": "End it.", "parameters": {}}}


class Talk:
    """A desk whose model answers by the steps of a script, one for each generation."""

    def __init__(self, data: Path) -> None:
        self.ordered: list[str] = []
        self.takes_s = 0.0
        talk = self

        @tool(kind="effect", deadline_ms=20_000)
        async def order(what: str) -> str:
            """Order something."""
            await elapse(talk.takes_s)
            talk.ordered.append(what)
            return f"{what} comes"

        self.desk = VapiDesk(data, order, hang_up)

    @property
    def last(self) -> FakeGeneration:
        return self.desk.model.generations[-1]

    async def answer(self, *script: Json, said: str = "Tea, please.", **fields: Json) -> list[dict[str, Json]]:
        """The deltas of an answer to `said`; each step of the script is words, a tool call, or a fault."""
        before = len(self.desk.model.generations)
        chat = asyncio.create_task(self.desk.chat(("assistant", "Hello."), ("user", said), **fields))
        for number, step in enumerate(script, before + 1):
            while len(self.desk.model.generations) < number:
                await passed()
            for part in step if isinstance(step, list) else [step]:
                if isinstance(part, str):
                    self.last.says(part)
                elif isinstance(part, ToolCall):
                    self.last.ends(part)
                else:
                    self.last.fails(part)
            if all(isinstance(part, str) for part in (step if isinstance(step, list) else [step])):
                self.last.ends()
        return await chat


@pytest.fixture(name="talk")
def new_talk(tmp_path: Path) -> Talk:
    return Talk(tmp_path)


def test_words_are_passed_on_as_they_come(talk: Talk) -> None:
    async def story() -> None:
        deltas = await talk.answer(["We have ", "tea."])
        assert deltas == [{"content": "We have "}, {"content": "tea."}, {"finish": "stop"}]
        assert talk.last.messages == [
            Message("system", "Prompt. +15551230000"), Message("assistant", "Hello."), Message("user", "Tea, please."),
        ]  # fmt: skip
        assert [each.name for each in talk.last.tools] == ["order", "hang_up"]

    told(story)


def test_our_tools_run_within_the_answer_and_are_remembered(talk: Talk) -> None:
    async def story() -> None:
        deltas = await talk.answer(["Let me see.", ORDER], "It comes.")
        assert words_of(deltas) == f"Let me see.{FLUSH}It comes."
        assert deltas[-1] == {"finish": "stop"}
        assert [message.content for message in talk.last.messages[-2:]] == ["Let me see.", '"tea comes"']
        history = (("assistant", "Hello."), ("user", "Tea, please."), ("assistant", "It comes."))
        talk.desk.model.generations.clear()
        answer = await talk.desk.webhook.handle(
            WebRequest("POST", "/vapi/chat/completions", HEADERS, chat_body(*history, ("user", "When?")))
        )
        assert isinstance(answer, StreamedResponse)
        pieces = answer.pieces
        await anext(pieces)
        first_word = asyncio.create_task(anext(pieces))
        await passed()
        roles = [message.role for message in talk.last.messages]
        assert roles == ["system", "assistant", "user", "assistant", "tool", "assistant", "user"]
        assert is_valid(tuple(talk.last.messages))
        talk.last.says("Tomorrow.")
        talk.last.ends()
        assert b"Tomorrow." in await first_word
        await pieces.aclose()

    told(story)


def test_who_waits_hears_so_at_once_and_again(talk: Talk) -> None:
    async def story() -> None:
        talk.takes_s = 4.0
        words = words_of(await talk.answer(ORDER, "It comes."))
        assert words == f"{PHRASES.tools['order']}{FLUSH}{PHRASES.still_at_it}{FLUSH}It comes."
        assert talk.ordered == ["tea"]

    told(story)


def test_a_tool_that_never_ends_is_apologised_for(talk: Talk) -> None:
    async def story() -> None:
        talk.takes_s = 25.0
        words = words_of(await talk.answer(ORDER))
        assert words.endswith(PHRASES.overdue)

    told(story)


def test_hanging_up_is_left_to_vapi_once_the_goodbye_was_said(talk: Talk) -> None:
    async def story() -> None:
        bye = ToolCall("m1", "hang_up", "{}")
        spoken, call, finish = (await talk.answer(["Goodbye.", bye], tools=[END_CALL]))[-3:]
        assert spoken == {"content": FLUSH}
        assert [each["function"] for each in call["tool_calls"]] == [{"name": "endCall", "arguments": "{}"}]
        assert finish == {"finish": "tool_calls"}
        assert "endCall" not in [each.name for each in talk.last.tools]

    told(story)


def test_a_silent_hanging_up_says_goodbye(talk: Talk) -> None:
    async def story() -> None:
        assert words_of(await talk.answer(ToolCall("m1", "hang_up", "{}"))) == PHRASES.goodbye

    told(story)


def test_what_only_vapi_can_do_is_asked_of_vapi(talk: Talk) -> None:
    async def story() -> None:
        transfer = {"type": "function", "function": {"name": "transferCall", "parameters": {"type": "object"}}}
        theirs = ToolCall("m2", "transferCall", '{"destination": "+1555"}')
        deltas = await talk.answer(["One moment.", theirs], tools=[transfer])
        assert deltas[1]["tool_calls"] == [
            {"index": 0, "id": "m2", "type": "function",
             "function": {"name": "transferCall", "arguments": '{"destination": "+1555"}'}}
        ]  # fmt: skip
        assert deltas[-1] == {"finish": "tool_calls"}

    told(story)


def test_a_failure_is_tried_again_then_apologised_for(talk: Talk) -> None:
    async def story() -> None:
        assert words_of(await talk.answer(fault(), "Here I am.")) == "Here I am."
        assert words_of(await talk.answer(fault(), fault())) == PHRASES.apology
        assert words_of(await talk.answer(["Half an", fault()])) == f"Half an{PHRASES.apology}"

    told(story)


def test_a_model_that_asks_for_tools_for_ever_has_to_answer(talk: Talk) -> None:
    async def story() -> None:
        words = await talk.answer(ORDER, ORDER, ORDER, "It comes.")
        assert words_of(words) == "It comes."
        assert talk.last.tools == ()
        assert talk.ordered == ["tea"]

    told(story)


def test_a_caller_who_goes_on_ends_the_answer_and_keeps_its_tools(talk: Talk) -> None:
    async def story() -> None:
        talk.takes_s = 1.0
        first = asyncio.create_task(talk.answer(ORDER))
        await elapse(0.5)
        second = await talk.answer("It comes, with milk.", said="Tea, please. With milk.")
        assert (await first)[-1] == {"finish": "stop"}
        assert words_of(second) == "It comes, with milk."
        assert [message.content for message in talk.last.messages[-2:]] == ["", '"tea comes"']
        assert talk.ordered == ["tea"]

    told(story)


def test_who_leaves_stops_the_model(talk: Talk) -> None:
    async def story() -> None:
        answer = await talk.desk.webhook.handle(
            WebRequest("POST", "/vapi/chat/completions", HEADERS, chat_body(("user", "Tea.")))
        )
        assert isinstance(answer, StreamedResponse)
        await anext(answer.pieces)
        listening = asyncio.create_task(anext(answer.pieces))
        await passed()
        talk.last.says("We")
        assert b"We" in await listening
        await answer.pieces.aclose()
        await passed()
        assert talk.last.is_cancelled

    told(story)


def test_it_also_answers_in_one_piece_under_the_doubled_path(talk: Talk) -> None:
    async def story() -> None:
        body = json.loads(chat_body(("user", "Tea."), stream=False))
        path = "/vapi/chat/completions/chat/completions"
        whole = asyncio.create_task(talk.desk.post(body, path))
        await passed()
        talk.last.says("We have ", "tea.")
        talk.last.ends()
        (choice,) = (await whole)["choices"]
        message = {"role": "assistant", "content": "We have tea."}
        assert choice == {"index": 0, "message": message, "finish_reason": "stop"}

    told(story)


def test_what_all_generations_of_an_answer_used_is_told_once(talk: Talk) -> None:
    async def story() -> None:
        async def think() -> None:
            await passed()
            talk.last.ends(ORDER, used=Usage(100, 8, 64))
            await passed()
            talk.last.says("It comes.")
            talk.last.ends(used=Usage(130, 5, 100))

        used = {"prompt_tokens": 230, "completion_tokens": 13, "total_tokens": 243}
        used_in_all = {**used, "prompt_tokens_details": {"cached_tokens": 164}}
        body = json.loads(chat_body(("user", "Tea."), stream=False))
        whole, _ = await asyncio.gather(talk.desk.post(body, "/vapi/chat/completions"), think())
        assert whole["usage"] == used_in_all

        asked = chat_body(("user", "Tea."), stream_options={"include_usage": True})
        answer = await talk.desk.webhook.handle(WebRequest("POST", "/vapi/chat/completions", HEADERS, asked))
        assert isinstance(answer, StreamedResponse)

        async def read() -> list[Json]:
            lines = [line async for line in answer.pieces]
            assert lines.pop() == b"data: [DONE]\n\n"
            return [json.loads(line.removeprefix(b"data: ")) for line in lines]

        events, _ = await asyncio.gather(read(), think())
        assert [event["usage"] for event in events] == [None] * (len(events) - 1) + [used_in_all]
        assert [event["choices"] == [] for event in events] == [False] * (len(events) - 1) + [True]

    told(story)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [({"messages": []}, '"messages"'), ({"call": {}}, "metadataSendMode"), ({"messages": [{}]}, "roles")],
)
def test_what_is_no_request_is_refused(talk: Talk, fields: Json, complaint: str) -> None:
    async def story() -> None:
        body = json.loads(chat_body(("user", "Tea."))) | fields
        assert complaint in (await talk.desk.post(body, "/vapi/chat/completions", status=400))["error"]

    told(story)
