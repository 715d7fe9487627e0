"""One `<Connect><Stream>` of a call: the signed upgrade, the phone on it, its status callbacks (sections 3 and 4)."""

import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

from simulator.peers.twilio_behaviour import Signing
from simulator.peers.twilio_idle import IdlePhone
from simulator.peers.twilio_messages import Leg
from simulator.peers.twilio_player import Handset, Tap
from simulator.peers.twilio_records import CallRecord, calendar, fresh_sid
from simulator.peers.twilio_requests import Carrier, Requests
from simulator.peers.twilio_stream import EndedBy, StreamEnd, TwilioPhone
from simulator.peers.twilio_twiml import QUERY_UNSUPPORTED, SCHEME_UNSUPPORTED, Connect

HANDSHAKE_TIMED_OUT = 31901
HANDSHAKE_REFUSED = 31920
CLOSED_UNEXPECTEDLY = 31921

PROPER_CLOSE_CODES = frozenset({1000, 1001, 1005})


class Connection:
    """A stream from the verb to its end; `on_error(code, message)` hears what Twilio logs, `on_done` comes once."""

    def __init__(  # noqa: PLR0913 - its surroundings, each by name
        self,
        carrier: Carrier,
        requests: Requests,
        record: CallRecord,
        verb: Connect,
        handset: Handset,
        *,
        tap: Tap | None,
        on_error: Callable[[int, str], None],
        on_done: Callable[["Connection", StreamEnd], None],
    ) -> None:
        self.verb = verb
        self._carrier = carrier
        self._requests = requests
        self._record = record
        self._on_error = on_error
        self._on_done = on_done
        self._has_started = False
        leg = Leg(record.account_sid, record.sid, fresh_sid("MZ", carrier.rng), verb.parameters)
        make_phone = IdlePhone if carrier.behaviour.idle_frames > 1 else TwilioPhone
        self.phone = make_phone(
            carrier.clock,
            carrier.rng,
            leg,
            handset,
            behaviour=carrier.behaviour,
            tap=tap,
            on_started=self._on_started,
            on_ended=self._on_ended,
        )

    def open(self) -> None:
        """Dial the server."""
        wrong = self._wrong_url()
        if wrong is not None:
            code, message = wrong
            self._fail(code, message, StreamEnd(EndedBy.REFUSED, 0, message))
            return
        url = self.verb.url
        signed = url + "?tampered" if self._carrier.behaviour.signing is Signing.CHANGED_BODY else url
        headers = {"User-Agent": "Twilio.TmeWs/1.0"} | self._carrier.signature_headers(signed)
        timeout_ms = self._carrier.behaviour.handshake_timeout_ms
        route = self._carrier.route(url)
        self.phone.attach(
            self._carrier.network.open_websocket(route, headers, self.phone, open_timeout_ms=timeout_ms),
        )

    def _wrong_url(self) -> tuple[int, str] | None:
        parts = urlsplit(self.verb.url)
        is_allowed = parts.scheme == "wss" or (
            parts.scheme == "ws" and self._carrier.behaviour.allow_ws_on_loopback and _is_loopback(parts.hostname)
        )
        if not is_allowed:
            return SCHEME_UNSUPPORTED, f"<Stream url>: expected the scheme wss, got {parts.scheme!r}"
        if parts.query:
            return QUERY_UNSUPPORTED, "<Stream url>: query strings are not supported; use <Parameter> or the path"
        return None

    def _on_started(self) -> None:
        self._has_started = True
        self._tell("stream-started")

    def _on_ended(self, end: StreamEnd) -> None:
        if end.by is EndedBy.REFUSED:
            code = HANDSHAKE_REFUSED if 100 <= end.code < 600 else HANDSHAKE_TIMED_OUT
            self._fail(code, f"the handshake was answered with {end.code} {end.reason}, expected 101", end)
            return
        if end.by is EndedBy.SERVER and end.code not in PROPER_CLOSE_CODES:
            self._fail(CLOSED_UNEXPECTEDLY, f"the server closed the stream with code {end.code} {end.reason}", end)
            return
        if self._has_started:
            self._tell("stream-stopped")
        self._on_done(self, end)

    def _fail(self, code: int, message: str, end: StreamEnd) -> None:
        self._on_error(code, message)
        self._tell("stream-error", ("StreamError", f"{code} {message}"))
        self._on_done(self, end)

    def _tell(self, event: str, *more: tuple[str, str]) -> None:
        verb = self.verb
        if not verb.status_callback:
            return
        parameters = [
            ("AccountSid", self._record.account_sid),
            ("CallSid", self._record.sid),
            ("StreamSid", self.phone.leg.stream_sid),
            ("StreamName", verb.name or self.phone.leg.stream_sid),
            ("StreamEvent", event),
            ("Timestamp", calendar(self._carrier.clock.now())),
        ]
        self._requests.tell(verb.status_callback, verb.status_callback_method, [*parameters, *more])


def _is_loopback(host: str | None) -> bool:
    if host is None or host == "localhost":
        return host is not None
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
