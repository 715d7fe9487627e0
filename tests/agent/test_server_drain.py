"""SIGTERM: no new calls, running ones finish, a second one ends them politely; everything bounded."""

import asyncio
import os
import signal
from contextlib import AsyncExitStack

import pytest

from agent import server_drain
from tests.agent import stream_fakes as twilio_says
from tests.agent.server_house import SIGNED, House, closing, in_house
from tests.patience import PATIENCE_S, run_patiently


def test_a_drain_waits_for_running_calls() -> None:
    async def story(house: House) -> None:
        socket = await house.call("CA1")
        drain = asyncio.create_task(house.server.drain())
        await asyncio.wait({drain}, timeout=0.05)
        assert not drain.done()
        assert (await house.get("/readyz"))[0] == 503
        assert (await house.get("/healthz"))[0] == 200
        assert (await house.post("/voice", CallSid="CA2")).find("Say") is not None
        await socket.send_str(twilio_says.media(0))
        await house.until(lambda: house.last.kinds == ["media"])
        await socket.send_str(twilio_says.stop())
        async with asyncio.timeout(PATIENCE_S):
            await drain
        assert house.last.endings == ["stopped"]

    in_house(story)


def test_hurried_calls_say_goodbye_and_twilio_is_told_to_hang_up() -> None:
    async def story(house: House) -> None:
        socket = await house.call("CA1")
        drain = asyncio.create_task(house.server.drain())
        house.server.hurry()
        assert await closing(socket) == 1000
        answer = await house.post("/voice/after", CallSid="CA1")
        assert [verb.tag for verb in answer] == ["Hangup"]
        async with asyncio.timeout(PATIENCE_S):
            await drain
        assert house.last.notes == [("goodbye", "draining"), ("ended", "hung_up")]

    in_house(story)


def test_calls_that_do_not_say_goodbye_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_drain, "GOODBYE_S", 0.05)

    async def story(house: House) -> None:
        house.is_stubborn = True
        socket = await house.call("CA1")
        house.server.hurry()
        async with asyncio.timeout(PATIENCE_S):
            await house.server.drain()
        assert await closing(socket) == 1001
        assert house.last.notes == [("goodbye", "draining"), ("ended", "drained")]

    in_house(story)


def test_signals_drain_then_hurry_then_stop() -> None:
    async def run() -> None:
        house = House(SIGNED)
        running = asyncio.create_task(house.server.run())
        async with asyncio.timeout(PATIENCE_S), AsyncExitStack() as stack:
            stack.push_async_callback(house.http.close)
            while house.server.port == 0:
                await asyncio.wait({running}, timeout=0.01)
            socket = await house.call("CA1")
            os.kill(os.getpid(), signal.SIGTERM)
            while not house.server.switchboard.is_draining:
                await asyncio.wait({running}, timeout=0.01)
            assert house.server.active_calls == 1
            assert house.last.notes == []
            os.kill(os.getpid(), signal.SIGTERM)
            assert await closing(socket) == 1000
            await house.post("/voice/after", CallSid="CA1")
            await running
            assert house.last.notes == [("goodbye", "draining"), ("ended", "hung_up")]

    run_patiently(run(), speed=5)


def test_two_signals_in_one_breath_are_two() -> None:
    async def story(house: House) -> None:
        socket = await house.call("CA1")
        house.server.on_signal()
        house.server.on_signal()
        assert await closing(socket) == 1000
        await house.until(lambda: bool(house.last.endings))
        assert house.last.notes == [("goodbye", "draining"), ("ended", "hung_up")]
        await house.post("/voice/after", CallSid="CA1")

    in_house(story)
