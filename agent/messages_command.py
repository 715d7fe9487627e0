"""`offhook messages`: what callers left for somebody of the house."""

import asyncio
import os
from pathlib import Path

import click
import orjson
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, select

from agent.config import load_config
from agent.errors import SettingsError

SHOWN = ("taken_at", "recipient", "sender", "call_back", "text")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a message.")
def messages(as_json: bool) -> None:
    """Show the messages that callers left, the oldest first."""
    from tools.context import ToolError  # noqa: PLC0415 - the command line starts without the database's library
    from tools.messages import MESSAGES  # noqa: PLC0415 - same
    from tools.messages import messages as rows  # noqa: PLC0415 - same
    from tools.store import Databases  # noqa: PLC0415 - same

    def find(db: Connection) -> list[dict[str, str]]:
        return [dict(row) for row in db.execute(select(rows).order_by(rows.c.taken_at)).mappings()]

    try:
        config = load_config(os.environ, Path(".env"))
        databases = Databases(config.variables.get("DATABASE_URL", ""))
        found = asyncio.run(databases.read(MESSAGES, config.data, find))
    except (SettingsError, ToolError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        for row in found:
            click.echo(orjson.dumps(row))
        return
    table = Table(*(name.replace("_", " ") for name in SHOWN))
    for row in found:
        table.add_row(*(row[name] for name in SHOWN))
    Console().print(table if found else "Nobody left a message.")
