"""Puts a peer on a real loopback socket: websockets and HTTP on one origin.

aiohttp reads: handshake, HTTP parsing, unmasking. What a peer sends on a websocket goes straight to the transport
(`simulator.websocket`); what it answers by HTTP goes through an outbox which the request's own task drains.
"""

import asyncio
import ipaddress
from collections import Counter, deque
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from aiohttp import WSMsgType, web

from simulator.peers.base import Peer, PeerSocket, Request
from simulator.websocket import UNREAD_LIMIT_BYTES, ServerWire

MESSAGE_LIMIT_BYTES = 16 * 1024 * 1024
"""Largest message and HTTP body taken in; the largest the providers' clients expect to handle."""

CLOSE_TIMEOUT_S = 2.0
"""How long a client may take to answer a close frame that aiohttp sends for us, after a broken frame."""

STOP_TIMEOUT_S = 2.0
"""How long `Host.stop` waits for aiohttp to wind up connections that were already torn down."""


class Host:
    """Serves one peer on one address.

    `counts` tells what was served: websockets, refusals, requests, messages in and out, connections torn down because
    their client did not read (`unread`). An address that is not loopback is refused unless `allow_remote`: peers
    check no real key.
    """

    def __init__(self, peer: Peer, *, host: str = "127.0.0.1", port: int = 0, allow_remote: bool = False) -> None:
        if not (allow_remote or is_loopback(host)):
            raise ValueError(
                f"expected a loopback address (127.0.0.1, ::1, localhost) for the {peer.name} peer, got {host!r}; "
                "pass allow_remote=True to serve it to a network"
            )
        self.peer = peer
        self.counts: Counter[str] = Counter()
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None
        self._open: set[ServerWire | _HostAnswer] = set()
        self._tasks: set[asyncio.Task[object]] = set()

    @property
    def url(self) -> str:
        """The origin, such as "http://127.0.0.1:40123"; a websocket client replaces the scheme by `ws`."""
        assert self._runner is not None, "the host is not started"
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def open_count(self) -> int:
        """Websockets and HTTP exchanges under way."""
        return len(self._open)

    async def start(self) -> None:
        """Begin to listen; raises `OSError` when the port is taken."""
        assert self._runner is None, "the host is already started"
        app = web.Application(client_max_size=MESSAGE_LIMIT_BYTES)
        app.router.add_route("*", "/{path:.*}", self._serve)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=STOP_TIMEOUT_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._port = runner.addresses[0][1]
        self._runner = runner

    async def stop(self) -> None:
        """Tear down every connection and stop listening; harmless twice. No task of ours is left."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        for connection in tuple(self._open):
            connection.tear_down()
        await runner.cleanup()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_TIMEOUT_S)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self._tasks.add(request.task)
        request.task.add_done_callback(self._tasks.discard)
        try:
            return await self._route(request)
        except ConnectionError:  # gone, or torn down: a cancelled handler makes aiohttp close without a word
            raise asyncio.CancelledError from None

    async def _route(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): ", ".join(request.headers.getall(name)) for name in request.headers}
        told = Request(request.method, request.raw_path, headers, body)
        if headers.get("upgrade", "").lower() != "websocket":
            return await self._serve_exchange(request, told)
        refusal = self.peer.upgrade(told)
        if refusal is None:
            return await self._serve_websocket(request, told)
        self.counts["refusals"] += 1
        return web.Response(status=refusal.status, headers=refusal.headers, body=refusal.body)

    async def _serve_websocket(self, request: web.Request, told: Request) -> web.StreamResponse:
        offered = tuple(name.strip() for name in told.headers.get("sec-websocket-protocol", "").split(",") if name)
        socket = web.WebSocketResponse(
            autoclose=False,
            compress=False,
            max_msg_size=MESSAGE_LIMIT_BYTES,
            protocols=offered[:1],
            timeout=CLOSE_TIMEOUT_S,
        )
        await socket.prepare(request)
        transport = request.transport
        if transport is None:  # it went during the handshake: aiohttp notices by itself
            return socket
        self.counts["websockets"] += 1
        wire = ServerWire(transport, self.counts)
        self._open.add(wire)
        try:
            peer_socket = self.peer.connect(told, wire)
            try:
                await _read(socket, wire, peer_socket)
            finally:
                wire.is_open = False
                peer_socket.on_close()
        except Exception:
            wire.tear_down()  # the peer's own mistake: aiohttp logs it
            raise
        finally:
            wire.release()
            self._open.discard(wire)
        return socket

    async def _serve_exchange(self, request: web.Request, told: Request) -> web.StreamResponse:
        self.counts["requests"] += 1
        answer = _HostAnswer(request, self.counts)
        self._open.add(answer)
        try:
            exchange = self.peer.exchange(told, answer)
            try:
                return await answer.deliver()
            except (asyncio.CancelledError, ConnectionError):
                if not answer.is_aborted:
                    exchange.on_disconnect()
                raise
        except Exception:
            answer.tear_down()
            raise
        finally:
            answer.is_open = False
            self._open.discard(answer)


async def _read(socket: web.WebSocketResponse, wire: ServerWire, peer_socket: PeerSocket) -> None:
    """Hand every message to the peer until the websocket ends; answer the client's close in kind."""
    counts = wire.counts
    while True:
        message = await socket.receive()
        if message.type is WSMsgType.TEXT or message.type is WSMsgType.BINARY:
            if wire.is_open:
                counts["messages_in"] += 1
                peer_socket.on_message(message.data)
            continue
        if message.type is WSMsgType.CLOSE:
            wire.close(message.data or None)
        wire.hang_up()
        return


class _HostAnswer:
    """A peer's end of an HTTP exchange: an outbox that the request's own task drains."""

    def __init__(self, request: web.Request, counts: Counter[str]) -> None:
        self.is_open = True
        self.is_aborted = False
        self._request = request
        self._transport = request.transport
        self._counts = counts
        self._response: web.StreamResponse | None = None
        self._outbox: deque[bytes] = deque()
        self._unsent_bytes = 0
        self._is_ended = False
        self._waiter: asyncio.Future[None] | None = None

    def start(self, status: int, headers: Mapping[str, str]) -> None:
        assert self._response is None, "an answer starts once"
        self._response = web.StreamResponse(status=status, headers=headers)
        self._wake()

    def write(self, data: bytes) -> None:
        assert self._response is not None, "an answer starts before its body"
        if not self.is_open or self._is_ended or self.is_aborted or not data:
            return
        self._unsent_bytes += len(data)
        if self._unsent_bytes > UNREAD_LIMIT_BYTES:
            self._counts["unread"] += 1
            self.tear_down()
            return
        self._outbox.append(data)
        self._wake()

    def end(self) -> None:
        assert self._response is not None, "an answer starts before it ends"
        self._is_ended = True
        self._wake()

    def abort(self) -> None:
        self.is_aborted = True
        self._wake()

    def tear_down(self) -> None:
        """End the connection now, whatever waits to be written."""
        self.is_open = False
        self.is_aborted = True
        if self._transport is not None:
            self._transport.abort()

    async def deliver(self) -> web.StreamResponse:
        """Send what the peer writes, as it writes it; returns once the peer ended its answer."""
        while self._response is None and not self.is_aborted:
            await self._wait()
        if self._response is not None:
            await self._response.prepare(self._request)
            while not await self._drain(self._response):
                await self._wait()
            if not self.is_aborted:
                return self._response
        raise ConnectionResetError("the peer tore the connection down")

    async def _drain(self, response: web.StreamResponse) -> bool:
        """Write the outbox; true once nothing more comes."""
        while self._outbox:
            data = self._outbox.popleft()
            self._unsent_bytes -= len(data)
            await response.write(data)
        if self._is_ended and not self.is_aborted:
            await response.write_eof()
        return self._is_ended or self.is_aborted

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
