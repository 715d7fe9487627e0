"""HTTP requests with callbacks, on pooled connections. The outer face is `agent.net`."""

import asyncio
import logging
from collections.abc import Mapping

import aiohttp
from yarl import URL

from agent.ports import ExchangeListener

log = logging.getLogger(__name__)


class ClientExchange:
    """One HTTP request under way; an `Exchange`. Its one task sends, reads and reports the end.

    Cancelled before the body's end, it costs its connection: the rest of the body cannot be skipped.
    """

    def __init__(self, listener: ExchangeListener) -> None:
        self._listener: ExchangeListener | None = listener
        self._task: asyncio.Task[None] | None = None

    def start(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout_ms: int,
    ) -> "asyncio.Task[None]":
        """Send the request, once; the task ends after the listener's last call."""
        run = self._run(session, method, url, headers, body, timeout_ms)
        self._task = asyncio.get_running_loop().create_task(run)
        return self._task

    def cancel(self) -> None:
        """Give up; no call on the listener follows."""
        self._listener = None
        if self._task is not None:
            self._task.cancel()

    def abandon(self, reason: str) -> None:
        """Give up on behalf of the network: the listener is told."""
        listener, self._listener = self._listener, None
        if self._task is not None and not self._task.done():
            self._task.cancel()
            if listener is not None:
                _guarded_failure(listener, reason, timed_out=False)

    async def _run(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout_ms: int,
    ) -> None:
        if session.closed:
            self._fail("the network was closed", timed_out=False)
            return
        try:
            async with asyncio.timeout(timeout_ms / 1_000) as deadline:
                request = session.request(
                    method, URL(url, encoded=True), headers=headers, data=body or None, allow_redirects=False
                )
                async with request as response:
                    deadline.reschedule(None)  # it bounds the wait for the headers only
                    await self._deliver(response)
        except asyncio.CancelledError:
            return  # ours: nobody listens any more
        except TimeoutError:
            self._fail(f"no answer within {timeout_ms} ms", timed_out=True)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            self._fail(f"{type(error).__name__}: {error}", timed_out=False)
        except Exception as error:
            log.exception("the listener of an exchange failed")
            self._fail(f"a fault of ours, see the log: {type(error).__name__}", timed_out=False)

    async def _deliver(self, response: aiohttp.ClientResponse) -> None:
        headers = {name.lower(): value for name, value in response.headers.items()}
        if (listener := self._listener) is not None:
            listener.on_response(response.status, headers)
        async for data in response.content.iter_any():
            if (listener := self._listener) is not None:
                listener.on_data(data)
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.on_end()

    def _fail(self, reason: str, *, timed_out: bool) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            _guarded_failure(listener, reason, timed_out=timed_out)


def _guarded_failure(listener: ExchangeListener, reason: str, *, timed_out: bool) -> None:
    try:
        listener.on_failure(reason, timed_out=timed_out)
    except Exception:
        log.exception("the listener of an exchange failed in on_failure")
