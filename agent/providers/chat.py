"""Groq, or any OpenAI-compatible server, as a `LanguageModel`: one streaming request an answer."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import orjson

from agent.clock import Clock, Timer
from agent.errors import Fault, FaultKind, Whose
from agent.ports import Exchange, ExchangeListener, Generation, GenerationListener, Network, ToolSchema
from agent.providers.chat_request import (
    ChatSettings,
    Dialect,
    encode_request,
    endpoint,
    fault_in_stream,
    fault_of_answer,
    headers,
    redacted,
)
from agent.providers.chat_stream import ChatStream
from agent.providers.sse import SseParser, SseTooLongError
from fsm.transcript import Message
from fsm.units import ms_to_ns

ERROR_BODY_LIMIT_BYTES = 16_384
MODEL_LIST_LIMIT_BYTES = 1 << 20

TAIL_MS = 250
"""After the finish reason: how long usage and end marker are waited for."""

LINGER_MS = 2_000
"""After the end marker: how long the server may take to end the body, which gives the connection back to the pool."""

WARM_TIMEOUT_MS = 5_000


class ChatModel:
    """A `LanguageModel`. `counts` holds what was ignored or mended, of all calls together.

    Raises `SettingsError` for a base URL that is none.
    """

    def __init__(self, network: Network, clock: Clock, settings: ChatSettings) -> None:
        self.settings = settings
        self.clock = clock
        self.counts: Counter[str] = Counter()
        self._network = network
        self._url = endpoint(settings, "chat/completions")
        self._models_url = endpoint(settings, "models")
        self._headers = headers(settings)
        self._warming: Exchange | None = None

    def generate(
        self, messages: Sequence[Message], tools: Sequence[ToolSchema], listener: GenerationListener
    ) -> Generation:
        """Answer `messages` (system prompt first)."""
        return _ChatGeneration(self, encode_request(self.settings, messages, tools), listener)

    def warm(self) -> None:
        """Have a connection in the pool: asks for the list of models, which costs no tokens (6). One at a time."""
        if self._warming is None:
            self._warming = self._ask_models(lambda _fault: self._warmed())

    def check_models(self, report: Callable[[Fault | None], None]) -> Exchange:
        """Tell `report` once what is wrong with URL, key or model, or `None`; a check for the start of a server."""
        return self._ask_models(report)

    def close(self) -> None:
        """Give up warming."""
        if self._warming is not None:
            self._warming.cancel()
            self._warming = None

    def post(self, body: bytes, listener: ExchangeListener) -> Exchange:
        """Send a completion request."""
        sent_headers = {**self._headers, "Content-Type": "application/json", "Accept": "text/event-stream"}
        timeout_ms = self.settings.first_token_timeout_ms
        return self._network.request("POST", self._url, sent_headers, body, listener, timeout_ms=timeout_ms)

    def _ask_models(self, report: Callable[[Fault | None], None]) -> Exchange:
        check = _ModelCheck(self.settings, report)
        return self._network.request("GET", self._models_url, self._headers, b"", check, timeout_ms=WARM_TIMEOUT_MS)

    def _warmed(self) -> None:
        self._warming = None


class _ChatGeneration:
    """One answer: request, stream, deadlines. Ends by exactly one last call, or by `cancel` without any."""

    def __init__(self, model: ChatModel, body: bytes, listener: GenerationListener) -> None:
        self._model = model
        self._settings = model.settings
        self._clock = model.clock
        self._body = body
        self._listener: GenerationListener | None = listener
        self._parser = SseParser()
        self._stream = ChatStream()
        self._status = 0
        self._headers: Mapping[str, str] = {}
        self._error_body = bytearray()
        self._is_second_try = False
        self._due_at = self._clock.now() + ms_to_ns(self._settings.first_token_timeout_ms)
        self._timer: Timer = self._clock.call_at(self._due_at, self._on_timer)
        self._exchange = model.post(body, self)

    def cancel(self) -> None:
        """Stop it; no call on the listener follows."""
        if self._listener is None:
            return
        self._listener = None
        self._timer.cancel()
        self._exchange.cancel()
        if self._status == 200:  # a body that is not read to its end costs its connection: replace it (6)
            self._model.warm()

    # --- the exchange ---

    def on_response(self, status: int, answer_headers: Mapping[str, str]) -> None:
        self._status = status
        self._headers = answer_headers

    def on_data(self, data: bytes) -> None:
        if self._listener is None:
            return
        if self._status != 200:
            self._error_body += data[: ERROR_BODY_LIMIT_BYTES - len(self._error_body)]
            return
        try:
            events = self._parser.feed(data)
        except SseTooLongError as error:
            self._fail(self._fault(FaultKind.BAD_MESSAGE, str(error)))
            return
        stream = self._stream
        text = "".join([stream.push(name, payload) for name, payload in events])
        if text:
            self._listener.on_token(text)
        if events:
            self._after_events()

    def on_end(self) -> None:
        self._timer.cancel()  # also the one that waits for this
        if self._listener is None:
            return
        if self._status == 200:
            self._conclude("the stream ended without a finish reason")
        else:
            self._fail_by_status()

    def on_failure(self, reason: str, *, timed_out: bool) -> None:
        self._timer.cancel()
        if self._listener is None:
            return
        if self._status not in {0, 200}:
            self._fail_by_status()
        elif timed_out:
            self._fail(self._fault(FaultKind.STALLED, f"no answer within {self._settings.first_token_timeout_ms} ms"))
        elif self._status == 200:
            self._conclude(f"the stream broke off, {reason}")
        elif self._is_second_try:
            self._fail(self._fault(FaultKind.UNREACHABLE, reason))
        else:
            self._try_again()

    def _try_again(self) -> None:
        """An idle connection of the pool may have died unnoticed; the request is sent once more, at once."""
        self._is_second_try = True
        self._model.counts["sent_again"] += 1
        self._timer = self._clock.call_at(self._due_at, self._on_timer)
        self._exchange = self._model.post(self._body, self)

    # --- progress ---

    def _after_events(self) -> None:
        stream = self._stream
        if stream.error is not None:
            self._fail(fault_in_stream(self._settings, stream.error.code, stream.error.message))
        elif stream.is_too_long:
            self._fail(self._fault(FaultKind.BAD_MESSAGE, "the answer does not end"))
        elif stream.is_done:
            self._conclude("the stream was ended without a finish reason")
        elif stream.finish_reason:
            self._due_at = self._clock.now() + ms_to_ns(TAIL_MS)
            self._timer.cancel()
            self._timer = self._clock.call_at(self._due_at, self._on_timer)
        elif stream.is_progressing:
            self._due_at = self._clock.now() + ms_to_ns(self._settings.stall_timeout_ms)

    def _on_timer(self) -> None:
        """The deadline moves with every piece, the timer only when it fires."""
        if self._clock.now() < self._due_at:
            self._timer = self._clock.call_at(self._due_at, self._on_timer)
        elif self._status not in {0, 200}:
            self._fail_by_status()
        elif self._stream.finish_reason:
            self._conclude("")
        elif self._stream.is_progressing:
            self._fail(
                self._fault(FaultKind.STALLED, f"nothing for {self._settings.stall_timeout_ms} ms in mid-answer")
            )
        else:
            detail = f"no word within {self._settings.first_token_timeout_ms} ms"
            self._fail(self._fault(FaultKind.STALLED, detail))

    def _conclude(self, why_not: str) -> None:
        """The stream is over; decide whether it was an answer."""
        stream = self._stream
        calls = stream.calls()
        if not stream.finish_reason:
            self._fail(self._fault(FaultKind.CUT_SHORT, why_not))
        elif stream.finish_reason in {"length", "content_filter"} and (calls or not stream.spoken_chars):
            # A call whose arguments may be cut is not run, and an answer without a word is none.
            self._fail(self._fault(FaultKind.CUT_SHORT, f"finish reason {stream.finish_reason}, nothing usable"))
        else:
            self._succeed()

    def _succeed(self) -> None:
        listener, self._listener = self._listener, None
        self._note_malformed()
        self._timer.cancel()
        self._timer = self._clock.call_at(self._clock.now() + ms_to_ns(LINGER_MS), self._exchange.cancel)
        if listener is not None:
            listener.on_generated(self._stream.calls(), self._stream.usage)

    def _fail(self, fault: Fault) -> None:
        listener, self._listener = self._listener, None
        self._note_malformed()
        self._timer.cancel()
        self._exchange.cancel()
        if listener is not None:
            listener.on_generation_failed(fault)

    def _fail_by_status(self) -> None:
        self._fail(fault_of_answer(self._settings, self._status, self._headers, bytes(self._error_body)))

    def _fault(self, kind: FaultKind, detail: str) -> Fault:
        return Fault(Whose.PROVIDER, self._settings.provider, kind, redacted(self._settings, detail))

    def _note_malformed(self) -> None:
        if self._stream.malformed_count:
            self._model.counts["malformed_chunks"] += self._stream.malformed_count


class _ModelCheck:
    """Reads the list of models and judges it."""

    def __init__(self, settings: ChatSettings, report: Callable[[Fault | None], None]) -> None:
        self._settings = settings
        self._report = report
        self._status = 0
        self._headers: Mapping[str, str] = {}
        self._body = bytearray()

    def on_response(self, status: int, answer_headers: Mapping[str, str]) -> None:
        self._status = status
        self._headers = answer_headers

    def on_data(self, data: bytes) -> None:
        self._body += data[: MODEL_LIST_LIMIT_BYTES - len(self._body)]

    def on_end(self) -> None:
        if self._status == 200:
            self._report(self._judge())
        else:
            self._report(fault_of_answer(self._settings, self._status, self._headers, bytes(self._body)))

    def on_failure(self, reason: str, *, timed_out: bool) -> None:
        kind = FaultKind.TIMEOUT if timed_out else FaultKind.UNREACHABLE
        self._report(Fault(Whose.PROVIDER, self._settings.provider, kind, redacted(self._settings, reason)))

    def _judge(self) -> Fault | None:
        if self._settings.dialect is Dialect.COMPATIBLE:
            return None  # such servers list names of their own, and many answer to any
        offered = _model_ids(bytes(self._body))
        if not offered or self._settings.model in offered:
            return None
        detail = f"the model {self._settings.model} is not offered; there are {', '.join(sorted(offered)[:8])}"
        return Fault(Whose.SETTINGS, self._settings.provider, FaultKind.BAD_REQUEST, detail)


def _model_ids(body: bytes) -> set[str]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return set()
    models = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(models, list):
        return set()
    return {model["id"] for model in models if isinstance(model, dict) and isinstance(model.get("id"), str)}
