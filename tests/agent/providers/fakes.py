"""A network without sockets: tests open, feed and break what the code under test dials."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.errors import Fault
from agent.ports import Alignment, ExchangeListener, Usage, WireListener
from fsm.events import ToolCall, TurnEnded, TurnLikelyEnded, TurnResumed


class FakeWire:
    """A wire the test holds the other end of."""

    def __init__(self, url: str, headers: Mapping[str, str], listener: WireListener) -> None:
        self.url = url
        self.headers = dict(headers)
        self.sent: list[str | bytes] = []
        self.is_open = False
        self.closed_with: tuple[int, str] | None = None
        self._listener = listener
        self._is_over = False

    def send(self, message: str | bytes) -> None:
        if self.closed_with is None and not self._is_over:
            self.sent.append(message)

    def close(self, code: int = 1000, reason: str = "") -> None:
        if self.closed_with is None:
            self.closed_with = (code, reason)
            self.is_open = False

    @property
    def is_alive(self) -> bool:
        return self.closed_with is None and not self._is_over

    @property
    def audio(self) -> bytes:
        return b"".join(message for message in self.sent if isinstance(message, bytes))

    @property
    def texts(self) -> list[str]:
        return [message for message in self.sent if isinstance(message, str)]

    @property
    def said(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.texts]

    # --- what the other side does ---

    def accept(self) -> None:
        assert not self._is_over
        self.is_open = True
        self._listener.on_open()

    def tell(self, message: Mapping[str, Any] | str | bytes) -> None:
        assert not self._is_over
        self._listener.on_message(message if isinstance(message, str | bytes) else json.dumps(message))

    def drop(self, code: int = 1006, reason: str = "") -> None:
        assert not self._is_over, "on_close comes once"
        self._is_over = True
        self.is_open = False
        self._listener.on_close(code, reason)


class FakeExchange:
    """An HTTP request the test answers."""

    def __init__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, listener: ExchangeListener
    ) -> None:
        self.method = method
        self.url = url
        self.headers = dict(headers)
        self.body = body
        self.is_cancelled = False
        self._listener = listener

    def cancel(self) -> None:
        self.is_cancelled = True

    @property
    def asked(self) -> dict[str, Any]:
        asked: dict[str, Any] = json.loads(self.body)
        return asked

    def answer(self, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        assert not self.is_cancelled
        self._listener.on_response(status, headers or {})

    def data(self, *pieces: bytes) -> None:
        for piece in pieces:
            if not self.is_cancelled:
                self._listener.on_data(piece)

    def events(self, *payloads: Mapping[str, Any] | str) -> None:
        for payload in payloads:
            text = payload if isinstance(payload, str) else json.dumps(payload)
            self.data(f"data: {text}\n\n".encode())

    def end(self) -> None:
        if not self.is_cancelled:
            self._listener.on_end()

    def fail(self, reason: str = "ServerDisconnectedError", *, timed_out: bool = False) -> None:
        assert not self.is_cancelled
        self._listener.on_failure(reason, timed_out=timed_out)


class FakeNetwork:
    """Remembers what was dialled and asked, in order."""

    def __init__(self) -> None:
        self.wires: list[FakeWire] = []
        self.exchanges: list[FakeExchange] = []

    def open_websocket(
        self, url: str, headers: Mapping[str, str], listener: WireListener, *, open_timeout_ms: int
    ) -> FakeWire:
        self.wires.append(FakeWire(url, headers, listener))
        return self.wires[-1]

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
        self.exchanges.append(FakeExchange(method, url, headers, body, listener))
        return self.exchanges[-1]

    @property
    def wire(self) -> FakeWire:
        return self.wires[-1]

    @property
    def exchange(self) -> FakeExchange:
        return self.exchanges[-1]


@dataclass
class SpeechLog:
    """A `SpeechListener` that remembers."""

    log: list[Any] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    voices: int = 0
    nothings: list[int | None] = field(default_factory=list)

    def on_words(self, text: str, *, is_final: bool, speech_final: bool, behind_samples: int | None = None) -> None:
        assert text or speech_final, "an empty text comes only with speech_final"
        assert text == text.strip()
        self.log.append((text, "final" if is_final else "interim", *(["pause"] if speech_final else [])))

    def on_turn(self, told: TurnLikelyEnded | TurnResumed | TurnEnded) -> None:
        self.log.append(told)

    def on_nothing_heard(self, behind_samples: int | None) -> None:
        self.nothings.append(behind_samples)

    def on_voice_noticed(self) -> None:
        self.voices += 1

    def on_ears_failed(self, fault: Fault) -> None:
        self.faults.append(fault)
        self.log.append("failed")

    def on_ears_restored(self) -> None:
        self.log.append("restored")

    def on_language_refused(self, fault: Fault) -> None:
        self.faults.append(fault)
        self.log.append("language refused")


@dataclass
class GenerationLog:
    """A `GenerationListener` that remembers, and knows that the last call is the last."""

    tokens: list[str] = field(default_factory=list)
    calls: tuple[ToolCall, ...] | None = None
    usage: Usage | None = None
    fault: Fault | None = None

    @property
    def text(self) -> str:
        return "".join(self.tokens)

    @property
    def is_over(self) -> bool:
        return self.calls is not None or self.fault is not None

    def on_token(self, text: str) -> None:
        assert text, "a token is never empty"
        assert not self.is_over
        self.tokens.append(text)

    def on_generated(self, calls: tuple[ToolCall, ...], usage: Usage) -> None:
        assert not self.is_over
        self.calls, self.usage = calls, usage

    def on_generation_failed(self, fault: Fault) -> None:
        assert not self.is_over
        self.fault = fault


@dataclass
class VoiceLog:
    """A `VoiceListener` that remembers; nothing may come of an utterance that is over."""

    log: list[Any] = field(default_factory=list)
    audio: dict[int, bytes] = field(default_factory=dict)
    alignments: list[Alignment | None] = field(default_factory=list)
    faults: dict[int, Fault] = field(default_factory=dict)
    over: set[int] = field(default_factory=set)

    def on_audio(self, utterance: int, audio: bytes, alignment: Alignment | None) -> None:
        assert utterance not in self.over
        assert audio
        self.audio[utterance] = self.audio.get(utterance, b"") + audio
        self.alignments.append(alignment)
        self.log.append(("audio", utterance, len(audio)))

    def on_spoken(self, utterance: int) -> None:
        assert utterance not in self.over
        self.over.add(utterance)
        self.log.append(("spoken", utterance))

    def on_voice_failed(self, utterance: int, fault: Fault) -> None:
        assert utterance not in self.over
        self.over.add(utterance)
        self.faults[utterance] = fault
        self.log.append(("failed", utterance))
