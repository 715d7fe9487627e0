"""Signatures, judged by Twilio's own validator in both directions; tokens that let one stream in once."""

import hashlib
import hmac
from base64 import b64encode
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # ships no types

from agent import twilio_security
from agent.twilio_security import SignatureCheck, StreamTokens, token_secret
from agent.web_request import Form, WebRequest
from tests.fakes import ManualClock

TOKEN = "12345"
FORM = "application/x-www-form-urlencoded"


def signed(
    target: str, signature: str, body: str = "", method: str = "POST", kind: str = FORM, **headers: str
) -> WebRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return WebRequest(method, target, {"x-twilio-signature": signature, "content-type": kind, **named}, body.encode())


# --- the published vectors -------------------------------------------------------------------------------

VECTORS = [
    (
        "https://mycompany.com",
        signed(
            "/myapp.php?foo=1&bar=2",
            "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
            "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212",
        ),
    ),
    ("https://mycompany.com", signed("/myapp.php?foo=1&bar=2", "zYQTYrRWXE7LtzbG4PfP7/bkkGo=", method="GET")),
    ("https://mycompany.com", signed("/a", "1SBrOGDj0xca9F7IAuHVSBStRFs=", "A=b&A=a&A=b&C=")),
    (
        "https://example.com",
        signed(
            "/myapp?bodySHA256=5ccde7145dfb8f56479710896586cb9d5911809d83afbe34627818790db0aec9",
            "hPXmLwIy3Fgqv1i9KPmH/HhQ6zo=",
            '{"CallSid":"CA1234567890ABCDE","Caller":"+12349013030"}',
            kind="application/json",
        ),
    ),
]
UPGRADE_VECTORS = [
    ("https://example.com", signed("/media", "7PR3qMkpDyEJtMrVOY/LDyNq8J8=", method="GET")),
    ("https://example.com", signed("/media/", "T+WBXwUXC0/CyoZ1DA+p9ilZORs=", method="GET")),
    ("https://example.com", signed("/media", "6HZQ7Cq/dSYDCAiy3qRA6PZfACI=", method="GET")),
]


@pytest.mark.parametrize(("origin", "request_"), VECTORS)
def test_a_published_signature_is_accepted(origin: str, request_: WebRequest) -> None:
    assert SignatureCheck(TOKEN, origin).refusal(request_) is None


@pytest.mark.parametrize(("origin", "request_"), UPGRADE_VECTORS)
def test_a_published_signature_of_an_upgrade_is_accepted(origin: str, request_: WebRequest) -> None:
    assert SignatureCheck(TOKEN, origin).upgrade_refusal(request_) is None


@pytest.mark.parametrize(("origin", "request_"), VECTORS)
def test_any_change_is_refused(origin: str, request_: WebRequest) -> None:
    check = SignatureCheck(TOKEN, origin)
    given_headers = dict(request_.headers)
    changed = [
        WebRequest(request_.method, request_.target + "x", given_headers, request_.body),
        WebRequest(request_.method, request_.target, {**given_headers, "x-twilio-signature": "AAAA"}, request_.body),
        WebRequest(request_.method, request_.target, {**given_headers, "x-twilio-signature": "ä"}, request_.body),
    ]
    if request_.body:
        changed.append(WebRequest(request_.method, request_.target, given_headers, request_.body + b"&Extra=1"))
    for request in changed:
        assert check.refusal(request) is not None
    assert SignatureCheck("54321", origin).refusal(request_) is not None
    assert SignatureCheck(TOKEN, "https://elsewhere.com").refusal(request_) is not None


def test_a_missing_signature_is_refused_and_named() -> None:
    check = SignatureCheck(TOKEN, "https://example.com")
    assert check.refusal(WebRequest("POST", "/voice")) == "X-Twilio-Signature is missing"
    assert check.upgrade_refusal(WebRequest("GET", "/media")) == "X-Twilio-Signature is missing"


def test_the_host_that_a_request_names_counts_for_nothing() -> None:
    signature = RequestValidator(TOKEN).compute_signature("https://evil.com/voice", {})
    request = signed("/voice", signature, method="GET", host="evil.com", x_forwarded_host="evil.com")
    assert SignatureCheck(TOKEN, "https://example.com").refusal(request) is not None


def test_plain_http_never_stands_for_https() -> None:
    signature = RequestValidator(TOKEN).compute_signature("http://example.com/voice", {})
    assert SignatureCheck(TOKEN, "https://example.com").refusal(signed("/voice", signature, method="GET")) is not None


# --- Twilio's own validator as the judge -------------------------------------------------------------------

ORIGINS = st.sampled_from(
    [
        "https://example.com",
        "https://example.com:8443",
        "https://example.com/phones",
        "http://127.0.0.1:8080",
        "http://[::1]:80",
    ]
)
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
VALUES = st.text(st.characters(codec="utf-8"), max_size=12)


@given(ORIGINS, st.lists(st.tuples(NAMES, VALUES), max_size=8))
def test_what_the_validator_signs_we_accept(origin: str, fields: list[tuple[str, str]]) -> None:
    signature = RequestValidator(TOKEN).compute_signature(f"{origin}/voice?a=%20b", Form(tuple(fields)))
    request = signed("/voice?a=%20b", signature, urlencode(fields))
    assert SignatureCheck(TOKEN, origin).refusal(request) is None


@pytest.mark.parametrize(
    "signed_url", ["wss://example.com/media", "wss://example.com:443/media", "https://example.com/media"]
)
def test_an_upgrade_is_accepted_in_the_forms_seen(signed_url: str) -> None:
    signature = RequestValidator(TOKEN).compute_signature(signed_url, {})
    request = signed("/media", signature, method="GET")
    assert SignatureCheck(TOKEN, "https://example.com").upgrade_refusal(request) is None
    assert SignatureCheck(TOKEN, "https://example.com:443").upgrade_refusal(request) is None


@pytest.mark.parametrize("url", ["https://example.com", "https://example.com/", "https://example.com:443/"])
def test_an_empty_path_has_a_slash_or_none(url: str) -> None:
    signature = RequestValidator(TOKEN).compute_signature(url, {})
    assert SignatureCheck(TOKEN, "https://example.com").refusal(signed("/", signature, method="GET")) is None


def test_a_slash_more_matters_where_there_is_a_path() -> None:
    signature = RequestValidator(TOKEN).compute_signature("https://example.com/voice/", {})
    assert SignatureCheck(TOKEN, "https://example.com").refusal(signed("/voice", signature, method="GET")) is not None


# --- shared keys -----------------------------------------------------------------------------------------


def shared(algorithm: str, digest: str = "sha256", *, key: bytes = b"shared") -> WebRequest:
    mac = hmac.digest(key, b"https://example.com/voiceFrom+1555", digest)
    settings = f"key=webhooks_sharedkey_1,algorithm={algorithm}"
    return signed("/voice", b64encode(mac).decode(), "From=%2B1555", x_twilio_webhooks_signature_settings=settings)


def test_a_shared_key_is_checked_with_its_own_secret() -> None:
    check = SignatureCheck(TOKEN, "https://example.com", "shared")
    assert check.refusal(shared("HMAC_SHA256")) is None
    assert check.refusal(shared("HMAC_SHA1", digest="sha1")) is None
    assert check.refusal(shared("HMAC_SHA256", key=TOKEN.encode())) is not None
    assert check.refusal(shared("HMAC_SHA512", digest="sha512")) == "signed with an algorithm unknown to us"


def test_a_shared_key_without_its_secret_says_what_to_set() -> None:
    told = SignatureCheck(TOKEN, "https://example.com").refusal(shared("HMAC_SHA256", key=TOKEN.encode()))
    assert told == "signed with a SharedKey, but TWILIO_SHARED_KEY_SECRET is not set"


def test_settings_without_an_algorithm_mean_the_account_token() -> None:
    signature = RequestValidator(TOKEN).compute_signature("https://example.com/voice", {})
    request = signed("/voice", signature, method="GET", x_twilio_webhooks_signature_settings="key=1")
    assert SignatureCheck(TOKEN, "https://example.com").refusal(request) is None


def test_a_body_that_is_no_form_must_be_covered_by_its_hash() -> None:
    body = '{"CallSid":"CA1"}'
    digest = hashlib.sha256(body.encode()).hexdigest()
    for target, is_fine in ((f"/voice?bodySHA256={digest}", True), ("/voice", False), ("/voice?bodySHA256=00", False)):
        signature = RequestValidator(TOKEN).compute_signature(f"https://example.com{target}", {})
        told = SignatureCheck(TOKEN, "https://example.com").refusal(
            signed(target, signature, body, kind="application/json")
        )
        assert (told is None) == is_fine


# --- tokens ----------------------------------------------------------------------------------------------


class CountingIds:
    def __init__(self) -> None:
        self.given = 0

    def fresh(self, prefix: str) -> str:
        self.given += 1
        return f"{prefix}{self.given:032x}"


def tokens(clock: ManualClock, secret: bytes = b"secret") -> StreamTokens:
    return StreamTokens(secret, clock, CountingIds())


def test_a_token_admits_its_call_once() -> None:
    house = tokens(ManualClock())
    token = house.issue("CA1")
    assert house.refusal(token, "CA1") is None
    assert house.refusal(token, "CA1") == "the token was used before"


def test_a_token_is_bound_to_its_call_and_its_house() -> None:
    clock = ManualClock()
    token = tokens(clock).issue("CA1")
    assert tokens(clock).refusal(token, "CA2") == "the token is not ours, or of another call"
    assert tokens(clock, b"other").refusal(token, "CA1") == "the token is not ours, or of another call"
    assert tokens(clock).refusal(token, "CA1") is None


def test_a_token_expires() -> None:
    clock = ManualClock()
    house = tokens(clock)
    early, late = house.issue("CA1"), house.issue("CA2")
    clock.advance(60_000)
    assert house.refusal(early, "CA1") is None
    clock.advance(1)
    assert house.refusal(late, "CA2") == "the token has expired"


def test_a_token_of_before_a_reboot_has_expired() -> None:
    issued = tokens(ManualClock(start_ns=10**15)).issue("CA1")
    assert tokens(ManualClock()).refusal(issued, "CA1") == "the token has expired"


@given(st.text(), st.text())
def test_junk_is_no_token(junk: str, call: str) -> None:
    assert tokens(ManualClock()).refusal(junk, call) is not None


@given(st.data())
def test_no_changed_token_admits_anybody(data: st.DataObject) -> None:
    house = tokens(ManualClock())
    token = house.issue("CA1")
    at = data.draw(st.integers(0, len(token) - 1))
    changed = token[:at] + data.draw(st.characters(codec="ascii")) + token[at + 1 :]
    assert (house.refusal(changed, "CA1") is None) == (changed == token)


def test_used_tokens_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twilio_security, "MAX_REDEEMED", 3)
    clock = ManualClock()
    house = tokens(clock)
    used = [house.issue(f"CA{n}") for n in range(4)]
    assert [house.refusal(token, f"CA{n}") for n, token in enumerate(used[:3])] == [None] * 3
    assert house.refusal(used[3], "CA3") == "too many tokens were used within their life time"
    clock.advance(60_001)
    assert house.refusal(house.issue("CA9"), "CA9") is None


def test_all_processes_of_one_account_share_a_secret_and_others_have_their_own() -> None:
    ids = CountingIds()
    assert token_secret(TOKEN, ids) == token_secret(TOKEN, ids)
    assert token_secret(TOKEN, ids) != token_secret("other", ids)
    assert token_secret("", ids) != token_secret("", ids)
    assert TOKEN.encode() not in token_secret(TOKEN, ids)
