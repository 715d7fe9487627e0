import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]  # ships no types
from twilio.http.http_client import HttpClient  # type: ignore[import-untyped]  # same
from twilio.http.response import Response  # type: ignore[import-untyped]  # same
from twilio.rest import Client  # type: ignore[import-untyped]  # same

from simulator.peers.base import Request
from simulator.peers.twilio import TwilioCall
from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.peers.twilio_records import CallPlan, CallRecord, LiveCall, Status
from simulator.peers.twilio_rest import RestBehaviour, TwilioRestPeer
from tests.fakes import ManualClock
from tests.simulator.peers.twilio_fakes import ACCOUNT, OK, ORIGIN, FakeNetwork, FakePerson, seeded, xml

API = f"/2010-04-01/Accounts/{ACCOUNT.account_sid}"
BASIC = {"authorization": "Basic " + base64.b64encode(f"{ACCOUNT.account_sid}:{ACCOUNT.auth_token}".encode()).decode()}
TO, FROM = "+15550003333", "+15550002222"


class FakeAnswer:
    def __init__(self) -> None:
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.body = b""
        self.is_ended = False

    def start(self, status: int, headers: Mapping[str, str]) -> None:
        self.status, self.headers = status, headers

    def write(self, data: bytes) -> None:
        self.body += data

    def end(self) -> None:
        self.is_ended = True

    def abort(self) -> None:
        raise AssertionError("the API does not abort")


class InMemoryHttp(HttpClient):  # type: ignore[misc]  # the package ships no types
    """Carries the official client's requests straight into the peer."""

    def __init__(self, peer: TwilioRestPeer) -> None:
        self.peer = peer

    def request(self, method: str, url: str, **told: Any) -> Any:  # noqa: ANN401 - the package ships no types
        parts = urlsplit(url)
        query = urlencode(told["params"] or {}, doseq=True) or parts.query
        basic = base64.b64encode(":".join(told["auth"]).encode()).decode()
        request = Request(
            method,
            f"{parts.path}?{query}" if query else parts.path,
            {name.lower(): value for name, value in told["headers"].items()} | {"authorization": f"Basic {basic}"},
            urlencode(told["data"] or {}, doseq=True).encode(),
        )
        answer = FakeAnswer()
        self.peer.exchange(request, answer)
        assert answer.is_ended
        return Response(answer.status, answer.body.decode(), answer.headers)


class Office:
    """The API, the official client of it, and the calls it dials."""

    def __init__(self, behaviour: RestBehaviour | None = None) -> None:
        self.clock = ManualClock(10**9)
        self.dialled: list[TwilioCall] = []
        self.peer = TwilioRestPeer(self.clock, seeded(), ACCOUNT, on_create=self.dial, behaviour=behaviour)
        self.client = self.client_of(ACCOUNT.auth_token)
        stream = '<Connect><Stream url="wss://agent.example.com/media"/></Connect>'
        self.network = FakeNetwork(self.clock, {"/voice": xml(stream), "/status": OK, "/amd": OK})

    def client_of(self, token: str) -> Any:  # noqa: ANN401 - the package ships no types
        return Client(ACCOUNT.account_sid, token, http_client=InMemoryHttp(self.peer))

    def dial(self, record: CallRecord) -> LiveCall:
        call = TwilioCall(
            self.clock,
            seeded(2),
            self.network,
            ACCOUNT,
            FakePerson(),
            record.plan,
            record=record,
            behaviour=TwilioBehaviour(ring_ms=500, answered_by="human", amd_after_ms=100),
        )
        self.dialled.append(call)
        call.place()
        return call

    def inbound(self) -> TwilioCall:
        plan = CallPlan(url=f"{ORIGIN}/voice")
        call = TwilioCall(self.clock, seeded(3), self.network, ACCOUNT, FakePerson(), plan)
        self.peer.adopt(call)
        call.place()
        self.clock.advance(100)
        return call

    def post(self, path: str, *pairs: tuple[str, str], headers: Mapping[str, str] = BASIC) -> tuple[int, Any]:
        answer = FakeAnswer()
        self.peer.exchange(Request("POST", API + path, headers, urlencode(pairs).encode()), answer)
        return answer.status, json.loads(answer.body)


def refused(office: Office, **parameters: object) -> tuple[int, int]:
    with pytest.raises(TwilioRestException) as caught:
        office.client.calls.create(**parameters)
    return caught.value.status, caught.value.code


def test_the_official_client_creates_a_call_which_is_dialled_and_fetched() -> None:
    office = Office()
    created = office.client.calls.create(to=TO, from_=FROM, url=f"{ORIGIN}/voice")
    assert (created.status, created.direction, created.to, created._from) == ("queued", "outbound-api", TO, FROM)
    assert created.date_created.year == 2026
    assert created.start_time is None
    office.clock.advance(1_000)
    fetched = office.client.calls(created.sid).fetch()
    assert fetched.status == "in-progress"
    assert fetched.start_time is not None
    assert office.dialled[0].phone is not None
    assert office.dialled[0].phone.is_streaming


def test_everything_asked_for_reaches_the_call() -> None:
    office = Office()
    office.client.calls.create(
        to=TO,
        from_=FROM,
        url=f"{ORIGIN}/voice",
        twiml="<Response/>",
        method="GET",
        fallback_url=f"{ORIGIN}/fallback",
        status_callback=f"{ORIGIN}/status",
        status_callback_event=["initiated", "answered"],
        time_limit=30,
        machine_detection="Enable",
        async_amd="true",
        async_amd_status_callback=f"{ORIGIN}/amd",
    )
    office.clock.advance(2_000)
    assert office.dialled[0].record.plan == CallPlan(
        url=f"{ORIGIN}/voice",
        method="GET",
        fallback_url=f"{ORIGIN}/fallback",
        status_callback=f"{ORIGIN}/status",
        status_callback_events=("initiated", "answered"),
        amd_callback=f"{ORIGIN}/amd",
        time_limit_s=30,
    )
    statuses = [asked.parameters["CallStatus"] for asked in office.network.told("/status")]
    assert statuses == ["initiated", "in-progress"]
    assert office.network.told("/amd")[0].parameters["AnsweredBy"] == "human"


def test_calls_created_faster_than_one_a_second_wait_in_the_queue() -> None:
    office = Office()
    for _ in range(3):
        office.client.calls.create(to=TO, from_=FROM, twiml="<Response><Pause length='9'/></Response>")
    office.clock.advance(0)
    assert len(office.dialled) == 1
    office.clock.advance(999)
    assert len(office.dialled) == 1
    office.clock.advance(1_001)
    assert len(office.dialled) == 3


LONG = "x" * 4_001


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"to": "", "from_": FROM, "url": ORIGIN}, 21201),
        ({"to": "555", "from_": FROM, "url": ORIGIN}, 21211),
        ({"to": TO, "from_": "", "url": ORIGIN}, 21213),
        ({"to": TO, "from_": "me", "url": ORIGIN}, 21212),
        ({"to": TO, "from_": FROM}, 21205),
        ({"to": TO, "from_": FROM, "url": "ftp://a/b"}, 21205),
        ({"to": TO, "from_": FROM, "url": ORIGIN, "status_callback": "/status"}, 21205),
        ({"to": TO, "from_": FROM, "twiml": LONG}, 32018),
        ({"to": TO, "from_": FROM, "url": ORIGIN, "status_callback_event": ["done"]}, 20001),
        ({"to": TO, "from_": FROM, "url": ORIGIN, "time_limit": 0}, 20001),
        ({"to": TO, "from_": FROM, "url": ORIGIN, "machine_detection": "Enable", "async_amd": "true"}, 21262),
    ],
)
def test_a_wrong_creation_is_refused_with_its_code(parameters: dict[str, object], code: int) -> None:
    office = Office()
    assert refused(office, **parameters) == (400, code)
    office.clock.advance(5_000)
    assert office.dialled == []


def test_an_error_is_told_as_the_real_api_tells_it() -> None:
    office = Office()
    status, body = office.post("/Calls.json", ("From", FROM))
    assert status == 400
    assert body == {
        "code": 21201,
        "message": "No 'To' number is specified",
        "more_info": "https://www.twilio.com/docs/errors/21201",
        "status": 400,
    }


def test_only_the_account_itself_gets_in() -> None:
    office = Office()
    with pytest.raises(TwilioRestException) as caught:
        office.client_of("wrong").calls.create(to=TO, from_=FROM, url=ORIGIN)
    assert (caught.value.status, caught.value.code) == (401, 20003)
    for headers in ({}, {"authorization": "Basic !"}, {"authorization": "Bearer x"}):
        assert office.post("/Calls.json", headers=headers)[0] == 401
    assert office.client.api.accounts(ACCOUNT.account_sid).fetch().status == "active"


def test_hanging_up_a_live_call() -> None:
    office = Office()
    call = office.inbound()
    updated = office.client.calls(call.record.sid).update(status="completed")
    assert updated.status == "completed"
    assert updated.duration == "1"
    assert office.network.wires[0].sent[-1][1]["event"] == "stop"


def test_a_live_call_is_sent_elsewhere() -> None:
    office = Office()
    call = office.inbound()
    office.client.calls(call.record.sid).update(twiml="<Response><Dial>+15550009999</Dial></Response>")
    office.clock.advance(10)
    assert call.dialled == ["+15550009999"]
    office.client.calls(call.record.sid).update(url=f"{ORIGIN}/voice", method="GET")
    office.clock.advance(100)
    assert office.network.asked[-1].method == "GET"
    assert len(call.phones) == 2


@pytest.mark.parametrize(("forgets", "answer"), [(False, (400, 21220)), (True, (404, 20404))])
def test_an_update_of_a_finished_call_is_refused(forgets: bool, answer: tuple[int, int]) -> None:
    office = Office(RestBehaviour(forgets_finished_calls=forgets))
    call = office.inbound()
    call.hang_up()
    with pytest.raises(TwilioRestException) as caught:
        office.client.calls(call.record.sid).update(status="completed")
    assert (caught.value.status, caught.value.code) == answer


def test_wrong_updates_are_refused() -> None:
    office = Office()
    sid = office.inbound().record.sid
    for pairs, code in (
        ((("Status", "paused"),), 20001),
        ((("Status", "canceled"),), 21220),
        ((("Url", ORIGIN), ("Twiml", "<Response/>")), 20001),
        ((("Twiml", LONG),), 32018),
    ):
        status, body = office.post(f"/Calls/{sid}.json", *pairs)
        assert (status, body["code"]) == (400, code)
    assert office.post(f"/Calls/{sid}.json")[0] == 200
    assert office.post(f"/Calls/CA{'0' * 32}.json")[1]["code"] == 20404
    assert office.post("/Cells.json")[1]["code"] == 20404


def test_a_queued_call_can_be_canceled_and_is_then_never_dialled() -> None:
    office = Office()
    created = office.client.calls.create(to=TO, from_=FROM, url=f"{ORIGIN}/voice")
    with pytest.raises(TwilioRestException):
        office.client.calls(created.sid).update(twiml="<Response/>")
    assert office.client.calls(created.sid).update(status="canceled").status == "canceled"
    office.clock.advance(5_000)
    assert office.dialled == []


def test_recordings_begin_pause_and_stop() -> None:
    office = Office()
    call = office.inbound()
    recordings = office.client.calls(call.record.sid).recordings
    created = recordings.create(recording_channels="dual")
    assert (created.status, created.channels, created.sid[:2]) == ("in-progress", 2, "RE")
    assert recordings("Twilio.CURRENT").update(status="paused").status == "paused"
    assert recordings(created.sid).update(status="stopped").status == "stopped"
    assert recordings(created.sid).fetch().status == "stopped"
    assert [item.sid for item in recordings.list()] == [created.sid]
    with pytest.raises(TwilioRestException, match="not found"):
        recordings("Twilio.CURRENT").update(status="paused")
    with pytest.raises(TwilioRestException, match="expected paused"):
        recordings(created.sid).update(status="lost")
    call.hang_up()
    with pytest.raises(TwilioRestException, match="not eligible"):
        recordings.create()


def test_calls_are_listed_page_by_page() -> None:
    office = Office()
    sids = [office.client.calls.create(to=TO, from_=FROM, url=ORIGIN).sid for _ in range(5)]
    office.peer.records[sids[0]].status = Status.FAILED
    assert [call.sid for call in office.client.calls.list(page_size=2)] == sids[::-1]
    assert [call.sid for call in office.client.calls.list(status="failed")] == sids[:1]
    assert office.client.calls.list(to="+19999999999") == []


def test_the_oldest_calls_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.peers.twilio_rest.RECORDS_KEPT", 2)
    office = Office()
    sids = [office.client.calls.create(to=TO, from_=FROM, url=ORIGIN).sid for _ in range(3)]
    assert list(office.peer.records) == sids[1:]


@pytest.mark.parametrize(("status", "code"), [(429, 20429), (500, 20500), (503, 20503)])
def test_trouble_on_demand(status: int, code: int) -> None:
    office = Office()
    office.peer.fail_next(status, times=2)
    assert [refused(office, to=TO, from_=FROM, url=ORIGIN) for _ in range(2)] == [(status, code)] * 2
    assert office.client.calls.create(to=TO, from_=FROM, url=ORIGIN).status == "queued"
    assert office.peer.counts == {status: 2, 201: 1}


def test_slow_answers_and_clients_that_do_not_wait() -> None:
    office = Office(RestBehaviour(answer_delay_ms=700))
    first, second = FakeAnswer(), FakeAnswer()
    request = Request("GET", f"{API}.json", BASIC)
    office.peer.exchange(request, first)
    office.peer.exchange(request, second).on_disconnect()
    office.clock.advance(699)
    assert not first.is_ended
    office.clock.advance(1)
    assert (first.status, first.is_ended, second.is_ended) == (200, True, False)


def test_there_is_no_websocket() -> None:
    refusal = Office().peer.upgrade(Request("GET", "/media"))
    assert refusal is not None
    assert refusal.status == 404
