"""Where the endpoints of an agent's HTTP tools are, in a world: all of them one peer, under each of their origins."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from agent.agent_file import Agent
from simulator.peers.webhook import WebhookPeer
from simulator.peers.webhook_behaviour import WebhookBehaviour
from simulator.world import World

SECRET = "simulated-secret"  # noqa: S105 - of endpoints that exist in simulations only


def secrets_of(agent: Agent) -> dict[str, str]:
    """The variables with the secrets of an agent's HTTP tools, as a simulation sets them."""
    return {table.secret_env: SECRET for table in agent.http_tools if table.secret_env}


def webhook_peer(world: World, agent: Agent, behaviours: Mapping[str, WebhookBehaviour]) -> WebhookPeer:
    """The business's own side of the agent's HTTP tools."""
    secrets = {table.name: SECRET for table in agent.http_tools if table.secret_env}
    return WebhookPeer(world, world.rng("webhooks"), behaviours, secrets)


def origins_of(agent: Agent) -> list[str]:
    """Where an agent's HTTP tools are, each once."""
    parts = [urlsplit(table.url) for table in agent.http_tools]
    return list(dict.fromkeys(f"{each.scheme}://{each.netloc}" for each in parts))
