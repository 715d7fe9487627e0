"""What the runner of tools may be given from outside, in its own words."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from tools.outcome import Ending
from tools.tool import Terms


class Cache(Protocol):
    """Keeps answers of pure tools. It never raises, and never costs a call more than it saves."""

    @property
    def pepper(self) -> bytes:
        """What makes its keys unguessable, at most 64 bytes; the same for all that share it."""
        ...

    async def answer(self, tool: str, key: str, terms: Terms, ask: Callable[[], Awaitable[Ending]]) -> Ending:
        """The kept answer of `tool` under `key`, or what `ask` gives, which is then kept as long as `terms` say.

        `ask` never raises and may be called at any time, by nobody's request too; of its endings only those that are
        `Fate.DONE` are answers, `NOT_DONE` is a refusal ("not found"), `UNSURE` a failure. Whoever waits here may be
        cancelled, which must not stop an asking that others wait for. `key` holds no private value in the clear.
        """
        ...

    async def forget(self, tool: str) -> None:
        """The kept answers of `tool` are no longer good."""


class HttpError(Exception):
    """No complete answer came. `was_sent`: the other side may have got the request all the same."""

    def __init__(self, reason: str, *, was_sent: bool) -> None:
        super().__init__(reason)
        self.was_sent = was_sent


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A complete answer; header names are in lower case. `is_cut`: the body was longer than was asked for."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool = False


class Http(Protocol):
    """Makes requests on connections that are kept open. Redirects are answers like any other: nobody follows them."""

    async def post(
        self, url: str, headers: Mapping[str, str], body: bytes, *, timeout_ms: int, limit_bytes: int
    ) -> HttpAnswer:
        """The answer to a POST, of whose body at most `limit_bytes` are read; raises `HttpError`."""
        ...

    def warm(self, url: str) -> None:
        """Open a connection ahead of need, where none is idle."""
