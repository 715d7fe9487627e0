"""Stand-ins around a simulated phone: a server's end of the wire, and a person."""

import base64
import json
from typing import Any

from fsm.units import FRAME_SAMPLES, NS_PER_MS
from simulator.peers.twilio_messages import Leg
from tests.fakes import ManualClock

LEG = Leg("AC" + "a" * 32, "CA" + "c" * 32, "MZ" + "m" * 32, {"token": "abc"})
SILENCE = b"\xff" * FRAME_SAMPLES


class FakeWire:
    """Keeps what the phone sends, with its time in ms."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.sent: list[tuple[float, dict[str, Any]]] = []
        self.closed_at_ms: float | None = None
        self.is_open = True

    def send(self, message: str | bytes) -> None:
        assert self.closed_at_ms is None, "nothing is sent after close"
        assert isinstance(message, str), "Twilio sends text frames only"
        self.sent.append((self.clock.now() / NS_PER_MS, json.loads(message)))

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.closed_at_ms = self.clock.now() / NS_PER_MS

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
