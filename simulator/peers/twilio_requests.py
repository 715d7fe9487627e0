"""Twilio's HTTP requests and websocket upgrades: signed, bounded, repeated where asked (sections 1, 2 and 4.6)."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from urllib.parse import urlencode

from agent.clock import Clock
from agent.ports import Network
from fsm.units import NS_PER_MS
from simulator.peers.fetch import Fetch, HttpAnswer, routed
from simulator.peers.twilio_behaviour import Signing, TwilioBehaviour
from simulator.peers.twilio_records import TwilioAccount
from simulator.peers.twilio_signature import SETTINGS_HEADER, SIGNATURE_HEADER, shared_key_settings, sign

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
        return routed(url, self.routes)

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


class Requests:
    """The requests of one call; `on_trouble` is told of callbacks that were not answered with a 2xx."""

    def __init__(self, carrier: Carrier, on_trouble: Callable[[str], None]) -> None:
        self._carrier = carrier
        self._on_trouble = on_trouble
        self._webhook: Fetch | None = None
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

    def tell(self, url: str, method: str, parameters: list[Parameter], *, after_ms: int = 0) -> None:
        """Deliver a callback: as often, and as much later than `after_ms`, as the behaviour has it."""
        token, behaviour = self._token(), self._carrier.behaviour
        for _ in range(behaviour.callback_copies):
            self._callbacks_pending += 1
            deliver = partial(self._deliver, url, method, parameters, token)
            if behaviour.callback_jitter_ms or after_ms:
                jitter_ns = behaviour.callback_jitter_ms * NS_PER_MS
                delay_ns = after_ms * NS_PER_MS + (self._carrier.rng.randrange(jitter_ns) if jitter_ns else 0)
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
    ) -> Fetch:
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
        fetch = Fetch(carrier.clock, timeout_ms, on_answer)
        fetch.exchange = carrier.network.request(
            method, carrier.route(signed), headers, body, fetch, timeout_ms=timeout_ms
        )
        return fetch

    def _token(self) -> str:
        return str(uuid.UUID(int=self._carrier.rng.getrandbits(128), version=4))


def with_query(url: str, parameters: Iterable[Parameter]) -> str:
    """`url` with `parameters` behind what its query already has."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(list(parameters))}"
