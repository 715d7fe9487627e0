from dataclasses import replace
from typing import Any

import pytest
from twilio.request_validator import (  # type: ignore[import-untyped]  # the package ships no types
    RequestValidator,
    get_signature_algorithm,
)

from simulator.peers.twilio import TwilioCall
from simulator.peers.twilio_behaviour import Answering, Signing, TwilioBehaviour
from simulator.peers.twilio_program import APOLOGY
from simulator.peers.twilio_records import CallPlan, CallRecord, Status
from tests.fakes import ManualClock
from tests.simulator.peers.twilio_fakes import ACCOUNT, OK, ORIGIN, FakeNetwork, FakePerson, seeded, xml

STREAM = (
    '<Connect><Stream url="wss://agent.example.com/media" statusCallback="/stream" name="n">'
    '<Parameter name="token" value="t1"/></Stream></Connect>'
)
PLAN = CallPlan(url=f"{ORIGIN}/voice", status_callback=f"{ORIGIN}/status")
VALIDATOR = RequestValidator(ACCOUNT.auth_token)


class Story:
    """A call on a fake network; moves as far as it is told."""

    def __init__(
        self,
        documents: dict[str, tuple[int, str, str] | None],
        *,
        plan: CallPlan = PLAN,
        behaviour: TwilioBehaviour | None = None,
        **more: Any,  # noqa: ANN401 - passed on
    ) -> None:
        self.clock = ManualClock(10**9)
        self.network = FakeNetwork(self.clock, {"/status": OK, "/stream": OK, **documents})
        self.person = FakePerson()
        self.ended_at: list[int] = []
        self.call = TwilioCall(
            self.clock,
            seeded(),
            self.network,
            ACCOUNT,
            self.person,
            plan,
            behaviour=behaviour,
            on_ended=lambda: self.ended_at.append(self.clock.now()),
            **more,
        )
        self.call.place()

    def after(self, duration_ms: int) -> "Story":
        self.clock.advance(duration_ms)
        return self

    def codes(self) -> list[int]:
        return [error.code for error in self.call.errors]

    def stream_events(self) -> list[str]:
        return [asked.parameters["StreamEvent"] for asked in self.network.told("/stream")]

    def assert_over(self, status: Status = Status.COMPLETED) -> None:
        assert self.call.record.status is status
        assert len(self.ended_at) == 1
        assert self.clock.pending_count == 0


def streaming(**more: Any) -> Story:  # noqa: ANN401 - passed on
    documents: dict[str, tuple[int, str, str] | None] = {"/voice": xml(STREAM)}
    story = Story(documents | more.pop("documents", {}), **more).after(50)
    assert story.call.phone is not None
    assert story.call.phone.is_streaming
    return story


# --- from ring to goodbye -----------------------------------------------------------------------------------


def test_a_call_from_ring_to_goodbye() -> None:
    story = streaming()
    story.after(1_000).call.hang_up()
    story.after(100)
    assert story.network.paths() == ["/voice", "/stream", "/stream", "/status"]
    assert story.stream_events() == ["stream-started", "stream-stopped"]
    (wire,) = story.network.wires
    events = [message["event"] for _, message in wire.sent]
    assert (events[0], events[1], events[2], events[-1]) == ("connected", "start", "media", "stop")
    assert wire.sent[1][1]["start"]["customParameters"] == {"token": "t1"}
    assert wire.sent[1][1]["start"]["callSid"] == story.call.record.sid
    (completed,) = story.network.told("/status")
    assert completed.parameters["CallStatus"] == "completed"
    assert completed.parameters["CallDuration"] == "2"
    assert completed.parameters["SequenceNumber"] == "0"
    assert completed.parameters["Timestamp"] == "Thu, 01 Jan 2026 00:00:02 +0000"
    assert story.codes() == []
    story.assert_over()


def test_the_webhook_says_who_calls_whom() -> None:
    story = Story({"/voice": xml("")}, from_number="+15557770000", to_number="+15558880000").after(10)
    (asked,) = story.network.told("/voice")
    assert asked.method == "POST"
    assert asked.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    wanted = {
        "CallSid": story.call.record.sid,
        "AccountSid": ACCOUNT.account_sid,
        "From": "+15557770000",
        "Caller": "+15557770000",
        "To": "+15558880000",
        "Called": "+15558880000",
        "CallStatus": "ringing",
        "ApiVersion": "2010-04-01",
        "Direction": "inbound",
    }
    assert asked.parameters.items() >= wanted.items()
    assert len(asked.parameters["CallSid"]) == 34
    assert asked.parameters["FromCity"]
    assert not asked.parameters["ToCity"], "geography may be empty"
    story.assert_over()


def test_requests_upgrades_and_callbacks_are_signed_as_the_official_validator_expects() -> None:
    extra = (("NewIn2030", "sürprise & more"), ("NewIn2030", "twice"))
    story = streaming(behaviour=TwilioBehaviour(extra_parameters=extra[:1]))
    story.call.hang_up()
    story.after(100)
    for asked in story.network.asked:
        assert VALIDATOR.validate(asked.url, asked.parameters, asked.signature), asked.path
        assert asked.parameters["NewIn2030"] == "sürprise & more"
    wire = story.network.wires[0]
    assert wire.url == "wss://agent.example.com/media"
    assert VALIDATOR.validate(wire.url, {}, wire.headers["X-Twilio-Signature"])


def test_a_get_webhook_carries_everything_in_its_signed_url() -> None:
    plan = CallPlan(url=f"{ORIGIN}/voice?tenant=7", method="GET")
    story = Story({"/voice": xml("")}, plan=plan).after(10)
    (asked,) = story.network.asked
    assert (asked.method, asked.body) == ("GET", b"")
    assert asked.url.startswith(f"{ORIGIN}/voice?tenant=7&AccountSid=")
    assert VALIDATOR.validate(asked.url, {}, asked.signature)


@pytest.mark.parametrize("signing", [Signing.MISSING, Signing.WRONG_TOKEN, Signing.CHANGED_BODY])
def test_bad_signatures_on_purpose_are_bad(signing: Signing) -> None:
    story = streaming(behaviour=TwilioBehaviour(signing=signing))
    asked, wire = story.network.asked[0], story.network.wires[0]
    assert not VALIDATOR.validate(asked.url, asked.parameters, asked.signature)
    assert not VALIDATOR.validate(wire.url, {}, wire.headers.get("X-Twilio-Signature", ""))
    get = Story({}, plan=replace(PLAN, method="GET"), behaviour=TwilioBehaviour(signing=signing))
    assert not VALIDATOR.validate(get.network.asked[0].url, {}, get.network.asked[0].signature)


def test_an_upgrade_may_be_signed_with_the_wrong_scheme() -> None:
    story = streaming(behaviour=TwilioBehaviour(signing=Signing.HTTPS_FOR_WSS))
    wire = story.network.wires[0]
    assert not VALIDATOR.validate(wire.url, {}, wire.headers["X-Twilio-Signature"])
    https = wire.url.replace("wss", "https")
    assert VALIDATOR.validate(https, {}, wire.headers["X-Twilio-Signature"])


def test_a_shared_key_signs_with_its_own_secret_and_hash() -> None:
    story = streaming(behaviour=TwilioBehaviour(signing=Signing.SHARED_KEY))
    asked = story.network.asked[0]
    algorithm = get_signature_algorithm(asked.headers["X-Twilio-Webhooks-Signature-Settings"])
    assert RequestValidator(ACCOUNT.shared_key_secret).validate(asked.url, asked.parameters, asked.signature, algorithm)


def test_a_proxy_leads_public_urls_to_the_server_and_the_signature_is_the_public_one() -> None:
    story = streaming(routes={ORIGIN: "http://127.0.0.1:8080"})
    assert story.network.asked[0].url == "http://127.0.0.1:8080/voice"
    assert story.network.wires[0].url == "ws://127.0.0.1:8080/media"
    signed = {"X-Twilio-Signature": story.network.wires[0].headers["X-Twilio-Signature"]}
    assert VALIDATOR.validate("wss://agent.example.com/media", {}, signed["X-Twilio-Signature"])


# --- trouble with documents ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((500, "text/xml", "<Response/>"), 11200),
        ((403, "text/plain", "forbidden"), 11200),
        ((200, "application/json", "{}"), 12300),
        ((200, "text/xml", "<Response"), 12100),
        ((200, "text/xml", "x" * 300_000), 11200),
        (None, 11200),
    ],
)
def test_what_cannot_be_run_is_logged_and_the_caller_hears_an_apology(
    answer: tuple[int, str, str] | None, code: int
) -> None:
    story = Story({"/voice": answer}).after(30_000)
    assert story.codes() == [code]
    assert story.call.said_by_twilio == [APOLOGY]
    story.assert_over()


def test_an_answer_over_the_time_budget_goes_to_the_fallback_url() -> None:
    plan = replace(PLAN, fallback_url=f"{ORIGIN}/fallback")
    story = Story({"/voice": None, "/fallback": xml("<Say>Sorry.</Say>")}, plan=plan).after(20_000)
    voice, fallback = story.network.asked[:2]
    assert fallback.at_ms - voice.at_ms == 15_000
    assert story.network.exchanges[0].is_cancelled
    assert fallback.parameters["ErrorCode"] == "11200"
    assert fallback.parameters["ErrorUrl"] == f"{ORIGIN}/voice"
    assert VALIDATOR.validate(fallback.url, fallback.parameters, fallback.signature)
    assert story.call.said_by_twilio == ["Sorry."]


def test_a_fallback_that_fails_too_ends_in_the_apology() -> None:
    plan = replace(PLAN, fallback_url=f"{ORIGIN}/fallback")
    story = Story({}, plan=plan).after(20_000)
    assert story.codes() == [11200, 11200]
    assert story.call.said_by_twilio == [APOLOGY]
    story.assert_over()


def test_retries_repeat_the_same_request_under_the_same_token() -> None:
    story = Story({"/voice": (503, "", "")}, behaviour=TwilioBehaviour(webhook_retries=2)).after(20_000)
    attempts = story.network.told("/voice")
    assert len(attempts) == 3
    assert len({asked.headers["I-Twilio-Idempotency-Token"] for asked in attempts}) == 1
    assert len({(asked.body, asked.signature) for asked in attempts}) == 1


# --- verbs --------------------------------------------------------------------------------------------------


def test_verbs_run_one_after_another() -> None:
    story = Story(
        {
            "/voice": xml(
                "<Say>Hello.</Say><Pause length='2'/><Play>https://a/b.wav</Play><Gather/><Redirect>/more</Redirect>"
            ),
            "/more": xml("<Say>Bye.</Say><Hangup/><Say>Never.</Say>"),
        }
    )
    story.after(100)
    assert story.call.said_by_twilio == ["Hello."]
    assert story.call.record.status is Status.IN_PROGRESS
    assert "/more" not in story.network.paths()
    story.after(3_000)
    assert story.call.said_by_twilio == ["Hello.", "Bye."]
    assert story.call.played_by_twilio == ["https://a/b.wav"]
    assert story.codes() == [0]
    assert "<Gather>" in story.call.errors[0].message
    story.assert_over()


def test_a_transfer_asks_its_action_when_it_is_over() -> None:
    story = Story(
        {
            "/voice": xml('<Dial action="/done">+15550003333</Dial>'),
            "/done": xml('<Enqueue workflowSid="WW1"><Task>{}</Task></Enqueue>'),
        }
    )
    story.after(70_000)
    assert story.call.dialled == ["+15550003333"]
    assert [(item.queue, item.task) for item in story.call.enqueued] == [("WW1", "{}")]
    (done,) = story.network.told("/done")
    assert done.parameters["DialCallStatus"] == "completed"
    assert done.parameters["DialCallDuration"] == "30"
    story.assert_over()


@pytest.mark.parametrize(("reason", "status"), [("busy", Status.BUSY), ("rejected", Status.NO_ANSWER)])
def test_a_rejected_call_is_never_answered(reason: str, status: Status) -> None:
    story = Story({"/voice": xml(f'<Reject reason="{reason}"/>')}).after(100)
    assert story.call.record.started_at is None
    assert story.network.told("/status")[0].parameters["CallDuration"] == "0"
    story.assert_over(status)


def test_a_caller_may_give_up_while_it_rings() -> None:
    story = Story({"/voice": None}).after(100)
    story.call.hang_up()
    story.after(100)
    assert story.network.exchanges[0].is_cancelled
    story.assert_over(Status.CANCELED)


# --- streams ------------------------------------------------------------------------------------------------


def test_the_server_closes_and_the_verbs_after_connect_run() -> None:
    story = streaming(documents={"/voice": xml(STREAM + "<Say>After.</Say>")})
    story.network.wires[0].close_from_server()
    story.after(5_000)
    assert story.call.said_by_twilio == ["After."]
    assert story.stream_events() == ["stream-started", "stream-stopped"]
    assert story.codes() == []
    story.assert_over()


def test_the_server_closes_and_the_action_replaces_the_rest() -> None:
    connect = STREAM.replace("<Connect>", '<Connect action="/after?x=1">')
    story = streaming(
        documents={"/voice": xml(connect + "<Say>Never.</Say>"), "/after": xml("<Dial>+15550003333</Dial>")}
    )
    story.network.wires[0].close_from_server()
    story.after(5_000)
    (asked,) = story.network.told("/after")
    assert asked.url == f"{ORIGIN}/after?x=1"
    assert asked.parameters["CallStatus"] == "in-progress"
    assert VALIDATOR.validate(asked.url, asked.parameters, asked.signature)
    assert story.call.dialled == ["+15550003333"]
    assert story.call.said_by_twilio == []


def test_nothing_after_connect_hangs_up() -> None:
    story = streaming()
    story.network.wires[0].close_from_server(1005)
    story.after(100)
    assert story.codes() == []
    story.assert_over()


def test_an_abnormal_close_is_logged_and_the_call_goes_on() -> None:
    story = streaming(documents={"/voice": xml(STREAM + "<Say>After.</Say>")})
    story.network.wires[0].close_from_server(1011, "oops")
    story.after(5_000)
    assert story.codes() == [31921]
    assert story.stream_events() == ["stream-started", "stream-error"]
    assert "31921" in story.network.told("/stream")[1].parameters["StreamError"]
    assert story.call.said_by_twilio == ["After."]


@pytest.mark.parametrize(("handshake", "code"), [(403, 31920), (200, 31920), (None, 31901)])
def test_a_handshake_that_fails_is_logged_with_its_code(handshake: int | None, code: int) -> None:
    story = Story({"/voice": xml(STREAM)})
    story.network.handshake = handshake
    story.after(15_000)
    assert story.codes() == [code]
    assert story.stream_events() == ["stream-error"]
    story.assert_over()


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://agent.example.com/media", 31922),
        ("ws://agent.example.com/media", 31922),
        ("ws://10.0.0.1/media", 31922),
        ("wss://agent.example.com/media?token=1", 31920),
    ],
)
def test_a_url_twilio_does_not_take_is_never_dialled(url: str, code: int) -> None:
    story = Story({"/voice": xml(f'<Connect><Stream url="{url}"/></Connect>')}).after(100)
    assert story.codes() == [code]
    assert story.network.wires == []
    story.assert_over()


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost:1", "[::1]:1"])
def test_plain_ws_is_taken_on_loopback_only_where_allowed(host: str) -> None:
    document = xml(f'<Connect><Stream url="ws://{host}/media"/></Connect>')
    assert Story({"/voice": document}).after(100).call.phone is not None
    strict = Story({"/voice": document}, behaviour=TwilioBehaviour(allow_ws_on_loopback=False)).after(100)
    assert strict.codes() == [31922]


def test_keys_reach_the_stream() -> None:
    story = streaming()
    story.call.press("5")
    assert story.network.wires[0].events("dtmf")[0][1]["dtmf"]["digit"] == "5"
    story.call.hang_up()
    story.call.press("6")
    assert len(story.network.wires[0].events("dtmf")) == 1


def test_a_lost_stream_reconnects_with_a_new_stream_of_the_same_call() -> None:
    story = streaming()
    spoken = story.person.spoken
    story.call.reconnect()
    story.after(500)
    first, second = story.call.phones
    assert first.leg.call_sid == second.leg.call_sid
    assert first.leg.stream_sid != second.leg.stream_sid
    assert first.leg.custom_parameters == second.leg.custom_parameters
    assert not story.network.wires[0].events("stop")
    assert second.is_streaming
    assert story.person.spoken > spoken + 20
    story.call.hang_up()
    story.after(100).assert_over()
    story.call.reconnect()
    assert len(story.call.phones) == 2


def test_after_a_lost_stream_the_call_goes_on_behind_connect() -> None:
    connect = STREAM.replace("<Connect>", '<Connect action="/after">')
    story = streaming(documents={"/voice": xml(connect), "/after": xml(STREAM)})
    story.call.drop_stream()
    story.after(100)
    assert not story.network.wires[0].events("stop")
    assert "/after" in story.network.paths()
    assert len(story.call.phones) == 2
    assert story.call.phones[1].is_streaming
    story.call.hang_up()
    story.call.drop_stream()
    story.after(100).assert_over()


# --- the REST API's wishes ----------------------------------------------------------------------------------


def test_an_update_stops_the_stream_and_runs_other_twiml() -> None:
    story = streaming(documents={"/voice": xml(STREAM + "<Say>Never.</Say>")})
    story.call.redirect(twiml="<Response><Dial>+15550003333</Dial></Response>")
    story.after(100)
    assert story.network.wires[0].sent[-1][1]["event"] == "stop"
    assert story.call.dialled == ["+15550003333"]
    assert story.call.record.status is Status.IN_PROGRESS
    story.after(40_000)
    assert story.call.said_by_twilio == []
    story.assert_over()


def test_an_update_may_name_a_url() -> None:
    story = streaming(documents={"/next": xml(STREAM)})
    story.call.redirect(url=f"{ORIGIN}/next")
    story.after(100)
    assert len(story.call.phones) == 2
    assert story.call.phones[1].is_streaming


def test_an_update_of_a_finished_call_changes_nothing() -> None:
    story = streaming()
    story.call.complete()
    story.call.redirect(twiml="<Response><Say>Hi</Say></Response>")
    story.call.complete()
    story.after(100)
    assert story.call.said_by_twilio == []
    story.assert_over()


def test_inline_twiml_that_is_none_ends_in_the_apology() -> None:
    story = Story({}, plan=CallPlan(twiml="Hello")).after(10_000)
    assert story.codes() == [12100]
    assert story.call.said_by_twilio == [APOLOGY]


# --- outbound calls -----------------------------------------------------------------------------------------

EVENTS = ("initiated", "ringing", "answered", "completed")


def outbound(behaviour: TwilioBehaviour, plan: CallPlan) -> Story:
    record = CallRecord("CA" + "9" * 32, ACCOUNT.account_sid, "+1", "+2", 0, direction="outbound-api", plan=plan)
    return Story({"/voice": xml("<Say>Hi</Say>"), "/amd": OK}, plan=plan, behaviour=behaviour, record=record)


def test_an_outbound_call_rings_and_then_asks_for_twiml() -> None:
    plan = replace(PLAN, status_callback_events=EVENTS)
    story = outbound(TwilioBehaviour(ring_ms=2_000), plan)
    story.after(1_999)
    assert "/voice" not in story.network.paths()
    story.after(1_000)
    told = story.network.told("/status")
    assert [asked.parameters["CallStatus"] for asked in told] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert [asked.parameters["SequenceNumber"] for asked in told] == ["0", "1", "2", "3"]
    assert story.network.told("/voice")[0].parameters["Direction"] == "outbound-api"
    story.assert_over()


@pytest.mark.parametrize("answering", [Answering.BUSY, Answering.NO_ANSWER, Answering.FAILED])
def test_an_outbound_call_may_not_be_answered(answering: Answering) -> None:
    story = outbound(TwilioBehaviour(answering=answering), PLAN).after(100)
    assert "/voice" not in story.network.paths()
    story.assert_over(Status(answering.value))


def test_asynchronous_machine_detection_tells_its_callback() -> None:
    plan = replace(PLAN, twiml="<Response><Pause length='10'/></Response>", url="", amd_callback=f"{ORIGIN}/amd")
    story = outbound(TwilioBehaviour(answered_by="machine_end_beep", amd_after_ms=4_000), plan)
    story.after(3_999)
    assert not story.network.told("/amd")
    story.after(2)
    (asked,) = story.network.told("/amd")
    assert asked.parameters == {
        "CallSid": story.call.record.sid,
        "AccountSid": ACCOUNT.account_sid,
        "AnsweredBy": "machine_end_beep",
        "MachineDetectionDuration": "4000",
    }
    assert VALIDATOR.validate(asked.url, asked.parameters, asked.signature)


# --- callbacks and limits -----------------------------------------------------------------------------------


def test_callbacks_may_come_twice_and_out_of_order() -> None:
    plan = replace(PLAN, status_callback_events=EVENTS, twiml="<Response/>", url="")
    behaviour = TwilioBehaviour(callback_copies=2, callback_jitter_ms=500)
    story = outbound(behaviour, plan).after(2_000)
    numbers = [int(asked.parameters["SequenceNumber"]) for asked in story.network.told("/status")]
    assert sorted(numbers) == [0, 0, 1, 1, 2, 2, 3, 3]
    assert numbers != sorted(numbers)
    story.assert_over()


def test_a_callback_nobody_answers_is_logged_and_the_call_still_ends() -> None:
    story = Story({"/voice": xml(""), "/status": None}).after(10)
    assert story.call.has_ended
    assert story.ended_at == []
    story.after(20_000)
    assert story.codes() == [11200]
    assert "/status" in story.call.errors[0].message
    story.assert_over()


def test_no_call_outlasts_its_limit() -> None:
    story = streaming(plan=replace(PLAN, time_limit_s=60))
    story.after(59_000)
    assert not story.call.has_ended
    story.after(1_100)
    assert story.network.wires[0].sent[-1][1]["event"] == "stop"
    story.assert_over()


def test_two_runs_of_one_seed_are_the_same_byte_by_byte() -> None:
    def run() -> list[Any]:
        story = streaming(behaviour=TwilioBehaviour(jitter_ms=90, drop_rate=0.1, callback_jitter_ms=50))
        story.after(2_000).call.hang_up()
        story.after(1_000)
        return [story.network.asked, [wire.sent for wire in story.network.wires]]

    assert run() == run()
