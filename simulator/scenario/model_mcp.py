"""How the MCP servers of an agent behave in a call script."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field

from agent.remote_tables import SHORT_TYPES
from simulator.delays import LONGEST_MS
from simulator.mcp_hosts import McpToolBehaviour
from simulator.scenario.model_steps import TABLE, Text


def _type(value: str) -> str:
    if value not in SHORT_TYPES:
        raise ValueError(f"expected one of {', '.join(SHORT_TYPES)}, got {value!r}")
    return value


class McpToolTable(BaseModel):
    """One tool of an MCP server."""

    model_config = TABLE

    answer: dict[str, Any] = Field(default_factory=dict)
    """What it answers."""
    delay_ms: Annotated[int, Field(ge=0, le=LONGEST_MS)] = 50
    """How long it takes."""
    error: Text | None = None
    """It fails instead, in these words."""
    parameters: dict[str, Annotated[str, AfterValidator(_type)]] = Field(default_factory=dict)
    """What it takes: "string", "integer", "number", "boolean" or "date" by name; all are required."""
    read_only: bool = False
    """Whether the server says that it only reads."""
    description: Text | None = None
    """What the model is told of it."""


McpTables = Mapping[str, Mapping[str, McpToolTable]]


def servers_of(tables: McpTables) -> dict[str, dict[str, McpToolBehaviour]]:
    """Their tools, by the names of servers."""
    return {server: {name: _behaviour(table) for name, table in told.items()} for server, told in tables.items()}


def _behaviour(table: McpToolTable) -> McpToolBehaviour:
    properties = {name: dict(SHORT_TYPES[kind]) for name, kind in table.parameters.items()}
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    told = {"description": table.description} if table.description else {}
    return McpToolBehaviour(table.answer, table.delay_ms, table.error or "", schema, table.read_only, **told)
