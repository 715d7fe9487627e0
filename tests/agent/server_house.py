"""A server on loopback with fake calls, and a client that plays Twilio."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from xml.etree import ElementTree as ET

import aiohttp
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # ships no types

from agent.clock import LoopClock
from agent.config import Config, Secret, opened
from agent.server import Server
from agent.telephony import CallOrder
from agent.twilio import Phone, Started
from tests.agent import stream_fakes as twilio_says
from tests.agent.stream_fakes import CallFactory, NotingCall, stream_parameters, verbs
from tests.patience import PATIENCE_S, run_patiently

TOKEN = "very-secret-token"
SIGNED = Config(port=0, max_calls=3, twilio_auth_token=Secret(TOKEN))
OPEN = opened(Config(port=0, max_calls=3))


class WakingCall(NotingCall):
    """A noting call that lets a test wait for its notes; it says goodbye by hanging up."""

    def __init__(self, started: Started, phone: Phone, house: "House") -> None:
        super().__init__(started, phone, fails_on=house.fails_on)
        self._house = house

    def end_politely(self, reason: str) -> None:
        super().end_politely(reason)
        if not self._house.is_stubborn:
            self.phone.hang_up()

    def _note(self, *note: object) -> None:
        self._house.changed.set()
        super()._note(*note)


class RestFake:
    """A `Telephony` that only remembers."""

    def __init__(self, house: "House") -> None:
        self.ended: list[str] = []
        self._house = house

    async def hang_up(self, call_sid: str) -> bool:
        self.ended.append(call_sid)
        self._house.changed.set()
        return True

    async def place_call(self, order: CallOrder) -> str:
        raise AssertionError("nobody asked for it")


class House(CallFactory):
    """A server with fake calls, and a client that plays Twilio."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.changed = asyncio.Event()
        self.is_stubborn = False
        self.rest = RestFake(self)
        self.server = Server(config, LoopClock(asyncio.get_running_loop()), self, self.rest)
        self.http = aiohttp.ClientSession()

    def __call__(self, started: Started, phone: Phone) -> NotingCall:
        call = WakingCall(started, phone, self)
        self.made.append(call)
        self.changed.set()
        return call

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                self.changed.clear()
                await self.changed.wait()

    async def get(self, path: str) -> tuple[int, Any]:
        async with self.http.get(self.url + path) as answer:
            return answer.status, await answer.json()

    async def post(self, path: str, **fields: str) -> ET.Element:
        headers = {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(self.url + path, fields)}
        async with self.http.post(self.url + path, data=fields, headers=headers) as answer:
            assert answer.status == 200
            return verbs(await answer.text())

    async def dial(self, headers: Mapping[str, str] | None = None) -> aiohttp.ClientWebSocketResponse:
        url = self.url.replace("http", "ws") + "/media"
        signed = {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(url, {})}
        return await self.http.ws_connect(url, headers=signed if headers is None else headers)

    async def ring(self, call: str, stream: str = "MZ1", **parameters: str) -> aiohttp.ClientWebSocketResponse:
        socket = await self.dial()
        await socket.send_str(twilio_says.connected())
        await socket.send_str(twilio_says.start(call, stream, **parameters))
        count = len(self.made)
        await self.until(lambda: len(self.made) > count or any(c.started.call_sid == call for c in self.made))
        return socket

    async def call(self, call_sid: str) -> aiohttp.ClientWebSocketResponse:
        """A whole call, from the webhook to the stream."""
        answer = await self.post("/voice", CallSid=call_sid, From="+15551230000", To="+15559870000")
        parameters = stream_parameters(answer)
        return await self.ring(call_sid, **parameters)


def in_house(story: Callable[[House], Awaitable[None]], config: Config = SIGNED) -> None:
    async def run() -> None:
        house = House(config)
        await house.server.start()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await story(house)
        finally:
            await house.http.close()
            await house.server.stop()
            assert house.server.active_calls == 0
            assert all(call.kinds.count("ended") == 1 for call in house.made)

    run_patiently(run(), speed=5)


async def closing(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    async with asyncio.timeout(PATIENCE_S):
        while (await socket.receive()).type not in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}:
            pass
    return socket.close_code
