"""A client of the emulated Groq that reads streams by the rules for server-sent events."""

import random
from typing import Any

import orjson

from simulator.brain.answers import BrainAnswer, CannedBrain
from simulator.peers.base import Request
from simulator.peers.groq import GroqBehaviour, GroqPeer
from simulator.peers.groq_exchange import GroqExchange
from tests.fakes import ManualClock
from tests.simulator.peers.recorders import RecordedAnswer

MODEL = "openai/gpt-oss-120b"
USER = {"role": "user", "content": "hello"}
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {}}}
CALL = BrainAnswer("Let me look.", (("get_weather", '{"city":"Paris","days":[1,2,3]}'),))


class Client:
    """Sends requests to one peer and reads the streams."""

    def __init__(self, *replies: str | BrainAnswer, seed: int = 1, **settings: Any) -> None:  # noqa: ANN401 - fields
        self.clock = ManualClock()
        behaviour = GroqBehaviour(**settings)
        self.peer = GroqPeer(
            self.clock, random.Random(seed), CannedBrain(replies or ("Hello there, how are you?",)), behaviour
        )

    def send(
        self, method: str = "POST", path: str = "/openai/v1/chat/completions", key: str = "Bearer k", body: bytes = b""
    ) -> tuple[RecordedAnswer, GroqExchange]:
        answer = RecordedAnswer(self.clock)
        exchange = self.peer.exchange(Request(method, path, {"authorization": key}, body), answer)
        assert isinstance(exchange, GroqExchange)
        return answer, exchange

    def ask(self, wait_ms: int = 10_000, /, **members: object) -> RecordedAnswer:
        answer, _ = self.send(body=orjson.dumps({"model": MODEL, "messages": [USER], "stream": True, **members}))
        self.clock.advance(wait_ms)
        return answer


def events(answer: RecordedAnswer) -> list[Any]:
    """A stream's data, decoded by the rules for server-sent events."""
    found: list[Any] = []
    name = ""
    data: list[str] = []
    for line in answer.body.decode().replace("\r\n", "\n").split("\n"):
        if line == "":
            if data:
                text = "\n".join(data)
                value = text if text == "[DONE]" else orjson.loads(text)
                found.append((name, value) if name else value)
            name, data = "", []
        elif line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        else:
            assert line.startswith(":"), line
    return found


def chunks(answer: RecordedAnswer) -> list[dict[str, Any]]:
    return [event for event in events(answer) if isinstance(event, dict)]


def deltas(answer: RecordedAnswer) -> list[dict[str, Any]]:
    return [chunk["choices"][0]["delta"] for chunk in chunks(answer) if chunk.get("choices")]


def spoken(answer: RecordedAnswer) -> str:
    return "".join(delta.get("content") or "" for delta in deltas(answer))
