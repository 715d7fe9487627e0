"""`offhook tools`: what an agent may do, and what became of what it did."""

import asyncio
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from agent.agent_file import Agent, load_agent
from agent.config import Config, load_config
from agent.config_report import SettingLine
from agent.errors import SettingsError
from agent.mcp_servers import McpServers
from tools.journal import FILE, Entry, FileJournal, JournalError
from tools.outcome import Fate
from tools.tool import Tool

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory of the business's data; else OFFHOOK_DATA.",
)


@click.group()
def tools() -> None:
    """What an agent may do, and what became of what it did."""


@tools.command("list")
@click.option("--agent", help="An agent's TOML file or a bundled agent's name; else OFFHOOK_AGENT.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def list_tools(agent: str | None, as_json: bool) -> None:
    """The tools of an agent, as the model is told of them and as they are run."""
    try:
        config = load_config(os.environ, Path(".env"))
        chosen = load_agent(agent or config.agent)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    remote, absent = asyncio.run(_from_servers(config, chosen)) if chosen.mcp_servers else ((), ())
    for tool in (*chosen.toolset(), *remote):
        click.echo(json.dumps(_told(tool)) if as_json else _line(tool))
    for line in absent:
        click.echo(str(line), err=True)


async def _from_servers(config: Config, agent: Agent) -> tuple[tuple[Tool, ...], tuple[SettingLine, ...]]:
    """The tools of an agent's MCP servers, and what there is to say of servers that are not there."""
    servers = McpServers(config, agent)
    with _unlogged("mcp", "tools.mcp_server"):  # we say it in one line, and once
        await servers.open()
        found = servers.tools, tuple(line for line in servers.describe() if not line.is_fine)
        await servers.close()
    return found


@contextmanager
def _unlogged(*names: str) -> Iterator[None]:
    """These loggers are silent meanwhile."""
    before = [(logger, logger.level) for logger in map(logging.getLogger, names)]
    for logger, _ in before:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in before:
            logger.setLevel(level)


def _told(tool: Tool) -> dict[str, object]:
    terms = tool.terms
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        "kind": terms.kind,
        "deadline_ms": terms.deadline_ms,
        "cache_ms": terms.cache_ms,
        "stale_ms": terms.stale_ms,
        "prefetch": terms.prefetch,
        "filler": terms.filler,
        "on_failure": terms.on_failure,
        "private": sorted(terms.private),
    }


def _line(tool: Tool) -> str:
    arguments = ", ".join(tool.parameters.get("properties", {}))
    return f"{tool.name}({arguments})  {tool.terms.kind}, {tool.terms.deadline_ms} ms\n    {tool.description}"


@tools.command()
@data_option
@click.option("--unsettled", is_flag=True, help="Only effects of which nobody knows what became.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def journal(data: Path | None, unsettled: bool, as_json: bool) -> None:
    """Effects that were begun, oldest first, and what became of each."""
    kept = _journal(data)
    try:
        open_keys = {entry.key for entry in kept.unsettled(datetime.now().astimezone())}
        entries = [entry for entry in kept.entries() if entry.key in open_keys or not unsettled]
    except JournalError as error:
        raise click.ClickException(str(error)) from None
    for entry in entries:
        fate = "unsettled" if entry.key in open_keys else entry.fate or "under way"
        click.echo(json.dumps({**asdict(entry), "fate": fate}) if as_json else _row(entry, str(fate)))
    if not entries and not as_json:
        click.echo(f"{kept.path}: no {'unsettled ' if unsettled else ''}effects")


def _row(entry: Entry, fate: str) -> str:
    by = f" ({entry.settled_by})" if entry.settled_by else ""
    return f"{entry.begun_at}  {fate + by:<10}  {entry.tool} {entry.arguments}  {entry.call_id}  {entry.key}"


@tools.command()
@click.argument("key")
@click.argument("fate", type=click.Choice(["done", "not-done"]))
@data_option
def settle(key: str, fate: str, data: Path | None) -> None:
    """Write down what became of an unsettled effect, after somebody looked."""
    kept = _journal(data)
    found = Fate(fate.replace("-", " "))
    try:
        known = {entry.key: entry for entry in kept.entries()}
        if kept.settle(key, found, datetime.now().astimezone().isoformat(), "hand"):
            click.echo(f"{known[key].tool} of call {known[key].call_id}: {found}")
            return
    except JournalError as error:
        raise click.ClickException(str(error)) from None
    if key in known:
        raise click.ClickException(f"{key} is settled already: {known[key].fate}")
    raise click.ClickException(f"{kept.path} has no effect {key}; `offhook tools journal --unsettled` lists them")


def _journal(data: Path | None) -> FileJournal:
    try:
        return FileJournal((data or load_config(os.environ, Path(".env")).data) / FILE)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
