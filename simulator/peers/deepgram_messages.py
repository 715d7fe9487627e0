"""Deepgram's message bodies that are not transcripts (protocol page, sections 1 and 2.3)."""

import random
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import orjson

from simulator.peers.base import Refusal
from simulator.peers.deepgram_query import ListenQuery

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

_MODELS = uuid.UUID("6f0e1a9a-93c4-4f0e-8a53-0d7a6d1b1c55")
"""Name space of the emulated models' ids."""

_ERRORS: Mapping[int, tuple[str, str]] = {
    400: ("Bad Request", "The request could not be understood."),
    401: ("INVALID_AUTH", "Invalid credentials."),
    402: ("ASR_PAYMENT_REQUIRED", "Project does not have enough credits for an ASR request."),
    403: ("INSUFFICIENT_PERMISSIONS", "User does not have sufficient permissions."),
    404: ("NOT_FOUND", "There is nothing at this path."),
    405: ("METHOD_NOT_ALLOWED", "This path does not take this method."),
    429: ("TOO_MANY_REQUESTS", "Too many requests. Please try again later."),
    500: ("INTERNAL_SERVER_ERROR", "An internal error occurred."),
    503: ("SERVICE_UNAVAILABLE", "The service is temporarily unavailable."),
}


def fresh_id(rng: random.Random) -> str:
    """A request id."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def created_at(instant: int) -> str:
    """An instant of the clock (ns) as the service dates its answers; its epoch is the emulator's own."""
    return (_EPOCH + timedelta(microseconds=instant // 1_000)).isoformat().replace("+00:00", "Z")


def refusal(status: int, request_id: str, message: str | None = None) -> Refusal:
    """An error in HTTP: code and text in the body, the text in `dg-error` too."""
    code, usual = _ERRORS.get(status, _ERRORS[500 if status >= 500 else 400])
    text = message or usual
    body = orjson.dumps({"err_code": code, "err_msg": text, "request_id": request_id})
    headers = {
        "content-type": "application/json",
        "dg-error": text.encode("ascii", "backslashreplace").decode().replace("\r", " ").replace("\n", " ")[:500],
        "dg-request-id": request_id,
    }
    return Refusal(status, headers, body)


def model_uuid(query: ListenQuery) -> str:
    """The id of the asked model."""
    return str(uuid.uuid5(_MODELS, query.model))


def model_info(query: ListenQuery) -> dict[str, object]:
    """The asked model as results name it."""
    arch = "-".join(query.model.split("-")[:2])
    variant = query.model.removeprefix(arch).lstrip("-") or "general"
    return {"name": f"{variant}-{arch}", "version": "2026-01-01.0", "arch": arch}


def result_metadata(query: ListenQuery, request_id: str) -> dict[str, object]:
    """What every `Results` carries as `metadata`."""
    return {"request_id": request_id, "model_info": model_info(query), "model_uuid": model_uuid(query)}


def schema_error(text: str, known: tuple[str, ...]) -> dict[str, object]:
    """The answer to a text message that is no order."""
    return {
        "type": "Error",
        "variant": "SchemaError",
        "description": f"Could not parse the message: expected JSON with a 'type' of {', '.join(known)}.",
        "message": text[:1_000],
    }


def configure_success(request_id: str, keyterms: list[str]) -> dict[str, object]:
    """The answer to a `Configure` that was applied."""
    return {"type": "ConfigureSuccess", "request_id": request_id, "keyterms": keyterms}


def configure_failure(request_id: str, code: str, description: str) -> dict[str, object]:
    """The answer to a `Configure` that was not applied."""
    return {"type": "ConfigureFailure", "request_id": request_id, "code": code, "description": description}
