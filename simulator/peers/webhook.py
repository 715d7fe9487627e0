"""The business's own endpoints: they check who asks, and do what is asked once for each idempotency key."""

import base64
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Mapping
from functools import partial
from random import Random
from typing import Any

from agent.clock import Clock, Timer
from simulator.delays import draw_ns
from simulator.peers.base import Answer, PeerExchange, PeerSocket, PeerWire, Refusal, Request
from simulator.peers.webhook_behaviour import Trouble, WebhookBehaviour

HUGE_BYTES = 10_000_000
JSON = {"content-type": "application/json"}


class WebhookPeer:
    """All endpoints of an agent's tools, told apart by the tool that the body names.

    `secrets` are those of tools whose requests must be signed. `done` counts what was done by tool: a request whose
    key was seen before gets the first answer again. `requests` counts what came.
    """

    name = "webhooks"

    def __init__(
        self, clock: Clock, rng: Random, behaviours: Mapping[str, WebhookBehaviour], secrets: Mapping[str, str]
    ) -> None:
        self.requests: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.bodies: list[Mapping[str, Any]] = []
        self._clock = clock
        self._rng = rng
        self._behaviours = behaviours
        self._secrets = secrets
        self._keys: set[str] = set()

    def upgrade(self, _request: Request) -> Refusal | None:
        """There are no websockets here."""
        return Refusal(404)

    def connect(self, _request: Request, _wire: PeerWire) -> PeerSocket:
        """Never granted."""
        raise AssertionError("no upgrade was granted")

    def exchange(self, request: Request, answer: Answer) -> PeerExchange:
        """Check the request, and do what it asks."""
        problem, told = _read(request)
        tool = str(told.get("tool"))
        if not problem and tool in self._secrets and not _is_signed(request, self._secrets[tool]):
            problem = "401 this request is not signed with our secret"
        if problem:
            status, _, text = problem.partition(" ")
            _send(answer, int(status), json.dumps({"error": text}).encode())
            return _Waiting()
        self.requests[tool] += 1
        self.bodies.append(told)
        behaviour = self._behaviours.get(tool, WebhookBehaviour())
        number = self.requests[tool] - 1
        trouble = behaviour.first[number] if number < len(behaviour.first) else None
        act = partial(self._act, request, tool, answer, behaviour, trouble)
        return _Waiting(self._clock.call_at(self._clock.now() + draw_ns(behaviour.delay_ms, self._rng), act))

    def _act(
        self, request: Request, tool: str, answer: Answer, behaviour: WebhookBehaviour, trouble: Trouble | None
    ) -> None:
        if trouble in (None, "garbage", "huge", "done_then_reset"):
            self._do(tool, request.headers.get("idempotency-key", ""))
        if trouble is None:
            _send(answer, behaviour.status, behaviour.answer_json.encode())
        else:
            _play(trouble, answer)

    def _do(self, tool: str, key: str) -> None:
        if key not in self._keys:
            self._keys.add(key)
            self.done[tool] += 1


class _Waiting:
    """A request that is being worked on."""

    def __init__(self, timer: Timer | None = None) -> None:
        self._timer = timer

    def on_disconnect(self) -> None:
        """The client went away; what was not begun is not done."""
        if self._timer is not None:
            self._timer.cancel()


def _play(trouble: Trouble, answer: Answer) -> None:
    match trouble:
        case int(status):
            _send(answer, status, b'{"error": "simulated trouble"}')
        case "redirect":
            answer.start(302, {"location": "https://elsewhere.sim/"})
            answer.end()
        case "garbage":
            _send(answer, 200, b"<html>It works!</html>")
        case "huge":
            _send(answer, 200, b'"' + b"x" * HUGE_BYTES + b'"')
        case "reset" | "done_then_reset":
            answer.abort()
        case "hang":
            pass


def _send(answer: Answer, status: int, body: bytes) -> None:
    answer.start(status, {**JSON, "content-length": str(len(body))})
    answer.write(body)
    answer.end()


def _read(request: Request) -> tuple[str, dict[str, Any]]:
    """What is wrong with a request, if so, and what its body says."""
    if request.method != "POST":
        return "405 expected a POST", {}
    if not request.headers.get("idempotency-key"):
        return "400 expected an Idempotency-Key", {}
    try:
        told = json.loads(request.body)
    except ValueError:
        return "400 expected JSON", {}
    if not isinstance(told, dict) or not {"tool", "call_id", "caller", "arguments"} <= set(told):
        return "400 expected an object with tool, call_id, caller and arguments", {}
    return "", told


def _is_signed(request: Request, secret: str) -> bool:
    """As Standard Webhooks says: base64 of HMAC-SHA256 over id, timestamp and body."""
    told = request.headers
    signed = b".".join([told.get("webhook-id", "").encode(), told.get("webhook-timestamp", "").encode(), request.body])
    expected = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
    return f"v1,{expected}" in told.get("webhook-signature", "").split(" ")
