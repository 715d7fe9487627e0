"""Groq's chat completions as a peer: HTTP in, server-sent events or JSON out (protocol page "Groq")."""

import random
import string
from collections import Counter, deque
from collections.abc import Callable, Mapping
from urllib.parse import unquote

import orjson

from agent.clock import Clock
from fsm.units import NS_PER_S, ms_to_ns
from simulator.brain.answers import Brain, BrainAnswer
from simulator.delays import draw_ns
from simulator.peers.base import Answer, PeerExchange, PeerSocket, PeerWire, Refusal, Request
from simulator.peers.groq_behaviour import GroqBehaviour, GroqRefusal, GroqStreamFault
from simulator.peers.groq_checks import check_request
from simulator.peers.groq_exchange import GroqExchange
from simulator.peers.groq_generation import check_answer, compose
from simulator.peers.groq_meter import Limits, PrefixCache, count_prompt_tokens, prompt_bytes
from simulator.peers.groq_refusals import GroqProblem, bad_key, injected, invalid, unknown_model, unknown_url
from simulator.peers.groq_stream import Completion, stream_beats, whole_answer

__all__ = ["GroqBehaviour", "GroqPeer", "GroqRefusal", "GroqStreamFault"]

EPOCH_S = 1_780_000_000
"""Wall-clock second that `created` counts from: a peer has no calendar."""

SEEN_LIMIT = 256
"""Requests remembered in `GroqPeer.seen`; older ones go."""

OWNERS = {"openai": "OpenAI", "qwen": "Alibaba Cloud", "groq": "Groq"}


class GroqPeer:
    """The emulated Groq.

    `counts`: requests, models, completions; refused; started, and of these finished, cancelled (the client went away
    in mid-answer) and aborted (by a fault). `seen`: the last request bodies. `behaviour` and `brain` may be replaced at
    any time; `coming` changes the behaviour for the next completions, one each.
    """

    name = "groq"

    def __init__(self, clock: Clock, rng: random.Random, brain: Brain, behaviour: GroqBehaviour | None = None) -> None:
        self.behaviour = behaviour or GroqBehaviour()
        self.counts: Counter[str] = Counter()
        self.seen: deque[Mapping[str, object]] = deque(maxlen=SEEN_LIMIT)
        self._clock = clock
        self._rng = rng
        self.brain = brain
        self.coming: deque[Callable[[GroqBehaviour], GroqBehaviour]] = deque()
        self._exchanges: dict[GroqExchange, None] = {}
        self._limits = Limits()
        self._cache = PrefixCache()

    @property
    def open_count(self) -> int:
        """Completions being answered now."""
        counts = self.counts
        return counts["started"] - counts["finished"] - counts["cancelled"] - counts["aborted"]

    def upgrade(self, request: Request) -> Refusal | None:
        """Groq has no websocket."""
        problem = unknown_url(request.method, request.path)
        return Refusal(problem.status, self._headers(problem), problem.body)

    def connect(self, request: Request, wire: PeerWire) -> PeerSocket:  # noqa: ARG002 - the port's signature
        """Never called: `upgrade` refuses."""
        raise AssertionError("a websocket was opened although Groq serves none")

    def exchange(self, request: Request, answer: Answer) -> PeerExchange:
        """Serve `/chat/completions` and `/models`, below `/openai/v1` or `/v1`."""
        self.counts["requests"] += 1
        route = (request.method, unquote(request.path).removeprefix("/openai"))
        is_completion = route == ("POST", "/v1/chat/completions")
        behaviour = self.coming.popleft()(self.behaviour) if is_completion and self.coming else self.behaviour
        exchange = GroqExchange(self._clock, self._rng, answer, self.counts, behaviour)
        self._exchanges = {under_way: None for under_way in self._exchanges if under_way.is_open} | {exchange: None}
        problem = self._check_caller(request)
        if problem is not None:
            exchange.refuse(problem, self._headers(problem))
        elif is_completion:
            self._complete(request, exchange, behaviour)
        elif route[0] == "GET" and route[1].startswith("/v1/models"):
            self._list_models(route[1].removeprefix("/v1/models").removeprefix("/"), exchange)
        else:
            problem = unknown_url(request.method, request.path)
            exchange.refuse(problem, self._headers(problem))
        return exchange

    def stall(self, duration_ms: int) -> None:
        """Let every answer under way pause for so long."""
        for exchange in self._exchanges:
            exchange.stall(duration_ms)

    def _check_caller(self, request: Request) -> GroqProblem | None:
        agent = request.headers.get("user-agent", "")
        if self.behaviour.refused_user_agents and agent.startswith(self.behaviour.refused_user_agents):
            return injected(GroqRefusal.EDGE_FORBIDDEN, "", None)
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key or self.behaviour.api_key not in (None, key):
            return bad_key()
        return None

    def _list_models(self, wanted: str, exchange: GroqExchange) -> None:
        self.counts["models"] += 1
        listed = [_model(name) for name in self.behaviour.models]
        if not wanted:
            exchange.answer_json({"object": "list", "data": listed}, self._headers())
            return
        found = [model for model in listed if model["id"] == wanted]
        if found:
            exchange.answer_json(found[0], self._headers())
        else:
            problem = unknown_model(wanted)
            exchange.refuse(problem, self._headers(problem))

    def _complete(self, request: Request, exchange: GroqExchange, behaviour: GroqBehaviour) -> None:
        self.counts["completions"] += 1
        first_n = behaviour.fail_first_n
        is_faulty = first_n is None or self.counts["completions"] <= first_n
        body = _decoded(request.body)
        problem = (
            body if isinstance(body, GroqProblem) else self._check_completion(body, behaviour, is_faulty=is_faulty)
        )
        if problem is not None:
            exchange.refuse(problem, self._headers(problem))
            return
        assert isinstance(body, dict)
        self.seen.append(body)
        self._generate(body, exchange, behaviour, is_faulty=is_faulty)

    def _check_completion(
        self, body: Mapping[str, object], behaviour: GroqBehaviour, *, is_faulty: bool
    ) -> GroqProblem | None:
        problem = check_request(body, behaviour)
        if problem is None and behaviour.refuse is not None and is_faulty:
            return injected(behaviour.refuse, str(body["model"]), behaviour.retry_after_s)
        return problem or self._limits.admit(body, count_prompt_tokens(body), behaviour, self._clock.now())

    def _generate(
        self, body: Mapping[str, object], exchange: GroqExchange, behaviour: GroqBehaviour, *, is_faulty: bool
    ) -> None:
        now = self._clock.now()
        answer = self._ask(body)
        problem = check_answer(answer, body) if behaviour.check_tool_calls else None
        if problem is not None:
            exchange.refuse(problem, self._headers(problem))
            return
        completion = self._completion(body, answer, behaviour, starve=behaviour.starve and is_faulty)
        uncached = completion.prompt_tokens - completion.cached_tokens
        self._limits.spend_tokens(uncached + completion.composition.completion_tokens, now)
        headers = self._headers()
        if body.get("stream"):
            fault = behaviour.stream_fault if is_faulty else None
            beats, ending = stream_beats(completion, behaviour, fault)
            exchange.play({**headers, **_STREAM_HEADERS}, beats, ending)
        else:
            exchange.play({**headers, "content-type": "application/json"}, [whole_answer(completion, behaviour)])

    def _ask(self, body: Mapping[str, object]) -> BrainAnswer:
        """The brain's answer; with `tool_choice` "none" the brain is not told of tools."""
        if body.get("tool_choice") == "none":
            body = {name: value for name, value in body.items() if name != "tools"}
        return self.brain.answer(body)

    def _completion(
        self, body: Mapping[str, object], answer: BrainAnswer, behaviour: GroqBehaviour, *, starve: bool
    ) -> Completion:
        now = self._clock.now()
        model, prompt = str(body["model"]), prompt_bytes(body)
        cached = self._cache.cached_tokens(prompt, behaviour.cache_min_tokens, now)
        options = body.get("stream_options")
        return Completion(
            id=f"chatcmpl-{self._fresh(28)}",
            request_id=f"req_{self._fresh(26)}",
            model=model,
            created=EPOCH_S + now // NS_PER_S,
            seed=self._rng.getrandbits(31),
            first_token_ns=self._first_token_ns(behaviour),
            prompt_tokens=count_prompt_tokens(body),
            cached_tokens=cached if "gpt-oss" in model else 0,
            composition=compose(answer, body, behaviour, self._rng, starve=starve),
            include_usage=isinstance(options, Mapping) and options.get("include_usage") is True,
        )

    def _first_token_ns(self, behaviour: GroqBehaviour) -> int:
        if behaviour.slow_share and self._rng.random() < behaviour.slow_share:
            return ms_to_ns(behaviour.slow_first_token_ms)
        jitter_ns = ms_to_ns(behaviour.first_token_jitter_ms)
        return draw_ns(behaviour.first_token_ms, self._rng) + (self._rng.randrange(jitter_ns) if jitter_ns else 0)

    def _headers(self, problem: GroqProblem | None = None) -> dict[str, str]:
        headers = self._limits.headers(self.behaviour, self._clock.now())
        headers["x-request-id"] = f"req_{self._fresh(26)}"
        headers["server"] = "cloudflare"
        if problem is not None:
            headers["content-type"] = problem.content_type
            headers.update(problem.headers)
        return headers

    def _fresh(self, length: int) -> str:
        return "".join(self._rng.choices(string.ascii_lowercase + string.digits, k=length))


_STREAM_HEADERS = {"content-type": "text/event-stream", "cache-control": "no-cache"}


def _model(name: str) -> dict[str, object]:
    owner = OWNERS.get(name.partition("/")[0], "offhook")
    sizes = {"context_window": 131_072, "max_completion_tokens": 65_536}
    return {"id": name, "object": "model", "created": EPOCH_S, "owned_by": owner, "active": True, **sizes}


def _decoded(body: bytes) -> dict[str, object] | GroqProblem:
    try:
        decoded = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return invalid(f"expected JSON as the request body: {error}")
    return decoded if isinstance(decoded, dict) else invalid("expected a JSON object as the request body")
