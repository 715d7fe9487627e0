"""The emulated providers together, reached as their clients reach them."""

import asyncio
import base64
import os
import socket
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from simulator.account import ACCOUNT_SID, AUTH_TOKEN
from simulator.brain.answers import CannedBrain
from simulator.emulators import PROVIDERS, EmulatedProviders, Setup
from simulator.peers.deepgram import DeepgramPeer
from simulator.peers.groq import GroqPeer
from simulator.peers.groq_behaviour import GroqBehaviour
from tests.patience import PATIENCE_S, run_patiently


def play(scene: Callable[[EmulatedProviders], Awaitable[None]], setup: Setup) -> None:
    async def whole() -> None:
        async with asyncio.timeout(PATIENCE_S), EmulatedProviders(setup) as emulated:
            await scene(emulated)
        assert all(host.open_count == 0 for host in emulated.hosts.values())
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run_patiently(whole())


async def ask(url: str, **headers: str) -> int:
    async with aiohttp.ClientSession() as client, client.get(url, headers=headers) as response:
        await response.read()
        return response.status


def test_every_provider_runs_on_an_origin_of_its_own() -> None:
    async def scene(emulated: EmulatedProviders) -> None:
        assert list(emulated.urls) == list(emulated.peers) == list(PROVIDERS)
        assert len(set(emulated.urls.values())) == len(PROVIDERS)
        for provider in PROVIDERS.values():
            assert emulated.env[provider.url_variable] == emulated.urls[provider.name]
            assert emulated.env[provider.key_variable]
            assert 200 <= await ask(emulated.urls[provider.name] + "/nothing-here") < 500
        assert emulated.env["TWILIO_ACCOUNT_SID"] == ACCOUNT_SID
        assert all(counts["requests"] == 1 for counts in emulated.counts().values())

    play(scene, Setup())


def test_the_keys_it_tells_are_the_keys_it_takes() -> None:
    async def scene(emulated: EmulatedProviders) -> None:
        models = emulated.urls["groq"] + "/openai/v1/models"
        assert emulated.env["GROQ_API_KEY"] == "the-key"
        assert await ask(models, Authorization="Bearer the-key") == 200
        assert await ask(models, Authorization="Bearer another") == 401

    play(scene, Setup(only=("groq",), behaviours={"groq": GroqBehaviour(api_key="the-key")}, brain=CannedBrain(["hi"])))


def test_only_what_was_chosen_runs() -> None:
    async def scene(emulated: EmulatedProviders) -> None:
        assert list(emulated.urls) == ["deepgram"]
        assert isinstance(emulated.peer(DeepgramPeer), DeepgramPeer)
        with pytest.raises(LookupError, match="no GroqPeer runs, only deepgram"):
            emulated.peer(GroqPeer)

    play(scene, Setup(only=("deepgram",)))


def free_ports() -> int:
    """The first of four neighbouring ports that are free just now; another process that tests looks elsewhere."""
    for base in range(10_000 + os.getpid() % 1_000 * 20, 32_000, 5):
        try:
            for port in range(base, base + 4):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return base
    raise AssertionError("no four neighbouring ports are free")


def test_ports_follow_the_providers_order_even_if_some_do_not_run() -> None:
    base = free_ports()

    async def scene(emulated: EmulatedProviders) -> None:
        assert emulated.urls == {"deepgram": f"http://127.0.0.1:{base}", "groq": f"http://127.0.0.1:{base + 1}"}

    play(scene, Setup(only=("deepgram", "groq"), port_base=base, brain=CannedBrain(["hi"])))


def test_a_taken_port_is_told_and_leaves_nothing_running() -> None:
    base = free_ports()

    async def story() -> None:
        setup = Setup(only=("deepgram", "groq"), port_base=base, brain=CannedBrain(["hi"]))
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", base + 1))
            taken.listen()
            with pytest.raises(OSError, match=rf"cannot serve groq on 127\.0\.0\.1:{base + 1}: Address already in use"):
                await EmulatedProviders(setup).__aenter__()
        async with EmulatedProviders(setup):  # deepgram's port is free again
            pass

    run_patiently(story())


def test_a_call_created_by_rest_is_dialled_and_answered() -> None:
    """The quiet phone asks the webhook for TwiML; a hang-up ends it."""

    async def scene(emulated: EmulatedProviders) -> None:
        asked: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def webhook(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            body = b'<?xml version="1.0"?><Response><Hangup/></Response>'
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n")
            writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            if not asked.done():
                asked.set_result(head)

        async with await asyncio.start_server(webhook, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            form = {"To": "+15550002222", "From": "+15550001111", "Url": f"http://127.0.0.1:{port}/voice"}
            calls = f"{emulated.urls['twilio']}/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json"
            key = base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
            headers = {"Authorization": f"Basic {key}"}
            async with aiohttp.ClientSession(headers=headers) as client, client.post(calls, data=form) as response:
                assert response.status == 201
            head = (await asked).lower()
            assert head.startswith("post /voice http/1.1")
            assert "x-twilio-signature: " in head

    play(scene, Setup(only=("twilio",)))
