"""A websocket that somebody dialled to us: aiohttp takes the handshake, its frames then come straight to us."""

import asyncio
from collections.abc import Callable

from aiohttp import hdrs, web
from websockets.utils import accept_key

from agent.net_socket import OpenSocket
from agent.ports import Wire, WireListener

GOING_AWAY = 1001


def is_handshake(request: web.Request) -> bool:
    """Whether a request asks for a websocket as it should."""
    return web.WebSocketResponse(compress=False).can_prepare(request).ok


async def serve_websocket(
    request: web.Request, listen: Callable[[Wire], WireListener], *, limit_bytes: int
) -> web.StreamResponse:
    """Shake hands, have `listen` make a listener for the wire, and wait for its end; no task but the request's own.

    Returns what the request was answered with. Never raises for what the other side does, but `ConnectionError` where
    it was gone before the handshake. Cancelled, it closes the wire with 1001.
    """
    response = _granted(request)
    await response.prepare(request)
    transport = request.transport
    if transport is None:
        raise ConnectionResetError("the other side left during the handshake")
    gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    socket = OpenSocket(transport, is_client=False, limit_bytes=limit_bytes, gone=lambda: _resolve(gone))
    socket.listener = listen(socket)
    request.protocol.set_parser(_FrameTaker(socket))  # type: ignore[arg-type]  # has the form of aiohttp's own
    try:
        await gone
    except asyncio.CancelledError:
        socket.close(GOING_AWAY, "the server was stopped")
        socket.connection_lost(None)
        raise
    return response


def _granted(request: web.Request) -> web.StreamResponse:
    accept = accept_key(request.headers[hdrs.SEC_WEBSOCKET_KEY].strip())
    headers = {hdrs.UPGRADE: "websocket", hdrs.CONNECTION: "upgrade", hdrs.SEC_WEBSOCKET_ACCEPT: accept}
    response = web.StreamResponse(status=101, headers=headers)
    response.force_close()
    return response


def _resolve(gone: "asyncio.Future[None]") -> None:
    if not gone.done():
        gone.set_result(None)


class _FrameTaker:
    """Takes the place of aiohttp's websocket parser, which would put every message into a queue and wake a task."""

    def __init__(self, socket: OpenSocket) -> None:
        self._socket = socket
        self._take = socket.data_received

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """The next bytes: more will come, and nothing is left over."""
        self._take(data)
        return False, b""

    def feed_eof(self) -> None:
        """The connection has ended."""
        self._socket.connection_lost(None)
