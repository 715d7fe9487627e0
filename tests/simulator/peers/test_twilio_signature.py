import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import (  # type: ignore[import-untyped]  # the package ships no types
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    get_signature_algorithm,
)

from simulator.peers.twilio_signature import SETTINGS_HEADER, shared_key_settings, sign, with_body_hash

TOKEN = "12345"
CALL = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
]


@pytest.mark.parametrize(
    ("url", "parameters", "signature"),
    [
        ("https://mycompany.com/myapp.php?foo=1&bar=2", CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("https://mycompany.com/myapp.php?foo=1&bar=2", [], "zYQTYrRWXE7LtzbG4PfP7/bkkGo="),
        ("wss://example.com/media", [], "7PR3qMkpDyEJtMrVOY/LDyNq8J8="),
        ("wss://example.com/media/", [], "T+WBXwUXC0/CyoZ1DA+p9ilZORs="),
        ("https://example.com/media", [], "6HZQ7Cq/dSYDCAiy3qRA6PZfACI="),
        (
            "https://mycompany.com/a",
            [("A", "b"), ("A", "a"), ("A", "b"), ("C", "")],
            "1SBrOGDj0xca9F7IAuHVSBStRFs=",
        ),
    ],
)
def test_the_published_vectors(url: str, parameters: list[tuple[str, str]], signature: str) -> None:
    assert sign(TOKEN, url, parameters) == signature


def test_a_raw_body_is_signed_by_its_hash_in_the_url() -> None:
    body = b'{"CallSid":"CA1234567890ABCDE","Caller":"+12349013030"}'
    url = with_body_hash("https://example.com/myapp", body)
    assert url.endswith("?bodySHA256=5ccde7145dfb8f56479710896586cb9d5911809d83afbe34627818790db0aec9")
    assert with_body_hash("https://example.com/a?b=1", body).startswith("https://example.com/a?b=1&bodySHA256=")
    assert sign(TOKEN, url) == "hPXmLwIy3Fgqv1i9KPmH/HhQ6zo="
    assert RequestValidator(TOKEN).validate(url, body.decode(), sign(TOKEN, url))


class Form:
    """The multi-value mapping that the official validator reads repeated names from."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.pairs = pairs

    def __iter__(self):  # type: ignore[no-untyped-def]  # noqa: ANN204 - answers to duck typing only
        return iter(name for name, _ in self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def getall(self, name: str) -> list[str]:
        return [value for key, value in self.pairs if key == name]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(secret=TEXT.filter(bool), parameters=st.lists(st.tuples(TEXT.filter(bool), TEXT), max_size=8))
def test_the_official_validator_agrees(secret: str, parameters: list[tuple[str, str]]) -> None:
    url = "https://example.com/voice?a=1"
    validator = RequestValidator(secret)
    assert validator.validate(url, Form(parameters), sign(secret, url, parameters))
    assert not validator.validate(url, Form(parameters), sign(secret + "x", url, parameters))
    assert not validator.validate(url, Form([*parameters, ("Added", "1")]), sign(secret, url, parameters))


def test_a_shared_key_signs_with_sha256_and_says_so() -> None:
    settings = shared_key_settings("webhooks_sharedkey_1")
    algorithm = get_signature_algorithm(settings)
    signature = sign("secret", "https://example.com/voice", CALL, algorithm="sha256")
    assert RequestValidator("secret").validate("https://example.com/voice", dict(CALL), signature, algorithm)
    assert not RequestValidator("secret").validate("https://example.com/voice", dict(CALL), signature)
    assert SETTINGS_HEADER == SIGNATURE_SETTINGS_HEADER
