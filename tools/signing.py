"""Signed webhooks, as Standard Webhooks (https://www.standardwebhooks.com) has them; needs the standard library only.

`webhook-signature` is `v1,` and the base64 HMAC-SHA256, under the shared secret, of `webhook-id`, `webhook-timestamp`
(whole seconds since 1970) and the body, joined by dots. The id is the same for all attempts at one request. Any
library of that standard verifies our requests, and so does `verify`.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"

TOLERANCE_S = 300
"""A request whose timestamp is further from now than this, either way, may be a replay."""

SECRET_PREFIX = "whsec_"  # noqa: S105 - what a secret of base64 begins with, not a secret


class SignatureError(ValueError):
    """The request was not signed by who holds the secret, or not now."""


def sign(secret: str, message_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """The three headers of a request. `secret` is text, or base64 where it begins with `whsec_`; raises ValueError."""
    digest = base64.b64encode(_digest(secret, message_id, str(timestamp_s), body)).decode()
    return {ID: message_id, TIMESTAMP: str(timestamp_s), SIGNATURE: f"v1,{digest}"}


def verify(headers: Mapping[str, str], body: bytes, secrets: Iterable[str], now_s: float) -> str:
    """The id of a request that is genuine; remember it for `TOLERANCE_S` to refuse replays within that time.

    `body` is what came, byte for byte. Several `secrets` are for the time in which one takes another's place.
    Raises SignatureError.
    """
    told = {name.lower(): value for name, value in headers.items()}
    missing = [name for name in (ID, TIMESTAMP, SIGNATURE) if not told.get(name)]
    if missing:
        raise SignatureError(f"expected the header {missing[0]}, got none")
    timestamp = told[TIMESTAMP]
    if not (timestamp.isascii() and timestamp.isdigit()) or abs(now_s - int(timestamp)) > TOLERANCE_S:
        raise SignatureError(f"expected a {TIMESTAMP} within {TOLERANCE_S} s of now, got {timestamp[:20]!r}")
    given = [_decoded(each) for each in told[SIGNATURE].split() if each.startswith("v1,")]
    for secret in secrets:
        expected = _digest(secret, told[ID], timestamp, body)
        if any(hmac.compare_digest(expected, each) for each in given):
            return told[ID]
    raise SignatureError(f"expected a {SIGNATURE} by the shared secret over id, timestamp and the body as it came")


def _decoded(signature: str) -> bytes:
    try:
        return base64.b64decode(signature.removeprefix("v1,"), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _digest(secret: str, message_id: str, timestamp: str, body: bytes) -> bytes:
    return hmac.digest(_key(secret), f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)


def _key(secret: str) -> bytes:
    if not secret:
        raise ValueError("expected a secret, got an empty one: anybody could sign with that")
    if not secret.startswith(SECRET_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError(f"expected base64 after {SECRET_PREFIX}: {error}") from None
