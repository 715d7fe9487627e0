"""The real network: websockets and HTTP on one shared pool of connections.

With `agent.server`, the only place of the agent that touches sockets.
"""

import asyncio
from collections.abc import Mapping
from importlib import metadata

import aiohttp
from aiohttp import hdrs

from agent.net_exchange import ClientExchange
from agent.net_websocket import GOING_AWAY, ClientWire, HandshakeRefusedError, ServerWire
from agent.ports import ExchangeListener, WireListener

__all__ = ["LoopNetwork", "ServerWire"]

CONNECTION_LIMIT = 2_000
"""Open at once, in all: several hundred calls with their three providers."""

KEEP_ALIVE_S = 90.0
"""An idle HTTP connection is kept this long: longer than a caller's usual turn."""

NAME_CACHE_S = 300
"""How long a resolved host name is remembered."""

REFUSAL_LIMIT_BYTES = 300
"""Read of the body of a refused handshake."""

REFUSAL_WAIT_S = 1.0
"""Longest wait for that body."""


class LoopNetwork:
    """The `Network` port on the running asyncio loop; one instance a process.

    Connections are pooled and kept alive; names are cached; small writes leave at once (aiohttp sets TCP_NODELAY).
    Redirects are reported, not followed, so that no key travels to another host.
    """

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._wires: dict[asyncio.Task[None], ClientWire] = {}
        self._exchanges: dict[asyncio.Task[None], ClientExchange] = {}

    @property
    def open_count(self) -> int:
        """Websockets and requests under way."""
        return len(self._wires) + len(self._exchanges)

    def open_websocket(
        self, url: str, headers: Mapping[str, str], listener: WireListener, *, open_timeout_ms: int
    ) -> ClientWire:
        """Dial `url` (`ws` or `wss`)."""
        wire = ClientWire(listener)
        task = wire.start(self._shared_session(), url, headers, open_timeout_ms)
        self._wires[task] = wire
        task.add_done_callback(self._wires.pop)
        return wire

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        listener: ExchangeListener,
        *,
        timeout_ms: int,
    ) -> ClientExchange:
        """Send an HTTP request on a pooled connection; `timeout_ms` bounds the wait for the response's headers."""
        exchange = ClientExchange(listener)
        task = exchange.start(self._shared_session(), method, url, headers, body, timeout_ms)
        self._exchanges[task] = exchange
        task.add_done_callback(self._exchanges.pop)
        return exchange

    async def close(self) -> None:
        """End everything under way (the listeners are told) and close the pool; harmless twice.

        What is opened afterwards fails as if the other side could not be reached.
        """
        for wire in list(self._wires.values()):
            wire.close(GOING_AWAY, "the network was closed")
        for exchange in list(self._exchanges.values()):
            exchange.abandon("the network was closed")
        tasks = [*self._wires, *self._exchanges]
        if tasks:
            await asyncio.wait(tasks)
        await self._shared_session().close()

    def _shared_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = _new_session()
        return self._session


def _new_session() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=CONNECTION_LIMIT, keepalive_timeout=KEEP_ALIVE_S, ttl_dns_cache=NAME_CACHE_S)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        # Providers' edges refuse some stock agents; a compressed stream of tokens would be held back to fill a block.
        headers={hdrs.USER_AGENT: f"offhook/{metadata.version('offhook')}", hdrs.ACCEPT_ENCODING: "identity"},
        timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None),
        raise_for_status=_explain_refusal,
    )


async def _explain_refusal(response: aiohttp.ClientResponse) -> None:
    """Turn the answer to an upgrade that was not granted into an error that says why; leave other answers alone."""
    if hdrs.UPGRADE not in response.request_info.headers or response.status < 400:
        return
    reason = response.headers.get("dg-error", "")
    if not reason:
        try:
            async with asyncio.timeout(REFUSAL_WAIT_S):
                reason = (await response.content.read(REFUSAL_LIMIT_BYTES)).decode(errors="replace")
        except (TimeoutError, aiohttp.ClientError):
            reason = ""
    reason = " ".join(reason.split()) or response.reason or "no reason given"
    raise HandshakeRefusedError(response.status, reason[:REFUSAL_LIMIT_BYTES])
