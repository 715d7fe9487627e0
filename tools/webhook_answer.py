"""What the answer of an HTTP endpoint means to a model; pure.

2xx: its JSON (or plain text) is what the tool answers; 204, without content, is "done". 4xx: refused, nothing was
changed; the field `error` or `message` of the JSON says why, for the model and so perhaps for the caller. Everything
else is a failure of which the model learns only that it was one.
"""

import json

from tools.context import ToolError, ToolFailed
from tools.ports import HttpAnswer

MAX_REASON_CHARS = 300
"""So much of a refusal is told."""

REFUSED = "The system behind this refused it. Nothing was changed."

_UNSETTLED = frozenset({408, 409})
"""Answers of 4xx after which something may have been done: too slow, or the same request is under way."""

_OURS = frozenset({401, 403, 404, 405})
"""Answers that tell of a wrong URL or secret, unless they say in JSON what they mean."""


class UnusableError(ToolFailed):
    """The endpoint answered, and it cannot be told what became of the request; the text is for the log."""


def is_down(status: int) -> bool:
    """Whether an answer says that the host cannot answer now, whatever is asked."""
    return status >= 500 or status in (408, 429)


def retry_after_s(answer: HttpAnswer) -> float:
    """How long the host asks to be left alone; 0 where it says nothing, or a date."""
    told = answer.headers.get("retry-after", "")
    return float(told) if told.isascii() and told.isdigit() else 0.0


def what_it_says(answer: HttpAnswer, *, has_done: bool) -> object:
    """The tool's answer; `has_done`: one that succeeded and cannot be read has done it all the same.

    Raises `ToolError` for a refusal, and `UnusableError`.
    """
    status = answer.status
    if 200 <= status < 300:
        try:
            return _content(answer)
        except UnusableError as error:
            if not has_done:
                raise
            return {"done": True, "note": str(error)}
    if status == 429:
        raise ToolError("The system behind this has too much to do right now. Nothing was changed.")
    if 400 <= status < 500 and status not in _UNSETTLED:
        raise ToolError(_reason(answer) or REFUSED)
    if 300 <= status < 400:
        raise UnusableError(f"status {status}: redirects are not followed; put the new address into the agent's file")
    raise UnusableError(f"status {status}")


def is_misdirected(answer: HttpAnswer) -> bool:
    """Whether it looks like the answer to a wrong URL or a wrong secret, which the log should say."""
    return answer.status in _OURS and not _reason(answer)


def _content(answer: HttpAnswer) -> object:
    if answer.is_cut:
        raise UnusableError(f"an answer of more than {len(answer.body)} bytes")
    if not answer.body.strip() and answer.status != 204:
        raise UnusableError("an answer without content")
    if not answer.body.strip():
        return {"done": True}
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        text = answer.body.decode()
        return text if kind == "text/plain" else json.loads(text)
    except (ValueError, RecursionError):
        raise UnusableError(f"an answer of type {kind[:60] or 'unknown'!r} that is no JSON") from None


def _reason(answer: HttpAnswer) -> str:
    """Why a request was refused, as far as the answer says so in JSON."""
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(told, dict):
        return ""
    error = told.get("error", told.get("message"))
    if isinstance(error, dict):
        error = error.get("message")
    return error[:MAX_REASON_CHARS] if isinstance(error, str) else ""
