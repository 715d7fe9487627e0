"""`offhook trace`: one readable line a decision."""

from pathlib import Path

import click
import orjson

from agent.ledger import ledger_of
from agent.trace_view import EVENT_WIDTH, UNCUT, TraceError, read_trace, readable


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the latency ledger of the call as one JSON object.")
@click.option("--wide", is_flag=True, help="Show long texts whole.")
def trace(file: Path, as_json: bool, wide: bool) -> None:
    """Read the trace of a call: what happened, what was decided, where the time went."""
    try:
        lines = read_trace(file)
    except TraceError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        turns = [
            {"turn": turn.turn, "voice_to_voice_ms": turn.voice_to_voice_ms, "ledger": turn.parts_ms()}
            for turn in ledger_of(lines)
        ]
        click.echo(orjson.dumps({"call_id": lines[0]["call_id"], "turns": turns}))
        return
    for line in readable(lines, event_width=UNCUT if wide else EVENT_WIDTH):
        click.echo(line)
