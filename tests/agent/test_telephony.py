"""REST orders by the official package, against a loopback server that answers as Twilio does."""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from agent.errors import FaultKind, SettingsError, Whose
from agent.telephony import CallOrder, TelephonyError, TwilioTelephony
from tests.patience import PATIENCE_S, run_patiently

ACCOUNT = "AC" + "0" * 32


class Rest:
    """Twilio's REST API: answers with `status` and `answer`, remembers what it was asked."""

    def __init__(self) -> None:
        self.status = 201
        self.answer: dict[str, Any] = {"sid": "CA1", "status": "queued"}
        self.asked: list[tuple[str, str, dict[str, str], str]] = []

    async def serve(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append((request.method, request.path, form, request.headers["Authorization"]))
        return web.json_response(self.answer, status=self.status)

    def refuse(self, status: int, code: int) -> None:
        self.status = status
        self.answer = {"code": code, "message": "no", "more_info": "", "status": status}


def with_rest(story: Callable[[Rest, TwilioTelephony], Awaitable[None]]) -> None:
    async def run() -> None:
        rest = Rest()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", rest.serve)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            async with asyncio.timeout(PATIENCE_S):
                await story(rest, TwilioTelephony(ACCOUNT, "secret", base_url=base_url, region="ie1"))
        finally:
            await runner.cleanup()

    run_patiently(run())


ORDER = CallOrder("+1777", "+1555", "https://example.com/voice", "https://example.com/status")


def test_placing_a_call() -> None:
    async def story(rest: Rest, telephony: TwilioTelephony) -> None:
        sid = await telephony.place_call(ORDER)
        assert sid == "CA1"
        expected = {
            "To": "+1777",
            "From": "+1555",
            "Url": "https://example.com/voice",
            "Method": "POST",
            "StatusCallback": "https://example.com/status",
        }
        login = "Basic " + b64encode(f"{ACCOUNT}:secret".encode()).decode()
        assert rest.asked == [("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json", expected, login)]

    with_rest(story)


def test_placing_a_call_that_twilio_listens_to_as_well() -> None:
    async def story(rest: Rest, telephony: TwilioTelephony) -> None:
        await telephony.place_call(replace(ORDER, answered_by_callback="https://example.com/answered-by"))
        asked = rest.asked[0][2]
        assert {name: asked[name] for name in asked if "Amd" in name or "Machine" in name} == {
            "MachineDetection": "DetectMessageEnd",
            "AsyncAmd": "true",
            "AsyncAmdStatusCallback": "https://example.com/answered-by",
        }

    with_rest(story)


def test_hanging_up() -> None:
    async def story(rest: Rest, telephony: TwilioTelephony) -> None:
        rest.status = 200
        assert await telephony.hang_up("CA1") is True
        assert rest.asked[0][1:3] == (f"/2010-04-01/Accounts/{ACCOUNT}/Calls/CA1.json", {"Status": "completed"})

    with_rest(story)


def test_another_document_takes_the_place_of_the_one_that_runs() -> None:
    async def story(rest: Rest, telephony: TwilioTelephony) -> None:
        rest.status = 200
        assert await telephony.redirect("CA1", "<Response/>") is True
        assert rest.asked[0][1:3] == (f"/2010-04-01/Accounts/{ACCOUNT}/Calls/CA1.json", {"Twiml": "<Response/>"})

    with_rest(story)


@pytest.mark.parametrize(("status", "code"), [(400, 21220), (404, 20404)])
def test_a_call_that_is_over_needs_no_hanging_up(status: int, code: int) -> None:
    async def story(rest: Rest, telephony: TwilioTelephony) -> None:
        rest.refuse(status, code)
        assert await telephony.hang_up("CA1") is False

    with_rest(story)


@pytest.mark.parametrize(
    ("status", "code", "kind", "whose"),
    [
        (401, 20003, FaultKind.REFUSED_KEY, Whose.SETTINGS),
        (429, 20429, FaultKind.RATE_LIMITED, Whose.PROVIDER),
        (503, 20503, FaultKind.OVERLOADED, Whose.PROVIDER),
        (400, 21211, FaultKind.BAD_REQUEST, Whose.OURS),
    ],
)
def test_refusals_say_whose_fault_it_was(status: int, code: int, kind: FaultKind, whose: Whose) -> None:
    async def story(rest: Rest, telephony: TwilioTelephony) -> None:
        rest.refuse(status, code)
        with pytest.raises(TelephonyError) as raised:
            await telephony.place_call(ORDER)
        fault = raised.value.fault
        assert (fault.kind, fault.whose) == (kind, whose)
        assert str(code) in fault.detail
        assert "secret" not in str(raised.value)

    with_rest(story)


def test_no_answer_is_the_providers_fault() -> None:
    async def story() -> None:
        telephony = TwilioTelephony(ACCOUNT, "secret", base_url="http://127.0.0.1:1")
        with pytest.raises(TelephonyError) as raised:
            await telephony.hang_up("CA1")
        assert raised.value.fault.kind is FaultKind.UNREACHABLE

    run_patiently(story())


def test_missing_settings_are_named() -> None:
    with pytest.raises(SettingsError, match="TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"):
        TwilioTelephony("", "secret")
    with pytest.raises(SettingsError, match="TWILIO_REGION is 'ie1' but TWILIO_EDGE is not set"):
        TwilioTelephony(ACCOUNT, "secret", region="ie1")
