"""A peer that says back what it hears; some words, and some paths, are orders."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.peers.base import Answer, PeerWire, Refusal, Request


@dataclass
class EchoSocket:
    """Says back what it hears; words of one line are orders."""

    wire: PeerWire
    log: list[str]
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    def on_message(self, message: str | bytes) -> None:
        orders: dict[str | bytes, Callable[[], None]] = {
            "close": lambda: self.wire.close(4001, "as asked"),
            "close without code": lambda: self.wire.close(None),
            "close at length": lambda: self.wire.close(1011, "é" * 100),
            "abort": self.send_and_abort,
            "crash": self.crash,
            "twice": self.close_twice,
        }
        self.log.append("message")
        orders.get(message, lambda: self.wire.send(message))()

    def send_and_abort(self) -> None:
        self.wire.send("last words")
        self.wire.abort()

    def close_twice(self) -> None:
        self.wire.close(4001)
        self.wire.close(4002)
        self.wire.send("late")

    def crash(self) -> None:
        raise RuntimeError("a mistake of the peer")

    def on_close(self) -> None:
        self.log.append("closed")
        self.closed.set()


@dataclass
class EchoExchange:
    log: list[str]
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def on_disconnect(self) -> None:
        self.log.append("disconnected")
        self.gone.set()


@dataclass
class EchoPeer:
    name: str = "echo"
    log: list[str] = field(default_factory=list)
    sockets: list[EchoSocket] = field(default_factory=list)
    exchanges: list[EchoExchange] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def upgrade(self, request: Request) -> Refusal | None:
        if request.path == "/refused":
            return Refusal(401, {"content-type": "application/json"}, b'{"why": "no key"}')
        return None

    def connect(self, request: Request, wire: PeerWire) -> EchoSocket:
        self.sockets.append(EchoSocket(wire, self.log))
        if "greet" in request.query:
            wire.send(json.dumps({"target": request.target, "key": request.headers.get("x-key")}))
            wire.send(b"\x00\x01")
        return self.sockets[-1]

    def exchange(self, request: Request, answer: Answer) -> EchoExchange:
        exchange = EchoExchange(self.log)
        self.exchanges.append(exchange)
        self.answers.append(answer)
        if request.path == "/whole":
            answer.start(201, {"content-type": "text/plain", "x-method": request.method})
            answer.write(request.body)
            answer.end()
        elif request.path == "/abort":
            answer.start(200, {})
            answer.write(b"half")
            answer.abort()
        elif request.path == "/abort-at-once":
            answer.abort()
        elif request.path == "/crash":
            raise RuntimeError("a mistake of the peer")
        return exchange
