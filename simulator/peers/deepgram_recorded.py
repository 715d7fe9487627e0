"""Transcription of a whole recording: Deepgram's `POST /v1/listen`."""

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from agent.clock import Clock
from fsm.units import ms_to_ns
from simulator.peers.base import Answer
from simulator.peers.deepgram_audio import AudioFormat, decode_recording
from simulator.peers.deepgram_messages import created_at, model_info, model_uuid
from simulator.peers.deepgram_query import ListenQuery
from simulator.peers.deepgram_words import alternative, recognise, seconds
from simulator.speech import SpeechReader


@dataclass(frozen=True, slots=True)
class Content:
    """A whole HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class LateAnswer:
    """An HTTP answer that comes whole, after a delay."""

    def __init__(self, clock: Clock, answer: Answer, content: Content, *, delay_ms: int = 0) -> None:
        self._answer = answer
        self._content = content
        self._timer = clock.call_at(clock.now() + ms_to_ns(delay_ms), self._on_due)

    def on_disconnect(self) -> None:
        """Nobody waits any more."""
        self._timer.cancel()

    def _on_due(self) -> None:
        self._answer.start(self._content.status, self._content.headers)
        self._answer.write(self._content.body)
        self._answer.end()


def transcribe(body: bytes, query: ListenQuery, rng: random.Random, request_id: str, now: int) -> bytes:
    """The JSON answer to a recording; raises `AudioError`."""
    audio_format = AudioFormat(query.encoding, query.sample_rate) if query.encoding else None
    sides = decode_recording(body, audio_format, multichannel=query.multichannel)
    model = model_uuid(query)
    metadata = {
        "transaction_key": "deprecated",
        "request_id": request_id,
        "sha256": hashlib.sha256(body).hexdigest(),
        "created": created_at(now),
        "duration": seconds(len(sides[0])),
        "channels": len(sides),
        "models": [model],
        "model_info": {model: model_info(query)},
    }
    channels = [{"alternatives": [_side(audio, query, rng)]} for audio in sides]
    return orjson.dumps({"metadata": metadata, "results": {"channels": channels}})


def _side(audio: bytes, query: ListenQuery, rng: random.Random) -> dict[str, object]:
    reader = SpeechReader()
    heard = [*reader.push(audio), *reader.finish()]
    return alternative([word for word in (recognise(one, rng) for one in heard) if word is not None], query)
