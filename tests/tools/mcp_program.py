"""A real MCP server, of the package itself: on its standard streams, or in an application for a web server."""

import os
from pathlib import Path
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp_types import ToolAnnotations


def make_server() -> MCPServer[Any]:
    server: MCPServer[Any] = MCPServer("shop")
    _add_orders(server)
    _add_oddities(server)
    return server


def _add_orders(server: MCPServer[Any]) -> None:
    booked: list[str] = []

    @server.tool(annotations=ToolAnnotations(read_only_hint=True))
    def find_order(order: str) -> dict[str, str]:
        """Where an order is."""
        if order == "none":
            raise ValueError("there is no such order")
        return {"order": order, "status": "on its way"}

    @server.tool(annotations=ToolAnnotations(idempotent_hint=True))
    def set_day(order: str, day: str) -> str:
        """Deliver on another day."""
        return f"{order} comes on {day}"

    @server.tool()
    def book(slot: str) -> int:
        """Book a slot."""
        if slot in booked:
            raise ValueError("taken")
        booked.append(slot)
        return len(booked)


def _add_oddities(server: MCPServer[Any]) -> None:
    @server.tool(name="tell.secret")
    def tell_secret() -> str:
        """What the program was given."""
        return os.environ.get("SHOP_SECRET", "nothing") + os.environ.get("HIDDEN", "")

    @server.tool()
    def long() -> str:
        """A long text."""
        return "x" * 100_000

    @server.tool()
    async def learn(context: Context) -> str:
        """Have one more tool."""

        def dance() -> str:
            """Dance."""
            return "danced"

        server.add_tool(dance)
        await context.notify_tools_changed()
        return "learnt"

    @server.tool()
    def crash() -> None:
        """End at once."""
        os._exit(1)


if __name__ == "__main__":
    if pid_file := os.environ.get("PID_FILE"):
        Path(pid_file).write_text(str(os.getpid()))
    make_server().run("stdio")
