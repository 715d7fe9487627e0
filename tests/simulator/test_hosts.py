"""A peer on a real loopback socket, judged by two clients that are not ours: aiohttp and websockets."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import aiohttp
import pytest
import websockets
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from simulator.hosts import Host
from tests.patience import PATIENCE_S
from tests.simulator.echo import EchoPeer

Scene = Callable[[EchoPeer, Host], Awaitable[None]]


@contextmanager
def crash_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.ERROR, "aiohttp.server"):
        yield
    assert "a mistake of the peer" in caplog.text


def at(host: Host, path: str) -> str:
    return host.url.replace("http", "ws") + path


def test_websockets_client_round_trip(play: Callable[[Scene], EchoPeer]) -> None:
    async def scene(peer: EchoPeer, host: Host) -> None:
        async with connect(at(host, "/v1?greet=&a=b%20c"), additional_headers={"X-Key": "k"}) as client:
            assert json.loads(await client.recv()) == {"target": "/v1?greet=&a=b%20c", "key": "k"}
            assert await client.recv() == b"\x00\x01"
            for message in ("", "grüß", "x" * 125, "x" * 126, b"y" * 65_535, b"z" * 65_536, "w" * 900_000):
                await client.send(message)
                assert await client.recv() == message
            pong = await client.ping(b"still there?")
            await pong
        await asyncio.wait_for(peer.sockets[0].closed.wait(), PATIENCE_S)
        assert client.close_code == 1000
        assert host.counts == {"websockets": 1, "messages_in": 7, "messages_out": 9}

    assert play(scene).log == ["message"] * 7 + ["closed"]


def test_aiohttp_client_round_trip(play: Callable[[Scene], EchoPeer]) -> None:
    async def scene(peer: EchoPeer, host: Host) -> None:
        async with aiohttp.ClientSession() as client, client.ws_connect(at(host, "/")) as socket:
            for number in range(200):
                await socket.send_str(str(number))
            for number in range(200):
                assert (await socket.receive(PATIENCE_S)).data == str(number)
            await socket.close(code=4000)
            assert socket.close_code == 4000
        await asyncio.wait_for(peer.sockets[0].closed.wait(), PATIENCE_S)

    assert play(scene).log[-1] == "closed"


def test_a_refused_upgrade_is_an_http_answer(play: Callable[[Scene], EchoPeer]) -> None:
    async def scene(peer: EchoPeer, host: Host) -> None:
        with pytest.raises(InvalidStatus) as refused:
            await connect(at(host, "/refused"))
        response = refused.value.response
        assert (response.status_code, response.body) == (401, b'{"why": "no key"}')
        assert response.headers["content-type"] == "application/json"
        assert host.counts["refusals"] == 1

    assert play(scene).sockets == []


@pytest.mark.parametrize(
    ("order", "code", "reason"),
    [
        ("close", 4001, "as asked"),
        ("close without code", None, ""),
        ("close at length", 1011, "é" * 61),
        ("twice", 4001, ""),
    ],
)
def test_the_peer_closes(play: Callable[[Scene], EchoPeer], order: str, code: int | None, reason: str) -> None:
    async def scene(peer: EchoPeer, host: Host) -> None:
        async with connect(at(host, "/")) as client:
            await client.send(order)
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
            frame = closed.value.rcvd
            assert frame is not None
            assert (frame.code, frame.reason) == (code or 1005, reason)
        await asyncio.wait_for(peer.sockets[0].closed.wait(), PATIENCE_S)

    assert play(scene).log == ["message", "closed"]


def test_an_abort_comes_after_what_was_sent_and_without_a_close_frame(play: Callable[[Scene], EchoPeer]) -> None:
    async def scene(peer: EchoPeer, host: Host) -> None:
        async with connect(at(host, "/")) as client:
            await client.send("abort")
            assert await client.recv() == "last words"
            with pytest.raises(ConnectionClosedError) as closed:
                await client.recv()
            assert closed.value.rcvd is None
        await asyncio.wait_for(peer.sockets[0].closed.wait(), PATIENCE_S)

    assert play(scene).log == ["message", "closed"]


def test_a_client_that_vanishes_is_noticed(play: Callable[[Scene], EchoPeer]) -> None:
    async def scene(peer: EchoPeer, host: Host) -> None:
        client = await connect(at(host, "/?greet"))
        await client.recv()
        client.transport.abort()
        await asyncio.wait_for(peer.sockets[0].closed.wait(), PATIENCE_S)
        assert host.open_count == 0
        await client.wait_closed()

    assert play(scene).log == ["closed"]


def test_stopping_tears_open_connections_down(play: Callable[[Scene], EchoPeer]) -> None:
    async def scene(peer: EchoPeer, host: Host) -> None:
        async with aiohttp.ClientSession() as client, connect(at(host, "/")) as socket:
            hanging = asyncio.ensure_future(client.get(host.url + "/hang"))
            await socket.send("hello")
            await socket.recv()
            while not peer.exchanges:
                await asyncio.wait({hanging}, timeout=0.01)
            await host.stop()
            await host.stop()
            with pytest.raises(ConnectionClosedError):
                await socket.recv()
            with pytest.raises(aiohttp.ClientError):
                await hanging

    assert sorted(play(scene).log) == ["closed", "message"]


def test_a_crashing_peer_hurts_only_its_connection(
    play: Callable[[Scene], EchoPeer], caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(peer: EchoPeer, host: Host) -> None:
        async with aiohttp.ClientSession() as client, connect(at(host, "/")) as bystander:
            async with connect(at(host, "/")) as victim:
                await victim.send("crash")
                with pytest.raises(ConnectionClosedError):
                    await victim.recv()
            with pytest.raises(aiohttp.ClientError):
                await client.get(host.url + "/crash")
            await bystander.send("fine")
            assert await bystander.recv() == "fine"

    with crash_is_logged(caplog):
        play(scene)


def test_a_client_that_does_not_read_is_torn_down(
    play: Callable[[Scene], EchoPeer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulator.websocket.UNREAD_LIMIT_BYTES", 1_000_000)

    async def scene(peer: EchoPeer, host: Host) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(host.url.rpartition(":")[2]))
        writer.write(
            b"GET / HTTP/1.1\r\nHost: peer\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(200):
            peer.sockets[0].wire.send(bytes(100_000))
        await asyncio.wait_for(peer.sockets[0].closed.wait(), PATIENCE_S)
        assert host.counts["unread"] == 1
        writer.close()

    assert play(scene).log == ["closed"]


def test_the_first_offered_subprotocol_is_taken(play: Callable[[Scene], EchoPeer]) -> None:
    async def scene(peer: EchoPeer, host: Host) -> None:
        offers = [websockets.Subprotocol("token"), websockets.Subprotocol("key")]
        async with connect(at(host, "/"), subprotocols=offers) as client:
            assert client.subprotocol == "token"

    play(scene)


def test_a_public_address_is_refused_unless_asked_for() -> None:
    with pytest.raises(ValueError, match=r"expected a loopback address .* got '0\.0\.0\.0'"):
        Host(EchoPeer(), host="0.0.0.0")  # the refusal is the point
    Host(EchoPeer(), host="0.0.0.0", allow_remote=True)  # not started


def test_a_taken_port_is_told() -> None:
    async def scene() -> None:
        async with Host(EchoPeer()) as first:
            second = Host(EchoPeer(), port=int(first.url.rpartition(":")[2]))
            with pytest.raises(OSError, match="address already in use"):
                await second.start()

    asyncio.run(scene())
