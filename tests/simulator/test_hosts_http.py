"""A peer's HTTP answers on a real loopback socket, judged by aiohttp's client and by the bytes themselves."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from simulator.hosts import Host
from tests.patience import PATIENCE_S
from tests.simulator.echo import EchoPeer

Scene = Callable[[EchoPeer, Host], Awaitable[None]]


def test_http_answers_come_whole(play: Callable[[Scene], EchoPeer]) -> None:
    async def scene(peer: EchoPeer, host: Host) -> None:
        async with (
            aiohttp.ClientSession() as client,
            client.put(host.url + "/whole", data=b"body") as response,
        ):
            assert (response.status, await response.read()) == (201, b"body")
            assert response.headers["x-method"] == "PUT"
            assert response.content_type == "text/plain"

    assert play(scene).log == []


def test_http_answers_stream_piece_by_piece(play: Callable[[Scene], EchoPeer]) -> None:
    async def scene(peer: EchoPeer, host: Host) -> None:
        async with aiohttp.ClientSession() as client:
            request = asyncio.ensure_future(client.get(host.url + "/stream"))
            while not peer.answers:
                await asyncio.wait({request}, timeout=0.01)
            answer = peer.answers[0]
            answer.start(200, {"content-type": "text/event-stream"})
            async with await request as response:  # headers come before any body
                for piece in (b"data: 1\n\n", b"data: 2\n\n"):
                    answer.write(piece)
                    assert await response.content.readany() == piece
                answer.end()
                assert await response.content.readany() == b""

    assert play(scene).log == []


@pytest.mark.parametrize(("path", "body"), [("/abort", b"half"), ("/abort-at-once", b"")])
def test_http_answers_break_off(play: Callable[[Scene], EchoPeer], path: str, body: bytes) -> None:
    async def scene(peer: EchoPeer, host: Host) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(host.url.rpartition(":")[2]))
        writer.write(f"GET {path} HTTP/1.1\r\nHost: peer\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        assert answer.endswith(b"%x\r\n%b\r\n" % (len(body), body) if body else b"")
        assert bool(answer) == bool(body)

    assert play(scene).log == []


def test_a_client_that_gives_up_is_noticed(play: Callable[[Scene], EchoPeer]) -> None:
    async def scene(peer: EchoPeer, host: Host) -> None:
        async with aiohttp.ClientSession() as client:
            request = asyncio.ensure_future(client.get(host.url + "/stream"))
            while not peer.answers:
                await asyncio.wait({request}, timeout=0.01)
            peer.answers[0].start(200, {})
            (await request).close()
            await asyncio.wait_for(peer.exchanges[0].gone.wait(), PATIENCE_S)
            peer.answers[0].write(b"too late")
            peer.answers[0].end()

    assert play(scene).log == ["disconnected"]
