"""Deepgram as a peer: live transcription, Flux, recordings and short-lived tokens, from the protocol page of Deepgram.

It transcribes what `simulator.speech` spoke; any other sound is voice without words, or nothing.
"""

import random
from collections import deque
from collections.abc import Iterable

import orjson

from agent.clock import Clock
from fsm.units import ms_to_ns
from simulator.delays import draw_ms
from simulator.peers.base import Answer, PeerExchange, PeerSocket, PeerWire, Refusal, Request
from simulator.peers.deepgram_audio import AudioError
from simulator.peers.deepgram_behaviour import DeepgramBehaviour, DeepgramCounts
from simulator.peers.deepgram_live import LiveSocket
from simulator.peers.deepgram_messages import fresh_id, refusal
from simulator.peers.deepgram_query import QueryError, read_query
from simulator.peers.deepgram_recorded import Content, LateAnswer, transcribe
from simulator.peers.deepgram_stream import DeepgramStream
from simulator.peers.flux import FluxSocket
from simulator.peers.flux_query import read_flux_query

__all__ = ["DeepgramBehaviour", "DeepgramCounts", "DeepgramPeer"]

LISTEN_PATH = "/v1/listen"
FLUX_PATH = "/v2/listen"
GRANT_PATH = "/v1/auth/grant"

TOKEN_TTL_S = 30
TOKEN_LIMIT = 1_000
"""Granted tokens remembered; the oldest is forgotten first."""


class DeepgramPeer:
    """The emulated Deepgram.

    `behaviour` may be replaced at any time: it holds for what opens afterwards, and its faults that strike a number of
    times begin to count anew. `counts` tells what happened.
    """

    name = "deepgram"

    def __init__(self, clock: Clock, rng: random.Random, behaviour: DeepgramBehaviour | None = None) -> None:
        self.counts = DeepgramCounts()
        self._clock = clock
        self._rng = rng
        self._tokens: dict[str, int] = {}  # token -> instant (ns) it expires
        self._sockets: dict[DeepgramStream, None] = {}
        self._refusals: deque[int] = deque()
        self.behaviour = behaviour or DeepgramBehaviour()

    @property
    def behaviour(self) -> DeepgramBehaviour:
        """The settings in force."""
        return self._behaviour

    @behaviour.setter
    def behaviour(self, behaviour: DeepgramBehaviour) -> None:
        self._behaviour = behaviour
        self._refused_so_far = 0
        self._opened_so_far = 0

    # --- what befalls it ---

    def adopt(self, behaviour: DeepgramBehaviour) -> None:
        """Behave like this from now on, on open websockets too."""
        self.behaviour = behaviour
        for socket in self._open_sockets():
            socket.adopt(behaviour)

    def refuse_next(self, status: int, times: int) -> None:
        """Refuse what comes next so often, whatever it is."""
        self._refusals.extend([status] * times)

    def stall(self, duration_ms: int) -> None:
        """Let every open websocket be silent for so long."""
        for socket in self._open_sockets():
            socket.stall(duration_ms)

    def drop(self, code: int | None = 1011) -> None:
        """Close every open websocket with `code`; without one, tear it down."""
        for socket in self._open_sockets():
            socket.drop(code)

    def babble(self, messages: Iterable[str]) -> None:
        """Send what no client understands, on every open websocket."""
        for socket in self._open_sockets():
            socket.babble(messages)

    def _open_sockets(self) -> tuple[DeepgramStream, ...]:
        self._sockets = {socket: None for socket in self._sockets if socket.is_open}
        return tuple(self._sockets)

    # --- what it serves ---

    def upgrade(self, request: Request) -> Refusal | None:
        """Grant a live transcription, or say in `dg-error` why not."""
        refused = self._check(request, live=True)
        behaviour = self.behaviour
        if refused is None and behaviour.max_open is not None and self.counts.open_now >= behaviour.max_open:
            refused = self._refuse(429)
        return refused

    def connect(self, request: Request, wire: PeerWire) -> PeerSocket:
        """Transcribe what comes on `wire`."""
        behaviour = self._behaviour
        may_drop = behaviour.drop_times is None or self._opened_so_far < behaviour.drop_times
        self._opened_so_far += 1
        rng = random.Random(self._rng.getrandbits(64))
        socket: DeepgramStream
        if request.path == FLUX_PATH:
            turns = read_flux_query(request.query)
            socket = FluxSocket(self._clock, rng, behaviour, turns, wire, self.counts, may_drop=may_drop)
        else:
            query = read_query(request.query, live=True)
            socket = LiveSocket(self._clock, rng, behaviour, query, wire, self.counts, may_drop=may_drop)
        self._sockets = dict.fromkeys((*self._open_sockets(), socket))
        return socket

    def exchange(self, request: Request, answer: Answer) -> PeerExchange:
        """Transcribe a recording or grant a token."""
        if request.path == GRANT_PATH:
            return self._grant(request, answer)
        refused = self._check(request, live=False)
        if refused is not None:
            return self._deny(answer, refused)
        request_id = fresh_id(self._rng)
        try:
            query = read_query(request.query, live=False)
            body = transcribe(request.body, query, self._rng, request_id, self._clock.now())
        except AudioError as error:
            return self._deny(answer, self._refuse(400, f"Bad Request: failed to process audio: {error}."))
        self.counts.recordings += 1
        return self._answer(answer, request_id, body, delay_ms=draw_ms(self.behaviour.finalize_delay_ms, self._rng))

    def _check(self, request: Request, *, live: bool) -> Refusal | None:
        """Why a transcription is refused, if it is: the path, a fault, the key, the query."""
        if request.path != LISTEN_PATH and not (live and request.path == FLUX_PATH):
            return self._refuse(404)
        if request.method != ("GET" if live else "POST"):
            return self._refuse(405)
        if (status := self._fault_status()) is not None:
            return self._refuse(status)
        if not self._is_authorised(request):
            return self._refuse(401)
        try:
            if request.path == FLUX_PATH:
                read_flux_query(request.query)
            else:
                read_query(request.query, live=live)
        except QueryError as error:
            return self._refuse(400, str(error))
        return None

    def _fault_status(self) -> int | None:
        """The status to refuse this request with, whatever it asks."""
        if self._refusals:
            return self._refusals.popleft()
        behaviour = self.behaviour
        times = behaviour.refuse_times
        if behaviour.refuse_status is None or (times is not None and self._refused_so_far >= times):
            return None
        self._refused_so_far += 1
        return behaviour.refuse_status

    def _refuse(self, status: int, message: str | None = None) -> Refusal:
        self.counts.refused += 1
        return refusal(status, fresh_id(self._rng), message)

    def _is_authorised(self, request: Request) -> bool:
        """`Token <key>`, `Bearer <granted token>`, or the browser's subprotocol form of either (section 1)."""
        authorization = request.headers.get("authorization")
        if authorization is None:
            authorization = request.headers.get("sec-websocket-protocol", "").replace(",", " ", 1)
        scheme, _, secret = authorization.strip().partition(" ")
        secret = secret.strip()
        if not secret or scheme.lower() not in ("token", "bearer"):
            return False
        if self.behaviour.api_key is None:
            return True
        if scheme.lower() == "token":
            return secret == self.behaviour.api_key
        return self._clock.now() < self._tokens.get(secret, 0)

    def _grant(self, request: Request, answer: Answer) -> PeerExchange:
        if request.method != "POST":
            return self._deny(answer, self._refuse(405))
        if not self._is_authorised(request):
            return self._deny(answer, self._refuse(401))
        ttl_s = _ttl_s(request.body)
        if ttl_s is None:
            message = "Invalid body: expected JSON with a 'ttl_seconds' of 1 to 3600, or nothing."
            return self._deny(answer, self._refuse(400, message))
        token = f"{self._rng.getrandbits(256):064x}"
        self._tokens[token] = self._clock.now() + ms_to_ns(ttl_s * 1_000)
        if len(self._tokens) > TOKEN_LIMIT:
            del self._tokens[next(iter(self._tokens))]
        body = orjson.dumps({"access_token": token, "expires_in": ttl_s})
        return self._answer(answer, fresh_id(self._rng), body)

    def _deny(self, answer: Answer, refused: Refusal) -> PeerExchange:
        return LateAnswer(self._clock, answer, Content(refused.status, refused.headers, refused.body))

    def _answer(self, answer: Answer, request_id: str, body: bytes, *, delay_ms: int = 0) -> PeerExchange:
        headers = {"content-type": "application/json", "dg-request-id": request_id}
        return LateAnswer(self._clock, answer, Content(200, headers, body), delay_ms=delay_ms)


def _ttl_s(body: bytes) -> int | None:
    """How long a token is asked to live; `None` if that cannot be read."""
    if not body.strip():
        return TOKEN_TTL_S
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    ttl_s = asked.get("ttl_seconds", TOKEN_TTL_S) if isinstance(asked, dict) else None
    return int(ttl_s) if isinstance(ttl_s, int | float) and 1 <= ttl_s <= 3_600 else None
