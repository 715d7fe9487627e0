"""`offhook vapi`: the agent as an assistant to paste into Vapi."""

import json
import os
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from agent.agent_file import load_agent
from agent.config import load_config
from agent.errors import SettingsError


@click.command()
@click.option("--agent", "agent_name", help="An agent's TOML file or a bundled agent's name; else OFFHOOK_AGENT.")
@click.option(
    "--url", help="Where Vapi reaches `offhook serve`, such as https://phone.example.com; else OFFHOOK_PUBLIC_URL."
)
@click.option(
    "--model", metavar="PROVIDER/NAME", help="A model at Vapi thinks, such as openai/gpt-4.1; else our brain does."
)
@click.option(
    "--time-zone", default="UTC", show_default=True, help="With --model: where the business is, as Europe/Paris."
)
def vapi(agent_name: str | None, url: str | None, model: str | None, time_zone: str) -> None:
    """Print the agent as an assistant for Vapi, as JSON, with VAPI_SECRET in it: keep it to yourself.

    Paste it into an assistant's settings, or POST it to https://api.vapi.ai/assistant. An agent without one needs none:
    a number whose server URL is ours asks for it at every call.
    """
    from agent.vapi.assistant import assistant_of, model_at_vapi  # noqa: PLC0415 - help needs none of it

    try:
        config = load_config(os.environ, Path(".env"))
        agent = load_agent(agent_name or config.agent)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    origin = (url or config.public_url).rstrip("/")
    if not origin.startswith(("https://", "http://")):
        raise click.UsageError("Vapi must be told where it reaches us: give --url, or set OFFHOOK_PUBLIC_URL")
    if not config.vapi_secret:
        raise click.ClickException("VAPI_SECRET is not set: it is what Vapi shows us, and we let in nobody without it")
    thinker = None
    if model is not None:
        provider, _, name = model.partition("/")
        if not (provider and name):
            raise click.UsageError(f"--model {model}: expected PROVIDER/NAME, such as openai/gpt-4.1")
        _check(time_zone)
        thinker = model_at_vapi(agent, provider, name, time_zone)
    if agent.mcp_servers and thinker:
        click.echo("the tools of its MCP servers are not in there: Vapi has MCP tools of its own", err=True)
    told = assistant_of(agent, config, agent.toolset(), origin, config.vapi_secret.reveal(), thinker)
    click.echo(json.dumps(told, ensure_ascii=False, indent=2))


def _check(time_zone: str) -> None:
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise click.UsageError(f"--time-zone {time_zone}: expected an IANA name, such as Europe/Paris") from None
