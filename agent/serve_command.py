"""`offhook serve`: the server that Twilio talks to."""

import logging
import os
from dataclasses import replace
from pathlib import Path

import click

from agent.agent_file import Agent, load_agent
from agent.cli import STAND_INS, load
from agent.config import Config, load_config, opened
from agent.config_report import SettingLine, describe
from agent.errors import SettingsError
from agent.house import House
from agent.running import keep_what_is_here, run
from agent.scrubbed_log import scrub_record
from agent.tool_ports import describe_tools

log = logging.getLogger(__name__)


@click.command()
@click.option("--open", "is_open", is_flag=True, help="Accept streams without token and signature, on loopback only.")
@click.option("--host", help="Address to listen on; else OFFHOOK_HOST.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port to listen on, 0 for any; else OFFHOOK_PORT.")
@click.option("--agent", "agent_name", help="An agent's TOML file or a bundled agent's name; else OFFHOOK_AGENT.")
@click.option("--verbose", is_flag=True, help="Log more.")
def serve(is_open: bool, host: str | None, port: int | None, agent_name: str | None, verbose: bool) -> None:
    """Answer calls until SIGTERM: then running calls may finish; a second SIGTERM has them say goodbye."""
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for handler in logging.getLogger().handlers:
        handler.addFilter(scrub_record)
    for noisy in ("asyncio", "urllib3", "twilio", "transitions", "httpx2", "httpcore2"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("mcp").setLevel(logging.WARNING if verbose else logging.CRITICAL)  # we say it in one line
    try:
        config = load_config(os.environ, Path(".env"))
        config = replace(
            config,
            host=host or config.host,
            port=config.port if port is None else port,
            agent=agent_name or config.agent,
        )
        if is_open:
            config = opened(config)
        agent = load_agent(config.agent)
        run(lambda: serve_calls(config, agent))
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


async def serve_calls(config: Config, agent: Agent) -> None:
    """Serve until a signal has drained the server. Raises SettingsError."""
    async with load(STAND_INS)(config) as (whole, emulated), House(whole, agent) as house:
        keep_what_is_here()
        for line in describe(whole):
            if line.name.split("_")[0].lower() not in emulated:
                click.echo(str(line), err=True)
        for line in (*describe_tools(whole, agent), *house.mcp.describe()):
            click.echo(str(line), err=True)
        for name, meaning in emulated.items():
            click.echo(str(SettingLine(name, False, meaning)), err=True)
        origin = house.server.origin
        click.echo(f"listening at {origin}: voice webhook {origin}/voice, streams {origin}/media", err=True)
        await house.server.until_drained()
        log.info("drained: goodbye")
