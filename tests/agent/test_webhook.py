"""Answers without sockets: who is served, what is said, what is refused and how that is logged."""

import json
import logging
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # ships no types

from agent.clock import RandomIds
from agent.switchboard import Switchboard
from agent.twilio_security import SignatureCheck, StreamTokens
from agent.web_request import WebRequest, WebResponse
from agent.webhook import VoiceWebhook, admit_by
from tests.agent import stream_fakes as twilio_says
from tests.agent.stream_fakes import CallFactory, RecordingWire, stream_parameters, verbs
from tests.fakes import ManualClock

ORIGIN = "https://example.com"
TOKEN = "very-secret-token"


class House:
    """A webhook and a switchboard, and Twilio in front of them."""

    def __init__(self, max_calls: int = 2, *, is_open: bool = False) -> None:
        self.clock = ManualClock()
        self.calls = CallFactory()
        self.not_ready = ""
        tokens = None if is_open else StreamTokens(b"secret", self.clock, RandomIds())
        self.board = Switchboard(
            self.clock, self.calls, max_calls=max_calls, admit=None if tokens is None else admit_by(tokens)
        )
        self.webhook = VoiceWebhook(
            ORIGIN,
            self.board,
            None if is_open else SignatureCheck(TOKEN, ORIGIN),
            tokens,
            not_ready=lambda: self.not_ready,
        )

    def post(self, path: str, **fields: str) -> WebResponse:
        signature = RequestValidator(TOKEN).compute_signature(ORIGIN + path, fields)
        headers = {"x-twilio-signature": signature, "content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
        return self.webhook.handle(WebRequest("POST", path, headers, urlencode(fields).encode()))

    def get(self, path: str, **fields: str) -> WebResponse:
        target = f"{path}?{urlencode(fields)}" if fields else path
        signature = RequestValidator(TOKEN).compute_signature(ORIGIN + target, {})
        return self.webhook.handle(WebRequest("GET", target, {"x-twilio-signature": signature}))

    def stream(self, call: str, **parameters: str) -> RecordingWire:
        wire = RecordingWire()
        listener = self.board.open_stream(wire)
        listener.on_message(twilio_says.connected())
        listener.on_message(twilio_says.start(call, **parameters))
        return wire


def parameters_of(answer: WebResponse) -> dict[str, str]:
    assert (answer.status, answer.content_type) == (200, "text/xml")
    return stream_parameters(verbs(answer.body))


def said(answer: WebResponse) -> str:
    assert answer.status == 200
    response = verbs(answer.body)
    assert [verb.tag for verb in response] == ["Say", "Hangup"]
    return response[0].text or ""


@pytest.mark.parametrize("method", ["post", "get"])
def test_a_call_is_answered_with_a_stream_that_is_let_in(method: str) -> None:
    house = House()
    answer = getattr(house, method)(
        "/voice", CallSid="CA1", From="+15551230000", To="+15559870000", Direction="inbound"
    )
    parameters = parameters_of(answer)
    wire = house.stream("CA1", **parameters)
    assert wire.is_open
    phone = house.calls.last.phone
    assert (phone.caller, phone.called) == ("+15551230000", "+15559870000")


def test_the_caller_of_a_call_we_placed_is_whom_we_called() -> None:
    told = parameters_of(House().post("/voice", CallSid="CA1", From="+1555", To="+1777", Direction="outbound-api"))
    assert (told["caller"], told["called"]) == ("+1777", "+1555")


def test_who_picks_up_a_call_we_placed_is_to_be_found_out_unless_told_not_to() -> None:
    house, placed = House(), {"From": "+1555", "To": "+1777", "Direction": "outbound-api"}
    told = parameters_of(house.post("/voice?message=Call+us+%26+ask.", CallSid="CA1", **placed))
    assert (told["placed"], told["voicemail"]) == ("yes", "Call us & ask.")
    house.stream("CA1", **told)
    assert (house.calls.last.phone.is_placed, house.calls.last.phone.voicemail) == (True, "Call us & ask.")
    assert "placed" not in parameters_of(house.post("/voice?detect=no", CallSid="CA2", **placed))


def test_a_caller_cannot_choose_what_the_agent_says_to_them() -> None:
    told = parameters_of(House().post("/voice?message=Hello", CallSid="CA1", From="+1", To="+2", Direction="inbound"))
    assert not {"placed", "voicemail"} & told.keys()


def test_what_twilio_finds_out_about_who_picked_up_reaches_the_call() -> None:
    house = House()
    house.stream("CA1", **parameters_of(house.post("/voice", CallSid="CA1", Direction="outbound-api")))
    assert house.post("/answered-by", CallSid="CA1", AnsweredBy="machine_end_beep").status == 204
    assert house.calls.last.notes == [("answered by", "machine_end_beep")]
    assert house.post("/answered-by", CallSid="CA9", AnsweredBy="human").status == 204


def test_a_token_serves_one_stream_of_its_own_call() -> None:
    house = House()
    token = parameters_of(house.post("/voice", CallSid="CA1"))["token"]
    assert house.stream("CA2", token=token).closed_with == (1008, "the token is not ours, or of another call")
    assert house.stream("CA1", token=token).is_open
    assert house.stream("CA1", token=token).closed_with == (1008, "the token was used before")
    assert house.stream("CA1").closed_with == (1008, "the token is missing")
    assert house.calls.last.notes == []


def test_a_full_house_says_so_and_running_calls_do_not_notice() -> None:
    house = House(max_calls=1)
    house.stream("CA1", **parameters_of(house.post("/voice", CallSid="CA1")))
    assert "busy" in said(house.post("/voice", CallSid="CA2"))
    assert house.calls.last.notes == []


def test_a_draining_house_says_busy_and_is_not_ready() -> None:
    house = House()
    assert house.get("/readyz").status == 200
    house.board.is_draining = True
    assert "busy" in said(house.post("/voice", CallSid="CA1"))
    answer = house.get("/readyz")
    assert (answer.status, json.loads(answer.body)["reason"]) == (503, "draining")
    assert house.get("/healthz").status == 200


def test_not_ready_while_providers_connect() -> None:
    house = House()
    house.not_ready = "deepgram connects"
    answer = house.get("/readyz")
    assert answer.status == 503
    assert json.loads(answer.body) == {"ready": False, "active_calls": 0, "max_calls": 2, "reason": "deepgram connects"}


def test_after_a_hang_up_of_ours_nothing_is_said() -> None:
    house = House()
    house.stream("CA1", **parameters_of(house.post("/voice", CallSid="CA1")))
    house.calls.last.phone.hang_up()
    assert b"<Response><Hangup /></Response>" in house.post("/voice/after", CallSid="CA1").body


def test_after_a_failure_an_apology_is_said() -> None:
    house = House()
    house.stream("CA1", **parameters_of(house.post("/voice", CallSid="CA1")))
    house.calls.last.phone.hang_up(failed=True)
    assert "sorry" in said(house.post("/voice/after", CallSid="CA1"))


def test_after_a_loss_the_call_gets_a_new_stream_and_goes_on() -> None:
    house = House(max_calls=1)
    house.stream("CA1", **parameters_of(house.post("/voice", CallSid="CA1")))
    answer = house.post("/voice/after", CallSid="CA1", CallStatus="in-progress", From="+1555")
    assert house.stream("CA1", **parameters_of(answer)).is_open
    assert house.calls.last.kinds == ["replaced"]


@pytest.mark.parametrize("path", ["/status", "/voice/after"])
def test_a_call_reported_as_completed_ends(path: str) -> None:
    house = House()
    house.stream("CA1", **parameters_of(house.post("/voice", CallSid="CA1")))
    house.post("/status", CallSid="CA1", CallStatus="in-progress")
    house.clock.advance(2_000)
    assert house.calls.last.endings == []
    house.post(path, CallSid="CA1", CallStatus="completed")
    house.clock.advance(2_000)
    assert house.calls.last.endings == ["completed"]


def test_a_stream_error_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    house = House()
    with caplog.at_level(logging.WARNING):
        answer = house.post(
            "/stream-status",
            CallSid="CA1",
            StreamSid="MZ1",
            StreamEvent="stream-error",
            StreamError="31920 handshake\nfake",
        )
    assert answer.status == 204
    assert "31920 handshake\\nfake" in caplog.text


@pytest.mark.parametrize("path", ["/voice", "/voice/after", "/status", "/stream-status"])
def test_a_forged_request_is_refused_and_logged_without_secrets(path: str, caplog: pytest.LogCaptureFixture) -> None:
    house = House()
    headers = {"x-twilio-signature": "Zm9yZ2Vk", "content-type": "application/x-www-form-urlencoded"}
    with caplog.at_level(logging.DEBUG):
        answer = house.webhook.handle(
            WebRequest("POST", f"{path}?key=hidden", headers, b"CallSid=CA1&From=%2B15551230000")
        )
    assert answer.status == 403
    assert answer.content_type == "application/json"
    assert path in caplog.text
    for private in (TOKEN, "hidden", "15551230000", "Zm9yZ2Vk"):
        assert private not in caplog.text
    assert house.webhook.counters == {"refused 403": 1}


@pytest.mark.parametrize("call_sid", ["", "CA1\nforged line", "C" * 65, "<xml>"])
def test_a_call_without_a_proper_id_is_refused(call_sid: str) -> None:
    assert House().post("/voice", CallSid=call_sid).status == 400


def test_a_form_with_too_many_fields_is_refused() -> None:
    fields = {f"Field{n}": "x" for n in range(300)}
    assert House().post("/voice", CallSid="CA1", **fields).status == 400


def test_wrong_methods_and_paths_are_told_what_is_right() -> None:
    house = House()
    wrong = house.webhook.handle(WebRequest("DELETE", "/voice"))
    assert (wrong.status, wrong.headers) == (405, {"allow": "GET, POST"})
    assert house.webhook.handle(WebRequest("POST", "/healthz")).status == 405
    missing = house.webhook.handle(WebRequest("GET", "/"))
    assert (missing.status, json.loads(missing.body)["error"]) == (
        404,
        "nothing is served here; Twilio's voice URL is https://example.com/voice",
    )


def test_an_upgrade_needs_a_signature_of_the_wss_url() -> None:
    house = House()
    for url, is_fine in (("wss://example.com/media", True), ("ws://example.com/media", False)):
        signature = RequestValidator(TOKEN).compute_signature(url, {})
        told = house.webhook.upgrade_refusal(WebRequest("GET", "/media", {"x-twilio-signature": signature}))
        assert (told is None) == is_fine
    told = house.webhook.upgrade_refusal(WebRequest("GET", "/media"))
    assert told is not None
    assert told.status == 403


def test_an_open_house_lets_anybody_in_but_pages_of_the_web() -> None:
    house = House(is_open=True)
    assert house.stream("CA1").is_open
    assert parameters_of(house.webhook.handle(WebRequest("GET", "/voice?CallSid=CA2"))) == {}
    allowed = {"": True, "http://localhost:3000": True, "https://evil.com": False, "http://localhost.evil.com": False}
    for origin, is_fine in allowed.items():
        told = house.webhook.upgrade_refusal(WebRequest("GET", "/media", {"origin": origin} if origin else {}))
        assert (told is None) == is_fine, origin
