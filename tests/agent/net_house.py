"""What tests of the real network are made of: a listener that remembers, and a server that says what it is told."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from websockets.utils import accept_key

from agent.net import LoopNetwork
from agent.net_frames import CLOSE, FrameReader, parse_close
from tests.patience import PATIENCE_S, run_patiently


class Ear:
    """A listener of a wire or an exchange that remembers, and lets a test wait."""

    def __init__(self) -> None:
        self.log: list[tuple[Any, ...]] = []
        self.changed = asyncio.Event()
        self.on_text: Callable[[str | bytes], None] = lambda _message: None

    def on_open(self) -> None:
        self._note("open")

    def on_message(self, message: str | bytes) -> None:
        self._note("message", message)
        self.on_text(message)

    def on_close(self, code: int, reason: str) -> None:
        self._note("close", code, reason)

    def on_response(self, status: int, headers: Mapping[str, str]) -> None:
        self._note("response", status, headers)

    def on_data(self, data: bytes) -> None:
        self._note("data", data)

    def on_end(self) -> None:
        self._note("end")

    def on_failure(self, reason: str, *, timed_out: bool) -> None:
        self._note("failure", reason, timed_out)

    def _note(self, *entry: object) -> None:
        self.log.append(entry)
        self.changed.set()

    @property
    def kinds(self) -> list[str]:
        return [entry[0] for entry in self.log]

    @property
    def body(self) -> bytes:
        return b"".join(entry[1] for entry in self.named("data"))

    def named(self, name: str) -> list[tuple[Any, ...]]:
        return [entry for entry in self.log if entry[0] == name]

    async def until(self, name: str, count: int = 1) -> tuple[Any, ...]:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.named(name)) < count:
                self.changed.clear()
                await self.changed.wait()
        return self.named(name)[count - 1]


def run(story: Awaitable[None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await story

    run_patiently(bounded(), speed=5)


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def talking(talk: Talk, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server on loopback that speaks to each connection as `talk` does, then closes it; gives `host:port`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left, as some tests mean it to
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@asynccontextmanager
async def a_network(tls: ssl.SSLContext | None = None) -> AsyncIterator[LoopNetwork]:
    """A network that is closed at the end, with nothing left of it."""
    network = LoopNetwork(tls)
    try:
        yield network
    finally:
        await network.close()
        assert network.open_count == 0


async def read_request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    """Request line, headers and body of the next request."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *lines = head.split("\r\n")[:-2]
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return line, headers, await reader.readexactly(int(headers.get("content-length", 0)))


async def shake_hands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rest: bytes = b"") -> None:
    """A server's half of a websocket's handshake; `rest` leaves with it."""
    _, headers, _ = await read_request(reader)
    accept = accept_key(headers["sec-websocket-key"])
    head = f"HTTP/1.1 101 Go on\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    writer.write(head.encode() + rest)
    await writer.drain()


class Frames:
    """One side's view of the raw frames on a stream."""

    def __init__(self, reader: asyncio.StreamReader, *, are_masked: bool) -> None:
        self._reader = reader
        self._frames = FrameReader(expects_mask=are_masked, limit_bytes=1 << 24)

    async def next(self) -> tuple[int, str | bytes] | None:
        """The next message; None at the end of the stream."""
        while (message := self._frames.next()) is None:
            data = await self._reader.read(65_536)
            if not data:
                return None
            self._frames.push(data)
        return message

    async def close(self) -> tuple[int, str]:
        """What the next close frame says."""
        while (message := await self.next()) is not None:
            if message[0] == CLOSE:
                assert isinstance(message[1], bytes)
                return parse_close(message[1])
        raise AssertionError("the stream ended without a close frame")
