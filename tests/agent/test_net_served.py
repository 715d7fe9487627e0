import asyncio
import base64
import os
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from agent.net_frames import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    close_payload,
    encode,
    encode_masked,
)
from agent.net_served import is_handshake, serve_websocket
from agent.net_socket import OpenSocket
from tests.agent.net_house import Ear, Frames, run

KEY = b"\x11\x22\x33\x44"
LIMIT = 64 * 1024


def served(story: Callable[[Ear, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> None:
    """A raw client's connection to our side of a websocket."""

    async def told() -> None:
        ear = Ear()

        async def handle(request: web.Request) -> web.StreamResponse:
            if not is_handshake(request):
                return web.Response(status=426)
            return await serve_websocket(request, lambda wire: _hear(ear, wire), limit_bytes=LIMIT)

        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        reader, writer = await asyncio.open_connection(*runner.addresses[0])
        try:
            await story(ear, reader, writer)
        finally:
            await runner.cleanup()
            writer.close()

    run(told())


def _hear(ear: Ear, wire: Any) -> Ear:  # noqa: ANN401 - what it is, is what is tested
    assert isinstance(wire, OpenSocket)
    ear.log.append(("wire", wire))
    return ear


def upgrade(**changed: str) -> bytes:
    headers = {
        "Host": "x",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
    }
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    lines = [f"{name}: {value}" for name, value in headers.items() if value]
    return ("GET /x HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode()


async def upgraded(reader: asyncio.StreamReader) -> Frames:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101")
    return Frames(reader, are_masked=False)


def test_frames_that_come_with_the_request_for_a_websocket_are_not_lost() -> None:
    async def story(ear: Ear, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(upgrade() + encode_masked(TEXT, b"early", KEY) + encode_masked(PING, b"p", KEY))
        frames = await upgraded(reader)
        assert await frames.next() == (PONG, b"p")
        assert await ear.until("message") == ("message", "early")
        ear.log[0][1].send("hello")
        assert await frames.next() == (TEXT, "hello")
        writer.write(encode_masked(CLOSE, close_payload(1000, "bye"), KEY))
        assert await frames.close() == (1000, "")
        assert await frames.next() is None
        assert await ear.until("close") == ("close", 1000, "bye")

    served(story)


@pytest.mark.parametrize(
    "changed",
    [{"Upgrade": ""}, {"Sec_WebSocket_Key": "short"}, {"Sec_WebSocket_Version": "99"}],
    ids=["no upgrade", "no key", "another version"],
)
def test_a_request_that_is_no_handshake_is_refused(changed: dict[str, str]) -> None:
    async def story(ear: Ear, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(upgrade(**changed))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 426")
        assert ear.log == []

    served(story)


@pytest.mark.parametrize(
    ("frames_in", "code"),
    [
        (encode(TEXT, b"unmasked"), 1002),
        (encode_masked(BINARY, bytes(LIMIT + 1), KEY), 1009),
        (encode_masked(TEXT, b"\xc3", KEY), 1007),
    ],
    ids=["unmasked", "too large", "no text"],
)
def test_a_client_that_breaks_a_rule_is_told(frames_in: bytes, code: int) -> None:
    async def story(ear: Ear, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(upgrade() + frames_in)
        frames = await upgraded(reader)
        assert (await frames.close())[0] == code
        assert (await ear.until("close"))[1] == code

    served(story)


def test_a_client_that_is_torn_away_in_mid_message_is_1006() -> None:
    async def story(ear: Ear, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(upgrade() + encode_masked(TEXT, b"whole", KEY) + encode_masked(TEXT, b"torn", KEY)[:-1])
        await upgraded(reader)
        await ear.until("message")
        writer.close()
        assert (await ear.until("close"))[1] == 1006
        assert len(ear.named("message")) == 1

    served(story)


def test_a_server_that_is_stopped_says_goodbye() -> None:
    ears: list[Ear] = []

    async def story(ear: Ear, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(upgrade() + encode_masked(TEXT, b"here", KEY))
        await upgraded(reader)
        await ear.until("message")
        ears.append(ear)

    served(story)
    assert ears[0].log[-1] == ("close", 1001, "the server was stopped")
