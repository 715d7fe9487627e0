"""MCP servers in a simulation: real ones of the `mcp` package, in this process, on the simulation's own loop.

Theirs and our messages go through streams in memory, so that their tools take the world's time, and the same seed
gives the same call. Only servers that a script tells of are there.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.agent_file import Agent
from agent.config import Config
from agent.mcp_servers import McpServers
from simulator.world import World
from tools.tool import Tool
from tools.waiting import elapse


@dataclass(frozen=True, slots=True)
class McpToolBehaviour:
    """A tool of a server: its JSON schema, what it answers and when; with an `error` it fails so."""

    answer: Mapping[str, Any] = field(default_factory=dict)
    delay_ms: int = 50
    error: str = ""
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    is_read_only: bool = False
    description: str = "As its name says."


Tools = Mapping[str, McpToolBehaviour]


class RehearsedServers:
    """The MCP servers of an agent in a world; `on_tools` is told of their tools."""

    def __init__(
        self,
        world: World,
        config: Config,
        agent: Agent,
        servers: Mapping[str, Tools],
        on_tools: Callable[[tuple[Tool, ...]], None],
    ) -> None:
        here = {name: server_of(name, tools) for name, tools in servers.items()}
        tables = tuple(table for table in agent.mcp_servers if table.name in here)
        told = agent.model_copy(update={"mcp_servers": tables})
        self._world = world
        self._servers = McpServers(config, told, lambda: on_tools(self._servers.tools), here)
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, then: Callable[[], None]) -> None:
        """Connect to all, and go on."""
        self._begin(self._servers.open, then)

    def close(self) -> None:
        """Disconnect from all, within the world's next moments."""
        self._begin(self._servers.close, lambda: None)

    def _begin(self, work: Callable[[], Coroutine[Any, Any, None]], then: Callable[[], None]) -> None:
        if not self._servers.servers:
            then()
            return

        def begin() -> None:
            task = asyncio.get_running_loop().create_task(work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            task.add_done_callback(lambda _: then())

        self._world.call_at(self._world.now(), begin)


def server_of(name: str, tools: Tools) -> Any:  # noqa: ANN401 - the library's
    """A server that has these tools. Raises ImportError without `mcp`."""
    import mcp_types as types  # noqa: PLC0415 - for scripts that tell of servers
    from mcp.server.lowlevel import Server  # noqa: PLC0415 - same

    async def list_tools(_context: object, _page: object) -> types.ListToolsResult:
        told = [
            types.Tool(
                name=tool,
                description=each.description,
                input_schema=dict(each.parameters),
                annotations=types.ToolAnnotations(read_only_hint=each.is_read_only),
            )
            for tool, each in tools.items()
        ]
        return types.ListToolsResult(tools=told)

    async def call_tool(_context: object, asked: types.CallToolRequestParams) -> types.CallToolResult:
        told = tools[asked.name]
        await elapse(told.delay_ms / 1_000)
        if told.error:
            return types.CallToolResult(content=[types.TextContent(text=told.error)], is_error=True)
        answer = dict(told.answer)
        return types.CallToolResult(content=[types.TextContent(text=json.dumps(answer))], structured_content=answer)

    return Server(name, on_list_tools=list_tools, on_call_tool=call_tool)
