"""What a simulated Vapi stands on, and how it tells servers something: in time, with credentials, again where asked."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from random import Random
from typing import Any

from agent.clock import Clock
from agent.ports import Network
from fsm.units import NS_PER_MS
from simulator.peers.fetch import Fetch, HttpAnswer, routed
from simulator.peers.vapi_auth import credential_headers, own_headers
from simulator.peers.vapi_behaviour import VapiBehaviour
from simulator.peers.vapi_schema import Server

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class VapiAccount:
    """What was set up at Vapi: a phone number's server and its credential, and assistants by their id.

    A call is answered by `assistant`, where one is set up for the number, and else by whom the server names.
    """

    server_url: str
    secret: str
    assistant: Mapping[str, Any] | None = None
    assistants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def server(self) -> Server:
        """The phone number's server."""
        return Server.model_validate({"url": self.server_url, "credentialId": "credential-1"})


@dataclass(frozen=True, slots=True)
class VapiLine:
    """The simulated Vapi that calls go through; `wall_clock` is the time of day, which signatures carry.

    `routes` lead public origins ("https://agent.example.com") to where the server really listens.
    """

    clock: Clock
    rng: Random
    network: Network
    account: VapiAccount
    behaviour: VapiBehaviour
    wall_clock: Callable[[], datetime]
    routes: Mapping[str, str] = field(default_factory=dict)

    def after(self, duration_ms: float, then: Callable[[], None]) -> None:
        """Call `then` so much later; with no time to wait, at once."""
        if duration_ms:
            self.clock.call_at(self.clock.now() + round(duration_ms * NS_PER_MS), then)
        else:
            then()

    def fresh_id(self, prefix: str) -> str:
        """An identifier."""
        return f"{prefix}_{self.rng.getrandbits(96):024x}"

    def headers(self, server: Server, body: bytes) -> dict[str, str]:
        """What a request to a server carries."""
        auth = self.behaviour.auth
        headers = {"Content-Type": "application/json", **own_headers(auth, server.headers)}
        if server.secret:
            headers |= own_headers(auth, {"X-Vapi-Secret": server.secret})
        if server.credential_id:
            headers |= credential_headers(auth, self.account.secret, body, round(self.wall_clock().timestamp() * 1_000))
        return headers


@dataclass(slots=True)
class Delivery:
    """One message on its way to a server, and what became of it; instants in ns."""

    type: str
    url: str
    asked_at: int
    body: Mapping[str, Any]
    is_broken: bool = False
    answer: HttpAnswer | None = None
    answered_at: int = 0

    @property
    def status(self) -> int:
        """The answer's status; 0 where there is none."""
        return self.answer.status if self.answer is not None else 0

    @property
    def took_ms(self) -> int:
        """From the question to the answer."""
        return (self.answered_at - self.asked_at) // NS_PER_MS

    def __str__(self) -> str:
        return f"{self.type}: {self.answer or 'no answer yet'} after {self.took_ms} ms"


class Deliveries:
    """All messages of one call; `on_delivered` sees each once it was answered, or given up."""

    def __init__(self, line: VapiLine, on_delivered: Callable[[Delivery], None]) -> None:
        self.made: list[Delivery] = []
        self._line = line
        self._on_delivered = on_delivered
        self._pending = 0
        self._on_idle: Callable[[], None] | None = None

    def ask(
        self,
        server: Server,
        message: Json,
        on_answer: Callable[[HttpAnswer], None] = lambda _: None,
        *,
        timeout_ms: int = 0,
    ) -> None:
        """Deliver a message as often as the behaviour has it; the first copy's last answer goes to `on_answer`."""
        behaviour = self._line.behaviour
        body = json.dumps({"message": message}).encode()
        timeout_ms = timeout_ms or behaviour.server_timeout_ms or round(server.timeout_seconds * 1_000)
        send = partial(self._send, server, message, timeout_ms=timeout_ms)
        if behaviour.broken_first:
            send(body[: len(body) // 2], lambda _: None, is_broken=True)
        self._attempt(server, partial(send, body), 0, on_answer)
        for copy in range(1, behaviour.copies):
            self._later(copy * behaviour.copy_after_ms, partial(send, body, lambda _: None))

    def when_idle(self, then: Callable[[], None]) -> None:
        """Call `then` once everything was answered, or given up."""
        self._on_idle = then
        self._look()

    def _attempt(
        self,
        server: Server,
        send: Callable[[Callable[[HttpAnswer], None]], None],
        made: int,
        on_answer: Callable[[HttpAnswer], None],
    ) -> None:
        plan = server.backoff_plan

        def settled(answer: HttpAnswer) -> None:
            if answer.is_success or made >= plan.max_retries:
                on_answer(answer)
                return
            delay_ms = plan.base_delay_seconds * 1_000 * (2**made if plan.type == "exponential" else 1)
            self._later(delay_ms, partial(self._attempt, server, send, made + 1, on_answer))

        send(settled)

    def _send(
        self,
        server: Server,
        message: Json,
        body: bytes,
        on_answer: Callable[[HttpAnswer], None],
        *,
        timeout_ms: int,
        is_broken: bool = False,
    ) -> None:
        line = self._line
        delivery = Delivery(str(message["type"]), server.url, line.clock.now(), message, is_broken)
        self.made.append(delivery)
        self._pending += 1

        def answered(answer: HttpAnswer) -> None:
            delivery.answer, delivery.answered_at = answer, line.clock.now()
            self._on_delivered(delivery)
            on_answer(answer)
            self._pending -= 1
            self._look()

        fetch = Fetch(line.clock, timeout_ms, answered)
        url = routed(server.url, line.routes)
        fetch.exchange = line.network.request(
            "POST", url, line.headers(server, body), body, fetch, timeout_ms=timeout_ms
        )

    def _later(self, duration_ms: float, then: Callable[[], None]) -> None:
        """Do something later that is under way already."""
        self._pending += 1

        def act() -> None:
            then()
            self._pending -= 1

        self._line.after(duration_ms, act)

    def _look(self) -> None:
        if not self._pending and self._on_idle is not None:
            then, self._on_idle = self._on_idle, None
            then()
