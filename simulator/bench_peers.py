"""Providers without delay and almost without work, for load: one port serves Deepgram's, Groq's and ElevenLabs' paths.

They answer whatever the benchmarks' calls say, and note when. The careful emulators are in `simulator.peers`; these
speak just enough of the same protocol pages that the server under test does all of its own work.
"""

import asyncio
import re
from binascii import b2a_base64
from collections.abc import Callable
from functools import lru_cache
from typing import cast

import orjson

from agent.clock import Clock
from fsm.units import FRAME_SAMPLES, SAMPLE_RATE_HZ, ms_to_samples
from simulator.bench_turns import Turns
from simulator.bench_wire import CLOSE, PING, PONG, TEXT, FrameReader, server_frame, upgrade_answer
from simulator.bench_words import Tag, answer_text, spoken_text, tag_in_audio, tag_in_text

INTERIM_EVERY_FRAMES = 15
"""Voiced frames between two interim transcripts: a word or two."""

QUIET_TELL_SAMPLES = SAMPLE_RATE_HZ
"""So often there is an empty transcript while nobody speaks, as from the real service."""

USUAL_SENTENCES = 3
"""An answer of five seconds."""

MS_PER_CHAR = 60
PIECE_MS = 500
"""Speed of the voice, and audio in one of its messages."""

MODELS = orjson.dumps({"object": "list", "data": [{"id": "openai/gpt-oss-120b", "object": "model"}]})

_SOUND = bytes((0x20 + index % 40) | (0x80 if index // 32 % 2 else 0) for index in range(ms_to_samples(PIECE_MS)))


class Peers:
    """The three providers. `sentences`: how long the model's answers are, in sentences of about a second."""

    def __init__(self, clock: Clock, turns: Turns) -> None:
        self.clock = clock
        self.turns = turns
        self.sentences = USUAL_SENTENCES
        self.connections = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen; the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()


class _Connection(asyncio.Protocol):
    """One connection to us: HTTP requests, or a websocket after the first of them."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._frames = FrameReader()
        self._on_message: Callable[[int, bytes, int], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has the form, not the class
        self._peers.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._peers.connections -= 1

    def send(self, message: bytes) -> None:
        """Write, if there is still somebody to read."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(message)

    def data_received(self, data: bytes) -> None:
        now = self._peers.clock.now()
        if self._on_message is not None:
            self._take_frames(data, now, self._on_message)
            return
        self._buffer += data
        while (request := self._next_request()) is not None:
            self._answer(*request, now)

    def _take_frames(self, data: bytes, now: int, on_message: Callable[[int, bytes, int], None]) -> None:
        for opcode, payload in self._frames.feed(data):
            if opcode == CLOSE:
                self.send(server_frame(CLOSE, payload))
                assert self._transport is not None, "frames come on a connection"
                self._transport.close()
            elif opcode == PING:
                self.send(server_frame(PONG, payload))
            elif opcode != PONG:
                on_message(opcode, payload, now)

    def _next_request(self) -> tuple[bytes, bytes] | None:
        """Head and body of the next whole request."""
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return None
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        size = int(length.group(1)) if length else 0
        if len(rest) < size:
            return None
        self._buffer = rest[size:]
        return head, rest[:size]

    def _answer(self, head: bytes, body: bytes, now: int) -> None:
        key = re.search(rb"(?i)\r\nsec-websocket-key: *([^\r]+)", head)
        if key is not None:
            self.send(upgrade_answer(key.group(1)))
            socket: _Ears | _Voice = _Ears(self, self._peers) if b"/v1/listen" in head else _Voice(self, self._peers)
            self._on_message = socket.on_message
        elif head.startswith(b"GET"):
            self.send(_plain(MODELS))
        else:
            self._generate(body, now)

    def _generate(self, body: bytes, now: int) -> None:
        tag = tag_in_text(body.decode())
        answer = completion(answer_text(tag or Tag(0, 0), self._peers.sentences))
        turn = self._peers.turns.get(tag)
        if turn is not None and turn.asked_at is None:
            turn.asked_at = now
            turn.token_at = self._peers.clock.now()
        self.send(answer)


def _plain(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def completion(text: str) -> bytes:
    """A whole streamed answer: one event a token, as Groq sends them, all written at once."""
    tokens = re.findall(r"\s*\S+", text)
    deltas = [{"role": "assistant", "content": ""}, *({"content": token} for token in tokens), {}]
    events = []
    for index, delta in enumerate(deltas):
        reason = "stop" if index == len(deltas) - 1 else None
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        event = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1, "choices": [choice]}
        events.append(b"data: " + orjson.dumps(event) + b"\n\n")
    events.append(b"data: [DONE]\n\n")
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(event), event) for event in events)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + chunks + b"0\r\n\r\n"


class _Ears:
    """Deepgram's end of a websocket: knows the words from the tags in the audio."""

    def __init__(self, connection: _Connection, _peers: Peers) -> None:
        self._connection = connection
        self._samples = 0
        self._tag: Tag | None = None
        self._voiced_frames = 0
        self._told_at = 0

    def on_message(self, opcode: int, payload: bytes, _now: int) -> None:
        """Audio, or an order in JSON."""
        if opcode == TEXT:
            self._obey(payload)
            return
        self._samples += len(payload)
        tag = tag_in_audio(payload)
        if tag is None:
            if self._samples - self._told_at >= QUIET_TELL_SAMPLES:
                self._tell("")
            return
        self._tag = tag
        told = self._voiced_frames // INTERIM_EVERY_FRAMES
        self._voiced_frames += max(1, len(payload) // FRAME_SAMPLES)
        if self._voiced_frames // INTERIM_EVERY_FRAMES > told:
            self._tell(spoken_text(tag, 2 + 2 * told))

    def _obey(self, order: bytes) -> None:
        if b"Finalize" in order:
            self._tell("" if self._tag is None else spoken_text(self._tag), is_final=True)
            self._tag = None
            self._voiced_frames = 0
        elif b"CloseStream" in order:
            self._connection.send(server_frame(CLOSE, (1000).to_bytes(2, "big")))

    def _tell(self, text: str, *, is_final: bool = False) -> None:
        self._told_at = self._samples
        words = [{"word": word, "start": 0.0, "end": 0.1, "confidence": 0.99} for word in text.split()]
        results = {
            "type": "Results",
            "channel_index": [0, 1],
            "duration": 0.0,
            "start": self._samples / SAMPLE_RATE_HZ,
            "is_final": is_final,
            "speech_final": False,
            "from_finalize": is_final,
            "channel": {"alternatives": [{"transcript": text, "confidence": 0.99, "words": words}]},
        }
        self._connection.send(server_frame(TEXT, orjson.dumps(results)))


class _Voice:
    """ElevenLabs' end of a multi-context websocket."""

    def __init__(self, connection: _Connection, peers: Peers) -> None:
        self._connection = connection
        self._peers = peers

    def on_message(self, _opcode: int, payload: bytes, now: int) -> None:
        """Text to speak, or the end of a context."""
        message = orjson.loads(payload)
        context_id, text = message.get("context_id", ""), message.get("text", "")
        if text.strip():
            turn = self._peers.turns.get(tag_in_text(text))
            spoken = b"".join(server_frame(TEXT, piece) for piece in speech_pieces(text, context_id))
            if turn is not None and turn.text_at is None:
                turn.text_at = now
                turn.audio_at = self._peers.clock.now()
            self._connection.send(spoken)
        if message.get("close_context"):
            final = orjson.dumps({"audio": None, "isFinal": True, "contextId": context_id})
            self._connection.send(server_frame(TEXT, final))


@lru_cache(maxsize=4_096)
def speech_pieces(text: str, context_id: str) -> tuple[bytes, ...]:
    """The messages that speak `text`, each with its letters' times, as `sync_alignment` asks."""
    chars_a_piece = PIECE_MS // MS_PER_CHAR
    return tuple(_piece(text[at : at + chars_a_piece], context_id) for at in range(0, len(text), chars_a_piece))


def _piece(text: str, context_id: str) -> bytes:
    alignment = {
        "chars": list(text),
        "charStartTimesMs": [MS_PER_CHAR * index for index in range(len(text))],
        "charsDurationsMs": [MS_PER_CHAR] * len(text),
    }
    audio = b2a_base64(_SOUND[: ms_to_samples(MS_PER_CHAR * len(text))], newline=False).decode()
    return orjson.dumps(
        {
            "audio": audio,
            "isFinal": None,
            "normalizedAlignment": alignment,
            "alignment": alignment,
            "contextId": context_id,
        }
    )
