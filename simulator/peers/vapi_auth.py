"""How Vapi shows a server who it is (protocols/vapi.md, section 5)."""

import base64
import hashlib
import hmac

from simulator.peers.vapi_behaviour import Auth

SECRET_HEADER = "X-Vapi-Secret"  # noqa: S105 - a header's name
STALE_S = 3_600
SIGNED = frozenset({Auth.HMAC, Auth.HMAC_BASE64, Auth.WRONG_SIGNATURE, Auth.STALE_SIGNATURE})


def credential_headers(auth: Auth, secret: str, body: bytes, now_ms: int) -> dict[str, str]:
    """What a server's credential adds to a request; `now_ms` is the time since 1970."""
    if auth is Auth.NONE:
        return {}
    if auth in (Auth.SECRET, Auth.WRONG_SECRET):
        return {SECRET_HEADER: secret + ("x" if auth is Auth.WRONG_SECRET else "")}
    if auth is Auth.BEARER:
        return {"Authorization": f"Bearer {secret}"}
    timestamp = str(now_ms - (STALE_S * 1_000 if auth is Auth.STALE_SIGNATURE else 0))
    key = secret + ("x" if auth is Auth.WRONG_SIGNATURE else "")
    digest = hmac.new(key.encode(), timestamp.encode() + b"." + body, hashlib.sha256).digest()
    signature = base64.b64encode(digest).decode() if auth is Auth.HMAC_BASE64 else digest.hex()
    return {"x-timestamp": timestamp, "x-signature": signature}


def own_headers(auth: Auth, headers: dict[str, str]) -> dict[str, str]:
    """A server's own headers, which are always sent as they were given; unless who asks is nobody they know."""
    if auth is not Auth.WRONG_SECRET:
        return headers
    secrets = {SECRET_HEADER.lower(), "authorization"}
    return {name: value + ("x" if name.lower() in secrets else "") for name, value in headers.items()}
