"""`offhook calls`: what came of calls that are over."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import click

from agent.call_record import CallRecord, kept_record, make_record
from agent.config import load_config
from agent.errors import SettingsError
from agent.trace_view import TraceError

MOST_LISTED = 200

data_option = click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Directory of the data; else OFFHOOK_DATA."
)


@click.group(invoke_without_command=True)
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_context
def calls(context: click.Context, data: Path | None, as_json: bool) -> None:
    """What came of calls that are over: outcome, summary, and what was done; the latest last."""
    if context.invoked_subcommand is not None:
        return
    home = _home(data)
    records = [record for record in (_record(home, name) for name in _ids(home)) if record is not None]
    records.sort(key=lambda record: record.started_at)
    for record in records[-MOST_LISTED:] if as_json else ():
        click.echo(json.dumps(asdict(record), ensure_ascii=False))
    if not as_json:
        _show(records[-MOST_LISTED:], home)


@calls.command()
@click.argument("call_id")
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(call_id: str, data: Path | None, as_json: bool) -> None:
    """All that is kept of one call; the beginning of its id is enough."""
    home = _home(data)
    found = [name for name in _ids(home) if name.startswith(call_id)]
    if len(found) != 1:
        which = "there is no such call" if not found else f"{len(found)} calls begin so"
        raise click.ClickException(f"{call_id}: {which} in {home}; `offhook calls` lists them")
    try:
        record = kept_record(home, found[0]) or make_record(home, found[0])
    except (TraceError, OSError) as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps(asdict(record), ensure_ascii=False))
        return
    told = {**asdict(record), "trace": str(home / "traces" / f"{record.call_id}.jsonl")}
    for name, value in told.items():
        click.echo(f"{name:<12}{json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value}")


def _show(records: list[CallRecord], home: Path) -> None:
    from rich.console import Console  # noqa: PLC0415 - for people only
    from rich.table import Table  # noqa: PLC0415 - same

    if not records:
        click.echo(f"{home}: no calls yet")
        return
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("call", "agent", "began", "s", "turns", "outcome", "summary"):
        table.add_column(column, no_wrap=column != "summary", justify="right" if column in ("s", "turns") else "left")
    for record in records:
        table.add_row(
            record.call_id[:12],
            record.agent,
            record.started_at[:16].replace("T", " "),
            str(record.duration_ms // 1_000),
            str(record.turns),
            str(record.outcome),
            record.summary,
        )
    Console().print(table)


def _record(home: Path, call_id: str) -> CallRecord | None:
    """The call's record, made now where it was not yet; None for one that is still going on, or cannot be read."""
    try:
        return kept_record(home, call_id) or make_record(home, call_id)
    except (TraceError, OSError):
        return None


def _ids(home: Path) -> list[str]:
    traces = (path.stem for path in (home / "traces").glob("*.jsonl") if not path.stem.endswith(".wires"))
    return sorted(traces)


def _home(data: Path | None) -> Path:
    try:
        return data or load_config(os.environ, Path(".env")).data
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
