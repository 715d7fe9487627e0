"""Which tools an agent has in a script: its own, and those that the script says its MCP servers have."""

from collections.abc import Mapping

from agent.agent_file import Agent
from simulator.scenario.model import ScriptFile

KnownTools = Mapping[str, tuple[str, ...]]
"""The names of arguments, by tool."""


def known_tools(script: ScriptFile, agent: Agent | None) -> KnownTools | None:
    """They; None where nothing is known of the agent."""
    if agent is None:
        return None
    own = {tool.name: tuple(tool.parameters.get("properties", {})) for tool in agent.toolset()}
    terms = {table.name: table.terms() for table in agent.mcp_servers}
    remote = {
        terms[server].name_of(name): tuple(tool.parameters)
        for server, tools in script.mcp.items()
        if server in terms
        for name, tool in tools.items()
    }
    return {**remote, **own}
