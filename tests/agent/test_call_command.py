"""`offhook call` as it is typed: what it asks of Twilio, and what it says where it cannot."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent import call_command
from agent.cli import offhook
from agent.errors import Fault, FaultKind, Whose
from agent.telephony import CallOrder, TelephonyError

ACCOUNT = "AC" + "0" * 32
NUMBER = "+15551234567"
SETTINGS = {
    "TWILIO_ACCOUNT_SID": ACCOUNT,
    "TWILIO_AUTH_TOKEN": "very-secret-token",
    "TWILIO_NUMBER": "+15559876543",
    "OFFHOOK_PUBLIC_URL": "https://example.com/phone",
}


class TwilioFake:
    """Twilio as the command sees it: remembers how it was reached and what it was asked for."""

    def __init__(self) -> None:
        self.reached: list[tuple[str, str, dict[str, str]]] = []
        self.asked: list[CallOrder] = []
        self.trouble: TelephonyError | None = None

    def __call__(self, account_sid: str, auth_token: str, **where: str) -> "TwilioFake":
        self.reached.append((account_sid, auth_token, where))
        return self

    async def place_call(self, order: CallOrder) -> str:
        if self.trouble is not None:
            raise self.trouble
        self.asked.append(order)
        return "CA1"


@pytest.fixture
def twilio(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> TwilioFake:
    fake = TwilioFake()
    monkeypatch.setattr(call_command, "TwilioTelephony", fake)
    monkeypatch.chdir(tmp_path)  # where no .env lies
    return fake


def offhook_call(*arguments: str, settings: Mapping[str, str] = SETTINGS) -> Result:
    blank = dict.fromkeys((*SETTINGS, "TWILIO_BASE_URL", "TWILIO_EDGE", "TWILIO_REGION"), "")
    return CliRunner().invoke(offhook, ["call", *arguments], env={**blank, **settings})


def test_the_agents_server_is_told_to_answer(twilio: TwilioFake) -> None:
    answer = offhook_call(NUMBER)
    assert (answer.exit_code, answer.output) == (0, f"calling {NUMBER} from +15559876543: CA1\n")
    origin = "https://example.com/phone"
    assert twilio.asked == [CallOrder(NUMBER, "+15559876543", f"{origin}/voice", f"{origin}/status")]
    assert twilio.reached == [(ACCOUNT, "very-secret-token", {"base_url": "", "edge": "", "region": ""})]


def test_the_number_to_call_from_may_be_given(twilio: TwilioFake) -> None:
    answer = offhook_call(NUMBER, "--from", "+15550001111")
    assert answer.exit_code == 0
    assert twilio.asked[0].from_ == "+15550001111"


def test_an_emulated_twilio_reaches_this_machine_without_a_public_url(twilio: TwilioFake) -> None:
    settings = {**SETTINGS, "OFFHOOK_PUBLIC_URL": "", "TWILIO_BASE_URL": "http://127.0.0.1:9/", "OFFHOOK_PORT": "8099"}
    answer = offhook_call(NUMBER, settings=settings)
    assert answer.exit_code == 0
    assert twilio.asked[0].url == "http://127.0.0.1:8099/voice"
    assert twilio.asked[0].status_callback == "http://127.0.0.1:8099/status"
    assert twilio.reached[0][2]["base_url"] == "http://127.0.0.1:9"


def test_the_server_learns_of_the_message_for_machines_by_the_url_it_is_asked_at(twilio: TwilioFake) -> None:
    offhook_call(NUMBER, "--message", "Please call us back & ask for Ada.")
    assert twilio.asked[0].url == "https://example.com/phone/voice?message=Please+call+us+back+%26+ask+for+Ada."
    assert twilio.asked[0].answered_by_callback == ""


def test_everybody_may_be_taken_for_a_person(twilio: TwilioFake) -> None:
    assert offhook_call(NUMBER, "--no-detect").exit_code == 0
    assert twilio.asked[0].url == "https://example.com/phone/voice?detect=no"


def test_twilio_is_asked_to_listen_for_machines_only_where_that_is_wanted(twilio: TwilioFake) -> None:
    offhook_call(NUMBER, "--twilio-amd")
    assert twilio.asked[0].answered_by_callback == "https://example.com/phone/answered-by"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--no-detect", "--message", "Hello"), "--no-detect takes everybody for a person: --message and"),
        (("--message", "a" * 401), "--message: expected at most 400 characters, got 401; a longer one goes into the"),
    ],
)
def test_options_that_cannot_be_are_refused_before_anything_is_asked(
    twilio: TwilioFake, arguments: tuple[str, ...], complaint: str
) -> None:
    answer = offhook_call(NUMBER, *arguments)
    assert answer.exit_code == 1
    assert answer.output.startswith(f"Error: {complaint}")
    assert twilio.reached == []


@pytest.mark.parametrize(
    "number",
    ["5551234567", "+1 555 123", "+1555", "+" + "1" * 16, "+1555x234567", "+05551234567", "+١٥٥٥١٢٣٤٥٦٧", "", "bob"],
)
def test_a_number_that_no_telephone_has_is_refused_before_anything_is_asked(twilio: TwilioFake, number: str) -> None:
    answer = offhook_call(number)
    assert answer.exit_code == 1
    assert answer.output == (f"Error: expected a number with its country code, like +15551234567, got {number!r}\n")
    assert twilio.reached == []


@pytest.mark.parametrize(
    ("missing", "complaint"),
    [
        ("TWILIO_NUMBER", "TWILIO_NUMBER is not set: it is the number you call from; or give it by --from"),
        ("TWILIO_ACCOUNT_SID", "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are needed to place a call"),
        ("TWILIO_AUTH_TOKEN", "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are needed to place a call"),
        (
            "OFFHOOK_PUBLIC_URL",
            "OFFHOOK_PUBLIC_URL is not set: Twilio must be able to reach the server that speaks",
        ),
    ],
)
def test_what_is_missing_is_named_in_one_line(twilio: TwilioFake, missing: str, complaint: str) -> None:
    answer = offhook_call(NUMBER, settings={**SETTINGS, missing: ""})
    assert (answer.exit_code, answer.output) == (1, f"Error: {complaint}\n")
    assert twilio.reached == []


def test_a_setting_that_is_wrong_is_named_in_one_line(twilio: TwilioFake) -> None:
    answer = offhook_call(NUMBER, settings={**SETTINGS, "TWILIO_ACCOUNT_SID": "SK123"})
    assert answer.exit_code == 1
    assert answer.output.startswith("Error: TWILIO_ACCOUNT_SID must be an account's id")
    assert answer.output.count("\n") == 1
    assert twilio.reached == []


def test_what_twilio_refuses_is_told_without_the_token(twilio: TwilioFake) -> None:
    fault = Fault(Whose.SETTINGS, "twilio", FaultKind.BAD_REQUEST, "HTTP 400, code 21211: not a valid number")
    twilio.trouble = TelephonyError(fault)
    answer = offhook_call(NUMBER)
    assert answer.exit_code == 1
    assert answer.output == f"Error: Twilio did not place the call: {fault}\n"
    assert "very-secret-token" not in answer.output
