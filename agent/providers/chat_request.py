"""Requests to Groq's chat completions and its relatives, and what their refusals mean.

The section numbers are those of Groq's protocol page unless another is named.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import orjson

from agent.errors import Fault, FaultKind, Whose
from agent.ports import ToolSchema
from agent.providers.faults import fault_of_status, one_line
from agent.providers.urls import http_url
from fsm.events import ToolCall
from fsm.transcript import Message

CUT_NOTE = "— [the caller interrupted here]"
"""Tells the model that the caller did not hear the rest of what it said."""

BROKEN_NOTE = "— [the connection broke here: go on from here]"
"""The same where nobody interrupted: the caller still waits for the rest."""


class Dialect(StrEnum):
    """Whose parameters a server understands."""

    GROQ = "groq"
    OPENAI = "openai"
    COMPATIBLE = "compatible"


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """What is asked of the model, and how patiently.

    `base_url`: Groq's host as in its SDK (`/openai/v1` is added), or any URL that ends in `/v1`, used as it is: an
    OpenAI-compatible server, which is asked without Groq's own parameters. An empty `api_key` sends none.

    `model`: gpt-oss-120b is what Groq's users in this field have settled on after the Llamas were retired (5). Its
    500 tokens a second outrun any voice; the twice as fast 20b would save about 0.1 s of thinking and pays for it with
    more wrong tool calls, each of which costs the caller a turn.

    `reasoning_effort`: "auto" asks for the least that the model knows (it always thinks before it speaks), "" for
    nothing, anything else is sent as it is. `max_completion_tokens` includes that thinking.
    `first_token_timeout_ms`: from the request to the first word or tool call. `stall_timeout_ms`: between pieces.
    """

    api_key: str = field(repr=False)
    base_url: str = "https://api.groq.com"
    model: str = "openai/gpt-oss-120b"
    temperature: float = 0.4
    max_completion_tokens: int = 1_024
    reasoning_effort: str = "auto"
    first_token_timeout_ms: int = 6_000
    stall_timeout_ms: int = 4_000

    @property
    def dialect(self) -> Dialect:
        """Whose parameters the server understands, told by its URL."""
        parts = urlsplit(self.base_url.strip())
        host = parts.hostname or ""
        if host == "groq.com" or host.endswith(".groq.com"):
            return Dialect.GROQ
        if host == "openai.com" or host.endswith(".openai.com"):
            return Dialect.OPENAI
        return Dialect.COMPATIBLE if parts.path.rstrip("/").endswith("/v1") else Dialect.GROQ

    @property
    def provider(self) -> str:
        """The provider's name for faults: a compatible server goes by its host."""
        if self.dialect is Dialect.COMPATIBLE:
            return urlsplit(self.base_url.strip()).hostname or "model"
        return str(self.dialect)


def endpoint(settings: ChatSettings, name: str) -> str:
    """The URL of `name` ("chat/completions", "models")."""
    is_whole = urlsplit(settings.base_url.strip()).path.rstrip("/").endswith("/v1")
    return http_url(settings.base_url, f"/{name}" if is_whole else f"/openai/v1/{name}")


def headers(settings: ChatSettings) -> dict[str, str]:
    """The headers of a request (1)."""
    return {"Authorization": f"Bearer {settings.api_key}"} if settings.api_key else {}


def encode_request(settings: ChatSettings, messages: Sequence[Message], tools: Sequence[ToolSchema]) -> bytes:
    """The JSON body of a streaming completion (3). What seldom changes comes first: prefixes are cached (3)."""
    body: dict[str, Any] = {"model": settings.model, "stream": True, "temperature": settings.temperature}
    body |= _parameters(settings)
    if tools:
        body["tools"] = [_tool(tool) for tool in tools]
    body["messages"] = [encode_message(message) for message in messages]
    return orjson.dumps(body)


def _parameters(settings: ChatSettings) -> dict[str, Any]:
    dialect = settings.dialect
    limit = "max_tokens" if dialect is Dialect.COMPATIBLE else "max_completion_tokens"
    parameters: dict[str, Any] = {limit: settings.max_completion_tokens}
    if dialect is not Dialect.GROQ:  # Groq tells the usage unasked
        parameters["stream_options"] = {"include_usage": True}
    effort = settings.reasoning_effort
    if effort == "auto":
        effort = _least_effort(settings.model) if dialect is Dialect.GROQ else ""
    if effort:
        parameters["reasoning_effort"] = effort
    return parameters


def _least_effort(model: str) -> str:
    """What Groq's models accept as their least thinking (3): gpt-oss refuses "none", Qwen knows it."""
    if "gpt-oss" in model:
        return "low"
    return "none" if model.startswith("qwen/") else ""


def _tool(tool: ToolSchema) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def encode_message(message: Message) -> dict[str, Any]:
    """One contribution; a reply that was cut says so."""
    content = message.content
    if message.cut or message.broken:
        content = f"{content} {CUT_NOTE if message.cut else BROKEN_NOTE}".lstrip()
    encoded: dict[str, Any] = {"role": message.role, "content": content}
    if message.tool_calls:
        encoded["tool_calls"] = [_tool_call(call) for call in message.tool_calls]
    if message.role == "tool":
        encoded["tool_call_id"] = message.tool_call_id
    return encoded


def _tool_call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": _safe_arguments(call.arguments)}
    return {"id": call.call_id, "type": "function", "function": function}


def _safe_arguments(arguments: str) -> str:
    """The model's own JSON object, or an empty one: servers refuse a history with broken JSON in it."""
    try:
        is_object = isinstance(orjson.loads(arguments), dict)
    except orjson.JSONDecodeError:
        is_object = False
    return arguments if is_object else "{}"


# --- refusals --------------------------------------------------------------------------------------------

_SETTINGS_CODES = frozenset({"model_not_found", "model_decommissioned", "model_terms_required"})
_SAMPLING_CODES = frozenset({"tool_use_failed", "json_validate_failed"})
"""The model wrote something malformed; another sample may not (4)."""


def fault_of_answer(settings: ChatSettings, status: int, answer_headers: Mapping[str, str], body: bytes) -> Fault:
    """The fault behind an answer that is no success (4); `body` may be HTML of some proxy."""
    code, message = _error_of(body)
    detail = redacted(settings, " ".join(word for word in (code, message) if word))
    if code in _SETTINGS_CODES:
        return Fault(Whose.SETTINGS, settings.provider, FaultKind.BAD_REQUEST, f"HTTP {status}: {detail}")
    if code in _SAMPLING_CODES:
        return Fault(Whose.PROVIDER, settings.provider, FaultKind.CUT_SHORT, f"HTTP {status}: {detail}")
    return fault_of_status(settings.provider, status, detail, _retry_after_ms(answer_headers, message))


def fault_in_stream(settings: ChatSettings, code: str, message: str) -> Fault:
    """The fault behind an error that came inside a stream (2.2)."""
    detail = redacted(settings, f"error in the stream: {code} {message}".rstrip())
    if code in _SETTINGS_CODES:
        return Fault(Whose.SETTINGS, settings.provider, FaultKind.BAD_REQUEST, detail)
    if code == "rate_limit_exceeded":
        return Fault(Whose.PROVIDER, settings.provider, FaultKind.RATE_LIMITED, detail)
    return Fault(Whose.PROVIDER, settings.provider, FaultKind.CUT_SHORT, detail)


def redacted(settings: ChatSettings, text: str) -> str:
    """`text` as one bounded line without the key."""
    return one_line(text.replace(settings.api_key, "***") if settings.api_key else text)


def _error_of(body: bytes) -> tuple[str, str]:
    """(code, message); `failed_generation` is left out, it holds the conversation."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", re.sub(r"<[^>]*>", " ", body.decode(errors="replace"))
    error = answer.get("error", answer) if isinstance(answer, dict) else answer
    if not isinstance(error, dict):
        return "", str(error)
    code = error.get("code") or error.get("type")
    return str(code or ""), str(error.get("message") or "")


def _retry_after_ms(answer_headers: Mapping[str, str], message: str) -> int | None:
    """From `retry-after`, else from the limit that is used up, else from the message (4); `None`: nothing is told."""
    used_up = [it for it in ("tokens", "requests") if answer_headers.get(f"x-ratelimit-remaining-{it}") == "0"]
    told = [answer_headers.get("retry-after", "")]
    told += [answer_headers.get(f"x-ratelimit-reset-{dimension}", "") for dimension in used_up]
    told += _TRY_AGAIN.findall(message)
    known = (seconds for seconds in map(_seconds, told) if seconds is not None)
    return next((round(seconds * 1_000) for seconds in known), None)


_TRY_AGAIN = re.compile(r"try again in ([0-9hms.]*[0-9hms])")
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)(ms|s)?)?")


def _seconds(text: str) -> float | None:
    """A duration such as `7`, `7.66s`, `2m59.56s` or `120ms`."""
    found = _DURATION.fullmatch(text.strip())
    if not text.strip() or found is None:
        return None
    hours, minutes, rest, unit = found.groups()
    seconds = float(rest or 0) / (1_000 if unit == "ms" else 1)
    return int(hours or 0) * 3_600 + int(minutes or 0) * 60 + seconds
