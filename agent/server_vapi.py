"""Vapi's requests on the web server: bodies of bounded size in, answers out, streamed ones as they come."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager

from aiohttp import web

from agent.vapi.webhook import Answer, StreamedResponse, VapiWebhook
from agent.web_request import WebRequest, WebResponse
from tools.waiting import elapse

log = logging.getLogger(__name__)

BODY_LIMIT_BYTES = 4 * 1024 * 1024
"""Largest body; reports hold all that was said, word by word."""

BODY_WAIT_S = 10.0
"""Longest wait for a body."""

LOOK_S = 0.25
"""An answer that is thought about for nobody is given up so soon."""

REQUESTS_A_CALL = 4
"""So many requests at a time for each call that there may be: an answer, a tool, a status and one to spare."""


class VapiDoor:
    """Carries requests to `webhook`; None: nothing is served to Vapi.

    `on_change` is called whenever an answer is complete, or a call may be over.
    """

    def __init__(self, webhook: VapiWebhook | None, max_calls: int) -> None:
        self._webhook = webhook
        self._most = REQUESTS_A_CALL * max_calls
        self._under_way = 0
        self.on_change: Callable[[], None] = lambda: None
        if webhook is not None:
            webhook.on_change = lambda: self.on_change()  # noqa: PLW0108 - it is set later

    @property
    def in_progress(self) -> int:
        """Calls of whose end we will be told, and requests under way."""
        return self._under_way + (self._webhook.calls.awaited if self._webhook is not None else 0)

    @property
    def unreported(self) -> int:
        """Calls that ended just now and whose report is still to come."""
        return self._webhook.calls.unreported if self._webhook is not None else 0

    def take_leave(self) -> None:
        """Let callers who say something more be told goodbye."""
        if self._webhook is not None:
            self._webhook.take_leave()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        if self._webhook is None:
            return _error(404, "nothing is served to Vapi here: set VAPI_SECRET, the secret that Vapi is to send")
        if self._under_way >= self._most:
            return _error(503, f"{self._most} requests are under way already", {"Retry-After": "1"})
        self._under_way += 1
        try:
            return await self._serve(self._webhook, request)
        finally:
            self._under_way -= 1
            self.on_change()

    async def _serve(self, webhook: VapiWebhook, request: web.Request) -> web.StreamResponse:
        try:
            async with asyncio.timeout(BODY_WAIT_S):
                body = await _body_of(request)
        except TimeoutError:
            return _error(408, "the body did not come in time")
        except ConnectionError:
            return _error(400, "the body did not come")
        if body is None:
            log.warning("refused %s %.100r: more than %d bytes", request.method, request.path, BODY_LIMIT_BYTES)
            return _error(413, f"a body has at most {BODY_LIMIT_BYTES} bytes here")
        headers = {key.lower(): value for key, value in request.headers.items()}
        try:
            answer = await webhook.handle(WebRequest(request.method, request.raw_path, headers, body))
            return await _send(request, answer)
        except Exception:
            log.exception("a mistake of ours while answering %s %.100r", request.method, request.path)
            return _error(500, "a mistake of ours, see the log")


async def _body_of(request: web.Request) -> bytes | None:
    """The whole body; None if it is too large."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > BODY_LIMIT_BYTES:
            return None
    return bytes(body)


async def _send(request: web.Request, answer: Answer) -> web.StreamResponse:
    if isinstance(answer, WebResponse):
        headers = {"Content-Type": answer.content_type, **answer.headers}
        return web.Response(status=answer.status, body=answer.body, headers=headers)
    assert isinstance(answer, StreamedResponse), "there are no other answers"
    response = web.StreamResponse(headers={"Content-Type": answer.content_type, "Cache-Control": "no-cache"})
    async with aclosing(answer.pieces) as pieces, _noticing_who_leaves(request):
        try:
            await response.prepare(request)
            async for piece in pieces:
                await response.write(piece)
            await response.write_eof()
        except ConnectionError:
            log.info("%s: who asked left before the answer was whole", request.path)
    return response


@asynccontextmanager
async def _noticing_who_leaves(request: web.Request) -> AsyncIterator[None]:
    """Ends the request's task when its client is gone: while nothing is written, nobody else would notice."""
    answering = asyncio.current_task()
    assert answering is not None, "requests are answered by tasks"

    async def look() -> None:
        while request.transport is not None and not request.transport.is_closing():
            await elapse(LOOK_S)
        log.info("%s: who asked left before the answer was whole", request.path)
        answering.cancel()

    looking = asyncio.create_task(look(), name="looks whether who asked is still there")
    try:
        yield
    finally:
        looking.cancel()


def _error(status: int, reason: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": reason}, status=status, headers=headers)
