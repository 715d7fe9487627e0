"""What a house offers to its tools, beside the call they serve."""

from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

from agent.agent_file import Agent
from agent.clock import Ids
from agent.config import Config
from agent.config_report import SettingLine
from agent.tool_requests import NetworkHttp, ToolNetwork
from tools.store import Databases
from tools.webhook import Webhooks


def tool_ports(
    config: Config, agent: Agent, network: ToolNetwork, ids: Ids, databases: Databases | None = None
) -> Mapping[type, Any]:
    """By the type that tools ask for; `databases` in place of those that the settings name."""
    urls = tuple(table.url for table in agent.http_tools)
    return {
        Webhooks: Webhooks(NetworkHttp(network), _secrets(config), Random(ids.fresh("")), urls),  # noqa: S311 - spreads retries, hides nothing
        Databases: databases or Databases(config.database_url.reveal()),
    }


def describe_tools(config: Config, agent: Agent) -> Iterator[SettingLine]:
    """Secrets that the agent's tools need and that are not set, for the report at the start."""
    secret_of = _secrets(config)
    for table in agent.http_tools:
        if table.secret_env and not secret_of(table.secret_env):
            meaning = f"without it the tool {table.name} cannot be used: its requests to {table.url} are signed with it"
            yield SettingLine(table.secret_env, False, meaning)


def _secrets(config: Config) -> Callable[[str], str]:
    return lambda name: config.variables.get(name, "").strip()
