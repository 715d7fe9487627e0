"""`offhook simulate`: call scripts in virtual time, with checkers, faults and seeds; reports of how it went."""

import sys
from pathlib import Path
from typing import Any

import click

from simulator.report.written import ReportError

EXIT_WRONG = 2

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("scripts", nargs=-1, metavar="[NAMES or FILES]...")
@click.option("--list", "wants_list", is_flag=True, help="Show the scripts, and run nothing.")
@click.option("--faults", "wants_faults", is_flag=True, help="Show all faults, and how strong they may be.")
@click.option("--checkers", "wants_checkers", is_flag=True, help="Show what is checked in every call.")
@click.option("--schema", "wants_schema", is_flag=True, help="Print the JSON schema of scripts, for editors.")
@click.option("--seed", type=click.IntRange(0), help="Same seed, same calls. [each script's own, usually 0]")
@click.option("--seeds", type=click.IntRange(1), default=1, help="Run with so many seeds, from --seed on.")
@click.option("--day", type=click.IntRange(4, 10_000), metavar="CALLS", help="With `agents`: a day of so many calls.")
@click.option("--swarm", is_flag=True, help="Let each seed draw faults; and its script, if none is named.")
@click.option("--skip-idle", is_flag=True, help="Carry idle audio in long messages: faster, other digests.")
@click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True, help="Run in so many processes.")
@click.option("--fault", "faults", multiple=True, metavar="NAME[=STRENGTH][@MOMENT]", help="One more fault.")
@click.option("--until", "until_ms", type=click.IntRange(1), metavar="MS", help="Stop there; show the last decisions.")
@click.option("--twice", is_flag=True, help="Make each run twice and compare them event by event.")
@click.option("--shrink", is_flag=True, help="Reduce the first failure to the smallest script that still fails.")
@click.option("--keep", type=FOLDER, metavar="DIR", help="Keep the traces of all calls there.")
@click.option("--turn-traces", type=FOLDER, metavar="DIR", help="Write who spoke when there, for `offhook score`.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--junit", type=FILE, help="Write JUnit XML, for Jenkins, GitLab and their like.")
@click.option("--html", type=FILE, help="Write one self-contained page with the timeline of each call.")
@click.option("--compare", type=FILE, metavar="OLD.json", help="Say what changed since an earlier --json.")
def simulate(**options: Any) -> None:  # noqa: ANN401 - the options above, as `Wishes` has them
    """Run call scripts in virtual time: all bundled ones, or those that you name.

    A folder stands for the scripts in it, `agents` for those of the agents that come with us.

    A script says who calls, what goes wrong and what must hold. The same script and seed give the same call, to the
    byte. Exit code 0: all held; 1: something failed; 2: a script or an option is wrong.
    """
    from simulator.faults.planned import FaultError  # noqa: PLC0415 - keeps `--help` quick
    from simulator.scenario import ScriptError  # noqa: PLC0415 - same
    from simulator.simulating import Wishes, carry_out  # noqa: PLC0415 - same

    try:
        code = carry_out(Wishes(**options))
    except (ScriptError, ReportError, FaultError) as error:
        click.echo(str(error), err=True)
        code = EXIT_WRONG
    sys.exit(code)
