"""Signatures of webhooks: ours verify, nobody else's do; and they are those of the standard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.signing import SIGNATURE, TIMESTAMP, TOLERANCE_S, SignatureError, sign, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
NOW = 1_614_265_330


def test_the_example_of_the_standard() -> None:
    headers = sign(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", NOW, BODY)
    assert headers[SIGNATURE] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(secret=st.text(min_size=1).filter(lambda text: not text.startswith("whsec_")), body=st.binary())
def test_what_was_signed_is_genuine(secret: str, body: bytes) -> None:
    headers = sign(secret, "msg_1", NOW, body)
    assert verify(headers, body, [secret], NOW + TOLERANCE_S) == "msg_1"
    with pytest.raises(SignatureError, match="by the shared secret"):
        verify(headers, body + b" ", [secret], NOW)
    with pytest.raises(SignatureError, match="by the shared secret"):
        verify(headers, body, [secret + "x"], NOW)


def test_a_secret_may_take_anothers_place() -> None:
    headers = {name.upper(): value for name, value in sign("old", "msg_1", NOW, BODY).items()}
    assert verify(headers, BODY, ["new", "old"], NOW)


@pytest.mark.parametrize("late_s", [TOLERANCE_S + 1, -TOLERANCE_S - 1])
def test_an_old_request_is_refused(late_s: int) -> None:
    with pytest.raises(SignatureError, match="within 300 s"):
        verify(sign("s", "msg_1", NOW, BODY), BODY, ["s"], NOW + late_s)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({SIGNATURE: ""}, "webhook-signature, got none"),
        ({TIMESTAMP: "soon"}, "got 'soon'"),
        ({SIGNATURE: "v1,%%% v2,abc"}, "by the shared secret"),
    ],
)
def test_what_is_no_signature_is_refused(changes: dict[str, str], told: str) -> None:
    with pytest.raises(SignatureError, match=told):
        verify({**sign("s", "msg_1", NOW, BODY), **changes}, BODY, ["s"], NOW)


@pytest.mark.parametrize("secret", ["", "whsec_%"])
def test_a_secret_that_is_none_signs_nothing(secret: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        sign(secret, "msg_1", NOW, BODY)
