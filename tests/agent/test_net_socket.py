import asyncio
import ssl
from collections.abc import Awaitable, Callable

import pytest
import trustme

from agent.net_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    close_payload,
    encode,
    encode_masked,
)
from agent.net_websocket import ClientWire
from tests.agent.net_house import Ear, Frames, a_network, run, shake_hands, talking

KEY = b"\x11\x22\x33\x44"
LIMIT = 64 * 1024


def fragment(opcode: int, payload: bytes, *, is_last: bool) -> bytes:
    whole = encode(opcode, payload)
    return whole if is_last else bytes((whole[0] & 0x7F,)) + whole[1:]


Server = Callable[[Frames, asyncio.StreamWriter], Awaitable[None]]


def dialled(server: Server, story: Callable[[Ear, ClientWire], Awaitable[None]], *, rest: bytes = b"") -> None:
    """A wire of ours to a server that shakes hands (and says `rest` with it), then does as it likes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake_hands(reader, writer, rest)
        await server(Frames(reader, are_masked=True), writer)

    async def told() -> None:
        async with talking(talk) as host, a_network() as network:
            ear = Ear()
            wire = network.open_websocket(f"ws://{host}/x", {}, ear, open_timeout_ms=20_000)
            await story(ear, wire)

    run(told())


async def answer_close(frames: Frames, writer: asyncio.StreamWriter) -> None:
    code, reason = await frames.close()
    writer.write(encode(CLOSE, close_payload(code, reason)))


def test_what_comes_with_the_handshake_is_delivered_after_on_open() -> None:
    async def story(ear: Ear, wire: ClientWire) -> None:
        await ear.until("message", 2)
        wire.close()
        await ear.until("close")
        assert ear.log == [("open",), ("message", "hello"), ("message", b"\x00"), ("close", 1000, "")]

    dialled(answer_close, story, rest=encode(TEXT, b"hello") + encode(BINARY, b"\x00"))


def test_a_ping_in_the_middle_of_a_message_is_answered_before_the_message_is_whole() -> None:
    async def server(frames: Frames, writer: asyncio.StreamWriter) -> None:
        writer.write(fragment(TEXT, "grü".encode()[:3], is_last=False) + encode(PING, b"there?"))
        assert await frames.next() == (PONG, b"there?")
        writer.write(encode(PONG, b"unasked") + fragment(CONTINUATION, "ü!".encode()[1:], is_last=True))
        await answer_close(frames, writer)

    async def story(ear: Ear, wire: ClientWire) -> None:
        assert await ear.until("message") == ("message", "grü!")
        wire.close()
        await ear.until("close")

    dialled(server, story)


def test_messages_go_out_masked_each_with_a_key_of_its_own() -> None:
    async def server(frames: Frames, writer: asyncio.StreamWriter) -> None:
        raw = b""
        while raw.count(b"\x82") < 2 or len(raw) < 2 * (2 + 4 + 8):
            raw += await frames._reader.read(1_024)
        keys = raw[2:6], raw[16:20]
        assert raw[1] == raw[15] == 0x80 | 8
        writer.write(encode(TEXT, b"different" if keys[0] != keys[1] else b"the same"))
        frames._frames.push(raw)
        writer.write(encode(BINARY, (await frames.next() or (0, b""))[1]))  # type: ignore[arg-type]  # binary was sent
        await answer_close(frames, writer)

    async def story(ear: Ear, wire: ClientWire) -> None:
        wire.send(bytes(8))
        wire.send(bytes(8))
        await ear.until("message", 2)
        assert [entry[1] for entry in ear.named("message")] == ["different", bytes(8)]
        wire.close()
        await ear.until("close")

    dialled(server, story)


@pytest.mark.parametrize(
    ("frames_in", "code"),
    [
        (bytes((0x82, 0x7F)) + (5 << 20).to_bytes(8, "big"), 1009),
        (encode_masked(TEXT, b"x", KEY), 1002),
        (encode(TEXT, b"\xff"), 1007),
        (encode(CLOSE, b"\x03"), 1002),
    ],
    ids=["too large", "masked", "no text", "half a code"],
)
def test_who_breaks_a_rule_is_told_and_reported_once(frames_in: bytes, code: int) -> None:
    told: list[int] = []

    async def server(frames: Frames, writer: asyncio.StreamWriter) -> None:
        writer.write(encode(TEXT, b"before") + frames_in + encode(TEXT, b"after"))
        told.append((await frames.close())[0])
        writer.write(encode(TEXT, b"much later"))

    async def story(ear: Ear, wire: ClientWire) -> None:
        assert (await ear.until("close"))[1] == code
        assert not wire.is_open
        assert ear.kinds == ["open", "message", "close"]

    dialled(server, story)
    assert told == [code]


def test_when_both_sides_close_at_once_the_own_code_counts() -> None:
    told: list[tuple[int, str]] = []

    async def server(frames: Frames, writer: asyncio.StreamWriter) -> None:
        assert await frames.next() == (TEXT, "closing")
        writer.write(encode(CLOSE, close_payload(1001, "theirs")))
        told.append(await frames.close())

    async def story(ear: Ear, wire: ClientWire) -> None:
        await ear.until("open")
        wire.send("closing")
        wire.close(1000, "ours")
        assert await ear.until("close") == ("close", 1000, "ours")
        assert len(ear.named("close")) == 1

    dialled(server, story)
    assert told == [(1000, "ours")]


def test_a_close_is_answered_in_kind_and_what_follows_it_is_nothing() -> None:
    answers: list[tuple[int, str] | None] = []

    async def server(frames: Frames, writer: asyncio.StreamWriter) -> None:
        writer.write(encode(CLOSE, close_payload(1011, "overloaded")) + encode(TEXT, b"after"))
        answers.append(await frames.close())
        assert await frames.next() is None

    async def story(ear: Ear, wire: ClientWire) -> None:
        assert await ear.until("close") == ("close", 1011, "overloaded")
        wire.send("late")
        wire.close()
        assert wire.dropped_count == 1
        assert ear.kinds == ["open", "close"]

    dialled(server, story)
    assert answers == [(1011, "")]


def test_a_close_without_a_code_is_1005() -> None:
    async def server(frames: Frames, writer: asyncio.StreamWriter) -> None:
        writer.write(encode(CLOSE, b""))
        assert await frames.close() == (1005, "")

    async def story(ear: Ear, _wire: ClientWire) -> None:
        assert await ear.until("close") == ("close", 1005, "")

    dialled(server, story)


def test_who_never_answers_a_close_is_not_waited_for_long() -> None:
    async def server(frames: Frames, writer: asyncio.StreamWriter) -> None:
        writer.write(encode(TEXT, b"I never stop") * 3)
        while await frames.next() is not None:
            pass

    async def story(ear: Ear, wire: ClientWire) -> None:
        await ear.until("message", 3)
        wire.close(1000, "enough")
        assert await ear.until("close") == ("close", 1000, "enough")

    dialled(server, story)


def test_who_stays_silent_is_pinged_and_then_given_up() -> None:
    seen: list[tuple[int, str | bytes]] = []

    async def server(frames: Frames, writer: asyncio.StreamWriter) -> None:
        while (message := await frames.next()) is not None:
            seen.append(message)
            if len(seen) == 1:
                writer.write(encode(PONG, b""))

    async def story(ear: Ear, _wire: ClientWire) -> None:
        assert await ear.until("close") == ("close", 1006, "no answer to a ping")
        assert ear.kinds == ["open", "close"]

    dialled(server, story)
    assert seen == [(PING, b""), (PING, b"")]


def test_on_open_may_fail_and_costs_this_wire_only(caplog: pytest.LogCaptureFixture) -> None:
    class Clumsy(Ear):
        def on_open(self) -> None:
            raise AssertionError("our mistake")

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake_hands(reader, writer)
        await answer_close(Frames(reader, are_masked=True), writer)

    async def told() -> None:
        async with talking(talk) as host, a_network() as network:
            clumsy = Clumsy()
            network.open_websocket(f"ws://{host}/x", {}, clumsy, open_timeout_ms=20_000)
            assert (await clumsy.until("close"))[1] == 1011

    run(told())
    assert "our mistake" in caplog.text


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (
            "HTTP/1.1 101 Go on\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n",
            1006,
        ),
        ("HTTP/1.1 101 Go on\r\nConnection: Upgrade\r\n\r\n", 1006),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 1006),
        ("HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n", 302),
        ("HTTP/1.1 429 Slow down\r\nContent-Length: 1000\r\n\r\ntoo many", 429),
        ("HTTP/1.1 503 Busy\r\n\r\n", 503),
        ("\r\n\r\nnonsense", 1006),
    ],
    ids=["wrong key", "no upgrade", "ok", "elsewhere", "words that stop coming", "no words", "nonsense"],
)
def test_an_answer_that_is_no_websocket_is_told_by_its_status(head: str, code: int) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head.encode())
        if code != 503:
            await reader.read()

    async def told() -> None:
        async with talking(talk) as host, a_network() as network:
            ear = Ear()
            wire = network.open_websocket(f"ws://{host}/x", {}, ear, open_timeout_ms=20_000)
            wire.send("kept")
            assert (await ear.until("close"))[1] == code
            assert ear.kinds == ["close"]
            assert wire.dropped_count == 1

    run(told())


def test_wss_is_a_websocket_over_tls() -> None:
    authority = trustme.CA()
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server_side)
    client_side = ssl.create_default_context()
    authority.configure_trust(client_side)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake_hands(reader, writer)
        frames = Frames(reader, are_masked=True)
        message = await frames.next()
        assert message is not None
        writer.write(encode(message[0], str(message[1]).encode()))
        await answer_close(frames, writer)

    async def told() -> None:
        async with talking(talk, tls=server_side) as host, a_network(client_side) as network:
            ear = Ear()
            wire = network.open_websocket(f"wss://{host}/x", {}, ear, open_timeout_ms=20_000)
            wire.send("x" * 100_000)
            assert await ear.until("message") == ("message", "x" * 100_000)
            wire.close()
            assert await ear.until("close") == ("close", 1000, "")

    run(told())
