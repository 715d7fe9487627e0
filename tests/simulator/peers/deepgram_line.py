"""A client's end of the emulated Deepgram, on a clock that moves only when told to."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from fsm.units import NS_PER_MS
from simulator.peers.base import PeerSocket, Request
from simulator.peers.deepgram import DeepgramBehaviour, DeepgramPeer
from simulator.speech import noise
from tests.fakes import ManualClock

PHONE = {
    "model": "nova-3",
    "encoding": "mulaw",
    "sample_rate": "8000",
    "interim_results": "true",
    "endpointing": "300",
    "utterance_end_ms": "1000",
    "vad_events": "true",
    "smart_format": "true",
    "no_delay": "true",
}
KEY = {"authorization": "Token secret"}


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # repeatable on purpose


@dataclass
class Line:
    """A client's end of one live transcription: what arrived, and when (ms)."""

    clock: ManualClock
    peer: DeepgramPeer
    query: Mapping[str, str]
    messages: list[dict[str, Any]] = field(default_factory=list)
    arrived_ms: list[int] = field(default_factory=list)
    closings: list[tuple[int | None, str]] = field(default_factory=list)
    aborted: bool = False
    path: str = "/v1/listen"
    socket: PeerSocket = field(init=False)

    def __post_init__(self) -> None:
        request = Request("GET", f"{self.path}?" + urlencode(self.query), KEY)
        assert self.peer.upgrade(request) is None
        self.socket = self.peer.connect(request, self)

    # the peer's wire
    def send(self, message: str | bytes) -> None:
        assert isinstance(message, str)
        assert self.closings == []
        assert not self.aborted
        self.messages.append(json.loads(message))
        self.arrived_ms.append(self.clock.now() // NS_PER_MS)

    def close(self, code: int | None = 1000, reason: str = "") -> None:
        self.closings.append((code, reason))

    def abort(self) -> None:
        self.aborted = True

    # the test's verbs
    def play(self, audio: bytes, *, frame_ms: int = 20) -> None:
        """Send audio in real time."""
        for at in range(0, len(audio), 8 * frame_ms):
            self.clock.advance(frame_ms)
            self.socket.on_message(audio[at : at + 8 * frame_ms])

    def order(self, kind: str, **more: object) -> None:
        self.socket.on_message(json.dumps({"type": kind, **more}))

    def pass_time(self, duration_ms: int) -> None:
        self.clock.advance(duration_ms)

    # what arrived
    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]

    @property
    def finals(self) -> list[dict[str, Any]]:
        return [result for result in self.of("Results") if result["is_final"]]

    @property
    def interims(self) -> list[dict[str, Any]]:
        return [result for result in self.of("Results") if not result["is_final"]]

    @property
    def story(self) -> list[str]:
        """The messages in short, repeated ones once: `i` interim, `F` final, `F!` final with speech_final."""
        told = [short(message) for message in self.messages]
        return [line for i, line in enumerate(told) if i == 0 or line != told[i - 1]]


def short(message: Mapping[str, Any]) -> str:
    if message["type"] != "Results":
        return str(message["type"])
    flag = ("F!" if message["speech_final"] else "F") if message["is_final"] else "i"
    return " ".join(filter(None, (flag, transcript(message), "(finalize)" if message["from_finalize"] else "")))


def transcript(result: Mapping[str, Any]) -> str:
    return str(result["channel"]["alternatives"][0]["transcript"])


def words_of(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    words: list[dict[str, Any]] = result["channel"]["alternatives"][0]["words"]
    return words


def line(behaviour: DeepgramBehaviour | None = None, /, **query: str | None) -> Line:
    clock = ManualClock()
    asked = {name: value for name, value in (PHONE | query).items() if value is not None}
    return Line(clock, DeepgramPeer(clock, seeded(7), behaviour), asked)


def pause(duration_ms: int) -> bytes:
    return noise(duration_ms, seeded(duration_ms))


def wav(data: bytes, *, tag: int, bits: int, rate: int = 8_000, channels: int = 1) -> bytes:
    block = channels * bits // 8
    head = b"".join(
        value.to_bytes(size, "little")
        for value, size in ((tag, 2), (channels, 2), (rate, 4), (rate * block, 4), (block, 2), (bits, 2))
    )
    extra = b"LIST" + (3).to_bytes(4, "little") + b"odd\0"
    chunks = b"fmt " + (16).to_bytes(4, "little") + head + extra + b"data" + len(data).to_bytes(4, "little") + data
    return b"RIFF" + (4 + len(chunks)).to_bytes(4, "little") + b"WAVE" + chunks
