"""Twilio's HTTP requests and websocket upgrades: signed, bounded, repeated where asked (sections 1, 2 and 4.6)."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from urllib.parse import urlencode, urlsplit, urlunsplit

from agent.clock import Clock
from agent.ports import Exchange, Network
from fsm.units import NS_PER_MS
from simulator.peers.twilio_behaviour import Signing, TwilioBehaviour
from simulator.peers.twilio_records import TwilioAccount
from simulator.peers.twilio_signature import SETTINGS_HEADER, SIGNATURE_HEADER, shared_key_settings, sign

BODY_LIMIT_BYTES = 256 * 1024
TAMPERED = ("Tampered", "yes")

Parameter = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Carrier:
    """The simulated Twilio that calls go through.

    `routes` leads public origins ("https://agent.example.com") to where the server really listens
    ("http://127.0.0.1:8080"), as a proxy would; what is signed is the public URL. It holds for `wss` alike.
    """

    clock: Clock
    rng: Random
    network: Network
    account: TwilioAccount
    behaviour: TwilioBehaviour
    routes: Mapping[str, str]

    def route(self, url: str) -> str:
        """The URL to connect to for `url`."""
        parts = urlsplit(url)
        origin = f"{parts.scheme.replace('ws', 'http')}://{parts.netloc}"
        real = self.routes.get(origin)
        if real is None:
            return url
        local = urlsplit(real)
        scheme = local.scheme.replace("http", "ws") if parts.scheme.startswith("ws") else local.scheme
        return urlunsplit((scheme, local.netloc, parts.path, parts.query, ""))

    def signature_headers(self, url: str, parameters: Iterable[Parameter] = ()) -> dict[str, str]:
        """The headers that sign a request to `url`, or whatever else the behaviour puts in their place."""
        signing, account = self.behaviour.signing, self.account
        if signing is Signing.MISSING:
            return {}
        if signing is Signing.SHARED_KEY:
            signature = sign(account.shared_key_secret, url, parameters, algorithm="sha256")
            return {SIGNATURE_HEADER: signature, SETTINGS_HEADER: shared_key_settings(account.shared_key_id)}
        secret = account.auth_token + ("x" if signing is Signing.WRONG_TOKEN else "")
        if signing is Signing.HTTPS_FOR_WSS:
            url = url.replace("wss://", "https://", 1)
        return {SIGNATURE_HEADER: sign(secret, url, parameters)}


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back; `trouble` says why no complete answer did."""

    status: int = 0
    content_type: str = ""
    body: bytes = b""
    trouble: str = ""

    @property
    def is_success(self) -> bool:
        """A complete answer with a 2xx status."""
        return not self.trouble and 200 <= self.status < 300

    def __str__(self) -> str:
        return self.trouble or f"status {self.status}, {self.content_type or 'no content type'}"


class _Fetch:
    """One request under way: collects the answer, in bounds of time and size."""

    def __init__(self, clock: Clock, timeout_ms: int, on_answer: Callable[[HttpAnswer], None]) -> None:
        self.exchange: Exchange | None = None
        self._on_answer: Callable[[HttpAnswer], None] | None = on_answer
        self._status = 0
        self._content_type = ""
        self._body = bytearray()
        late = f"no complete answer within {timeout_ms} ms"
        self._timer = clock.call_at(clock.now() + timeout_ms * NS_PER_MS, partial(self._give_up, late))

    def on_response(self, status: int, headers: Mapping[str, str]) -> None:
        self._status = status
        self._content_type = headers.get("content-type", "")

    def on_data(self, data: bytes) -> None:
        self._body += data
        if len(self._body) > BODY_LIMIT_BYTES:
            self._give_up(f"an answer of more than {BODY_LIMIT_BYTES} bytes")

    def on_end(self) -> None:
        self._settle(HttpAnswer(self._status, self._content_type, bytes(self._body)))

    def on_failure(self, reason: str, *, timed_out: bool) -> None:
        self._settle(HttpAnswer(trouble=f"{'timed out' if timed_out else 'failed'}: {reason}"))

    def cancel(self) -> None:
        """Give up without an answer."""
        self._on_answer = None
        self._timer.cancel()
        if self.exchange is not None:
            self.exchange.cancel()

    def _give_up(self, trouble: str) -> None:
        on_answer = self._on_answer
        self.cancel()
        if on_answer is not None:
            on_answer(HttpAnswer(trouble=trouble))

    def _settle(self, answer: HttpAnswer) -> None:
        self._timer.cancel()
        on_answer, self._on_answer = self._on_answer, None
        if on_answer is not None:
            on_answer(answer)


class Requests:
    """The requests of one call; `on_trouble` is told of callbacks that were not answered with a 2xx."""

    def __init__(self, carrier: Carrier, on_trouble: Callable[[str], None]) -> None:
        self._carrier = carrier
        self._on_trouble = on_trouble
        self._webhook: _Fetch | None = None
        self._callbacks_pending = 0
        self._on_idle: Callable[[], None] | None = None

    def ask(self, url: str, method: str, parameters: list[Parameter], on_answer: Callable[[HttpAnswer], None]) -> None:
        """Ask for a document; one at a time. Repeats are the same request, idempotency token included."""
        token = self._token()
        retries = self._carrier.behaviour.webhook_retries

        def attempt(retries_left: int) -> None:
            self._webhook = self._send(url, method, parameters, token, partial(settled, retries_left))

        def settled(retries_left: int, answer: HttpAnswer) -> None:
            if not answer.is_success and retries_left:
                attempt(retries_left - 1)
                return
            self._webhook = None
            on_answer(answer)

        attempt(retries)

    def give_up_asking(self) -> None:
        """Nobody wants the document any more."""
        if self._webhook is not None:
            self._webhook.cancel()
            self._webhook = None

    def tell(self, url: str, method: str, parameters: list[Parameter]) -> None:
        """Deliver a callback: as often, and as late, as the behaviour has it."""
        token, behaviour = self._token(), self._carrier.behaviour
        for _ in range(behaviour.callback_copies):
            self._callbacks_pending += 1
            deliver = partial(self._deliver, url, method, parameters, token)
            if behaviour.callback_jitter_ms:
                delay_ns = self._carrier.rng.randrange(behaviour.callback_jitter_ms * NS_PER_MS)
                self._carrier.clock.call_at(self._carrier.clock.now() + delay_ns, deliver)
            else:
                deliver()

    def when_idle(self, then: Callable[[], None]) -> None:
        """Call `then` once every callback was answered, or given up."""
        self._on_idle = then
        self._check_idle()

    def _deliver(self, url: str, method: str, parameters: list[Parameter], token: str) -> None:
        self._send(url, method, parameters, token, partial(self._told, url))

    def _told(self, url: str, answer: HttpAnswer) -> None:
        if not answer.is_success:
            self._on_trouble(f"callback to {url}: {answer}")
        self._callbacks_pending -= 1
        self._check_idle()

    def _check_idle(self) -> None:
        if not self._callbacks_pending and self._on_idle is not None:
            then, self._on_idle = self._on_idle, None
            then()

    def _send(
        self,
        url: str,
        method: str,
        parameters: list[Parameter],
        token: str,
        on_answer: Callable[[HttpAnswer], None],
    ) -> _Fetch:
        carrier = self._carrier
        url = url.partition("#")[0]
        parameters = [*parameters, *carrier.behaviour.extra_parameters]
        signed = with_query(url, parameters) if method == "GET" else url
        headers = {"User-Agent": "TwilioProxy/1.1", "Accept": "*/*", "I-Twilio-Idempotency-Token": token}
        headers |= carrier.signature_headers(signed, [] if method == "GET" else parameters)
        if carrier.behaviour.signing is Signing.CHANGED_BODY:
            parameters = [*parameters, TAMPERED]
        body = b""
        if method == "GET":
            signed = with_query(url, parameters)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
            body = urlencode(parameters).encode()
        timeout_ms = carrier.behaviour.webhook_timeout_ms
        fetch = _Fetch(carrier.clock, timeout_ms, on_answer)
        fetch.exchange = carrier.network.request(
            method, carrier.route(signed), headers, body, fetch, timeout_ms=timeout_ms
        )
        return fetch

    def _token(self) -> str:
        return str(uuid.UUID(int=self._carrier.rng.getrandbits(128), version=4))


def with_query(url: str, parameters: Iterable[Parameter]) -> str:
    """`url` with `parameters` behind what its query already has."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(list(parameters))}"
