"""`offhook trace-to-script`: last night's bad call as a regression script."""

import os
import sys
import tempfile
from pathlib import Path

import click

from agent.trace_view import TraceError
from simulator.replay.core import replay_core
from simulator.replay.recorded import read_whole
from simulator.replay.to_script import script_of

EXIT_UNREADABLE = 2


@click.command()
@click.argument("trace", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Where the script goes; it is printed otherwise.")
@click.option("--agent", default="", help="The agent's TOML file, where it is none of the bundled ones.")
def trace_to_script(trace: Path, output: Path | None, agent: str) -> None:
    """Turn a recorded call into a call script with its expectations, which offhook simulate runs.

    TRACE is a file in data/traces. Nothing but that file is needed, and nothing is asked of any provider.
    """
    try:
        recorded = read_whole(trace)  # half a call would expect what never came
        script = script_of(recorded, agent)
        if output is not None:
            write_whole(output, script)
    except (TraceError, OSError) as error:
        click.echo(f"offhook trace-to-script: {error}", err=True)
        sys.exit(EXIT_UNREADABLE)
    if not replay_core(recorded).is_same:
        click.echo(f"warning: {trace} does not replay without a difference; see offhook replay", err=True)
    if output is None:
        click.echo(script, nl=False)
    else:
        click.echo(
            f"{output}: {len(recorded.decisions)} decisions told; run it with: offhook simulate {output}", err=True
        )


def write_whole(path: Path, text: str) -> None:
    """Write a file so that nobody ever reads a part of it. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.suffix)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
