"""`offhook tune`: how patient an agent should be, by its own calls."""

import re
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

EXIT_DOUBTFUL, EXIT_WRONG = 1, 2

FILE = click.Path(path_type=Path, dir_okay=False)


def _rate(_ctx: click.Context, _param: click.Parameter, value: str | None) -> float | None:
    """A percentage as a share."""
    if value is None:
        return None
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%?\s*", value)
    percents = float(found[1]) if found else 0.0
    if not LEAST_PERCENT <= percents <= MOST_PERCENT:
        raise click.BadParameter(
            f"expected a percentage from {LEAST_PERCENT:g} to {MOST_PERCENT:g}, such as 3%, got {value}"
        )
    return percents / 100


LEAST_PERCENT, MOST_PERCENT = 0.1, 50.0


def _day(_ctx: click.Context, _param: click.Parameter, value: datetime | None) -> date:
    return (value or datetime.now(UTC)).date()


@click.command()
@click.argument("recordings", nargs=-1, metavar="[TRACES or FOLDERS]...", type=click.Path(path_type=Path))
@click.option("--scripts", multiple=True, metavar="SCRIPT", help="A call script to simulate instead; again for more.")
@click.option("--seeds", type=click.IntRange(1, 100_000), default=50, show_default=True, help="Of each script.")
@click.option("--corpus", is_flag=True, help="Simulate the corpus of turn-taking instead.")
@click.option("--only", multiple=True, metavar="NAME", help="Of the corpus: a situation, or a family of them.")
@click.option("--situations", type=click.Path(path_type=Path), metavar="FOLDER", help="A corpus of your own.")
@click.option("--calls", type=click.IntRange(2, 1_000_000), default=800, show_default=True, help="Of the corpus.")
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="TUNING",
    help="Where to start; again for more. [as recorded; scheduling]",
)
@click.option(
    "--max-cutoffs", callback=_rate, metavar="PERCENT", help="Turns that may be cut off. [by profile, 2 to 5 %]"
)
@click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True, help="Use so many processes.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the intervals.")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), callback=_day, help="What files say. [today]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--png", type=FILE, help="Draw the curve. Needs the extra [plots].")
@click.option("--svg", type=FILE, help="Draw the curve.")
@click.option("--html", type=FILE, help="Write one self-contained page: curve and table.")
@click.option("--out", type=FILE, metavar="FILE.toml", help="Write the chosen profile.")
@click.option("--anyway", is_flag=True, help="Write it although the calls are too few to tell.")
def tune(**options: Any) -> None:  # noqa: ANN401 - the options above, as `Wish` has them
    """How patient should this agent be? Its own calls tell: traces, or scripts that are simulated.

    Many tunings of the end of turns are tried on what callers said and how they paused, by deciding the recorded calls
    again: the shortest delay that cuts off no more than is allowed is chosen by half of the calls, and tested on the
    other half. Exit code 0: told; 1: no profile was written, for the reason told; 2: something is wrong with the input.
    """
    from agent.errors import SettingsError  # noqa: PLC0415 - keeps `--help` quick
    from agent.trace_view import TraceError  # noqa: PLC0415 - same
    from simulator.report.written import ReportError  # noqa: PLC0415 - same
    from simulator.scenario import ScriptError  # noqa: PLC0415 - same
    from simulator.tuner.command import Doubtful, Wish, carry_out  # noqa: PLC0415 - same

    try:
        carry_out(Wish(**options))
    except Doubtful as doubt:
        click.echo(f"offhook tune: {doubt}", err=True)
        sys.exit(EXIT_DOUBTFUL)
    except (TraceError, ScriptError, SettingsError, ReportError) as error:
        click.echo(f"offhook tune: {error}", err=True)
        sys.exit(EXIT_WRONG)
