"""A wire that remembers, a call that writes down what it is told, and Twilio's messages in its own words."""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as ET

import orjson

from agent.twilio import Phone, Started

FRAME = bytes(range(160))


class RecordingWire:
    """A websocket's our end; `on_close` is left to the test."""

    def __init__(self) -> None:
        self.sent: list[str | bytes] = []
        self.closed_with: tuple[int, str] | None = None

    @property
    def is_open(self) -> bool:
        return self.closed_with is None

    def send(self, message: str | bytes) -> None:
        if self.is_open:
            self.sent.append(message)

    def close(self, code: int = 1000, reason: str = "") -> None:
        if self.closed_with is None:
            self.closed_with = (code, reason)


@dataclass
class NotingCall:
    """A `CallPort` that notes everything; `fails_on` names a method that raises."""

    started: Started
    phone: Phone
    notes: list[tuple[Any, ...]] = field(default_factory=list)
    fails_on: str = ""

    def on_media(self, audio: bytes, timestamp_ms: int) -> None:
        self._note("media", audio, timestamp_ms)

    def on_mark(self, name: str) -> None:
        self._note("mark", name)

    def on_digit(self, digit: str) -> None:
        self._note("digit", digit)

    def on_answerer_reported(self, answered_by: str) -> None:
        self._note("answered by", answered_by)

    def on_stream_replaced(self, phone: Phone) -> None:
        self.phone = phone
        self._note("replaced", phone.stream_id)

    def on_stream_ended(self, reason: str) -> None:
        self._note("ended", reason)

    def end_politely(self, reason: str) -> None:
        self._note("goodbye", reason)

    @property
    def endings(self) -> list[str]:
        return [note[1] for note in self.notes if note[0] == "ended"]

    @property
    def kinds(self) -> list[str]:
        return [note[0] for note in self.notes]

    def _note(self, *note: object) -> None:
        self.notes.append(note)
        if note[0] == self.fails_on:
            raise RuntimeError("a mistake of ours")


class CallFactory:
    """Makes noting calls and keeps them, by call id in `calls`, all of them in `made`."""

    def __init__(self) -> None:
        self.made: list[NotingCall] = []
        self.fails_on = ""

    def __call__(self, started: Started, phone: Phone) -> NotingCall:
        if self.fails_on == "start":
            raise RuntimeError("a mistake of ours")
        call = NotingCall(started, phone, fails_on=self.fails_on)
        self.made.append(call)
        return call

    @property
    def last(self) -> NotingCall:
        return self.made[-1]


def verbs(document: bytes | str) -> ET.Element:
    """The TwiML `<Response>` of an answer of ours."""
    return ET.fromstring(document)  # noqa: S314 - made by ourselves


def stream_parameters(response: ET.Element) -> dict[str, str]:
    return {p.attrib["name"]: p.attrib["value"] for p in response.iterfind("Connect/Stream/Parameter")}


def connected() -> str:
    return '{"event":"connected","protocol":"Call","version":"1.0.0"}'


def start(call: str = "CA1", stream: str = "MZ1", **parameters: str) -> str:
    start_part = {
        "accountSid": "AC1",
        "streamSid": stream,
        "callSid": call,
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": parameters,
    }
    return _json({"event": "start", "sequenceNumber": "1", "streamSid": stream, "start": start_part})


def media(timestamp_ms: object = 5, audio: bytes = FRAME, track: str = "inbound") -> str:
    payload = b64encode(audio).decode()
    part = {"track": track, "chunk": "1", "timestamp": str(timestamp_ms), "payload": payload}
    return _json({"event": "media", "sequenceNumber": "3", "streamSid": "MZ1", "media": part})


def mark(name: str) -> str:
    return _json({"event": "mark", "sequenceNumber": "4", "streamSid": "MZ1", "mark": {"name": name}})


def digit(key: str) -> str:
    part = {"track": "inbound_track", "digit": key}
    return _json({"event": "dtmf", "streamSid": "MZ1", "sequenceNumber": "5", "dtmf": part})


def stop() -> str:
    part = {"accountSid": "AC1", "callSid": "CA1"}
    return _json({"event": "stop", "sequenceNumber": "5", "streamSid": "MZ1", "stop": part})


def _json(message: object) -> str:
    return orjson.dumps(message).decode()
