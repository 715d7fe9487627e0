"""Tools that are somebody's HTTP endpoint: a signed JSON POST, and what its answer means.

    POST /order-status HTTP/1.1
    Content-Type: application/json
    Idempotency-Key: 5f0c…           the same for the same intent, whoever repeats it
    webhook-id, webhook-timestamp, webhook-signature: see `tools.signing`
    offhook-attempt: 1               offhook-deadline-ms: 2850

    {"tool": "order_status", "call_id": "CA…", "caller": "+15550001111", "arguments": {"order": "A17"}}

What may be repeated (pure and idempotent tools, and whatever was not sent at all) is, within the tool's deadline.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlsplit

from pydantic_core import to_json

from tools.breaker import Breaker, Circuit
from tools.context import ToolContext, ToolError, ToolFailed
from tools.declare import tool_of_schema
from tools.ports import Http, HttpAnswer, HttpError
from tools.signing import sign
from tools.tool import EFFECT_LIMIT_MS, Arguments, Kind, Terms, Tool
from tools.waiting import elapse
from tools.webhook_answer import UnusableError, is_down, is_misdirected, retry_after_s, what_it_says

ATTEMPTS = 3
BACKOFF_MS = 50
"""Before the second attempt, give or take a half; twice as long before each further one."""

LIMIT_BYTES = 64 * 1024
"""Largest answer that is read: far more than a model is told of."""

SHARE = 0.95
"""Of the deadline, for the request: it ends before its tool does, so that a host which hangs is known to hang."""

_UNREACHABLE = "This cannot be looked up or done right now: the system behind it does not answer. Nothing was changed."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a tool lives. `secret_env` names the variable with the secret that requests are signed with."""

    tool: str
    url: str
    kind: Kind
    deadline_ms: int
    secret_env: str = ""

    @property
    def host(self) -> str:
        """Host and port, for breakers and logs."""
        return urlsplit(self.url).netloc


def webhook_tool(
    name: str, description: str, parameters: Mapping[str, object], terms: Terms, url: str, secret_env: str = ""
) -> Tool:
    """A tool that is an HTTP endpoint; its calls need the port `Webhooks`. Raises ValueError."""
    endpoint = Endpoint(name, url, terms.kind, terms.deadline_ms, secret_env)

    async def run(context: ToolContext, arguments: Arguments) -> object:
        return await context.port(Webhooks).call(endpoint, context, arguments)

    return tool_of_schema(name, description, parameters, run, terms)


@dataclass(slots=True)
class _Question:
    """One request and its attempts."""

    endpoint: Endpoint
    message_id: str
    key: str
    body: bytes
    give_up_at: float
    attempt: int = 0
    was_sent: bool = False
    """Some attempt may have reached its goal."""

    @property
    def may_repeat(self) -> bool:
        return self.endpoint.kind is not Kind.EFFECT or not self.was_sent


@dataclass(slots=True)
class Webhooks:
    """Calls the endpoints of a process's tools, and knows which hosts are down. `secret_of` reads a variable.

    `urls` are those to which connections are opened ahead of need.
    """

    http: Http
    secret_of: Callable[[str], str]
    rng: Random
    urls: tuple[str, ...] = ()
    _breakers: dict[str, Breaker] = field(default_factory=dict)
    _asked: int = 0

    def warm(self) -> None:
        """A call begins: have a connection to each host ready, unless it is known to be down."""
        for host, url in {urlsplit(url).netloc: url for url in self.urls}.items():
            if self._breaker(host).state is Circuit.CLOSED:
                self.http.warm(url)

    async def call(self, endpoint: Endpoint, context: ToolContext, arguments: Arguments) -> object:
        """What the endpoint answers.

        Raises `ToolError` where it refused or could not be asked, so that nothing was done; `ToolFailed` where nobody
        can tell.
        """
        now = asyncio.get_running_loop().time()
        self._asked += 1
        message_id = f"msg_{context.call_id}_{int(context.now().timestamp())}_{self._asked}"
        told = {"tool": endpoint.tool, "call_id": context.call_id, "caller": context.caller, "arguments": arguments}
        budget_ms = EFFECT_LIMIT_MS if endpoint.kind is Kind.EFFECT else endpoint.deadline_ms
        question = _Question(
            endpoint, message_id, context.key or message_id, to_json(told), now + budget_ms * SHARE / 1_000
        )
        while True:
            question.attempt += 1
            try:
                answer = await self._attempt(question, context)
            except HttpError as error:
                _log.warning("%s: %s: attempt %d: %s", endpoint.tool, endpoint.host, question.attempt, error)
                question.was_sent |= error.was_sent
                if await self._may_go_on(question):
                    continue
                if not question.was_sent:
                    raise ToolError(_UNREACHABLE) from None
                raise ToolFailed(str(error)) from error
            question.was_sent = True
            if is_down(answer.status) and await self._may_go_on(question, retry_after_s(answer)):
                continue
            return self._read(question, answer)

    # --- one attempt ---------------------------------------------------------------------------------------------

    async def _attempt(self, question: _Question, context: ToolContext) -> HttpAnswer:
        """Ask once, if the host is not known to be down; raises `HttpError` and `ToolError`."""
        clock = asyncio.get_running_loop().time
        breaker = self._breaker(question.endpoint.host)
        headers = self._headers(question, context)
        if not breaker.admits(clock()):
            raise ToolError(_UNREACHABLE)
        timeout_ms = max(1, round((question.give_up_at - clock()) * 1_000))
        try:
            answer = await self.http.post(
                question.endpoint.url, headers, question.body, timeout_ms=timeout_ms, limit_bytes=LIMIT_BYTES
            )
        except HttpError:
            breaker.failed(clock())
            raise
        except BaseException:
            breaker.abandoned()
            raise
        if is_down(answer.status):
            breaker.failed(clock())
        else:
            breaker.succeeded()
        return answer

    def _headers(self, question: _Question, context: ToolContext) -> dict[str, str]:
        now_s = int(context.now().timestamp())
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Idempotency-Key": question.key,
            "offhook-attempt": str(question.attempt),
            "offhook-deadline-ms": str(question.endpoint.deadline_ms),
        }
        name = question.endpoint.secret_env
        if not name:
            return headers
        secret = self.secret_of(name)
        try:
            return {**headers, **sign(secret, question.message_id, now_s, question.body)}
        except ValueError as error:
            _log.error("%s cannot be asked: %s: %s", question.endpoint.tool, name, error)
            raise ToolError(_UNREACHABLE) from None

    async def _may_go_on(self, question: _Question, at_least_s: float = 0.0) -> bool:
        """Whether another attempt is safe and in time; returns when it is due."""
        is_closed = self._breaker(question.endpoint.host).state is Circuit.CLOSED
        if question.attempt >= ATTEMPTS or not question.may_repeat or not is_closed:
            return False
        wait_s = max(at_least_s, BACKOFF_MS / 1_000 * 2.0 ** (question.attempt - 1) * self.rng.uniform(0.5, 1.5))
        if asyncio.get_running_loop().time() + wait_s >= question.give_up_at:
            return False
        await elapse(wait_s)
        return True

    def _read(self, question: _Question, answer: HttpAnswer) -> object:
        endpoint = question.endpoint
        if is_misdirected(answer):
            _log.warning(
                "%s: %s: status %d: is the URL wrong, or the secret?", endpoint.tool, endpoint.host, answer.status
            )
        try:
            return what_it_says(answer, has_done=endpoint.kind is not Kind.PURE)
        except UnusableError as error:
            _log.warning("%s: %s: %s", endpoint.tool, endpoint.host, error)
            raise

    def _breaker(self, host: str) -> Breaker:
        return self._breakers.setdefault(host, Breaker())
