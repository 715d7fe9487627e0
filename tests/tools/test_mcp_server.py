"""Tools of real MCP servers, over both transports: found, used, gone, and there again."""

import asyncio
import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.tools.mcp_program import make_server
from tools import mcp_server
from tools.context import ToolContext
from tools.mcp_server import McpAddress, McpServer
from tools.mcp_tools import McpTerms
from tools.outcome import MAX_RESULT_CHARS, Outcome
from tools.registry import Registry
from tools.runner import Runner
from tools.tool import Kind
from tools.waiting import elapse

PROGRAM = (sys.executable, str(Path(__file__).parent / "mcp_program.py"))
TERMS = McpTerms("shop", deadline_ms=30_000)


@pytest.fixture(autouse=True)
def servers_are_heard(caplog: pytest.LogCaptureFixture) -> None:
    """What servers do is logged here, whatever a command silenced before."""
    caplog.set_level(logging.INFO, "tools.mcp_server")


class Line:
    """A call whose tools are a server's."""

    def __init__(self, server: McpServer) -> None:
        self.server = server
        context = ToolContext("CA1", "+1", Path("nowhere"), lambda: datetime.fromisoformat("2026-11-23T09:00"))
        self.runner = Runner(Registry(server.tools), context)

    async def ask(self, name: str, **arguments: Any) -> Any:  # noqa: ANN401 - JSON
        return json.loads((await self.outcome(name, **arguments)).result)

    async def outcome(self, name: str, **arguments: Any) -> Outcome:  # noqa: ANN401 - JSON
        return await self.runner.run(name, json.dumps(arguments))


@asynccontextmanager
async def program(terms: McpTerms = TERMS, **env: str) -> AsyncIterator[McpServer]:
    server = McpServer(McpAddress(command=PROGRAM, env=env), terms)
    await server.open()
    try:
        yield server
    finally:
        await server.close()


@asynccontextmanager
async def served(terms: McpTerms = TERMS, headers: dict[str, str] | None = None) -> AsyncIterator[McpServer]:
    """The same at a URL on loopback."""
    async with web_server() as url:
        server = McpServer(McpAddress(url=url, headers=headers or {}), terms)
        await server.open()
        try:
            yield server
        finally:
            await server.close()


@asynccontextmanager
async def web_server() -> AsyncIterator[str]:
    import uvicorn  # noqa: PLC0415 - comes with mcp

    app = make_server().streamable_http_app()
    web = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="on"))
    serving = asyncio.create_task(web._serve())
    while not web.started:
        await asyncio.wait({serving}, timeout=0.01)
        assert not serving.done()
    port = web.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        web.should_exit = True
        await serving


BOTH = pytest.mark.parametrize("place", [program, served])
Place = Callable[..., Any]


async def until(is_so: Callable[[], bool]) -> None:
    """Let the loop run until something is so."""
    while not is_so():
        await elapse(0.01)


def tell(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(story())  # type: ignore[arg-type]  # stories are coroutines


@BOTH
def test_tools_are_those_the_server_tells_of_on_its_terms_and_ours(place: Place) -> None:
    async def story() -> None:
        terms = McpTerms(
            "shop", kinds={"book": Kind.IDEMPOTENT}, cache_ms={"find_order": 5}, private=frozenset({"slot"})
        )
        async with place(terms) as server:
            kinds = {tool.name: tool.terms.kind for tool in server.tools}
            assert kinds["shop_find_order"] is Kind.PURE
            assert kinds["shop_set_day"] is Kind.IDEMPOTENT
            assert kinds["shop_book"] is Kind.IDEMPOTENT
            assert kinds["shop_tell_secret"] is Kind.EFFECT
            tools = Registry(server.tools)
            assert tools["shop_book"].terms.private == {"slot"}
            assert tools["shop_find_order"].terms.cache_ms == 5
            assert "'order' is a required" in str((await Line(server).ask("shop_find_order"))["error"])

    tell(story)


@BOTH
def test_answers_and_errors_are_told_bounded(place: Place) -> None:
    async def story() -> None:
        async with place() as server:
            line = Line(server)
            assert await line.ask("shop_find_order", order="A17") == {"order": "A17", "status": "on its way"}
            assert await line.ask("shop_set_day", order="A17", day="Friday") == "A17 comes on Friday"
            assert await line.ask("shop_book", slot="ten") == 1
            assert await line.ask("shop_book", slot="ten") == 1, "the same intent, done once"
            failed = await line.outcome("shop_find_order", order="none")
            assert failed.failed
            assert "The tool could not do that" in failed.result
            assert len((await line.outcome("shop_long")).result) <= MAX_RESULT_CHARS

    tell(story)


def test_an_effect_that_ends_in_an_error_may_be_done_or_not() -> None:
    async def story() -> None:
        async with program() as server:
            await Line(server).ask("shop_book", slot="ten")
            told = (await Line(server).ask("shop_book", slot="ten"))["error"]
            assert "may be done or not" in told
            assert "It says: " in told

    tell(story)


@BOTH
def test_a_tool_that_is_new_is_there_for_the_next_call(place: Place) -> None:
    async def story() -> None:
        async with place() as server:
            changed = asyncio.Event()
            server.on_changed = changed.set
            await Line(server).ask("shop_learn")
            await changed.wait()
            assert await Line(server).ask("shop_dance") == "danced"

    tell(story)


def test_only_what_is_allowed_is_used_and_what_is_named_in_vain_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        terms = McpTerms("shop", allow=("find_*", "lose_*"), kinds={"fnid_order": Kind.PURE})
        async with program(terms) as server:
            assert [tool.name for tool in server.tools] == ["shop_find_order"]

    tell(story)
    assert "it has no tool 'fnid_order'" in caplog.text
    assert "it has no tool 'lose_*'" in caplog.text


def test_a_program_is_given_its_variables_and_ends_with_the_house(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid_file = tmp_path / "pid"
    monkeypatch.setenv("HIDDEN", "not for it")

    async def story() -> None:
        async with program(SHOP_SECRET="s3cret", PID_FILE=str(pid_file)) as server:
            assert await Line(server).ask("shop_tell_secret") == "s3cret"
            os.kill(int(pid_file.read_text()), 0)

    tell(story)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


def test_a_server_that_dies_is_started_again(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(mcp_server, "AGAIN_S", 0.01)

    async def story() -> None:
        async with program() as server:
            assert (await Line(server).outcome("shop_crash")).failed
            await until(lambda: not server.is_there)
            told = await Line(server).outcome("shop_find_order", order="A17")
            assert "is not there. Nothing was changed" in told.result
            await until(lambda: server.is_there)
            assert (await Line(server).ask("shop_find_order", order="A17"))["order"] == "A17"

    tell(story)
    assert caplog.text.count("is not there: ") == 1


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (McpAddress(command=("/no/such/program",)), "FileNotFoundError"),
        (McpAddress(command=(sys.executable, "-c", "print('hello')")), "MCPError"),
        (McpAddress(url="http://127.0.0.1:1/mcp"), "ConnectError"),
    ],
)
def test_the_absence_of_a_server_is_one_line(
    address: McpAddress, told: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(mcp_server, "AGAIN_S", 0.001)
    monkeypatch.setattr(mcp_server, "LONGEST_AGAIN_S", 0.001)

    async def story() -> None:
        server = McpServer(address, TERMS)
        await server.open()
        assert not server.is_there
        assert server.tools == ()
        first = server.why_not
        await server.close()
        assert first

    tell(story)
    lines = [record for record in caplog.records if record.name == "tools.mcp_server"]
    assert len(lines) == 1
    assert told in lines[0].getMessage()
    assert "the agent works without its tools" in lines[0].getMessage()
