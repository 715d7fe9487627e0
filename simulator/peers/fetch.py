"""How peers that are clients of our server ask it for something: one whole answer, in time, or why there is none."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from agent.clock import Clock
from agent.ports import Exchange
from fsm.units import NS_PER_MS

BODY_LIMIT_BYTES = 256 * 1024


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

    def json(self) -> dict[str, Any]:
        """The body's JSON object; an empty one where it is none."""
        try:
            told = json.loads(self.body)
        except ValueError:
            return {}
        return told if isinstance(told, dict) else {}

    def __str__(self) -> str:
        return self.trouble or f"status {self.status}, {self.content_type or 'no content type'}"


class Fetch:
    """One request under way, an `ExchangeListener`: collects the answer, in bounds of time and size."""

    def __init__(self, clock: Clock, timeout_ms: int, on_answer: Callable[[HttpAnswer], None]) -> None:
        self.exchange: Exchange | None = None
        self._on_answer: Callable[[HttpAnswer], None] | None = on_answer
        self._status = 0
        self._content_type = ""
        self._body = bytearray()
        late = f"no complete answer within {timeout_ms} ms"
        self._timer = clock.call_at(clock.now() + timeout_ms * NS_PER_MS, partial(self._give_up, late))

    def on_response(self, status: int, headers: Mapping[str, str]) -> None:
        """Status and headers came."""
        self._status = status
        self._content_type = headers.get("content-type", "")

    def on_data(self, data: bytes) -> None:
        """A piece of the body came; too many give up."""
        self._body += data
        if len(self._body) > BODY_LIMIT_BYTES:
            self._give_up(f"an answer of more than {BODY_LIMIT_BYTES} bytes")

    def on_end(self) -> None:
        """The answer is complete."""
        self._settle(HttpAnswer(self._status, self._content_type, bytes(self._body)))

    def on_failure(self, reason: str, *, timed_out: bool) -> None:
        """No complete answer will come."""
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


def routed(url: str, routes: Mapping[str, str]) -> str:
    """Where `url` is really served: `routes` lead public origins, of `https` as of `wss`, to other ones."""
    parts = urlsplit(url)
    origin = f"{parts.scheme.replace('ws', 'http')}://{parts.netloc}"
    real = routes.get(origin)
    if real is None:
        return url
    local = urlsplit(real)
    scheme = local.scheme.replace("http", "ws") if parts.scheme.startswith("ws") else local.scheme
    return urlunsplit((scheme, local.netloc, parts.path, parts.query, ""))
