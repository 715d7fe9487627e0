import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from agent.net import LoopNetwork
from agent.net_served import serve_websocket
from agent.net_socket import OpenSocket
from agent.ports import Wire, WireListener
from tests.agent.net_house import Ear, run
from tests.patience import PATIENCE_S

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler, *, cancels: bool = False) -> AsyncIterator[tuple[LoopNetwork, str, str]]:
    """A server of `handler` on loopback; gives a network, the server's websocket URL and its HTTP URL."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=cancels)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]  # started just above
    network = LoopNetwork()
    try:
        yield network, f"ws://127.0.0.1:{port}/x", f"http://127.0.0.1:{port}/x"
    finally:
        await network.close()
        await runner.cleanup()


async def accept(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(compress=False, timeout=1.0)
    await socket.prepare(request)
    return socket


async def echo(request: web.Request) -> web.WebSocketResponse:
    socket = await accept(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
        else:
            await socket.send_bytes(message.data)
    return socket


def test_a_message_sent_while_the_wire_opens_goes_out_once_it_is_open() -> None:
    async def story() -> None:
        async with serving(echo) as (network, url, _):
            ear = Ear()
            wire = network.open_websocket(url, {}, ear, open_timeout_ms=20_000)
            was_open_at_once = wire.is_open
            assert not was_open_at_once
            wire.send("early")
            wire.send(b"\x00\xff")
            assert await ear.until("message", 2) == ("message", b"\x00\xff")
            assert wire.is_open
            assert ear.log[:2] == [("open",), ("message", "early")]

    run(story())


def test_sending_needs_no_pass_of_the_loop_and_no_task() -> None:
    async def story() -> None:
        async with serving(echo) as (network, url, _):
            ear = Ear()
            wire = network.open_websocket(url, {}, ear, open_timeout_ms=20_000)
            await ear.until("open")
            tasks = asyncio.all_tasks()
            for index in range(100):
                wire.send(str(index))
            assert asyncio.all_tasks() == tasks
            await ear.until("message", 100)
            assert [entry[1] for entry in ear.named("message")] == [str(index) for index in range(100)]
            assert wire.dropped_count == 0

    run(story())


def test_closing_shakes_hands_and_reports_once() -> None:
    async def story() -> None:
        seen: list[int | None] = []
        done = asyncio.Event()

        async def note_close(request: web.Request) -> web.WebSocketResponse:
            socket = await echo(request)
            seen.append(socket.close_code)
            done.set()
            return socket

        async with serving(note_close) as (network, url, _):
            ear = Ear()
            wire = network.open_websocket(url, {}, ear, open_timeout_ms=20_000)
            await ear.until("open")
            wire.close(1000, "bye")
            wire.close(1001, "again")
            assert not wire.is_open
            wire.send("late")
            assert wire.dropped_count == 1
            assert await ear.until("close") == ("close", 1000, "bye")
            async with asyncio.timeout(PATIENCE_S):
                await done.wait()
            assert seen == [1000]
            assert len(ear.named("close")) == 1

    run(story())


def test_a_wire_may_be_closed_from_within_its_own_callbacks() -> None:
    async def story() -> None:
        async with serving(echo) as (network, url, _):
            ear = Ear()
            wire = network.open_websocket(url, {}, ear, open_timeout_ms=20_000)
            ear.on_text = lambda _message: wire.close(1000, "enough")
            for text in ("one", "two", "three"):
                wire.send(text)
            assert await ear.until("close") == ("close", 1000, "enough")
            assert ear.named("message") == [("message", "one")]

    run(story())


def test_closing_while_dialling_gives_up() -> None:
    async def story() -> None:
        never = asyncio.Event()

        async def hang(request: web.Request) -> web.StreamResponse:
            await never.wait()
            return web.Response()

        async with serving(hang) as (network, url, _):
            ear = Ear()
            wire = network.open_websocket(url, {}, ear, open_timeout_ms=60_000)
            wire.close(1000, "changed my mind")
            assert await ear.until("close") == ("close", 1000, "changed my mind")
            assert ear.log == [("close", 1000, "changed my mind")]

    run(story())


@pytest.mark.parametrize(
    ("code", "reported"), [(1008, (1008, "DATA-0000")), (1011, (1011, "NET-0001"))], ids=["refused", "timed out"]
)
def test_the_other_side_closing_is_reported_with_its_words(code: int, reported: tuple[int, str]) -> None:
    async def story() -> None:
        async def close_at_once(request: web.Request) -> web.WebSocketResponse:
            socket = await accept(request)
            await socket.close(code=code, message=reported[1].encode())
            return socket

        async with serving(close_at_once) as (network, url, _):
            ear = Ear()
            wire = network.open_websocket(url, {}, ear, open_timeout_ms=20_000)
            assert await ear.until("close") == ("close", *reported)
            assert not wire.is_open

    run(story())


def test_a_torn_connection_is_1006() -> None:
    async def story() -> None:
        async def tear(request: web.Request) -> web.WebSocketResponse:
            socket = await accept(request)
            assert request.transport is not None
            request.transport.abort()
            return socket

        async with serving(tear) as (network, url, _):
            ear = Ear()
            network.open_websocket(url, {}, ear, open_timeout_ms=20_000)
            assert (await ear.until("close"))[1] == 1006

    run(story())


def test_a_refused_handshake_is_reported_with_status_and_the_providers_own_reason() -> None:
    async def story() -> None:
        async def refuse(request: web.Request) -> web.Response:
            return web.Response(status=401, headers={"dg-error": "INVALID_AUTH"}, text="{}")

        async with serving(refuse) as (network, url, _):
            ear = Ear()
            network.open_websocket(url, {"Authorization": "Token nope"}, ear, open_timeout_ms=20_000)
            assert await ear.until("close") == ("close", 401, "INVALID_AUTH")
            assert ear.log == [("close", 401, "INVALID_AUTH")]

    run(story())


def test_a_refusals_body_is_quoted_bounded() -> None:
    async def story() -> None:
        async def refuse(request: web.Request) -> web.Response:
            return web.Response(status=429, text='{"detail":\n "too many"}' + "x" * 5_000)

        async with serving(refuse) as (network, url, _):
            ear = Ear()
            network.open_websocket(url, {}, ear, open_timeout_ms=20_000)
            _, code, reason = await ear.until("close")
            assert code == 429
            assert reason.startswith('{"detail": "too many"}')
            assert len(reason) <= 300

    run(story())


def test_nobody_listening_is_1006_and_so_is_an_answer_that_never_comes() -> None:
    async def story() -> None:
        never = asyncio.Event()

        async def hang(request: web.Request) -> web.StreamResponse:
            await never.wait()
            return web.Response()

        async with serving(hang) as (network, url, _):
            refused, silent = Ear(), Ear()
            network.open_websocket("ws://127.0.0.1:1/x", {}, refused, open_timeout_ms=20_000)
            network.open_websocket(url, {}, silent, open_timeout_ms=50)
            assert (await refused.until("close"))[1] == 1006
            assert await silent.until("close") == ("close", 1006, "no answer to the handshake within 50 ms")

    run(story())


def test_a_listener_that_fails_closes_its_wire_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with serving(echo) as (network, url, _):
            bad, good = Ear(), Ear()

            def fail(_message: str | bytes) -> None:
                raise AssertionError("our mistake")

            bad.on_text = fail
            bad_wire = network.open_websocket(url, {}, bad, open_timeout_ms=20_000)
            good_wire = network.open_websocket(url, {}, good, open_timeout_ms=20_000)
            bad_wire.send("x")
            assert (await bad.until("close"))[1] == 1011
            good_wire.send("still here")
            assert await good.until("message") == ("message", "still here")

    with caplog.at_level(logging.ERROR):
        run(story())
    assert "our mistake" in caplog.text


def test_a_peer_that_does_not_read_costs_bounded_memory_and_is_counted() -> None:
    async def story() -> None:
        go_on = asyncio.Event()
        received: list[int] = []

        async def read_later(request: web.Request) -> web.WebSocketResponse:
            socket = await accept(request)
            assert request.transport is not None
            request.transport.pause_reading()
            await go_on.wait()
            request.transport.resume_reading()
            async for message in socket:
                received.append(int(message.data[:8]))
                if message.data.endswith("last"):
                    await socket.send_str("all read")
            return socket

        async with serving(read_later) as (network, url, _):
            ear = Ear()
            wire = network.open_websocket(url, {}, ear, open_timeout_ms=20_000)
            await ear.until("open")
            count = 0
            while wire.dropped_count == 0:
                wire.send(f"{count:08d}" + "." * 50_000)
                count += 1
                assert count < 5_000, "nothing bounds what a slow reader costs"
            go_on.set()
            while not ear.named("message"):
                wire.send(f"{count:08d}last")
                count += 1
                await asyncio.wait([asyncio.ensure_future(ear.changed.wait())], timeout=0.05)
            assert received == sorted(received), "the order is kept across the overflow"

    run(story())


def test_what_is_kept_before_the_wire_opens_is_bounded() -> None:
    async def story() -> None:
        never = asyncio.Event()

        async def hang(request: web.Request) -> web.StreamResponse:
            await never.wait()
            return web.Response()

        async with serving(hang) as (network, url, _):
            ear = Ear()
            wire = network.open_websocket(url, {}, ear, open_timeout_ms=60_000)
            for _ in range(3):
                wire.send(bytes(400_000))
            assert wire.dropped_count == 1
            wire.close()
            await ear.until("close")
            assert wire.dropped_count == 3

    run(story())


def test_a_request_streams_its_answer_and_the_connection_is_used_again() -> None:
    async def story() -> None:
        peers: list[Any] = []

        async def stream(request: web.Request) -> web.StreamResponse:
            assert request.transport is not None
            peers.append(request.transport.get_extra_info("peername"))
            answer = web.StreamResponse(headers={"X-Word": await request.text()})
            await answer.prepare(request)
            await answer.write(b"one ")
            await answer.write(b"two")
            await answer.write_eof()
            return answer

        async with serving(stream) as (network, _, url):
            for _attempt in range(2):
                ear = Ear()
                network.request("POST", url, {"X-A": "b"}, b"hello", ear, timeout_ms=20_000)
                await ear.until("end")
                assert ear.log[0][:2] == ("response", 200)
                assert ear.log[0][2]["x-word"] == "hello"
                assert b"".join(entry[1] for entry in ear.named("data")) == b"one two"
                assert ear.log[-1] == ("end",)
            assert peers[0] == peers[1], "one connection for both"
            assert network.open_count == 0

    run(story())


def test_our_name_and_no_other_agents_travels_with_a_request() -> None:
    async def story() -> None:
        async def tell(request: web.Request) -> web.Response:
            return web.json_response({name.lower(): value for name, value in request.headers.items()})

        async with serving(tell) as (network, _, url):
            ear = Ear()
            network.request("GET", url, {}, b"", ear, timeout_ms=20_000)
            await ear.until("end")
            body = b"".join(entry[1] for entry in ear.named("data")).decode()
            assert '"user-agent": "offhook/' in body
            assert '"accept-encoding": "identity"' in body

    run(story())


def test_headers_that_never_come_time_out_but_a_slow_body_does_not() -> None:
    async def story() -> None:
        never = asyncio.Event()
        half = asyncio.Event()

        async def hang(request: web.Request) -> web.StreamResponse:
            answer = web.StreamResponse()
            if request.query_string == "slow-body":
                await answer.prepare(request)
                await answer.write(b"x")
                await half.wait()
                return answer
            await never.wait()
            return answer

        async with serving(hang) as (network, _, url):
            slow, silent = Ear(), Ear()
            network.request("GET", url + "?slow-body", {}, b"", slow, timeout_ms=1_000)
            await slow.until("data")
            network.request("GET", url, {}, b"", silent, timeout_ms=1_100)
            assert await silent.until("failure") == ("failure", "no answer within 1100 ms", True)
            half.set()
            await slow.until("end")
            assert slow.named("failure") == []

    run(story())


def test_a_cancelled_request_says_nothing_more_and_the_server_notices() -> None:
    async def story() -> None:
        gone = asyncio.Event()
        never = asyncio.Event()

        async def stream(request: web.Request) -> web.StreamResponse:
            answer = web.StreamResponse()
            await answer.prepare(request)
            await answer.write(b"x")
            try:
                await never.wait()
            finally:
                gone.set()
            return answer

        async with serving(stream, cancels=True) as (network, _, url):
            ear = Ear()
            exchange = network.request("GET", url, {}, b"", ear, timeout_ms=20_000)
            await ear.until("data")
            exchange.cancel()
            exchange.cancel()
            async with asyncio.timeout(PATIENCE_S):
                await gone.wait()
            assert [entry[0] for entry in ear.log] == ["response", "data"]

    run(story())


def test_a_body_that_breaks_off_is_a_failure() -> None:
    async def story() -> None:
        async def tear(request: web.Request) -> web.StreamResponse:
            answer = web.StreamResponse()
            await answer.prepare(request)
            await answer.write(b"x")
            assert request.transport is not None
            request.transport.abort()
            return answer

        async with serving(tear) as (network, _, url):
            ear = Ear()
            network.request("GET", url, {}, b"", ear, timeout_ms=20_000)
            assert (await ear.until("failure"))[2] is False
            assert ear.named("end") == []

    run(story())


def test_closing_the_network_ends_what_is_under_way_and_what_comes_later() -> None:
    async def story() -> None:
        never = asyncio.Event()

        async def either(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Upgrade"):
                return await echo(request)
            await never.wait()
            return web.Response()

        async with serving(either) as (network, url, http_url):
            wire, exchange, late_wire, late_exchange = Ear(), Ear(), Ear(), Ear()
            network.open_websocket(url, {}, wire, open_timeout_ms=20_000)
            network.request("GET", http_url, {}, b"", exchange, timeout_ms=20_000)
            await wire.until("open")
            await network.close()
            assert wire.named("close") == [("close", 1001, "the network was closed")]
            assert exchange.named("failure") == [("failure", "the network was closed", False)]
            network.open_websocket(url, {}, late_wire, open_timeout_ms=20_000)
            network.request("GET", http_url, {}, b"", late_exchange, timeout_ms=20_000)
            assert (await late_wire.until("close"))[1] == 1006
            await late_exchange.until("failure")

    run(story())


class Served:
    """A server whose one wire reports to an `Ear`."""

    def __init__(self) -> None:
        self.ear = Ear()
        self.wire: Wire | None = None
        self.ready = asyncio.Event()
        self.ended = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        try:
            return await serve_websocket(request, self.listen, limit_bytes=64 * 1024)
        finally:
            self.ended.set()

    def listen(self, wire: Wire) -> WireListener:
        self.wire = wire
        self.ready.set()
        return self.ear


def test_a_served_wire_reads_and_sends_without_a_task_of_its_own() -> None:
    async def story() -> None:
        served = Served()
        async with serving(served.handle) as (network, url, _):
            ear = Ear()
            wire = network.open_websocket(url, {}, ear, open_timeout_ms=20_000)
            wire.send("hello")
            assert await served.ear.until("message") == ("message", "hello")
            assert served.wire is not None
            was_open = served.wire.is_open
            assert was_open
            tasks = asyncio.all_tasks()
            served.wire.send("and hello to you")
            assert asyncio.all_tasks() == tasks
            assert await ear.until("message") == ("message", "and hello to you")
            wire.close(1000, "done")
            assert await served.ear.until("close") == ("close", 1000, "done")
            assert not served.wire.is_open
            assert len(served.ear.named("close")) == 1
            served.wire.send("late")
            assert isinstance(served.wire, OpenSocket)
            assert served.wire.dropped_count == 1

    run(story())


@pytest.mark.parametrize("from_within", [True, False], ids=["in on_message", "from elsewhere"])
def test_a_served_wire_closes_with_its_code(from_within: bool) -> None:
    async def story() -> None:
        served = Served()
        async with serving(served.handle) as (network, url, _):
            ear = Ear()
            wire = network.open_websocket(url, {}, ear, open_timeout_ms=20_000)
            await served.ready.wait()
            assert served.wire is not None
            close = served.wire.close
            if from_within:
                served.ear.on_text = lambda _message: close(1008, "unknown token")
                wire.send("x")
                wire.send("y")
            else:
                wire.send("x")
                await served.ear.until("message")
                close(1008, "unknown token")
            assert await ear.until("close") == ("close", 1008, "unknown token")
            assert await served.ear.until("close") == ("close", 1008, "unknown token")
            assert len(served.ear.named("message")) == 1
            async with asyncio.timeout(PATIENCE_S):
                await served.ended.wait()

    run(story())


def test_a_served_wire_whose_listener_fails_is_closed_with_1011(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        served = Served()

        def fail(_message: str | bytes) -> None:
            raise AssertionError("our mistake")

        served.ear.on_text = fail
        async with serving(served.handle) as (network, url, _):
            ear = Ear()
            network.open_websocket(url, {}, ear, open_timeout_ms=20_000).send("x")
            assert (await ear.until("close"))[1] == 1011
            assert (await served.ear.until("close"))[1] == 1011

    with caplog.at_level(logging.ERROR):
        run(story())
    assert "our mistake" in caplog.text


def test_a_served_wire_that_is_torn_is_1006() -> None:
    async def story() -> None:
        served = Served()
        async with serving(served.handle) as (network, url, _):
            ear = Ear()
            wire = network.open_websocket(url, {}, ear, open_timeout_ms=20_000)
            await ear.until("open")
            assert wire._socket is not None
            wire._socket.abort()
            assert (await served.ear.until("close"))[1] == 1006

    run(story())
