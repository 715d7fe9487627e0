"""One request to a custom model, as Vapi makes it: an OpenAI client that reads a stream strictly (section 6)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from agent.ports import Exchange
from fsm.units import NS_PER_MS
from simulator.peers.fetch import routed
from simulator.peers.vapi_line import VapiLine
from simulator.peers.vapi_messages import AskedTool

FINISHES = frozenset({"stop", "length", "tool_calls", "content_filter"})


class CompletionError(ValueError):
    """It is no answer that an OpenAI client would take."""


class CompletionListener(Protocol):
    """What comes of a completion; the last two exclude each other and come last, once."""

    def on_text(self, text: str) -> None:
        """The next words."""

    def on_completed(self, calls: tuple[AskedTool, ...]) -> None:
        """The answer is whole."""

    def on_completion_failed(self, reason: str) -> None:
        """No whole answer will come."""


@dataclass(slots=True)
class _Asked:
    """A tool call as its pieces come."""

    call_id: str = ""
    name: str = ""
    arguments: str = ""


class Completion:
    """One answer under way, an `ExchangeListener`. Instants in ns; `usage` is what the answer says of it."""

    def __init__(self, line: VapiLine, listener: CompletionListener) -> None:
        self.asked_at = line.clock.now()
        self.first_text_at: int | None = None
        self.ended_at: int | None = None
        self.chunks = 0
        self.text = ""
        self.calls: tuple[AskedTool, ...] = ()
        self.failure = ""
        self.is_aborted = False
        self.usage: Mapping[str, Any] | None = None
        self.on_chunk: Callable[[], None] = lambda: None
        self._line = line
        self._listener: CompletionListener | None = listener
        self._exchange: Exchange | None = None
        self._status = 0
        self._is_stream = False
        self._body = b""
        self._asked: dict[int, _Asked] = {}
        self._finish = ""
        self._is_done = False

    @property
    def first_text_ms(self) -> int | None:
        """From the question to the first words; None where none came."""
        return None if self.first_text_at is None else (self.first_text_at - self.asked_at) // NS_PER_MS

    @property
    def is_under_way(self) -> bool:
        """Whether more of it may come."""
        return self._listener is not None

    def start(self, url: str, headers: Mapping[str, str], request: Mapping[str, Any], timeout_ms: int) -> None:
        """Ask; a URL that ends in the path of completions already is taken as it is."""
        path = "" if url.rstrip("/").endswith("/chat/completions") else "/chat/completions"
        self._exchange = self._line.network.request(
            "POST",
            routed(url.rstrip("/") + path, self._line.routes),
            {"Content-Type": "application/json", "Accept": "application/json", **headers},
            json.dumps(request).encode(),
            self,
            timeout_ms=timeout_ms,
        )

    def abort(self) -> None:
        """Nobody wants it any more: the connection is given up."""
        self.is_aborted = self._listener is not None
        self._listener = None
        if self._exchange is not None:
            self._exchange.cancel()

    # --- the exchange --------------------------------------------------------------------------------------------

    def on_response(self, status: int, headers: Mapping[str, str]) -> None:
        """Status and headers came."""
        self._status = status
        self._is_stream = headers.get("content-type", "").startswith("text/event-stream")

    def on_data(self, data: bytes) -> None:
        """Part of the stream came."""
        self._body += data
        if self._status != 200 or not self._is_stream:
            return
        *events, self._body = self._body.replace(b"\r\n", b"\n").split(b"\n\n")
        for event in events:
            if self._listener is None:
                return
            try:
                self._take(event)
            except CompletionError as error:
                self._fail(str(error))
                return
            self.on_chunk()

    def on_end(self) -> None:
        """The body is complete."""
        if self._status != 200:
            self._fail(f"status {self._status}")
        elif not self._is_stream:
            self._take_whole()
        elif not self._is_done:
            self._fail("the stream ended without [DONE]")
        elif self._finish not in FINISHES:
            self._fail("the stream ended without a finish_reason")
        else:
            self._succeed()

    def on_failure(self, reason: str, *, timed_out: bool) -> None:
        """No complete answer will come."""
        self._fail(f"{'timed out' if timed_out else 'failed'}: {reason}")

    # --- reading -------------------------------------------------------------------------------------------------

    def _take(self, event: bytes) -> None:
        if self._is_done:
            raise CompletionError("something came after [DONE]")
        if not event.startswith(b"data: "):
            raise CompletionError(f"expected an event of one data line, got {event[:40]!r}")
        payload = event.removeprefix(b"data: ")
        if payload == b"[DONE]":
            self._is_done = True
            return
        chunk = _object(payload)
        if chunk.get("object") != "chat.completion.chunk" or not isinstance(chunk.get("choices"), list):
            raise CompletionError(f"expected a chat.completion.chunk with choices, got {payload[:80]!r}")
        self.chunks += 1
        self.usage = chunk.get("usage") or self.usage
        for choice in chunk["choices"]:
            self._finish = choice.get("finish_reason") or self._finish
            self._take_delta(choice["delta"])

    def _take_delta(self, delta: Mapping[str, Any]) -> None:
        for call in delta.get("tool_calls") or ():
            asked = self._asked.setdefault(call["index"], _Asked())
            asked.call_id += call.get("id") or ""
            asked.name += call["function"].get("name") or ""
            asked.arguments += call["function"].get("arguments") or ""
        if delta.get("content"):
            self._say(delta["content"])

    def _take_whole(self) -> None:
        """An answer in one piece, which Vapi takes as well."""
        try:
            answer = _object(self._body)
            (choice,) = answer["choices"]
            message = choice["message"]
        except (CompletionError, KeyError, ValueError) as error:
            self._fail(f"expected a chat.completion: {error}")
            return
        self.usage, self._finish = answer.get("usage"), choice["finish_reason"]
        calls = [{"index": index, **call} for index, call in enumerate(message.get("tool_calls") or ())]
        self._take_delta({**message, "tool_calls": calls})
        self._succeed()

    def _say(self, text: str) -> None:
        if self.first_text_at is None:
            self.first_text_at = self._line.clock.now()
        self.text += text
        if self._listener is not None:
            self._listener.on_text(text)

    def _succeed(self) -> None:
        self.ended_at = self._line.clock.now()
        self.calls = tuple(AskedTool(each.call_id, each.name, each.arguments) for each in self._asked.values())
        if bool(self.calls) != (self._finish == "tool_calls"):
            self._fail(f"finish_reason {self._finish!r} with {len(self.calls)} tool calls")
            return
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.on_completed(self.calls)

    def _fail(self, reason: str) -> None:
        self.ended_at, self.failure = self._line.clock.now(), reason
        listener, self._listener = self._listener, None
        if self._exchange is not None:
            self._exchange.cancel()
        if listener is not None:
            listener.on_completion_failed(reason)


def _object(text: bytes) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except ValueError:
        raise CompletionError(f"expected JSON, got {text[:80]!r}") from None
    if not isinstance(told, dict):
        raise CompletionError(f"expected a JSON object, got {text[:80]!r}")
    return told
