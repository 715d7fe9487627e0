"""A peer on a real loopback socket, judged by two clients that are not ours: aiohttp and websockets."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
import uvloop
import websockets
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from simulator.hosts import Host
from simulator.peers.base import Answer, PeerWire, Refusal, Request

PATIENCE_S = 5.0


@dataclass
class EchoSocket:
    """Says back what it hears; words of one line are orders."""

    wire: PeerWire
    log: list[str]
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    def on_message(self, message: str | bytes) -> None:
        orders: dict[str | bytes, Callable[[], None]] = {
            "close": lambda: self.wire.close(4001, "as asked"),
            "close without code": lambda: self.wire.close(None),
            "close at length": lambda: self.wire.close(1011, "é" * 100),
            "abort": self.send_and_abort,
            "crash": self.crash,
            "twice": self.close_twice,
        }
        self.log.append("message")
        orders.get(message, lambda: self.wire.send(message))()

    def send_and_abort(self) -> None:
        self.wire.send("last words")
        self.wire.abort()

    def close_twice(self) -> None:
        self.wire.close(4001)
        self.wire.close(4002)
        self.wire.send("late")

    def crash(self) -> None:
        raise RuntimeError("a mistake of the peer")

    def on_close(self) -> None:
        self.log.append("closed")
        self.closed.set()


@dataclass
class EchoExchange:
    log: list[str]
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def on_disconnect(self) -> None:
        self.log.append("disconnected")
        self.gone.set()


@dataclass
class EchoPeer:
    name: str = "echo"
    log: list[str] = field(default_factory=list)
    sockets: list[EchoSocket] = field(default_factory=list)
    exchanges: list[EchoExchange] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def upgrade(self, request: Request) -> Refusal | None:
        if request.path == "/refused":
            return Refusal(401, {"content-type": "application/json"}, b'{"why": "no key"}')
        return None

    def connect(self, request: Request, wire: PeerWire) -> EchoSocket:
        self.sockets.append(EchoSocket(wire, self.log))
        if "greet" in request.query:
            wire.send(json.dumps({"target": request.target, "key": request.headers.get("x-key")}))
            wire.send(b"\x00\x01")
        return self.sockets[-1]

    def exchange(self, request: Request, answer: Answer) -> EchoExchange:
        exchange = EchoExchange(self.log)
        self.exchanges.append(exchange)
        self.answers.append(answer)
        if request.path == "/whole":
            answer.start(201, {"content-type": "text/plain", "x-method": request.method})
            answer.write(request.body)
            answer.end()
        elif request.path == "/abort":
            answer.start(200, {})
            answer.write(b"half")
            answer.abort()
        elif request.path == "/abort-at-once":
            answer.abort()
        elif request.path == "/crash":
            raise RuntimeError("a mistake of the peer")
        return exchange


Scene = Callable[[EchoPeer, Host], Awaitable[None]]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def play(request: pytest.FixtureRequest) -> Callable[[Scene], EchoPeer]:
    """Run a scene against a hosted echo peer; afterwards nothing of the host may be left."""

    def run(scene: Scene) -> EchoPeer:
        peer = EchoPeer()

        async def whole() -> None:
            async with asyncio.timeout(2 * PATIENCE_S), Host(peer) as host:
                await scene(peer, host)
            assert host.open_count == 0
            assert asyncio.all_tasks() == {asyncio.current_task()}

        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(whole())
        return peer

    return run


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
        Host(EchoPeer(), host="0.0.0.0")  # noqa: S104  # the refusal is the point
    Host(EchoPeer(), host="0.0.0.0", allow_remote=True)  # noqa: S104  # not started


def test_a_taken_port_is_told() -> None:
    async def scene() -> None:
        async with Host(EchoPeer()) as first:
            second = Host(EchoPeer(), port=int(first.url.rpartition(":")[2]))
            with pytest.raises(OSError, match="address already in use"):
                await second.start()

    asyncio.run(scene())
