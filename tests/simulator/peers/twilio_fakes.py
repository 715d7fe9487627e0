"""Stand-ins around a simulated phone: a server's end of the wire, and a person."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from agent.ports import ExchangeListener, WireListener
from fsm.units import FRAME_SAMPLES, NS_PER_MS
from simulator.peers.twilio_messages import Leg
from simulator.peers.twilio_records import TwilioAccount
from tests.fakes import ManualClock

LEG = Leg("AC" + "a" * 32, "CA" + "c" * 32, "MZ" + "m" * 32, {"token": "abc"})
SILENCE = b"\xff" * FRAME_SAMPLES


def seeded(seed: int = 1) -> Random:
    return Random(seed)


class FakeWire:
    """Keeps what the phone sends, with its time in ms."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.sent: list[tuple[float, dict[str, Any]]] = []
        self.closed_at_ms: float | None = None
        self.closed_with: int | None = None
        self.is_open = True

    def send(self, message: str | bytes) -> None:
        assert self.closed_at_ms is None, "nothing is sent after close"
        assert isinstance(message, str), "Twilio sends text frames only"
        self.sent.append((self.clock.now() / NS_PER_MS, json.loads(message)))

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.closed_at_ms = self.clock.now() / NS_PER_MS
        self.closed_with = code

    def events(self, *names: str) -> list[tuple[float, dict[str, Any]]]:
        return [(at, message) for at, message in self.sent if message["event"] in names]

    def marks(self) -> list[tuple[float, str]]:
        return [(at, message["mark"]["name"]) for at, message in self.events("mark")]


class FakePerson:
    """Speaks numbered frames and keeps what was audible."""

    def __init__(self) -> None:
        self.spoken = 0
        self.heard = b""
        self.heard_at: list[int] = []

    def next_frame(self) -> bytes:
        self.spoken += 1
        return bytes([self.spoken % 256]) * FRAME_SAMPLES

    def on_audible(self, audio: bytes, at: int) -> None:
        assert len(audio) == FRAME_SAMPLES
        self.heard += audio
        self.heard_at.append(at)


def media(audio: bytes, sid: str = LEG.stream_sid) -> str:
    payload = base64.b64encode(audio).decode()
    return json.dumps({"event": "media", "streamSid": sid, "media": {"payload": payload}})


def mark(name: str, sid: str = LEG.stream_sid) -> str:
    return json.dumps({"event": "mark", "streamSid": sid, "mark": {"name": name}})


def clear(sid: str = LEG.stream_sid) -> str:
    return json.dumps({"event": "clear", "streamSid": sid})


# --- a server under test, by hand ---------------------------------------------------------------------------

ACCOUNT = TwilioAccount("AC" + "a" * 32, "12345")
ORIGIN = "https://agent.example.com"


@dataclass
class Asked:
    """A request that reached the server."""

    at_ms: float
    method: str
    url: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def parameters(self) -> dict[str, str]:
        text = self.body.decode() if self.body else urlsplit(self.url).query
        return dict(parse_qsl(text, keep_blank_values=True))

    @property
    def signature(self) -> str:
        return self.headers.get("X-Twilio-Signature", "")


class FakeExchange:
    def __init__(self) -> None:
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class DialledWire(FakeWire):
    """The server's end of a websocket; closing it from either side is told to the phone, once."""

    def __init__(self, clock: ManualClock, url: str, headers: Mapping[str, str], listener: WireListener) -> None:
        super().__init__(clock)
        self.url = url
        self.headers = dict(headers)
        self.listener = listener

    def close(self, code: int = 1000, reason: str = "") -> None:
        if self.closed_at_ms is None:
            super().close(code, reason)
            self.clock.call_at(self.clock.now(), lambda: self.listener.on_close(code, reason))

    def close_from_server(self, code: int = 1000, reason: str = "") -> None:
        self.closed_at_ms = self.clock.now() / NS_PER_MS
        self.listener.on_close(code, reason)


class FakeNetwork:
    """Answers requests from `documents`, by path, a little later; `None` in place of a document never answers."""

    def __init__(self, clock: ManualClock, documents: dict[str, tuple[int, str, str] | None] | None = None) -> None:
        self.clock = clock
        self.documents = documents or {}
        self.handshake: int | None = 101  # None: no answer
        self.asked: list[Asked] = []
        self.exchanges: list[FakeExchange] = []
        self.wires: list[DialledWire] = []

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        listener: ExchangeListener,
        *,
        timeout_ms: int,
    ) -> FakeExchange:
        asked = Asked(self.clock.now() / NS_PER_MS, method, url, dict(headers), body)
        self.asked.append(asked)
        exchange = FakeExchange()
        self.exchanges.append(exchange)
        answer = self.documents.get(asked.path, (404, "text/plain", "no such page"))
        if answer is not None:
            self.clock.call_at(self.clock.now() + NS_PER_MS, lambda: self._answer(exchange, listener, answer))
        return exchange

    def _answer(self, exchange: FakeExchange, listener: ExchangeListener, answer: tuple[int, str, str]) -> None:
        if not exchange.is_cancelled:
            status, content_type, document = answer
            listener.on_response(status, {"content-type": content_type})
            for byte in document.encode():
                listener.on_data(bytes([byte]))
            listener.on_end()

    def open_websocket(
        self, url: str, headers: Mapping[str, str], listener: WireListener, *, open_timeout_ms: int
    ) -> DialledWire:
        wire = DialledWire(self.clock, url, headers, listener)
        self.wires.append(wire)
        if self.handshake == 101:
            self.clock.call_at(self.clock.now() + NS_PER_MS, listener.on_open)
        elif self.handshake is not None:
            status = self.handshake
            self.clock.call_at(self.clock.now() + NS_PER_MS, lambda: listener.on_close(status, "no"))
        else:
            late = self.clock.now() + open_timeout_ms * NS_PER_MS
            self.clock.call_at(late, lambda: listener.on_close(1006, "no answer"))
        return wire

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def told(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]


def xml(inside: str) -> tuple[int, str, str]:
    return 200, "text/xml", f"<Response>{inside}</Response>"


OK = (204, "", "")
