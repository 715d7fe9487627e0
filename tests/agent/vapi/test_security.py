"""Who is Vapi: by secret, bearer or signature, and nobody else."""

import hashlib
import hmac
from base64 import b64encode

import pytest

from agent.vapi.security import VapiCheck
from agent.web_request import WebRequest

CHECK = VapiCheck("shared")
NOW_S = 1_800_000_000.0
BODY = b'{"message":{}}'


def refusal(**headers: str) -> str | None:
    return refusal_of(BODY, "call-1", **headers)


def refusal_of(body: bytes, call_id: str, **headers: str) -> str | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return CHECK.refusal(WebRequest("POST", "/vapi/webhook", named, body), call_id, NOW_S)


def signed(timestamp: str, key: str = "shared", body: bytes = BODY) -> hmac.HMAC:
    return hmac.new(key.encode(), timestamp.encode() + b"." + body, hashlib.sha256)


def test_the_secret_comes_in_by_its_header_or_as_a_bearer() -> None:
    assert refusal(x_vapi_secret="shared") is None
    assert refusal(authorization="Bearer shared") is None
    assert refusal(authorization="bearer  shared ") is None


def test_a_token_opens_its_own_call_only() -> None:
    assert refusal(x_vapi_secret=CHECK.token("call-1")) is None
    assert "not ours" in str(refusal(x_vapi_secret=CHECK.token("call-2")))
    assert "not ours" in str(refusal_of(BODY, "", x_vapi_secret=CHECK.token("")))


@pytest.mark.parametrize("headers", [{"x_vapi_secret": "Shared"}, {"authorization": "Bearer share"}])
def test_a_wrong_secret_is_refused(headers: dict[str, str]) -> None:
    assert "not ours" in str(refusal(**headers))


@pytest.mark.parametrize("headers", [{}, {"x_vapi_secret": ""}, {"authorization": "Basic shared"}])
def test_who_shows_nothing_is_refused_and_told_what_to_show(headers: dict[str, str]) -> None:
    assert "give the server in Vapi its credential" in str(refusal(**headers))


@pytest.mark.parametrize("timestamp", ["1800000000", "1800000000000", "1799999701"])
@pytest.mark.parametrize("prefix", ["", "sha256="])
def test_a_signature_in_hex_or_base64_with_seconds_or_milliseconds(timestamp: str, prefix: str) -> None:
    mac = signed(timestamp)
    for text in (mac.hexdigest(), mac.hexdigest().upper(), b64encode(mac.digest()).decode()):
        assert refusal(x_signature=prefix + text, x_timestamp=timestamp) is None


def test_a_signature_of_another_body_or_secret_or_time_is_refused() -> None:
    at = "1800000000"
    assert "not that of this body" in str(refusal(x_signature=signed(at, "else").hexdigest(), x_timestamp=at))
    assert "not that of this body" in str(
        refusal_of(b"{}", "call-1", x_signature=signed(at).hexdigest(), x_timestamp=at)
    )
    assert "300 s away" in str(refusal(x_signature=signed("1799999699").hexdigest(), x_timestamp="1799999699"))
    assert "300 s away" in str(refusal(x_signature=signed("1800000301").hexdigest(), x_timestamp="1800000301"))
    for nothing in ("", "soon", "-1", "1" * 17, "²"):
        assert "no number" in str(refusal(x_signature=signed(nothing).hexdigest(), x_timestamp=nothing))
