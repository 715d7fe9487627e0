"""One MCP server whose tools an agent uses: connected to at start, and again whenever it was gone."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tools.context import ToolContext, ToolError, ToolFailed
from tools.mcp_tools import McpTerms, tools_told, unknown_names
from tools.tool import EFFECT_LIMIT_MS, Arguments, Tool
from tools.waiting import elapse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mcp import Client

CONNECT_S = 20.0
"""Time for a server to answer at all; one that is a program of its own has to be started first."""

LOOK_S = 30.0
"""Its list of tools is read so often, which also tells whether it is still there; at once where it says so."""

AGAIN_S = 1.0
LONGEST_AGAIN_S = 60.0
"""A server that is gone is tried again after a second, then after twice as long each time, up to this."""

MAX_PAGES = 20

GONE = "This cannot be looked up or done right now: the system behind it is not there. Nothing was changed."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class McpAddress:
    """Where a server is: at a URL, with headers, or a program of its own with these variables.

    Or `here`: a server of the `mcp` package in this process.
    """

    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    here: Any = None


class McpServer:
    """Keeps the connection to one server, in a task of its own from `open` to `close`.

    `tools` are those it told of last; they stay known while it is gone, and say then that it is. `why_not` says why it
    is not there. `on_changed` is called when other tools than before are there.
    """

    def __init__(self, address: McpAddress, terms: McpTerms, on_changed: Callable[[], None] = lambda: None) -> None:
        self.terms = terms
        self.tools: tuple[Tool, ...] = ()
        self.why_not = "not connected yet"
        self.on_changed = on_changed
        self._address = address
        self._client: Client | None = None
        self._told: object = None
        self._look = asyncio.Event()
        self._tried = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_there(self) -> bool:
        """Whether it is connected."""
        return self._client is not None

    async def open(self) -> None:
        """Connect; returns when that was tried once, whatever came of it."""
        self._task = asyncio.create_task(self._stay(), name=f"MCP server {self.terms.server}")
        await self._tried.wait()

    async def close(self) -> None:
        """Disconnect; a server that is a program of its own has ended then."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def call(self, tool: str, _context: ToolContext, arguments: Arguments) -> Any:  # noqa: ANN401 - the library's
        """A tool's result. Raises `ToolError` where it could not be asked, `ToolFailed` where it did not answer."""
        client = self._client
        if client is None:
            raise ToolError(GONE)
        try:
            return await client.call_tool(tool, dict(arguments), read_timeout_seconds=EFFECT_LIMIT_MS / 1_000)
        except Exception as error:  # whatever the library raises: the connection may be lost, and it is looked after
            _log.warning("MCP server %s: %s: %s", self.terms.server, tool, _reason(error))
            self._look.set()
            raise ToolFailed(_reason(error)) from None

    # --- the connection ------------------------------------------------------------------------------------------

    async def _stay(self) -> None:
        """Be connected, again and again."""
        again_s = AGAIN_S
        while True:
            was_there = False
            try:
                async with self._connected() as client:
                    await self._read_tools(client)
                    self._client, self.why_not, was_there = client, "", True
                    _log.info("MCP server %s is there, with %d tools", self.terms.server, len(self.tools))
                    self._tried.set()
                    await self._watch(client)
            except Exception as error:  # whatever the library raises: the agent goes on without it
                reason = _reason(error)
                if was_there or reason != self.why_not:
                    told = "MCP server %s is not there: %s; the agent works without its tools until it is"
                    _log.warning(told, self.terms.server, reason)
                self.why_not = reason
            finally:
                self._client = None
            self._tried.set()
            again_s = AGAIN_S if was_there else min(2 * again_s, LONGEST_AGAIN_S)
            await elapse(again_s)

    @asynccontextmanager
    async def _connected(self) -> "AsyncIterator[Client]":
        from mcp import Client, StdioServerParameters  # noqa: PLC0415 - for agents with such servers only
        from mcp.client.streamable_http import streamable_http_client  # noqa: PLC0415 - same
        from mcp.shared._httpx_utils import create_mcp_http_client  # noqa: PLC0415 - same

        address = self._address
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(CONNECT_S):
                server: Any
                if address.here is not None:
                    server = address.here
                elif address.url:
                    http = await stack.enter_async_context(create_mcp_http_client(headers=dict(address.headers)))
                    server = streamable_http_client(address.url, http_client=http)
                else:
                    command, *args = address.command
                    server = StdioServerParameters(command=command, args=args, env=dict(address.env))
                client = Client(server, read_timeout_seconds=CONNECT_S, message_handler=self._on_message, cache=None)
                await stack.enter_async_context(client)
            yield client

    async def _watch(self, client: "Client") -> None:
        """Read the tools again whenever they may have changed; raises what that raises once it is gone."""
        listening = asyncio.create_task(self._listen(client), name=f"MCP changes of {self.terms.server}")
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._look.wait()
                self._look.clear()
                await self._read_tools(client)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _listen(self, client: "Client") -> None:
        """Be told of changes, by servers of the protocol that asks for a subscription."""
        with suppress(Exception):  # older servers tell unasked, and what is missed is read a little later
            async with client.listen(tools_list_changed=True) as changes:
                self._look.set()  # what changed before we were listening, nobody told
                async for _ in changes:
                    self._look.set()

    async def _on_message(self, message: object) -> None:
        """Older servers tell of changes unasked."""
        if getattr(message, "method", "") == "notifications/tools/list_changed":
            self._look.set()

    async def _read_tools(self, client: "Client") -> None:
        told: list[Any] = []
        cursor = None
        for _ in range(MAX_PAGES):
            page = await client.list_tools(cursor=cursor)
            told += page.tools
            cursor = page.next_cursor
            if cursor is None:
                break
        key = [each.model_dump(mode="json") for each in told]
        if key == self._told:
            return
        self._told = key
        self.tools = tuple(tools_told(told, self.terms, self.call, self._complain))
        for name in unknown_names(told, self.terms):
            self._complain(f"it has no tool {name!r}, which the agent's file names")
        self.on_changed()

    def _complain(self, what: str) -> None:
        _log.warning("MCP server %s: %s", self.terms.server, what)


def _reason(error: BaseException) -> str:
    """The innermost of what went wrong, in a line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is not installed: pip install 'offhook[mcp]'"
    if isinstance(error, TimeoutError):
        return "it does not answer"
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
