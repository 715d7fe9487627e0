"""The MCP servers of an agent: all connected at once at the start, all disconnected at the end."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from agent.agent_file import Agent
from agent.config import Config
from agent.config_report import SettingLine
from agent.remote_tables import McpServerTable
from tools.mcp_server import McpAddress, McpServer
from tools.tool import Tool

START_S = 10.0
"""How long a start waits for servers; those that come later are used from then on."""


class McpServers:
    """`tools` are those of all servers that are or were there; `on_changed` is called when they are others.

    `here`, by name: servers in this process, in place of where the agent's file says they are.
    """

    def __init__(
        self,
        config: Config,
        agent: Agent,
        on_changed: Callable[[], None] = lambda: None,
        here: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.servers = [_server_of(table, config.variables, here.get(table.name)) for table in agent.mcp_servers]
        self.on_changed = on_changed
        self._opening: list[asyncio.Task[None]] = []

    @property
    def tools(self) -> tuple[Tool, ...]:
        """In the order of the agent's file."""
        return tuple(tool for server in self.servers for tool in server.tools)

    async def open(self) -> None:
        """Connect to all, and wait for them a while."""
        for server in self.servers:
            server.on_changed = self.on_changed
        self._opening = [asyncio.create_task(server.open()) for server in self.servers]
        if self._opening:
            await asyncio.wait(self._opening, timeout=START_S)

    async def close(self) -> None:
        """Disconnect from all; those that are programs of ours have ended then."""
        for task in self._opening:
            task.cancel()
        await asyncio.gather(*self._opening, *(server.close() for server in self.servers), return_exceptions=True)

    def describe(self) -> Iterator[SettingLine]:
        """A line for each, for the report at the start."""
        for server in self.servers:
            name = f"MCP server {server.terms.server}"
            names = ", ".join(tool.name for tool in server.tools) or "no tools"
            missing = f"{server.why_not}; the agent works without its tools until it is there"
            yield SettingLine(name, server.is_there, names if server.is_there else missing)


def _server_of(table: McpServerTable, variables: Mapping[str, str], here: Any) -> McpServer:  # noqa: ANN401 - the library's
    address = McpAddress(
        url=table.url,
        headers={header: variables.get(name, "") for header, name in table.headers_env.items()},
        command=table.command,
        env={name: variables[name] for name in table.env if name in variables},
        here=here,
    )
    return McpServer(address, table.terms())
