"""`offhook score`: the field's turn-taking metrics, of our calls and of tau-voice's."""

from pathlib import Path
from typing import Any

import click
import orjson

from agent.metrics.derived import DERIVED
from agent.metrics.panels import Panels
from agent.metrics.score import Score
from agent.score_files import ScoreError, tau_runs, turn_traces
from agent.score_view import console, show, show_tau

EXIT_WRONG = 2


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILES or FOLDERS...", type=click.Path(path_type=Path))
@click.option("--tau", is_flag=True, help="The files are runs or results folders of tau-voice.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def score(paths: tuple[Path, ...], tau: bool, as_json: bool) -> None:
    """Judge how turns were taken: traces of calls, turn-traces, or runs of tau-voice.

    Events of all calls are pooled, then divided once. A number with nothing to divide by is null.
    """
    try:
        values = _tau_values(paths) if tau else _values(paths)
    except ScoreError as error:
        click.echo(str(error), err=True)
        raise SystemExit(EXIT_WRONG) from None
    if as_json:
        click.echo(orjson.dumps(values))
    elif tau:
        show_tau(console(), values)
    else:
        show(console(), values)


def _values(paths: tuple[Path, ...]) -> dict[str, Any]:
    score = Score()
    for trace in turn_traces(paths):
        score.add(trace)
    values = score.values()
    return {**values, "derived": DERIVED} if values["derived_calls"] else values


def _tau_values(paths: tuple[Path, ...]) -> dict[str, Any]:
    runs = tau_runs(paths)
    panels = Panels(runs[0].tick_ms)
    for run in runs:
        for ticks in run.calls():
            panels.add(run.domain, ticks)
    return panels.values()
