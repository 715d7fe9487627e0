"""A tool that is somebody's endpoint: what is sent, what is sent again, and what is made of the answer."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.tools.virtual import elapse, run
from tools.context import ToolContext
from tools.outcome import Outcome
from tools.ports import HttpAnswer, HttpError
from tools.registry import Registry
from tools.runner import Runner
from tools.signing import verify
from tools.tool import EFFECT_LIMIT_MS, Kind, Terms
from tools.webhook import ATTEMPTS, LIMIT_BYTES, Webhooks, webhook_tool

URL = "https://shop.example/order-status"
NOW = datetime.fromisoformat("2026-11-23T09:00+00:00")
SCHEMA = {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}
ASKED = '{"order": "A17"}'

LOST = HttpError("the connection was lost", was_sent=True)
REFUSED = HttpError("connection refused", was_sent=False)


def answer(status: int = 200, body: object = None, **headers: str) -> HttpAnswer:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpAnswer(status, told, b"" if body is None else json.dumps(body).encode())


@dataclass
class FakeHttp:
    """Answers in turn, the last one again and again, each after `takes_s`."""

    answers: list[HttpAnswer | HttpError]
    takes_s: float = 0.1
    asked: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)
    asked_at: list[float] = field(default_factory=list)
    timeouts_ms: list[int] = field(default_factory=list)
    warmed: list[str] = field(default_factory=list)

    async def post(
        self, url: str, headers: Mapping[str, str], body: bytes, *, timeout_ms: int, limit_bytes: int
    ) -> HttpAnswer:
        assert limit_bytes == LIMIT_BYTES
        self.asked.append((url, headers, body))
        self.asked_at.append(asyncio.get_running_loop().time())
        self.timeouts_ms.append(timeout_ms)
        await elapse(min(self.takes_s, timeout_ms / 1_000))
        if self.takes_s > timeout_ms / 1_000:
            raise HttpError("no whole answer", was_sent=True)
        last = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(last, HttpError):
            raise last
        return last

    def warm(self, url: str) -> None:
        self.warmed.append(url)


class Line:
    """A call whose one tool is an endpoint."""

    def __init__(self, http: FakeHttp, kind: Kind = Kind.PURE, *, signs: bool = True, deadline_ms: int = 3_000) -> None:
        self.http = http
        self.webhooks = Webhooks(http, {"SHOP": "s" if signs else ""}.get, Random(1), (URL, URL))  # type: ignore[arg-type]  # it is set
        terms = Terms(kind=kind, deadline_ms=deadline_ms)
        self.tool = webhook_tool("order_status", "Where it is.", SCHEMA, terms, URL, "SHOP")
        context = ToolContext("CA1", "+15550100", Path("nowhere"), lambda: NOW, ports={Webhooks: self.webhooks})
        self.runner = Runner(Registry([self.tool]), context)

    async def ask(self) -> Outcome:
        return await self.runner.run("order_status", ASKED)


def asked(http: FakeHttp, kind: Kind = Kind.PURE, **options: Any) -> dict[str, Any] | Any:  # noqa: ANN401 - JSON
    return json.loads(run(Line(http, kind, **options).ask()).result)


def test_the_request_says_what_is_wanted_and_is_signed() -> None:
    http = FakeHttp([answer(body={"status": "on its way"})])
    assert asked(http) == {"status": "on its way"}
    [(url, headers, body)] = http.asked
    assert url == URL
    assert json.loads(body) == {
        "tool": "order_status",
        "call_id": "CA1",
        "caller": "+15550100",
        "arguments": {"order": "A17"},
    }
    assert verify(headers, body, ["s"], NOW.timestamp()) == headers["Idempotency-Key"]
    assert headers["offhook-deadline-ms"] == "3000"


def test_what_only_reads_is_asked_again_within_its_deadline() -> None:
    http = FakeHttp([answer(503), LOST, answer(body="fine")])
    assert asked(http) == "fine"
    assert len({headers["webhook-id"] for _, headers, _ in http.asked}) == 1
    assert [headers["offhook-attempt"] for _, headers, _ in http.asked] == ["1", "2", "3"]


def test_it_is_not_asked_for_ever() -> None:
    http = FakeHttp([answer(503)])
    assert "The tool broke" in asked(http)["error"]
    assert len(http.asked) == ATTEMPTS


@pytest.mark.parametrize(("after_s", "attempts"), [("1", 2), ("5", 1), ("Wed, 21 Oct 2026 07:28:00 GMT", 2)])
def test_a_host_that_asks_for_time_gets_it_where_there_is_some(after_s: str, attempts: int) -> None:
    http = FakeHttp([answer(503, retry_after=after_s), answer(body=1)])
    asked(http)
    assert len(http.asked) == attempts
    if after_s == "1":
        assert http.asked_at[1] - http.asked_at[0] == pytest.approx(1.1)


@pytest.mark.parametrize("trouble", [LOST, answer(500), answer(503)])
def test_an_effect_that_may_have_happened_is_not_asked_again(trouble: HttpAnswer | HttpError) -> None:
    http = FakeHttp([trouble, answer(body="twice")])
    assert "may be done or not" in asked(http, Kind.EFFECT)["error"]
    assert len(http.asked) == 1


def test_an_effect_that_was_never_sent_is_asked_again() -> None:
    http = FakeHttp([REFUSED, answer(body="booked")])
    assert asked(http, Kind.EFFECT) == "booked"
    assert len({headers["Idempotency-Key"] for _, headers, _ in http.asked}) == 1


def test_an_effect_whose_host_is_gone_was_not_done_and_may_be_tried_later() -> None:
    line = Line(FakeHttp([REFUSED, REFUSED, REFUSED, answer(body="booked")]), Kind.EFFECT)

    async def story() -> None:
        assert "Nothing was changed" in (await line.ask()).result
        assert (await line.ask()).result == '"booked"'

    run(story())


def test_an_effect_goes_on_to_its_end_after_its_deadline() -> None:
    line = Line(FakeHttp([answer(body="booked")], takes_s=10), Kind.EFFECT)

    async def story() -> None:
        assert "Not confirmed" in (await line.ask()).result
        await elapse(10)
        assert (await line.ask()).result == '"booked"'

    run(story())
    assert line.http.timeouts_ms[0] <= EFFECT_LIMIT_MS
    assert len(line.http.asked) == 1


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (answer(404, {"error": "There is no order A17."}), "There is no order A17."),
        (answer(422, {"error": {"message": "Give the whole number."}}), "Give the whole number."),
        (answer(400, {"message": "x" * 1_000}), "x" * 300),
        (answer(404), "refused it. Nothing was changed"),
        (answer(401, ["secret"]), "refused it. Nothing was changed"),
        (answer(302, location="https://elsewhere.example"), "The tool broke"),
        (HttpAnswer(200, {"content-type": "text/html"}, b"<html>"), "The tool broke"),
        (HttpAnswer(200, {}, b'"' + b"x" * 10, is_cut=True), "The tool broke"),
        (HttpAnswer(200, {}, b""), "The tool broke"),
        (HttpAnswer(200, {}, b"[" * 100_000), "The tool broke"),
    ],
)
def test_what_is_no_answer_is_told_as_what_it_is(reply: HttpAnswer, told: str) -> None:
    http = FakeHttp([reply])
    assert told in asked(http)["error"]
    assert len(http.asked) == 1


@pytest.mark.parametrize("status", [200, 204, 302])
def test_an_effect_that_succeeded_is_done_whatever_it_says(status: int) -> None:
    told = asked(
        FakeHttp([HttpAnswer(status, {"content-type": "text/html"}, b"" if status == 204 else b"<")]), Kind.EFFECT
    )
    assert told.get("done", False) is (status < 300)


def test_plain_text_is_an_answer() -> None:
    assert asked(FakeHttp([HttpAnswer(200, {"content-type": "text/plain; charset=utf-8"}, b"Soon.")])) == "Soon."


def test_a_host_that_hangs_is_left_alone_after_a_while_and_then_tried_again() -> None:
    http = FakeHttp([answer(body="back")], takes_s=60)
    line = Line(http, deadline_ms=500)

    async def story() -> None:
        for _ in range(5):
            await line.ask()
        assert len(http.asked) == 5
        assert "does not answer" in (await line.ask()).result
        assert len(http.asked) == 5
        line.webhooks.warm()
        assert http.warmed == []
        http.takes_s = 0
        await elapse(6)
        assert (await line.ask()).result == '"back"'
        line.webhooks.warm()
        assert http.warmed == [URL]

    run(story())


def test_without_its_secret_nothing_is_sent(caplog: pytest.LogCaptureFixture) -> None:
    http = FakeHttp([answer(body=1)])
    assert "Nothing was changed" in asked(http, signs=False)["error"]
    assert not http.asked
    assert "SHOP" in caplog.text


def test_a_call_that_is_over_gives_its_request_up() -> None:
    line = Line(FakeHttp([answer(body=1)], takes_s=2))

    async def story() -> None:
        asking = asyncio.ensure_future(line.ask())
        await elapse(0.5)
        asking.cancel()
        assert await asyncio.gather(asking, return_exceptions=True)
        line.http.takes_s = 0
        assert (await line.ask()).result == "1"

    run(story())
