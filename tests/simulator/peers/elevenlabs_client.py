"""A client of the emulated ElevenLabs, and what it makes of frames."""

import base64
import random
from typing import Any

import orjson

from simulator.peers.base import PeerSocket, Request
from simulator.peers.elevenlabs import ElevenLabsBehaviour, ElevenLabsPeer
from simulator.speech import SpeechReader
from tests.fakes import ManualClock
from tests.simulator.peers.recorders import RecordedAnswer, RecordedWire

VOICE = "EXAVITQu4vr4xnSDxMaL"
SAMPLES_PER_MS = 8


class Studio:
    """One peer and the means to talk to it."""

    def __init__(self, seed: int = 1, **settings: Any) -> None:  # noqa: ANN401 - whichever fields
        self.clock = ManualClock()
        self.peer = ElevenLabsPeer(self.clock, random.Random(seed), ElevenLabsBehaviour(**settings))

    def open(
        self, kind: str = "multi-stream-input", query: str = "", key: str | None = "k", voice: str = VOICE
    ) -> "Line":
        """A granted socket with `ulaw_8000` and the longest timeout, unless the query says otherwise."""
        for name, value in (("output_format", "ulaw_8000"), ("inactivity_timeout", "180")):
            if name not in query:
                query += f"&{name}={value}"
        headers = {} if key is None else {"xi-api-key": key}
        request = Request("GET", f"/v1/text-to-speech/{voice}/{kind}?{query.lstrip('&')}", headers)
        assert self.peer.upgrade(request) is None
        wire = RecordedWire(self.clock)
        return Line(self.clock, wire, self.peer.connect(request, wire))

    def post(
        self, suffix: str, body: object = None, *, key: str = "k", output_format: str = "ulaw_8000"
    ) -> RecordedAnswer:
        answer = RecordedAnswer(self.clock)
        data = body if isinstance(body, bytes) else orjson.dumps({"text": "Hello there."} if body is None else body)
        target = f"/v1/text-to-speech/{VOICE}{suffix}?output_format={output_format}"
        self.last_exchange = self.peer.exchange(Request("POST", target, {"xi-api-key": key}, data), answer)
        return answer

    def get(self, path: str, key: str = "k") -> RecordedAnswer:
        answer = RecordedAnswer(self.clock)
        self.peer.exchange(Request("GET", path, {"xi-api-key": key}), answer)
        return answer


class Line:
    """The client's end of one socket."""

    def __init__(self, clock: ManualClock, wire: RecordedWire, socket: PeerSocket) -> None:
        self.clock = clock
        self.wire = wire
        self.socket = socket

    def say(self, *messages: object, wait_ms: int = 0) -> "Line":
        for message in messages:
            raw = message if isinstance(message, str | bytes) else orjson.dumps(message).decode()
            self.socket.on_message(raw)
        self.clock.advance(wait_ms)
        return self

    def received(self, context: str | None = "*", key: str = "contextId") -> list[dict[str, Any]]:
        messages = [message for _, message in self.wire.messages]
        return messages if context == "*" else [message for message in messages if message.get(key) == context]

    def audio(self, context: str | None = "*") -> bytes:
        return b"".join(audio_of(message) for message in self.received(context))

    def words(self, context: str | None = "*") -> str:
        return words_in(self.audio(context))

    @property
    def error(self) -> str | None:
        """The code of the last error frame."""
        errors = [message["error"] for message in self.received() if "error" in message]
        return errors[-1] if errors else None


def audio_of(message: dict[str, Any]) -> bytes:
    audio = message.get("audio")
    return base64.b64decode(audio) if audio else b""


def words_in(audio: bytes) -> str:
    """The words that a listener makes out."""
    reader = SpeechReader()
    heard = (*reader.push(audio), *reader.finish())
    return " ".join(word.text for word in heard)


def characters(messages: list[dict[str, Any]], name: str = "alignment") -> list[tuple[str, int, int]]:
    """Characters with start and duration in ms, start counted from the first frame on by audio received."""
    found: list[tuple[str, int, int]] = []
    begun_samples = 0
    for message in messages:
        timing = message.get(name)
        if timing is not None:
            starts, durations = timing["charStartTimesMs"], timing["charDurationsMs"]
            begun_ms = begun_samples / SAMPLES_PER_MS
            found += [
                (char, round(begun_ms + start), length)
                for char, start, length in zip(timing["chars"], starts, durations, strict=True)
            ]
        begun_samples += len(audio_of(message))
    return found


BEGIN = {"text": " "}
LONG = "one two three four five six seven eight nine ten " * 3


def begin(context: str, **more: object) -> dict[str, object]:
    return {"text": " ", "context_id": context, **more}


def say(context: str, text: str, **more: object) -> dict[str, object]:
    return {"text": text, "context_id": context, **more}


def close(context: str) -> dict[str, object]:
    return {"context_id": context, "close_context": True}
