"""What serves Vapi, in memory: tools of the test's own, a model that says what the test wants, Vapi's requests."""

import json
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.agent_file import Agent
from agent.clock import RandomIds
from agent.config import Config, Secret
from agent.vapi.brain import Brain
from agent.vapi.reports import Reports
from agent.vapi.webhook import StreamedResponse, VapiWebhook
from agent.web_request import WebRequest
from agent.workshop import Workshop
from fsm.profile import Phrases, Profile
from fsm.state import CallState
from tests.agent.call_fakes import FakeModel
from tests.tools.virtual import run
from tools.registry import Registry
from tools.tool import Tool
from tools.waiting import elapse

Json = Any
"""Whatever JSON holds."""

SECRET = "shared-with-vapi"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
AGENT = Agent(name="shop", prompt="You answer for a shop.", tools=("hang_up",))
PHRASES = Phrases(tools={"order": "I'm ordering it."})
HEADERS = {"x-vapi-secret": SECRET}


class VapiDesk:
    """A webhook with `tools`, on a model that the test drives."""

    def __init__(self, data: Path, *tools: Tool, config: Config | None = None, agent: Agent = AGENT) -> None:
        self.config = config or Config(vapi_secret=Secret(SECRET), data=data, public_url="https://phone.example")
        self.model = FakeModel()
        self.is_closing = False
        self.now = NOW
        self.workshop = Workshop(Registry(tools), data, lambda: NOW, RandomIds())
        profile = Profile()
        brain = Brain(
            self.model,
            lambda: self.workshop.tools,
            lambda caller, _, _openings: f"Prompt. {caller}",
            profile,
            PHRASES,
            lambda: NOW,
        )
        state = CallState(profile=profile, phrases=PHRASES)
        reports = Reports(data / "traces", agent.name, state, hides_words=self.config.trace_words == "hidden")
        self.webhook = VapiWebhook(
            self.config,
            agent,
            self.workshop,
            brain,
            reports,
            origin=lambda: self.config.public_url,
            now=lambda: self.now,
            is_closing=lambda: self.is_closing,
        )

    async def post(
        self, told: Json, path: str = "/vapi/webhook", headers: dict[str, str] = HEADERS, status: int = 200
    ) -> Json:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        answer = await self.webhook.handle(WebRequest("POST", path, headers, body))
        assert not isinstance(answer, StreamedResponse), "nothing is streamed here"
        assert answer.status == status, answer.body
        return json.loads(answer.body)

    async def say(self, kind: str, status: int = 200, **fields: Json) -> Json:
        """What is answered to a server message about call-1."""
        call = {"id": "call-1", "customer": {"number": "+15551230000"}}
        return await self.post({"message": {"type": kind, "call": call, **fields}}, status=status)

    async def use(self, *calls: dict[str, Any], call_id: str = "call-1") -> list[dict[str, str]]:
        """The results of tool calls."""
        message = {"type": "tool-calls", "call": {"id": call_id}, "toolCallList": list(calls)}
        results: list[dict[str, str]] = (await self.post({"message": message}))["results"]
        return results

    async def chat(self, *messages: tuple[str, str], **fields: Json) -> list[dict[str, Any]]:
        """The deltas of a streamed answer, and its finish reason last of all."""
        body = chat_body(*messages, **fields)
        answer = await self.webhook.handle(WebRequest("POST", "/vapi/chat/completions", HEADERS, body))
        assert isinstance(answer, StreamedResponse)
        lines = [line async for line in answer.pieces]
        assert lines.pop() == b"data: [DONE]\n\n"
        choices = [json.loads(line.removeprefix(b"data: "))["choices"][0] for line in lines]
        assert choices[0]["delta"] == {"role": "assistant", "content": ""}
        assert [choice["finish_reason"] for choice in choices[:-1]] == [None] * (len(choices) - 1)
        return [choice["delta"] for choice in choices[1:-1]] + [{"finish": choices[-1]["finish_reason"]}]


def chat_body(*messages: tuple[str, str], **fields: Json) -> bytes:
    """A request of Vapi's to the custom LLM."""
    told = [{"role": role, "content": content} for role, content in messages]
    call = {"id": "call-1", "customer": {"number": "+15551230000"}}
    return json.dumps({"model": "brain", "stream": True, "messages": told, "call": call, **fields}).encode()


def words_of(deltas: list[dict[str, Any]]) -> str:
    return "".join(delta.get("content", "") for delta in deltas)


def function(call_id: str, name: str, arguments: Json) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


async def passed() -> None:
    """Let everything happen that can happen without the model."""
    await elapse(0.01)


def told(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Tell a story in virtual time."""
    run(story())
