"""HTTP requests with callbacks, on pooled connections. The outer face is `agent.net`."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from agent.net_http import Address, HttpConnection
from agent.net_pool import ConnectionPool
from agent.ports import ExchangeListener

log = logging.getLogger(__name__)


class ClientExchange:
    """One HTTP request under way; an `Exchange`. On an idle connection it is sent at once, else a task opens one.

    Cancelled before the body's end, it costs its connection: the rest of the body cannot be skipped. `over` is called
    once, after the listener's last call.
    """

    def __init__(
        self, pool: ConnectionPool, listener: ExchangeListener, over: Callable[["ClientExchange"], None]
    ) -> None:
        self._pool = pool
        self._listener: ExchangeListener | None = listener
        self._over = over
        self._is_over = False
        self.was_sent = False
        """Whether anything of the request may have reached the other side."""
        self._connection: HttpConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self, address: Address, request: bytes, timeout_ms: int) -> None:
        """Send the request, once."""
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(timeout_ms / 1_000, self._on_timeout, timeout_ms)
        connection = self._pool.take(address.origin)
        if connection is not None:
            self._send(connection, request)
        else:
            self._task = loop.create_task(self._open_and_send(address, request))

    def start_failing(self, reason: str) -> None:
        """Nothing can be sent: the listener is told in a later pass."""
        asyncio.get_running_loop().call_soon(self.abandon, reason)

    def cancel(self) -> None:
        """Give up; no call on the listener follows."""
        self._listener = None
        self._end()

    def abandon(self, reason: str) -> None:
        """Give up on behalf of the network: the listener is told."""
        self._fail(reason)

    # --- the connection's ----------------------------------------------------------------------------------------

    def on_response(self, status: int, headers: Mapping[str, str]) -> None:
        """The head came."""
        self._stop_timer()  # it bounds the wait for the headers only
        self._tell(lambda listener: listener.on_response(status, headers))

    def on_data(self, data: bytes) -> None:
        """A piece of the body came."""
        self._tell(lambda listener: listener.on_data(data))

    def on_end(self) -> None:
        """The body is complete; the connection is somebody else's already."""
        self._connection = None
        listener, self._listener = self._listener, None
        try:
            if listener is not None:
                listener.on_end()
        except Exception:
            log.exception("the listener of an exchange failed in on_end")
        self._end()

    def on_switched(self, transport: asyncio.Transport, rest: bytes) -> None:  # noqa: ARG002 - the port's form
        """Nobody asked for that."""
        transport.abort()
        self._connection = None
        self._fail("the server switched to a protocol that nobody asked for")

    def on_lost(self, reason: str) -> None:
        """The connection ended before the answer did."""
        self._connection = None
        self._fail(reason)

    # --- inside --------------------------------------------------------------------------------------------------

    async def _open_and_send(self, address: Address, request: bytes) -> None:
        try:
            connection = await self._pool.open(address.origin)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            self._fail(f"{type(error).__name__}: {error}")
            return
        self._task = None
        if self._is_over:
            self._pool.on_idle(connection)
        elif connection.is_usable:
            self._send(connection, request)
        else:
            self._fail("the connection was lost")

    def _send(self, connection: HttpConnection, request: bytes) -> None:
        self._connection = connection
        self.was_sent = True
        connection.send(request, self)

    def _tell(self, call: Callable[[ExchangeListener], None]) -> None:
        if self._listener is None:
            return
        try:
            call(self._listener)
        except Exception as error:
            log.exception("the listener of an exchange failed")
            self._fail(f"a fault of ours, see the log: {type(error).__name__}")

    def _on_timeout(self, timeout_ms: int) -> None:
        self._fail(f"no answer within {timeout_ms} ms", timed_out=True)

    def _fail(self, reason: str, *, timed_out: bool = False) -> None:
        listener, self._listener = self._listener, None
        self._end()
        if listener is not None:
            try:
                listener.on_failure(reason, timed_out=timed_out)
            except Exception:
                log.exception("the listener of an exchange failed in on_failure")

    def _end(self) -> None:
        """Release everything; harmless twice."""
        self._stop_timer()
        task, self._task = self._task, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()
        if not self._is_over:
            self._is_over = True
            self._over(self)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
