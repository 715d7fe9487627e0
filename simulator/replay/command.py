"""`offhook replay`: a recorded call, decided again."""

import sys
from pathlib import Path
from typing import Any

import click
import orjson

from agent.trace_view import TraceError
from fsm.units import NS_PER_S
from simulator.replay.core import CoreReplay, replay_core
from simulator.replay.difference import Difference, core_differences, told
from simulator.replay.recorded import Recorded, read_recorded

EXIT_DIFFERENT = 1
EXIT_UNREADABLE = 2


@click.command()
@click.argument("trace", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def replay(trace: Path, as_json: bool) -> None:
    """Decide a recorded call again and stop at the first difference.

    Exit code 0: no difference; 1: there is one; 2: not a trace that can be replayed.
    """
    try:
        recorded = read_recorded(trace)
    except TraceError as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_UNREADABLE)
    core = replay_core(recorded)
    differences = core_differences(core)
    if as_json:
        click.echo(orjson.dumps(_as_json(recorded, core, differences)))
    else:
        _show(trace, recorded, core, differences)
    sys.exit(EXIT_DIFFERENT if differences else 0)


def _as_json(recorded: Recorded, core: CoreReplay, differences: tuple[Difference, ...]) -> dict[str, Any]:
    return {
        "call_id": recorded.call_id,
        "is_same": not differences,
        "decisions": len(core.states) - 1,
        "differences": [difference.as_json() for difference in differences],
    }


def _show(trace: Path, recorded: Recorded, core: CoreReplay, differences: tuple[Difference, ...]) -> None:
    seconds = recorded.duration_ns / NS_PER_S
    click.echo(f"{trace}: call {recorded.call_id}, {seconds:.1f} s, {len(recorded.decisions)} decisions")
    if not differences:
        click.echo(f"core: {len(core.states) - 1} decisions, no difference")
    for difference in differences:
        for line in told(difference):
            click.echo(line)
