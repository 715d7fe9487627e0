"""Twilio's REST API, as far as a voice agent uses it: calls and their recordings (protocols/twilio.md, section 5).

Codes of refusals that the protocol page does not name are from memory, unverified: 20001, 20003, 20500, 21201, 21205,
21211, 21212, 21213.
"""

import base64
import binascii
import json
import re
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from urllib.parse import parse_qs

from agent.clock import Clock, Timer
from fsm.units import NS_PER_MS, NS_PER_S
from simulator.peers.base import Answer, PeerExchange, PeerSocket, PeerWire, Refusal, Request
from simulator.peers.twilio_recordings import Recordings, recording_json
from simulator.peers.twilio_records import CallRecord, LiveCall, Status, TwilioAccount, fresh_sid
from simulator.peers.twilio_resources import (
    ROOT,
    NewCall,
    RestError,
    account_json,
    call_json,
    check_twiml,
    not_found,
    page_json,
)

RECORDS_KEPT = 10_000
"""Calls the API remembers; past it, the oldest is forgotten."""

Form = Mapping[str, list[str]]
Reply = tuple[int, dict[str, object]]


@dataclass(frozen=True, slots=True)
class RestBehaviour:
    """How the API behaves."""

    answer_delay_ms: int = 0
    calls_per_s: int = 1  # calls created faster than this wait in the queue
    forgets_finished_calls: bool = False  # a late update is answered with 20404 instead of 21220


class TwilioRestPeer:
    """The API on one origin.

    A call created here is queued and then given to `on_create`, which dials it and returns it, or `None` to leave it
    queued. Calls from elsewhere (inbound ones) are made known by `adopt`, so that they can be updated. `counts` tells
    the answers by status, `fail_next` makes trouble.
    """

    name = "twilio"

    def __init__(
        self,
        clock: Clock,
        rng: Random,
        account: TwilioAccount,
        *,
        on_create: Callable[[CallRecord], LiveCall | None] = lambda _record: None,
        behaviour: RestBehaviour | None = None,
    ) -> None:
        self.records: dict[str, CallRecord] = {}
        self.recordings = Recordings(rng)
        self.counts: Counter[int] = Counter()
        self._clock = clock
        self._rng = rng
        self._account = account
        self._on_create = on_create
        self._behaviour = behaviour or RestBehaviour()
        self._calls: dict[str, LiveCall] = {}
        self._faults: deque[int] = deque()
        self._next_dial_at = 0

    def adopt(self, call: LiveCall) -> None:
        """Make a call known to the API."""
        self._remember(call.record)
        self._calls[call.record.sid] = call

    def fail_next(self, status: int, times: int = 1) -> None:
        """Answer the next `times` requests with `status`: 429 or 5xx."""
        self._faults.extend([status] * times)

    # --- the peer -----------------------------------------------------------------------------------------

    def upgrade(self, request: Request) -> Refusal | None:
        """There are no websockets here."""
        return Refusal(404, {"content-type": "text/plain"}, f"no websocket at {request.path}".encode())

    def connect(self, request: Request, wire: PeerWire) -> PeerSocket:
        """Never called: every upgrade is refused."""
        raise AssertionError(f"a refused upgrade of {request.path} was connected ({wire})")

    def exchange(self, request: Request, answer: Answer) -> PeerExchange:
        """Answer a request."""
        status, body = self._answered(request)
        self.counts[status] += 1
        exchange = _Delivery(answer, status, body)
        delay_ms = self._behaviour.answer_delay_ms
        if delay_ms:
            exchange.timer = self._clock.call_at(self._clock.now() + delay_ms * NS_PER_MS, exchange.deliver)
        else:
            exchange.deliver()
        return exchange

    def _answered(self, request: Request) -> Reply:
        try:
            if self._faults:
                raise FAULTS.get(self._faults[0], RestError(self._faults[0], 20500, "Internal Server Error"))
            self._authenticate(request)
            return self._route(request)
        except RestError as error:
            return error.status, error.json()
        finally:
            if self._faults:
                self._faults.popleft()

    def _authenticate(self, request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        try:
            user, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            user = secret = ""
        if scheme.lower() != "basic" or (user, secret) != (self._account.account_sid, self._account.auth_token):
            raise RestError(401, 20003, "Authenticate")

    def _route(self, request: Request) -> Reply:
        prefix = f"{ROOT}/{self._account.account_sid}"
        path = request.path.removeprefix(prefix)
        if path != request.path:
            form = parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True)
            for method, pattern, handle in ROUTES:
                match = re.fullmatch(pattern, path)
                if match is not None and method == request.method:
                    return handle(self, form if method == "POST" else request.query, **match.groupdict())
        raise not_found(request.path)

    # --- calls --------------------------------------------------------------------------------------------

    def _fetch_account(self, _form: Form) -> Reply:
        return 200, account_json(self._account.account_sid)

    def _create_call(self, form: Form) -> Reply:
        wanted = NewCall.read(form)
        record = CallRecord(
            fresh_sid("CA", self._rng),
            self._account.account_sid,
            wanted.from_number,
            wanted.to_number,
            self._clock.now(),
            direction="outbound-api",
            plan=wanted.plan,
        )
        self._remember(record)
        now = self._clock.now()
        dial_at = max(now, self._next_dial_at)
        self._next_dial_at = dial_at + NS_PER_S // self._behaviour.calls_per_s
        self._clock.call_at(dial_at, partial(self._dial, record))
        return 201, call_json(record)

    def _dial(self, record: CallRecord) -> None:
        if record.is_final:
            return
        call = self._on_create(record)
        if call is not None:
            self._calls[record.sid] = call

    def _list_calls(self, form: Form) -> Reply:
        wanted = {name: form[name][0] for name in ("Status", "To", "From") if name in form}
        records = [call_json(record) for record in reversed(self.records.values())]
        chosen = [item for item in records if all(item[name.lower()] == value for name, value in wanted.items())]
        return 200, page_json("calls", chosen, form, self._account.account_sid)

    def _fetch_call(self, _form: Form, call: str) -> Reply:
        return 200, call_json(self._record(call))

    def _update_call(self, form: Form, call: str) -> Reply:
        record = self._record(call)
        if record.is_final:
            if self._behaviour.forgets_finished_calls:
                raise not_found(f"{ROOT}/{record.account_sid}/Calls/{call}.json")
            raise RestError(400, 21220, "Call is not in-progress. Cannot redirect.")
        url, twiml, status = (form.get(name, [""])[0] for name in ("Url", "Twiml", "Status"))
        if url and twiml:
            raise RestError(400, 20001, "Url and Twiml exclude each other")
        check_twiml(twiml)
        if status:
            self._set_status(record, status)
        elif url or twiml:
            self._redirect(record, url, form.get("Method", ["POST"])[0].upper(), twiml)
        return 200, call_json(record)

    def _set_status(self, record: CallRecord, status: str) -> None:
        if status not in {"completed", "canceled"}:
            raise RestError(400, 20001, f"Status: expected completed or canceled, got {status!r}")
        is_waiting = record.status in {Status.QUEUED, Status.RINGING}
        if status == "canceled" and not is_waiting:
            raise RestError(400, 21220, "Call is not queued or ringing. Cannot cancel.")
        call = self._calls.get(record.sid)
        if call is not None:
            call.complete()
        else:
            record.status, record.ended_at = Status.CANCELED, self._clock.now()

    def _redirect(self, record: CallRecord, url: str, method: str, twiml: str) -> None:
        call = self._calls.get(record.sid)
        if call is None or record.status is not Status.IN_PROGRESS:
            raise RestError(400, 21220, "Call is not in-progress. Cannot redirect.")
        call.redirect(url=url, method=method, twiml=twiml)

    def _record(self, sid: str) -> CallRecord:
        record = self.records.get(sid)
        if record is None:
            raise not_found(f"{ROOT}/{self._account.account_sid}/Calls/{sid}.json")
        return record

    def _remember(self, record: CallRecord) -> None:
        self.records[record.sid] = record
        if len(self.records) > RECORDS_KEPT:
            oldest = next(iter(self.records))
            del self.records[oldest]
            self._calls.pop(oldest, None)

    # --- recordings ---------------------------------------------------------------------------------------

    def _create_recording(self, form: Form, call: str) -> Reply:
        return 201, recording_json(self.recordings.create(self._record(call), form, self._clock.now()))

    def _update_recording(self, form: Form, call: str, recording: str) -> Reply:
        found = self.recordings.find(self._record(call), recording)
        self.recordings.update(found, form)
        return 200, recording_json(found)

    def _fetch_recording(self, _form: Form, call: str, recording: str) -> Reply:
        return 200, recording_json(self.recordings.find(self._record(call), recording))

    def _list_recordings(self, form: Form, call: str) -> Reply:
        found = [recording_json(item) for item in self.recordings.of_call(self._record(call).sid)]
        return 200, page_json("recordings", found, form, self._account.account_sid, f"Calls/{call}/")


FAULTS = {
    429: RestError(429, 20429, "Too Many Requests"),
    503: RestError(503, 20503, "Service unavailable"),
}

CALL = r"/Calls/(?P<call>CA[0-9a-f]{32})"
RECORDING = r"/Recordings/(?P<recording>RE[0-9a-f]{32}|Twilio\.CURRENT)"

ROUTES: tuple[tuple[str, str, Callable[..., Reply]], ...] = (
    ("GET", r"\.json", TwilioRestPeer._fetch_account),
    ("POST", r"/Calls\.json", TwilioRestPeer._create_call),
    ("GET", r"/Calls\.json", TwilioRestPeer._list_calls),
    ("GET", CALL + r"\.json", TwilioRestPeer._fetch_call),
    ("POST", CALL + r"\.json", TwilioRestPeer._update_call),
    ("POST", CALL + r"/Recordings\.json", TwilioRestPeer._create_recording),
    ("GET", CALL + r"/Recordings\.json", TwilioRestPeer._list_recordings),
    ("POST", CALL + RECORDING + r"\.json", TwilioRestPeer._update_recording),
    ("GET", CALL + RECORDING + r"\.json", TwilioRestPeer._fetch_recording),
)


class _Delivery:
    """An answer on its way, late where the behaviour has it so."""

    def __init__(self, answer: Answer, status: int, body: dict[str, object]) -> None:
        self.timer: Timer | None = None
        self._answer = answer
        self._status = status
        self._body = body

    def deliver(self) -> None:
        data = json.dumps(self._body).encode()
        self._answer.start(
            self._status, {"content-type": "application/json; charset=utf-8", "content-length": str(len(data))}
        )
        self._answer.write(data)
        self._answer.end()

    def on_disconnect(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
