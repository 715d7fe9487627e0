"""Requests of tools over real sockets: one warm connection, whole answers or none."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from agent.net import LoopNetwork
from agent.tool_requests import NetworkHttp
from tools.ports import HttpAnswer, HttpError

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


class House:
    """A server that counts its connections, and the port that asks it."""

    def __init__(self, http: NetworkHttp, url: str) -> None:
        self.http = http
        self.url = url
        self.connections = 0
        self.connected = asyncio.Event()
        self.serving: set[asyncio.Task[None] | None] = set()

    async def ask(self, *, timeout_ms: int = 5_000, limit_bytes: int = 1_000) -> HttpAnswer:
        return await self.http.post(self.url, {}, b"{}", timeout_ms=timeout_ms, limit_bytes=limit_bytes)


@asynccontextmanager
async def house(answer: bytes | None) -> AsyncIterator[House]:
    """`answer` to each request; without one the connection is closed instead."""
    network = LoopNetwork()
    it = House(NetworkHttp(network), "")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        it.connections += 1
        it.serving.add(asyncio.current_task())
        it.connected.set()
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(2)
                if answer is None:
                    break
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    it.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
    try:
        yield it
    finally:
        await network.close()
        await asyncio.gather(*filter(None, it.serving))
        server.close()
        await server.wait_closed()


def test_all_questions_go_over_the_connection_that_was_opened_ahead_of_need() -> None:
    async def story() -> None:
        async with house(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi") as it:
            it.http.warm(it.url)
            await it.connected.wait()
            for _ in range(3):
                assert (await it.ask()).body == b"hi"
            it.http.warm(it.url)
            await it.ask()
            assert it.connections == 1

    asyncio.run(story())


def test_an_answer_is_read_up_to_its_limit() -> None:
    async def story() -> None:
        async with house(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + b"x" * 9_000) as it:
            answer = await it.ask(limit_bytes=100)
            assert answer.is_cut
            assert answer.body == b"x" * 100

    asyncio.run(story())


@pytest.mark.parametrize(
    ("reply", "told"),
    [(None, "lost"), (b"", "within 50 ms"), (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", "within 50 ms")],
)
def test_what_never_comes_whole_may_have_been_done(reply: bytes | None, told: str) -> None:
    async def story() -> None:
        async with house(reply) as it:
            with pytest.raises(HttpError, match=told) as error:
                await it.ask(timeout_ms=50 if reply is not None else 5_000)
            assert error.value.was_sent

    asyncio.run(story())


def test_what_could_not_be_sent_was_not() -> None:
    async def story() -> None:
        async with house(b"") as it:
            it.url = "http://127.0.0.1:1/x"
            it.http.warm(it.url)
            with pytest.raises(HttpError) as error:
                await it.ask()
            assert not error.value.was_sent

    asyncio.run(story())
