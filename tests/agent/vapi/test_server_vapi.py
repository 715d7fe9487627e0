"""Vapi at the web server: a whole answer on sockets, and bodies and requests that are too much."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest

from agent.agent_file import load_agent
from agent.config import Config, Secret, load_config
from agent.config_report import check_can_serve, describe
from agent.house import House
from agent.server_vapi import BODY_LIMIT_BYTES, REQUESTS_A_CALL
from tests.agent.test_house import emulated_providers, settings, told
from tests.agent.vapi.desk import HEADERS, SECRET, chat_body
from tools.outcome import Fate
from tools.waiting import elapse

AGENT = load_agent("appointments")
CALL = {"id": "call-1", "phoneNumber": {"twilioAuthToken": "carrier-token"}}


async def heard(http: aiohttp.ClientSession, url: str, said: list[tuple[str, str]]) -> str:
    """What is answered to a conversation, read as Vapi reads it."""
    body = chat_body(*said, call=CALL)
    async with http.post(f"{url}/chat/completions", data=body, headers={"Authorization": f"Bearer {SECRET}"}) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        events = (await answer.text()).split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    deltas = [json.loads(event.removeprefix("data: "))["choices"][0]["delta"] for event in events[:-2]]
    return "".join(delta.get("content", "") for delta in deltas)


def test_our_brain_books_an_appointment_for_a_caller_at_vapi(tmp_path: Path) -> None:
    async def story() -> None:
        async with emulated_providers() as emulated:
            config = settings(tmp_path, VAPI_SECRET=SECRET, **emulated.env)
            async with House(config, AGENT) as house, aiohttp.ClientSession() as http:
                said = [("assistant", AGENT.phrases["greeting"])]
                for words in ("Tuesday morning, please.", "The first one.", "My name is Ann Lee.", "Yes, please."):
                    said.append(("user", words))
                    said.append(("assistant", await heard(http, f"http://127.0.0.1:{house.server.port}/vapi", said)))
                booked = [(entry.tool, entry.fate) for entry in house.desk.workshop.journal.entries()]
                assert booked == [("book_appointment", Fate.DONE)], said

    told(story)


def test_bodies_and_requests_are_bounded(tmp_path: Path) -> None:
    async def story() -> None:
        config = settings(tmp_path, VAPI_SECRET=SECRET)
        async with House(config, AGENT) as house, aiohttp.ClientSession() as http:
            url = f"http://127.0.0.1:{house.server.port}/vapi"
            report = {"type": "end-of-call-report", "call": CALL, "artifact": {"transcript": "x" * 500_000}}
            async with http.post(f"{url}/webhook", json={"message": report}, headers=HEADERS) as answer:
                assert answer.status == 200
            async with http.post(
                f"{url}/webhook", data=BytesIO(bytes(BODY_LIMIT_BYTES + 1)), headers=HEADERS
            ) as answer:
                assert answer.status == 413
            async with http.get(f"{url}/webhook") as answer:
                assert answer.status == 405
            async with http.post(f"{url}/chat/completions", data=chat_body(("user", "Hi."))) as answer:
                assert answer.status == 401
                assert "credential" in json.loads(await answer.read())["error"]

    told(story)


def test_too_many_requests_at_a_time_are_told_to_come_again(tmp_path: Path) -> None:
    async def story() -> None:
        config = settings(tmp_path, VAPI_SECRET=SECRET, OFFHOOK_MAX_CALLS="1")
        async with House(config, AGENT) as house, aiohttp.ClientSession() as http:
            url = f"http://127.0.0.1:{house.server.port}/vapi/webhook"
            whole = asyncio.Event()

            async def dawdling() -> AsyncIterator[bytes]:
                yield b'{"message": {"type": "speech-update", '
                await whole.wait()
                yield b'"call": {"id": "call-1"}}}'

            async def status(body: object) -> tuple[int, str | None]:
                async with http.post(url, data=body, headers=HEADERS) as answer:
                    return answer.status, answer.headers.get("Retry-After")

            dawdlers = [asyncio.create_task(status(dawdling())) for _ in range(REQUESTS_A_CALL)]
            while house.server.vapi.in_progress < REQUESTS_A_CALL:
                await elapse(0.01)
            assert await status(b"{}") == (503, "1")
            whole.set()
            assert await asyncio.gather(*dawdlers) == [(200, None)] * REQUESTS_A_CALL
            assert await status(b'{"message": {"type": "hang"}}') == (200, None)

    told(story)


def test_without_a_secret_nothing_is_served_to_vapi(tmp_path: Path) -> None:
    async def story() -> None:
        async with House(settings(tmp_path), AGENT) as house, aiohttp.ClientSession() as http:
            url = f"http://127.0.0.1:{house.server.port}/vapi/webhook"
            async with http.post(url, json={}, headers=HEADERS) as answer:
                assert answer.status == 404
                assert "VAPI_SECRET" in (await answer.json())["error"]

    told(story)


def test_vapi_alone_is_enough_to_serve_and_nobody_is_twilio_then(tmp_path: Path) -> None:
    async def story() -> None:
        config = replace(settings(tmp_path), is_open=False, vapi_secret=Secret(SECRET))
        check_can_serve(config)
        async with House(config, AGENT) as house, aiohttp.ClientSession() as http:
            url = f"http://127.0.0.1:{house.server.port}/voice"
            async with http.post(url, data={"CallSid": "CA1"}, headers={"X-Twilio-Signature": "x"}) as answer:
                assert answer.status == 403

    told(story)


@pytest.mark.parametrize(("number", "who"), [("", "nobody"), ("+15551234567", "+15551234567")])
def test_the_report_at_the_start_says_what_vapi_is_to_be_told(number: str, who: str) -> None:
    config = load_config(
        {"VAPI_SECRET": SECRET, "VAPI_TRANSFER_NUMBER": number, "OFFHOOK_PUBLIC_URL": "https://phone.example"}
    )
    (line,) = [str(line) for line in describe(config) if line.name == "VAPI_SECRET"]
    assert "https://phone.example/vapi/webhook" in line
    assert who in line
    assert SECRET not in line
    assert not [line for line in describe(Config()) if line.name == "VAPI_SECRET"]
