"""What the web server answers, without the web server: webhooks of Twilio, health, and who may open a stream.

Protocol page "twilio", sections 1, 2, 4.6 and 5.3. The same object serves sockets (`agent.server`) and simulations.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping

import orjson

from agent import twiml
from agent.handover_webhook import HandoverWebhook
from agent.media_stream import Refused
from agent.next_document import Next
from agent.switchboard import Switchboard
from agent.twilio import (
    CALLED_PARAMETER,
    CALLER_PARAMETER,
    ID_PATTERN,
    PLACED_PARAMETER,
    TOKEN_PARAMETER,
    VOICEMAIL_PARAMETER,
    Started,
)
from agent.twilio_security import SignatureCheck, StreamTokens
from agent.twiml import SpokenTexts
from agent.web_request import Form, WebRequest, WebResponse

log = logging.getLogger(__name__)

MEDIA_PATH = "/media"

DETECT_FIELD, MESSAGE_FIELD = "detect", "message"
"""Of the query of a voice URL that a call is placed with: "no" takes whoever picks up for a person; what a machine is
told instead of the agent's own message."""

OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
"""Values of `CallStatus` after which nothing more happens to a call."""

LOOPBACK_NAMES = ("http://localhost", "http://127.0.0.1", "http://[::1]")


def admit_by(tokens: StreamTokens) -> Callable[[Started], Refused | None]:
    """The switchboard's `admit`: streams come in with a token that we issued."""

    def admit(started: Started) -> Refused | None:
        reason = tokens.refusal(started.parameters.get(TOKEN_PARAMETER, ""), started.call_sid)
        return None if reason is None else Refused(reason)

    return admit


class VoiceWebhook:
    """Answers requests. `signatures` and `tokens` are None only where anyone may come in, on loopback.

    `not_ready` says why calls should not be sent here yet, in a word or two; empty when they may.
    """

    def __init__(
        self,
        origin: str,
        switchboard: Switchboard,
        signatures: SignatureCheck | None,
        tokens: StreamTokens | None,
        *,
        texts: SpokenTexts | None = None,
        not_ready: Callable[[], str] = str,
    ) -> None:
        self._origin = origin.rstrip("/")
        self._switchboard = switchboard
        self._signatures = signatures
        self._tokens = tokens
        self._texts = texts or SpokenTexts()
        self._not_ready = not_ready
        self.counters: Counter[str] = Counter()
        self._signed: dict[str, Callable[[Form, Form], WebResponse]] = {
            "/voice": self._voice,
            "/voice/after": self._after,
            "/status": self._status,
            "/answered-by": self._answered_by,
            "/stream-status": self._stream_status,
        }
        handover = HandoverWebhook(switchboard, self._origin, self._texts.language, self._give_back)
        self._signed |= {path: _document_by(answer) for path, answer in handover.answers.items()}
        self._open: dict[str, Callable[[], WebResponse]] = {"/healthz": self._healthz, "/readyz": self._readyz}

    def handle(self, request: WebRequest) -> WebResponse:
        """Answer one request; every refusal is logged, and never with its parameters."""
        path = request.path
        if path in self._open:
            return self._open[path]() if request.method in {"GET", "HEAD"} else _wrong_method("GET, HEAD")
        answer = self._signed.get(path)
        if answer is None:
            return _error(404, f"nothing is served here; Twilio's voice URL is {self._origin}/voice")
        if request.method not in {"GET", "POST"}:
            return _wrong_method("GET, POST")
        return self._handle_signed(request, answer)

    def upgrade_refusal(self, request: WebRequest) -> WebResponse | None:
        """Why a websocket may not be opened at `MEDIA_PATH`; None if it may."""
        reason = self._signatures.upgrade_refusal(request) if self._signatures is not None else _foreign_page(request)
        if reason is not None:
            return self._refuse(request, 403, reason)
        if not self._switchboard.has_room_to_listen:
            return self._refuse(request, 503, "too many streams that have not started")
        return None

    # --- answers ---------------------------------------------------------------------------------------------

    def _voice(self, parameters: Form, query: Form) -> WebResponse:
        call_sid = parameters["CallSid"]
        if not self._switchboard.reserve(call_sid):
            log.warning("call %s: turned away, %s", call_sid, "closing" if self._switchboard.is_draining else "full")
            return self._say(self._texts.busy)
        return self._connect(call_sid, parameters, _placed(parameters, query))

    def _after(self, parameters: Form, _query: Form) -> WebResponse:
        call_sid = parameters["CallSid"]
        if parameters.get("CallStatus") in OVER:
            self._switchboard.end_reported(call_sid)
            return _xml(twiml.hang_up())
        match self._switchboard.next_for(call_sid):
            case Next.RESUME:
                log.warning("call %s: its stream is gone; asking for a new one", call_sid)
                return self._connect(call_sid, parameters)
            case Next.APOLOGY:
                return self._say(self._texts.apology)
            case Next.BUSY:
                return self._say(self._texts.busy)
            case Next.GOODBYE:
                return _xml(twiml.hang_up())

    def _answered_by(self, parameters: Form, _query: Form) -> WebResponse:
        self._switchboard.answerer_reported(parameters["CallSid"], parameters.get("AnsweredBy", ""))
        return WebResponse(204)

    def _status(self, parameters: Form, _query: Form) -> WebResponse:
        if parameters.get("CallStatus") in OVER:
            self._switchboard.end_reported(parameters["CallSid"])
        return WebResponse(204)

    def _stream_status(self, parameters: Form, _query: Form) -> WebResponse:
        if parameters.get("StreamEvent") == "stream-error":
            self.counters["stream errors"] += 1
            log.warning("call %s: stream error: %.200r", parameters["CallSid"], parameters.get("StreamError", ""))
        return WebResponse(204)

    def _healthz(self) -> WebResponse:
        return _json(200, {"alive": True})

    def _readyz(self) -> WebResponse:
        board = self._switchboard
        why_not = "draining" if board.is_draining else self._not_ready()
        facts = {"ready": not why_not, "active_calls": board.active_calls, "max_calls": board.max_calls}
        return _json(503 if why_not else 200, facts | ({"reason": why_not} if why_not else {}))

    # --- inside ----------------------------------------------------------------------------------------------

    def _handle_signed(self, request: WebRequest, answer: Callable[[Form, Form], WebResponse]) -> WebResponse:
        try:
            refused = self._signatures.refusal(request) if self._signatures is not None else None
            parameters, query = request.parameters(), Form.parse(request.query)
        except ValueError:
            return self._refuse(request, 400, "more fields than a form may have")
        if refused is not None:
            return self._refuse(request, 403, refused)
        if not ID_PATTERN.fullmatch(parameters.get("CallSid", "")):
            return self._refuse(request, 400, "CallSid is missing or has the wrong form")
        return answer(parameters, query)

    def _connect(self, call_sid: str, parameters: Form, placed: Mapping[str, str] | None = None) -> WebResponse:
        caller, called = parameters.get("From", ""), parameters.get("To", "")
        if _is_placed(parameters):
            caller, called = called, caller  # the caller is the person, whoever dialled
        token = self._tokens.issue(call_sid) if self._tokens is not None else ""
        told = {TOKEN_PARAMETER: token, CALLER_PARAMETER: caller, CALLED_PARAMETER: called, **(placed or {})}
        return _xml(twiml.connect(self._origin, told))

    def _give_back(self, parameters: Form) -> bytes:
        return self._connect(parameters["CallSid"], parameters).body

    def _say(self, text: str) -> WebResponse:
        return _xml(twiml.say_and_hang_up(text, self._texts.language))

    def _refuse(self, request: WebRequest, status: int, reason: str) -> WebResponse:
        self.counters[f"refused {status}"] += 1
        log.warning("refused %s %.100r with %d: %s", request.method, request.path, status, reason)
        return _error(status, reason)


def _is_placed(parameters: Form) -> bool:
    return parameters.get("Direction", "").startswith("outbound")


def _placed(parameters: Form, query: Form) -> dict[str, str]:
    """What the stream of a call that we placed is to know of it: who picks up is to be found out, unless told not to.

    The query is that of the URL that the call was placed with (`offhook call`).
    """
    if not _is_placed(parameters) or query.get(DETECT_FIELD) == "no":
        return {}
    return {PLACED_PARAMETER: "yes", VOICEMAIL_PARAMETER: query.get(MESSAGE_FIELD, "")}


def _foreign_page(request: WebRequest) -> str | None:
    """A page of the web, open in a browser on this machine, is not loopback, though its requests come from there."""
    page = request.headers.get("origin", "")
    if not page or any(page == name or page.startswith(f"{name}:") for name in LOOPBACK_NAMES):
        return None
    return "opened by a web page of another origin"


def _document_by(answer: Callable[[Form, Form], bytes]) -> Callable[[Form, Form], WebResponse]:
    return lambda form, query: _xml(answer(form, query))


def _xml(document: bytes) -> WebResponse:
    return WebResponse(200, document, twiml.CONTENT_TYPE)


def _json(status: int, facts: dict[str, object]) -> WebResponse:
    return WebResponse(status, orjson.dumps(facts), "application/json")


def _error(status: int, reason: str) -> WebResponse:
    return _json(status, {"error": reason})


def _wrong_method(allowed: str) -> WebResponse:
    return WebResponse(405, orjson.dumps({"error": f"use {allowed}"}), "application/json", {"allow": allowed})
