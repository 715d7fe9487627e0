"""What the emulated Groq refuses with, in the service's words (protocol page, section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from simulator.peers.groq_behaviour import GroqRefusal

INVALID = "invalid_request_error"


@dataclass(frozen=True, slots=True)
class GroqProblem:
    """An error answer: a JSON `error` object, or an HTML page from the edge."""

    status: int
    message: str
    type: str = INVALID
    code: str | None = None
    failed_generation: str | None = None
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_html: bool = False

    @property
    def error(self) -> dict[str, object]:
        """The `error` object as it stands on the wire; optional members only when known."""
        optional = {"code": self.code, "param": self.param, "failed_generation": self.failed_generation}
        known = {name: value for name, value in optional.items() if value is not None}
        return {"message": self.message, "type": self.type, **known}

    @property
    def content_type(self) -> str:
        """Of the body."""
        return "text/html; charset=UTF-8" if self.is_html else "application/json"

    @property
    def body(self) -> bytes:
        """The answer's body."""
        if not self.is_html:
            return orjson.dumps({"error": self.error})
        page = f"<html><head><title>{self.status} {self.message}</title></head>"
        return f"{page}<body><center><h1>{self.status} {self.message}</h1></center></body></html>\n".encode()


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> GroqProblem:
    """A 400 about the request itself."""
    return GroqProblem(400, message, code=code, param=param)


def bad_key() -> GroqProblem:
    """A missing, malformed or unknown key."""
    return GroqProblem(401, "Invalid API Key", code="invalid_api_key")


def unknown_url(method: str, path: str) -> GroqProblem:
    """A path or method that is not served."""
    return GroqProblem(
        404, f"Unknown request URL: {method} {path}. Please check the URL for typos.", code="unknown_url"
    )


def unknown_model(model: str) -> GroqProblem:
    """A model that does not exist, or not for this key."""
    message = f"The model `{model}` does not exist or you do not have access to it."
    return GroqProblem(404, message, code="model_not_found")


def retired_model(model: str) -> GroqProblem:
    """A model that was taken out of service."""
    message = f"The model `{model}` has been decommissioned and is no longer supported. Please choose another model."
    return GroqProblem(400, message, code="model_decommissioned")


def tool_use_failed(failed_generation: str) -> GroqProblem:
    """The model called a tool wrongly."""
    return GroqProblem(
        400,
        "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.",
        code="tool_use_failed",
        failed_generation=failed_generation,
    )


def json_validate_failed(failed_generation: str) -> GroqProblem:
    """JSON mode, and the model wrote something else."""
    message = "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details."
    return GroqProblem(400, message, code="json_validate_failed", failed_generation=failed_generation)


def too_large(model: str, limit: int, requested: int) -> GroqProblem:
    """More tokens in one request than a minute allows; waiting does not help."""
    message = (
        f"Request too large for model `{model}` on tokens per minute (TPM): "
        f"Limit {limit}, Requested {requested}, please reduce your message size and try again."
    )
    return GroqProblem(413, message, type="tokens", code="rate_limit_exceeded")


def rate_limited(model: str, dimension: str, limit: int, wait_s: float, retry_after_s: float | None) -> GroqProblem:
    """A limit is used up; `dimension` is "TPM" or "RPD"."""
    what = {"TPM": "tokens per minute", "RPD": "requests per day"}[dimension]
    message = (
        f"Rate limit reached for model `{model}` on {what} ({dimension}): Limit {limit}, Used {limit}. "
        f"Please try again in {wait_s:.4g}s."
    )
    headers = {} if retry_after_s is None else {"retry-after": f"{retry_after_s:g}"}
    kind = "tokens" if dimension == "TPM" else "requests"
    return GroqProblem(429, message, type=kind, code="rate_limit_exceeded", headers=headers)


def injected(refusal: GroqRefusal, model: str, retry_after_s: float | None) -> GroqProblem:
    """The answer to a request that the behaviour says is refused."""
    if refusal in _PLAIN:
        return _PLAIN[refusal]
    if refusal is GroqRefusal.UNKNOWN_MODEL:
        return unknown_model(model)
    if refusal is GroqRefusal.TOO_LARGE:
        return too_large(model, 8_000, 9_312)
    wait_s = retry_after_s if retry_after_s is not None else 4.77
    if refusal is GroqRefusal.RATE_LIMITED_REQUESTS:
        return rate_limited(model, "RPD", 1_000, wait_s, retry_after_s)
    assert refusal is GroqRefusal.RATE_LIMITED_TOKENS
    return rate_limited(model, "TPM", 8_000, wait_s, retry_after_s)


_PLAIN: Mapping[GroqRefusal, GroqProblem] = {
    GroqRefusal.TOOL_USE_FAILED: tool_use_failed('<function=find_free_slots>{"date": tomorrow}</function>'),
    GroqRefusal.BAD_KEY: bad_key(),
    GroqRefusal.EDGE_FORBIDDEN: GroqProblem(403, "Forbidden", is_html=True),
    GroqRefusal.BAD_GATEWAY: GroqProblem(502, "Bad gateway", is_html=True),
    GroqRefusal.SERVER_ERROR: GroqProblem(500, "Internal Server Error", type="internal_server_error"),
    GroqRefusal.FLEX_FULL: GroqProblem(
        498, "Flex tier capacity exceeded. Please try again later.", type="capacity", code="capacity_exceeded"
    ),
    GroqRefusal.OVER_CAPACITY: GroqProblem(
        503, "The model is currently over capacity. Please try again and back off.", type="internal_server_error"
    ),
}
