"""Is it really Vapi? The shared secret as a header, as a bearer token, or as an HMAC of the body.

Protocol page "vapi", section 5. All comparisons take the same time whatever they find.
"""

import hashlib
import hmac
from base64 import b64encode

from agent.web_request import WebRequest

SECRET_HEADER = "x-vapi-secret"  # noqa: S105 - a header's name
SIGNATURE_HEADER, TIMESTAMP_HEADER = "x-signature", "x-timestamp"

SIGNATURE_LIFE_S = 300
"""Older signatures, and younger ones, may have been overheard and sent again."""

MILLISECONDS_FROM = 100_000_000_000
"""Timestamps from here on count milliseconds: in seconds it is the year 5138."""


class VapiCheck:
    """Tells Vapi's requests from anybody's, by the secret that both know."""

    def __init__(self, secret: str) -> None:
        assert secret, "without a secret anybody is Vapi"
        self._secret = secret.encode()

    def token(self, call_id: str) -> str:
        """What lets in the requests of one call, and no other's: the assistant that we describe carries it.

        Whoever may read an assistant in Vapi's dashboard so learns nothing that opens another call.
        """
        return hmac.new(self._secret, f"call:{call_id}".encode(), hashlib.sha256).hexdigest()

    def refusal(self, request: WebRequest, call_id: str, now_s: float) -> str | None:
        """Why a request is not Vapi's; None if it is. `now_s` is the time since 1970; `call_id` what the body names."""
        told = [request.headers.get(SECRET_HEADER, "").encode()]
        kind, _, bearer = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            told.append(bearer.strip().encode())
        known = [self._secret, *([self.token(call_id).encode()] if call_id else [])]
        if any([hmac.compare_digest(one, other) for one in told for other in known]):  # noqa: C419 - all of them, always
            return None
        if SIGNATURE_HEADER in request.headers:
            return self._signature_refusal(request, now_s)
        if any(told):
            return "the secret is not ours: what Vapi sends must be VAPI_SECRET"
        return "no X-Vapi-Secret, no Authorization: Bearer and no x-signature: give the server in Vapi its credential"

    def _signature_refusal(self, request: WebRequest, now_s: float) -> str | None:
        """The same for the default form of Vapi's HMAC credential, `{timestamp}.{body}`, in hex or base64."""
        timestamp = request.headers.get(TIMESTAMP_HEADER, "")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 16):
            return "x-timestamp is missing or no number: the HMAC credential must include it"
        at_s = int(timestamp) / (1_000 if int(timestamp) >= MILLISECONDS_FROM else 1)
        if abs(now_s - at_s) > SIGNATURE_LIFE_S:
            return f"x-timestamp is more than {SIGNATURE_LIFE_S} s away from our clock"
        digest = hmac.new(self._secret, timestamp.encode() + b"." + request.body, hashlib.sha256).digest()
        told = request.headers[SIGNATURE_HEADER].strip().removeprefix("sha256=").encode()
        is_hex = hmac.compare_digest(told.lower(), digest.hex().encode())
        is_base64 = hmac.compare_digest(told, b64encode(digest))
        if is_hex or is_base64:
            return None
        return "x-signature is not that of this body with VAPI_SECRET (sha256 over {timestamp}.{body})"
