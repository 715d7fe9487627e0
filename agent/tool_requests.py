"""The requests of tools on the network of calls: the port `Http` for coroutines, on the same pool of connections."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from agent.ports import Exchange, ExchangeListener
from tools.ports import HttpAnswer, HttpError


class SentExchange(Exchange, Protocol):
    """A request of which is known whether anything of it may have reached the other side."""

    @property
    def was_sent(self) -> bool:
        """Whether it left: a connection was there to take it."""
        ...


class ToolNetwork(Protocol):
    """What of a network the requests of tools need; see `agent.ports.Network`."""

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        listener: ExchangeListener,
        *,
        timeout_ms: int,
    ) -> SentExchange:
        """Send an HTTP request on a pooled connection."""
        ...

    def warm(self, url: str) -> None:
        """Open a connection ahead of need, where none is idle; trouble with that is nobody's yet."""


class NetworkHttp:
    """The port `tools.ports.Http` on a network of callbacks."""

    def __init__(self, network: ToolNetwork) -> None:
        self._network = network

    async def post(
        self, url: str, headers: Mapping[str, str], body: bytes, *, timeout_ms: int, limit_bytes: int
    ) -> HttpAnswer:
        """The answer, complete or cut at `limit_bytes`, within `timeout_ms`; raises `HttpError`.

        Whoever waits may be cancelled: the request is given up then.
        """
        answer = _Answer(limit_bytes)
        exchange = answer.exchange = self._network.request("POST", url, headers, body, answer, timeout_ms=timeout_ms)
        try:
            async with asyncio.timeout(timeout_ms / 1_000):
                return await answer.whole
        except TimeoutError:
            raise HttpError(f"no whole answer within {timeout_ms} ms", was_sent=exchange.was_sent) from None
        finally:
            answer.give_up()

    def warm(self, url: str) -> None:
        """Open a connection ahead of need."""
        self._network.warm(url)


class _Answer:
    """The pieces of one answer, until they are whole."""

    def __init__(self, limit_bytes: int) -> None:
        self.whole: asyncio.Future[HttpAnswer] = asyncio.get_running_loop().create_future()
        self.exchange: SentExchange | None = None
        self._limit_bytes = limit_bytes
        self._status = 0
        self._headers: Mapping[str, str] = {}
        self._body = bytearray()

    def give_up(self) -> None:
        """Wait no longer."""
        if not self.whole.done():
            self.whole.cancel()
        if self.exchange is not None:
            self.exchange.cancel()

    # --- the exchange's ------------------------------------------------------------------------------------------

    def on_response(self, status: int, headers: Mapping[str, str]) -> None:
        self._status, self._headers = status, headers

    def on_data(self, data: bytes) -> None:
        self._body += data
        if len(self._body) > self._limit_bytes:
            self._end(is_cut=True)

    def on_end(self) -> None:
        self._end(is_cut=False)

    def on_failure(self, reason: str, *, timed_out: bool) -> None:  # noqa: ARG002 - the reason says so too
        if not self.whole.done():
            assert self.exchange is not None, "what is told comes in a later pass"
            self.whole.set_exception(HttpError(reason, was_sent=self.exchange.was_sent))

    def _end(self, *, is_cut: bool) -> None:
        if not self.whole.done():
            body = bytes(self._body[: self._limit_bytes])
            self.whole.set_result(HttpAnswer(self._status, self._headers, body, is_cut))
