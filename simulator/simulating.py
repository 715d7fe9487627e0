"""What `offhook simulate` does once its options are read."""

import json
import os
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from shlex import join
from tempfile import TemporaryDirectory

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from agent.agent_file import BUNDLED
from simulator.day.running import run_day
from simulator.day.telling import tell_day
from simulator.report.as_json import json_pieces
from simulator.report.compare import Comparison, Side, compare, read_side, show_comparison, side_of
from simulator.report.decisions import show_stopped
from simulator.report.junit import junit_pieces
from simulator.report.listing import (
    checker_values,
    fault_values,
    script_values,
    show_checkers,
    show_faults,
    show_scripts,
)
from simulator.report.page import page_pieces
from simulator.report.results import Results
from simulator.report.table import show
from simulator.report.written import ReportError, check_place, make_folder, written_whole
from simulator.runs.fault_option import parse_fault
from simulator.runs.many import run_many
from simulator.runs.one import run_one
from simulator.runs.outcome import Outcome, Status
from simulator.runs.plan import Plan
from simulator.runs.work import Manner, Work
from simulator.scenario import ScriptError, bundled, json_schema, load
from simulator.shrinking import shrink_first

AGENTS = "agents"
"""Stands for the scripts of all agents that come with us."""

EXIT_FAILED, EXIT_WRONG, EXIT_INTERRUPTED = 1, 2, 130

WIDTH = 130
"""Columns, where nobody says how many there are."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of the command."""

    scripts: tuple[str, ...] = ()
    wants_list: bool = False
    wants_faults: bool = False
    wants_checkers: bool = False
    wants_schema: bool = False
    seed: int | None = None
    seeds: int = 1
    day: int | None = None
    swarm: bool = False
    skip_idle: bool = False
    jobs: int = 1
    faults: tuple[str, ...] = ()
    until_ms: int | None = None
    twice: bool = False
    shrink: bool = False
    keep: Path | None = None
    turn_traces: Path | None = None
    as_json: bool = False
    junit: Path | None = None
    html: Path | None = None
    compare: Path | None = None

    @property
    def command(self) -> str:
        """What was typed, as far as it decides what happens."""
        options: dict[str, object] = {"--seed": self.seed, "--seeds": None if self.seeds == 1 else self.seeds}
        words = [f"{name}={value}" for name, value in options.items() if value is not None]
        faults = [f"--fault={fault}" for fault in self.faults]
        flags = [flag for flag, is_on in (("--swarm", self.swarm), ("--skip-idle", self.skip_idle)) if is_on]
        return join(["offhook", "simulate", *self.scripts, *words, *faults, *flags])

    @property
    def manner(self) -> Manner:
        """How each run is done. Raises FaultError."""
        return Manner(
            faults=tuple(parse_fault(text) for text in self.faults),
            is_swarm=self.swarm,
            is_twice=self.twice,
            is_slim=self.html is None,
            skips_idle=self.skip_idle,
            until_ms=self.until_ms,
            keep=self.keep,
            turn_traces=self.turn_traces,
        )


def carry_out(wishes: Wishes) -> int:
    """Do it; the exit code. Raises ScriptError, FaultError or ReportError before anything is written."""
    if wishes.wants_faults or wishes.wants_checkers or wishes.wants_schema:
        _show_what_there_is(wishes)
        return 0
    if wishes.day is not None:
        if wishes.scripts != (AGENTS,):
            raise ReportError("--day is a day of calls to the agents: offhook simulate agents --day 340")
        return tell_day(run_day(wishes.day, wishes.seed or 0, wishes.jobs), console(), as_json=wishes.as_json)
    plans = loaded(expanded(wishes.scripts) or bundled())
    if wishes.wants_list:
        found = [plan for _, plan in plans]
        if wishes.as_json:
            click.echo(orjson.dumps(script_values(found)))
        else:
            show_scripts(console(), found)
        return 0
    return _run(wishes, plans)


def _show_what_there_is(wishes: Wishes) -> None:
    if wishes.wants_schema:
        click.echo(json.dumps(json_schema(), indent=2))
    elif wishes.as_json:
        click.echo(orjson.dumps(fault_values() if wishes.wants_faults else checker_values()))
    elif wishes.wants_faults:
        show_faults(console())
    else:
        show_checkers(console())


def expanded(scripts: Sequence[str]) -> list[str]:
    """The scripts meant: a folder's are those in it, or in its `scripts`. Raises ScriptError where it has none."""
    found: list[str] = []
    for script in scripts:
        folder = Path(script).expanduser()
        if script == AGENTS:
            found += [str(path) for path in sorted(BUNDLED.glob("*/scripts/*.toml"))]
        elif folder.is_dir():
            inside = (
                sorted(folder.glob("*.toml")) if folder.name == "scripts" else sorted(folder.glob("scripts/*.toml"))
            )
            if not inside:
                raise ScriptError(f"{script}: expected call scripts in it, *.toml; there are none")
            found += map(str, inside)
        else:
            found.append(script)
    return found


def loaded(scripts: Sequence[str]) -> list[tuple[str, Plan]]:
    """The plan of each script, beside how it was named. Raises ScriptError with the mistakes of all of them."""
    plans: dict[str, tuple[str, Plan]] = {}
    complaints = []
    for script in dict.fromkeys(scripts):
        try:
            plan = load(script)
        except ScriptError as error:
            complaints.append(str(error))
            continue
        if plan.name in plans:
            complaints.append(f'two scripts are called "{plan.name}": {plans[plan.name][0]} and {script}; rename one')
        plans[plan.name] = (script, plan)
    if complaints:
        raise ScriptError("\n".join(complaints))
    return list(plans.values())


def console() -> Console:
    """Where people read; what is no terminal gets lines that are wide enough for a table."""
    made = Console()
    return made if made.is_terminal or "COLUMNS" in os.environ else Console(width=WIDTH)


# --- running -------------------------------------------------------------------------------------------------------


def _run(wishes: Wishes, plans: Sequence[tuple[str, Plan]]) -> int:
    manner = wishes.manner
    works = _works(wishes, plans)
    old = _checked(wishes, works)
    with ExitStack() as stack:
        if wishes.until_ms is not None and manner.keep is None and not wishes.as_json:
            folder = stack.enter_context(TemporaryDirectory(prefix="offhook-"))
            manner = replace(manner, keep=Path(folder))
        results = stack.enter_context(closing(Results(with_timelines=wishes.html is not None)))
        last = _collect(results, works, manner, wishes.jobs)
        _write(wishes, results)
        _tell(wishes, results, last, None if old is None else compare(old, side_of(results.runs)))
        if wishes.shrink and results.failures:
            # a report in JSON is all that may stand on the standard output
            shrink_first(
                results.failures,
                works,
                wishes.manner,
                lambda text: click.echo(f"\n{text}", err=wishes.as_json),
            )
    return _exit_code(results)


def _works(wishes: Wishes, plans: Sequence[tuple[str, Plan]]) -> list[Work]:
    """What is to be run. In a swarm for which no script was named, each seed draws its script, too."""
    if wishes.swarm and not wishes.scripts:
        first = wishes.seed or 0
        drawn = [(Random(f"{seed}/swarm/script").choice(plans), seed) for seed in range(first, first + wishes.seeds)]
        drawn.sort(key=lambda pair: (pair[0][0], pair[1]))  # a plan is loaded once for all its seeds
        return [Work(script, range(seed, seed + 1), plan.name, plan.about) for (script, plan), seed in drawn]
    return [_work(script, plan, wishes) for script, plan in plans]


def _work(script: str, plan: Plan, wishes: Wishes) -> Work:
    first = plan.cast.seed if wishes.seed is None else wishes.seed
    return Work(script, range(first, first + wishes.seeds), plan.name, plan.about)


def _checked(wishes: Wishes, works: Sequence[Work]) -> Side | None:
    """The old report, if there is one; complains of what cannot be done before anything is."""
    count = sum(len(work.seeds) for work in works)
    if not count:
        raise ReportError("there is no script to run")
    if wishes.until_ms is not None and count > 1:
        raise ReportError(f"--until stops a single run, these are {count}: name one script and one seed")
    for path, option in ((wishes.junit, "--junit"), (wishes.html, "--html")):
        if path is not None:
            check_place(path, option)
    if wishes.turn_traces is not None:
        make_folder(wishes.turn_traces, "--turn-traces")
    return None if wishes.compare is None else read_side(wishes.compare)


def _collect(results: Results, works: Sequence[Work], manner: Manner, jobs: int) -> Outcome | None:
    """Run everything; the last outcome. Ctrl-C ends it, with what is known by then."""
    count = sum(len(work.seeds) for work in works)
    began_at = time.perf_counter()
    outcome = None
    with closing(run_many(works, manner, jobs, run_one)) as outcomes, _progress(count) as progress:
        task = progress.add_task("", total=count, failed="")
        try:
            for outcome in outcomes:
                results.add(outcome)
                failed = f"[red]{results.total.failures} failed" if results.total.failures else ""
                progress.update(task, advance=1, description=outcome.script, failed=failed)
        except KeyboardInterrupt:
            results.is_interrupted = True
    results.wall_s = time.perf_counter() - began_at
    return outcome


def _progress(count: int) -> Progress:
    screen = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[failed]}"))
    text = TextColumn("{task.description}", style="dim")
    return Progress(*columns, text, console=screen, transient=True, disable=not screen.is_terminal or count == 1)


def _write(wishes: Wishes, results: Results) -> None:
    """The files that are asked for."""
    made = f"{wishes.command}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    for path, pieces in ((wishes.junit, junit_pieces(results)), (wishes.html, page_pieces(results, note=made))):
        if path is not None:
            with written_whole(path) as file:
                file.writelines(pieces)


def _tell(wishes: Wishes, results: Results, last: Outcome | None, comparison: Comparison | None) -> None:
    """What goes to the terminal, or as JSON to whoever reads it."""
    if wishes.as_json:
        more = {} if comparison is None else {"compare": comparison.values()}
        for piece in json_pieces(results, more):
            click.echo(piece, nl=False)
        click.echo()
    elif wishes.until_ms is not None and last is not None:
        show_stopped(console(), last, wishes.until_ms)
    else:
        show(console(), results)
    if comparison is not None and wishes.compare is not None and not wishes.as_json:
        show_comparison(console(), comparison, wishes.compare)
    for outcome in results.wrong.values():
        for violation in outcome.violations:
            click.echo(f"{outcome.script}: {violation.what}", err=True)


def _exit_code(results: Results) -> int:
    if results.total.statuses[Status.WRONG]:
        return EXIT_WRONG
    if results.total.failures:
        return EXIT_FAILED
    return EXIT_INTERRUPTED if results.is_interrupted else 0
