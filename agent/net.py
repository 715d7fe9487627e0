"""The real network: websockets and HTTP, by callbacks, on one shared pool of connections.

With `agent.server`, the only place of the agent that touches sockets.
"""

import asyncio
import ssl
from collections.abc import Mapping

from agent.net_dial import Dialler
from agent.net_exchange import ClientExchange
from agent.net_http import address_of, encode_request
from agent.net_pool import ConnectionPool
from agent.net_websocket import GOING_AWAY, ClientWire
from agent.ports import ExchangeListener, WireListener


class LoopNetwork:
    """The `Network` port on the running asyncio loop; one instance a process.

    Connections are kept alive and used again; names are cached; small writes leave at once. Redirects are reported, not
    followed, so that no key travels to another host. `tls` replaces the system's idea of whom to trust.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._pool = ConnectionPool(Dialler(tls))
        self._under_way: set[ClientWire | ClientExchange] = set()
        self._warming: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self._changed = asyncio.Event()

    @property
    def open_count(self) -> int:
        """Websockets and requests under way."""
        return len(self._under_way)

    def open_websocket(
        self, url: str, headers: Mapping[str, str], listener: WireListener, *, open_timeout_ms: int
    ) -> ClientWire:
        """Dial `url` (`ws` or `wss`)."""
        wire = ClientWire(self._pool, listener, self._on_over)
        self._under_way.add(wire)
        try:
            self._refuse_if_closed()
            wire.start(address_of(url), headers, open_timeout_ms)
        except (OSError, ValueError) as error:
            wire.start_failing(str(error))
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
        exchange = ClientExchange(self._pool, listener, self._on_over)
        self._under_way.add(exchange)
        try:
            self._refuse_if_closed()
            address = address_of(url)
            exchange.start(address, encode_request(method, address, headers, body), timeout_ms)
        except (OSError, ValueError) as error:
            exchange.start_failing(str(error))
        return exchange

    def warm(self, url: str) -> None:
        """Open a connection ahead of need, where none is idle."""
        if self._is_closed:
            return
        task = asyncio.get_running_loop().create_task(self._pool.warm(address_of(url).origin))
        self._warming.add(task)
        task.add_done_callback(self._warming.discard)

    async def close(self) -> None:
        """End everything under way (the listeners are told) and close the pool; harmless twice.

        What is opened afterwards fails as if the other side could not be reached.
        """
        self._is_closed = True
        for task in tuple(self._warming):
            task.cancel()
        for one in tuple(self._under_way):
            if isinstance(one, ClientWire):
                one.close(GOING_AWAY, "the network was closed")
            else:
                one.abandon("the network was closed")
        while self._under_way:
            self._changed.clear()
            await self._changed.wait()
        await self._pool.close()

    def _refuse_if_closed(self) -> None:
        if self._is_closed:
            raise ConnectionError("the network was closed")

    def _on_over(self, one: ClientWire | ClientExchange) -> None:
        self._under_way.discard(one)
        self._changed.set()
