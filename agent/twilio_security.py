"""Is it really Twilio? Signatures of requests, and the tokens that let one stream in once.

Protocol page "twilio", section 2. The official validator computes the MACs; the traps of its `validate` (missing
header, ports of IPv6 hosts, comparison) are gone round by choosing the URLs and comparing here.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from agent.clock import Clock, Ids
from agent.web_request import Form, WebRequest
from fsm.units import ms_to_ns

SIGNATURE_HEADER = "x-twilio-signature"
SETTINGS_HEADER = "x-twilio-webhooks-signature-settings"

DEFAULT_PORTS = {"https": 443, "wss": 443, "http": 80, "ws": 80}

TOKEN_LIFE_MS = 60_000
"""From the webhook's answer to the stream's `start`; a second or two in practice."""

MAX_REDEEMED = 10_000
"""Tokens remembered as used, each for its short life; beyond that nobody is let in until some have expired."""


class SignatureCheck:
    """Checks `X-Twilio-Signature` against the public origin, never against a host that the request names.

    `origin` is `https://host[:port][/prefix]`, as Twilio was told; a prefix is what a proxy cuts off before us.
    `shared_key_secret` is needed only where the account signs its webhooks with a SharedKey.
    """

    def __init__(self, auth_token: str, origin: str, shared_key_secret: str = "") -> None:
        from twilio.request_validator import (  # type: ignore[import-untyped]  # noqa: PLC0415 - no types; slow import
            RequestValidator,
            get_signature_algorithm,
        )

        self._origin = origin.rstrip("/")
        self._by_auth_token: Any = RequestValidator(auth_token)
        self._by_shared_key: Any = RequestValidator(shared_key_secret) if shared_key_secret else None
        self._algorithm_of = get_signature_algorithm

    def refusal(self, request: WebRequest) -> str | None:
        """Why a webhook's request is not Twilio's; None if it is. Raises ValueError where its form is too long."""
        form = request.form()
        if not request.has_form and request.body:
            trouble = _body_hash_trouble(request)
            if trouble is not None:
                return trouble
        return self._mismatch(request, ("https", "http"), form)

    def upgrade_refusal(self, request: WebRequest) -> str | None:
        """Why a websocket's upgrade is not Twilio's; None if it is. Signed is the `wss` URL; some sign `https`."""
        return self._mismatch(request, ("wss", "ws", "https", "http"), Form(()))

    def _mismatch(self, request: WebRequest, schemes: tuple[str, ...], form: Form) -> str | None:
        given = request.headers.get(SIGNATURE_HEADER, "")
        if not given:
            return "X-Twilio-Signature is missing"
        settings = request.headers.get(SETTINGS_HEADER, "")
        algorithm = self._algorithm_of(settings)
        by_shared_key = "algorithm=" in settings.replace(" ", "")
        validator = self._by_shared_key if by_shared_key else self._by_auth_token
        if validator is None:
            return "signed with a SharedKey, but TWILIO_SHARED_KEY_SECRET is not set"
        matches = False
        for url in _signed_urls(self._origin, request.target, schemes):
            try:
                expected = validator.compute_signature(url, form, algorithm)
            except ValueError:
                return "signed with an algorithm unknown to us"
            matches |= hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
        return None if matches else f"X-Twilio-Signature does not match {self._origin}{request.path}"


def _body_hash_trouble(request: WebRequest) -> str | None:
    told = parse_qs(request.query).get("bodySHA256", [""])[0]
    if hmac.compare_digest(hashlib.sha256(request.body).hexdigest().encode(), told.encode("utf-8", "replace")):
        return None
    return "the body is no form, and its hash does not match bodySHA256"


def _signed_urls(origin: str, target: str, schemes: tuple[str, ...]) -> Iterator[str]:
    """The URLs that Twilio may have signed: with the port and without, with the slash of an empty path and without.

    Of the schemes only those of the origin's own security count, so that plain `http` never stands for `https`.
    """
    parts = urlsplit(origin)
    is_secure = parts.scheme in {"https", "wss"}
    for scheme in schemes:
        if (scheme in {"https", "wss"}) == is_secure:
            for host in _hosts(parts.netloc, parts.port, DEFAULT_PORTS[scheme]):
                for path in _paths(parts.path, target):
                    yield f"{scheme}://{host}{path}"


def _hosts(netloc: str, port: int | None, default_port: int) -> tuple[str, ...]:
    if port is None:
        return (netloc, f"{netloc}:{default_port}")
    return (netloc, netloc.removesuffix(f":{port}"))


def _paths(prefix: str, target: str) -> tuple[str, ...]:
    path, question_mark, query = target.partition("?")
    if (prefix + path).strip("/"):
        return (prefix + target,)
    return (f"/{question_mark}{query}", f"{question_mark}{query}")


# --- tokens ----------------------------------------------------------------------------------------------


def token_secret(auth_token: str, ids: Ids) -> bytes:
    """A key for tokens: of the account's token, so that all processes of one machine agree, else a random one."""
    return hashlib.sha256(f"offhook stream tokens/{auth_token or ids.fresh('')}".encode()).digest()


class StreamTokens:
    """Tokens that admit the stream of one call, once, soon: issued into TwiML, redeemed at `start`.

    A token is `expiry.nonce.mac`. Its expiry is on the machine's monotonic clock, in ms, so the process that redeems it
    must run on the machine of the one that issued it.
    """

    def __init__(self, secret: bytes, clock: Clock, ids: Ids, *, life_ms: int = TOKEN_LIFE_MS) -> None:
        self._secret = secret
        self._clock = clock
        self._ids = ids
        self._life_ms = life_ms
        self._redeemed: dict[str, int] = {}

    def issue(self, call_sid: str) -> str:
        """A fresh token for the stream of this call."""
        claim = f"{self._now_ms() + self._life_ms}.{self._ids.fresh('')}"
        return f"{claim}.{self._mac(claim, call_sid)}"

    def refusal(self, token: str, call_sid: str) -> str | None:
        """Use a token up. Why it does not admit this call's stream; None if it does."""
        claim, _, mac = token.rpartition(".")
        if not token:
            return "the token is missing"
        if not hmac.compare_digest(self._mac(claim, call_sid).encode(), mac.encode("utf-8", "replace")):
            return "the token is not ours, or of another call"
        expiry_ms = int(claim.partition(".")[0])
        if not 0 <= expiry_ms - self._now_ms() <= self._life_ms:
            return "the token has expired"
        self._forget_expired()
        if claim in self._redeemed:
            return "the token was used before"
        if len(self._redeemed) >= MAX_REDEEMED:
            return "too many tokens were used within their life time"
        self._redeemed[claim] = expiry_ms
        return None

    def _now_ms(self) -> int:
        return self._clock.now() // ms_to_ns(1)

    def _forget_expired(self) -> None:
        """Drop expired entries from the front: they stand nearly in order; one behind stays a little longer."""
        now_ms = self._now_ms()
        while self._redeemed:
            claim = next(iter(self._redeemed))
            if self._redeemed[claim] >= now_ms:
                return
            del self._redeemed[claim]

    def _mac(self, claim: str, call_sid: str) -> str:
        mac = hmac.digest(self._secret, f"{claim}/{call_sid}".encode("utf-8", "replace"), "sha256")
        return urlsafe_b64encode(mac).decode().rstrip("=")
