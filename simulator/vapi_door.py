"""What we answer to Vapi, without sockets: `agent.vapi` as the far end of in-memory wires, in virtual time.

On sockets `agent.server_vapi` does the same.
"""

import asyncio
from contextlib import aclosing

from agent.vapi.webhook import StreamedResponse, VapiWebhook
from agent.web_request import WebRequest
from simulator.peers.base import Answer, PeerExchange, PeerSocket, PeerWire, Refusal, Request


class SimVapiDoor:
    """Carries requests to `webhook`, each in a task of the World's loop; who leaves ends theirs."""

    name = "our answers to Vapi"

    def __init__(self, webhook: VapiWebhook, loop: asyncio.AbstractEventLoop) -> None:
        self.under_way: set[asyncio.Task[None]] = set()
        self._webhook = webhook
        self._loop = loop

    def upgrade(self, _request: Request) -> Refusal | None:
        """There are no websockets here."""
        return Refusal(404)

    def connect(self, _request: Request, _wire: PeerWire) -> PeerSocket:
        """Never granted."""
        raise AssertionError("no upgrade was granted")

    def exchange(self, request: Request, answer: Answer) -> PeerExchange:
        """Answer a request."""
        told = WebRequest(request.method, request.target, request.headers, request.body)
        task = self._loop.create_task(self._serve(told, answer), name=f"answer to {request.path}")
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)
        return _Serving(task)

    async def _serve(self, request: WebRequest, answer: Answer) -> None:
        told = await self._webhook.handle(request)
        if not isinstance(told, StreamedResponse):
            answer.start(told.status, {"content-type": told.content_type, **told.headers})
            answer.write(told.body)
            answer.end()
            return
        async with aclosing(told.pieces) as pieces:
            answer.start(200, {"content-type": told.content_type})
            async for piece in pieces:
                answer.write(piece)
        answer.end()


class _Serving:
    """A request that is being answered."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self._task = task

    def on_disconnect(self) -> None:
        """The client went away."""
        self._task.cancel()
