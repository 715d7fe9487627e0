"""A server that answers a simulated Vapi as the test wants, in virtual time."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from simulator.brain.answers import Brain
from simulator.peers.base import Answer, PeerExchange, PeerSocket, PeerWire, Refusal, Request
from simulator.peers.vapi import VapiCall
from simulator.peers.vapi_behaviour import VapiBehaviour
from simulator.peers.vapi_line import VapiAccount, VapiLine
from simulator.peers.vapi_turns import CallerTurn
from simulator.wires import SimNetwork
from simulator.world import World

Json = Any
"""Whatever JSON holds."""

ORIGIN = "http://server.sim"
SECRET = "of-the-credential"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def assistant(**fields: Json) -> dict[str, Json]:
    """The smallest assistant with a custom model; `model` fields are added to its own."""
    model = {"provider": "custom-llm", "url": f"{ORIGIN}/llm", "model": "brain", **fields.pop("model", {})}
    return {"firstMessage": "Hello.", "server": {"url": f"{ORIGIN}/hook"}, **fields, "model": model}


def own_model(*tools: Json, **fields: Json) -> dict[str, Json]:
    """An assistant with a model of Vapi's own."""
    return assistant(model={"provider": "openai", "model": "gpt", "url": None, "tools": list(tools)}, **fields)


def function(name: str, **fields: Json) -> dict[str, Json]:
    return {
        "type": "function",
        "function": {"name": name, "parameters": {"type": "object", "properties": {}}},
        **fields,
    }


def events(*chunks: Json, done: bool = True) -> bytes:
    """A stream of choices."""
    told = [{"object": "chat.completion.chunk", "choices": [{"index": 0, **chunk}]} for chunk in chunks]
    lines = [b"data: " + json.dumps(each).encode() + b"\n\n" for each in told]
    return b"".join(lines) + (b"data: [DONE]\n\n" if done else b"")


def words(*pieces: str) -> bytes:
    """A whole answer."""
    return events(*({"delta": {"content": each}} for each in pieces), {"delta": {}, "finish_reason": "stop"})


@dataclass
class Wire:
    """One request under way."""

    request: Request
    answer: Answer
    is_lost: bool = False

    def on_disconnect(self) -> None:
        self.is_lost = True


@dataclass
class Server:
    """Answers what `answers` says, by type of message, after `delays_ms`; the model gives `completions`, in turn."""

    world: World
    answers: dict[str, Json | Callable[[Json], Json]] = field(default_factory=dict)
    completions: list[bytes] = field(default_factory=list)
    delays_ms: dict[str, int] = field(default_factory=dict)
    statuses: dict[str, list[int]] = field(default_factory=dict)
    came: list[tuple[str, Request]] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    stream_type: str = "text/event-stream"
    name: str = "server"

    def upgrade(self, _request: Request) -> Refusal | None:
        return Refusal(404)

    def connect(self, _request: Request, _wire: PeerWire) -> PeerSocket:
        raise AssertionError("no upgrade was granted")

    def exchange(self, request: Request, answer: Answer) -> PeerExchange:
        wire = Wire(request, answer)
        self.wires.append(wire)
        kind = "completion" if request.path.startswith("/llm") else self._kind(request)
        self.came.append((kind, request))
        self.world.call_in(self.delays_ms.get(kind, 0) * 1_000_000, lambda: self._answer(kind, wire))
        return wire

    def bodies(self, kind: str) -> list[Json]:
        """The bodies of one type that came."""
        return [json.loads(request.body) for each, request in self.came if each == kind]

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.came]

    def _kind(self, request: Request) -> str:
        try:
            return str(json.loads(request.body)["message"]["type"])
        except ValueError:
            return "broken"

    def _answer(self, kind: str, wire: Wire) -> None:
        statuses = self.statuses.get(kind, [])
        status = statuses.pop(0) if statuses else 400 if kind == "broken" else 200
        if kind == "completion":
            body = self.completions.pop(0) if self.completions else words("Yes.")
            wire.answer.start(status, {"content-type": self.stream_type})
            wire.answer.write(body)
        else:
            told = self.answers.get(kind, {})
            body = told(json.loads(wire.request.body)["message"]) if callable(told) else told
            wire.answer.start(status, {"content-type": "application/json"})
            wire.answer.write(json.dumps(body).encode())
        wire.answer.end()


class VapiScene:
    """A call at Vapi to such a server."""

    def __init__(
        self,
        *turns: str | CallerTurn,
        behaviour: VapiBehaviour | None = None,
        assistant: Mapping[str, Json] | None = None,
        brain: Brain | None = None,
        saved: Mapping[str, Mapping[str, Json]] | None = None,
    ) -> None:
        self.world = World(3)
        self.server = Server(self.world)
        network = SimNetwork(self.world, {ORIGIN: self.server})
        account = VapiAccount(f"{ORIGIN}/hook", SECRET, assistant, saved or {})
        line = VapiLine(
            self.world,
            self.world.rng("vapi"),
            network,
            account,
            behaviour or VapiBehaviour(),
            lambda: NOON + timedelta(milliseconds=self.world.elapsed_ms),
        )
        told = [CallerTurn(turn) if isinstance(turn, str) else turn for turn in turns]
        self.is_over = False
        self.call = VapiCall(line, told, brain=brain, on_ended=self._end)

    def run(self) -> VapiCall:
        self.world.call_soon(self.call.place)
        self.world.run(lambda: self.is_over)
        return self.call

    @property
    def said(self) -> list[str]:
        return [f"{role}: {text}" for role, text in self.call.said]

    def _end(self) -> None:
        assert not self.is_over, "a call ends once"
        self.is_over = True
