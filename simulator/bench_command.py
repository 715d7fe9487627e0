"""`offhook bench`: measure this machine."""

import json
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.running import run
from simulator.bench_ears_command import ears
from simulator.bench_endpointing_command import endpointing

if TYPE_CHECKING:
    from simulator.bench_plan import Figures, Plan
    from simulator.bench_simulator import SimulatorFigures

EXIT_WRONG = 2
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.group()
def bench() -> None:
    """Measure this machine."""


bench.add_command(ears)
bench.add_command(endpointing)


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--calls", type=click.IntRange(1, 1_000), help="Calls at a time, for all figures but the last. [20]")
@click.option("--seconds", type=click.IntRange(1, 600), help="How long callers and agent talk for our share. [30]")
@click.option("--quick", is_flag=True, help="Less than 40 s instead of less than 3 minutes; rougher.")
def call(as_json: bool, calls: int | None, seconds: int | None, quick: bool) -> None:
    """What a call costs and how quick it is.

    A server and a load of simulated calls on loopback, in two processes; providers answer at once, so what remains is
    our own: share of an answer, reaction to an interruption, CPU, memory, calls on one core, start-up.
    """
    from simulator.bench_call import measure  # noqa: PLC0415 - keeps `offhook --help` quick
    from simulator.bench_load import BenchError  # noqa: PLC0415 - same
    from simulator.bench_machine import facts  # noqa: PLC0415 - same

    plan = make_plan(calls=calls, seconds=seconds, quick=quick)
    try:
        figures: Figures = run(lambda: measure(plan))
    except BenchError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps({**figures.values(), **facts(), "notes": figures.notes}))
    else:
        print_table(figures)


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--quick", is_flag=True, help="Less than half a minute; rougher.")
def simulator(as_json: bool, quick: bool) -> None:
    """How much faster than real time calls are simulated.

    A call of a minute and a half with every frame on the wire, the same with idle audio skipped, its decisions
    replayed, many seeds by two processes, what memory the runs leave behind, and in which files the time goes.
    """
    from simulator import bench_simulator  # noqa: PLC0415 - keeps `offhook --help` quick
    from simulator.bench_machine import cpu_times, disturbance, facts  # noqa: PLC0415 - same

    plan = bench_simulator.QUICK if quick else bench_simulator.Plan()
    before = cpu_times()
    figures = bench_simulator.measure(plan, lambda what: click.echo(f"measuring {what} ...", err=True))
    remark = disturbance(before, cpu_times())
    figures.notes += [remark] if remark else []
    if as_json:
        click.echo(json.dumps({**figures.values(), **facts(), "notes": figures.notes}))
    else:
        print_simulator_table(figures)


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--profile", "profiles", multiple=True, help="One more profile. [all that are named for a use case]")
@click.option("--calls", type=click.IntRange(1, 1_000_000), help="Calls under each profile. [1000; 5 of each --only]")
@click.option("--half", type=click.Choice(["held-out", "tuning"]), default="held-out", show_default=True)
@click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True, help="Run in so many processes.")
@click.option("--only", multiple=True, metavar="NAME", help="A situation, or a family of them; again for more.")
@click.option("--situations", type=FOLDER, metavar="DIR", help="Situations of your own, instead of the bundled ones.")
@click.option("--seed", type=click.IntRange(0), help="One variation of each, and who spoke when in it.")
@click.option("--script", "wants_script", is_flag=True, help="Print a call as a script; with --only and --seed.")
@click.option("--worst", type=click.IntRange(0), default=0, metavar="N", help="Show the situations that missed most.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="A page with timelines of misses.")
@click.option("--list", "wants_list", is_flag=True, help="Show the situations, and run nothing.")
def turns(half: str, **options: Any) -> None:  # noqa: ANN401 - the options above
    """How natural a conversation is: many short calls, judged by the numbers that turn-taking should reach.

    Situations (interruptions, signs of listening, coughs, pauses, numbers ...) are varied by seeds into calls, whose
    providers are as slow as published. Half of all variations is for tuning; figures are for the other half.
    """
    from simulator.corpus.split import Half  # noqa: PLC0415 - keeps `offhook --help` quick
    from simulator.report.written import ReportError  # noqa: PLC0415 - same
    from simulator.scenario import ScriptError  # noqa: PLC0415 - same
    from simulator.turn_bench.command import Manner, carry_out  # noqa: PLC0415 - same
    from simulator.turn_bench.running import Wish  # noqa: PLC0415 - same

    wished = {f.name: options[f.name] for f in fields(Wish) if f.name in options}
    told = {f.name: options[f.name] for f in fields(Manner)}
    try:
        carry_out(Wish(half=Half(half), **wished), Manner(**told))
    except (ScriptError, ReportError) as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_WRONG)


@bench.command("tools")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--runs", type=click.IntRange(100, 100_000), default=2_000, help="Of each tool. [2000]")
@click.option("--questions", type=click.IntRange(1, 10_000), default=40, help="Simulated calls of each way. [40]")
def tools_(as_json: bool, runs: int, questions: int) -> None:
    """What our own part of a tool costs, and how soon a caller hears its answer.

    Tools that do nothing: plain and waiting ones that read, and ones with an effect, which is journalled on disk. And
    answers that are kept, in memory and in Redis: that of REDIS_URL, or one of its own where redis-server is installed.
    Then the bundled parcel agent is asked "is my shipment delayed?", simulated end to end with a tool of 150 ms.
    """
    from simulator import bench_cache, bench_question  # noqa: PLC0415 - keeps `offhook --help` quick
    from simulator.bench_machine import cpu_times, disturbance, facts  # noqa: PLC0415 - keeps `offhook --help` quick
    from simulator.bench_tools import GOAL_MS, measure  # noqa: PLC0415 - same

    before = cpu_times()
    values: dict[str, float | None] = {**run(lambda: measure(runs)).values()}
    kept, why_not = run(lambda: bench_cache.measure(runs))
    values.update(kept)
    values.update(bench_question.measure(questions))
    notes = [note for note in (why_not, disturbance(before, cpu_times())) if note]
    if as_json:
        click.echo(json.dumps({**values, **facts(), "notes": notes}))
        return
    for name, value in values.items():
        click.echo(f"{name:<40}{'-' if value is None else f'{value:.3f}':>9}")
    goals = {"overhead_ms_p99": GOAL_MS, **{f"{what}_ms_p99": goal for what, goal in bench_cache.GOALS_MS.items()}}
    goals |= {f"question_{way}_voice_to_voice_ms_p95": bench_question.GOAL_MS for way in bench_question.QUESTIONS}
    for name, goal_ms in goals.items():
        value = values[name]
        verdict = "not measured" if value is None else "met" if value <= goal_ms else "missed"
        click.echo(f"goal: {name} of {goal_ms:g} ms at most: {verdict}")
    for note in notes:
        click.echo(note)


def print_simulator_table(figures: "SimulatorFigures") -> None:
    """The figures, each beside its goal, and where the time goes."""
    from rich.console import Console  # noqa: PLC0415 - keeps `offhook --help` quick
    from rich.table import Table  # noqa: PLC0415 - same

    from simulator.bench_machine import facts  # noqa: PLC0415 - same
    from simulator.bench_simulator import GOALS  # noqa: PLC0415 - same

    table = Table("figure", "measured", "goal", "", box=None, pad_edge=False)
    for goal in GOALS:
        value = float(getattr(figures, goal.figure))
        verdict = "[green]met[/]" if goal.is_met(value) else f"[red]missed[/], {value / goal.limit:.0%} of it"
        table.add_row(goal.what, f"{value:,.1f}", str(goal), verdict)
    places = Table("where the time goes, every frame on the wire", "% of it", box=None, pad_edge=False)
    for place, share in (*figures.rooms.items(), ("", 0.0), *figures.files.items()):
        places.add_row(place, f"{share:.1f}" if place else "")
    where = facts()
    console = Console()
    console.print(table, "", places, "", *figures.notes, sep="\n")
    console.print(f"{where['cpu']}, {where['cores']} cores, Python {where['python']}: {where['command']}", style="dim")


def make_plan(*, calls: int | None, seconds: int | None, quick: bool) -> "Plan":
    """What the options ask for."""
    from simulator.bench_plan import QUICK, Plan  # noqa: PLC0415 - keeps `offhook --help` quick

    plan = QUICK if quick else Plan()
    return replace(plan, calls=calls or plan.calls, talking_ms=seconds * 1_000 if seconds else plan.talking_ms)


def print_table(figures: "Figures") -> None:
    """The figures, each beside its goal, and how they came about."""
    from rich.console import Console  # noqa: PLC0415 - keeps `offhook --help` quick
    from rich.table import Table  # noqa: PLC0415 - same

    from simulator.bench_machine import facts  # noqa: PLC0415 - same
    from simulator.bench_plan import GOALS  # noqa: PLC0415 - same

    values = figures.values()
    table = Table(box=None, pad_edge=False)
    for column, justify in (("figure", "left"), ("measured", "right"), ("goal", "left"), ("", "left")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]  # literals, lost in the tuple
    for goal in GOALS:
        value = values[goal.figure]
        told = "not measured" if value is None else f"{value:g}"
        verdict = "" if value is None else "[green]met[/]" if goal.is_met(float(value)) else "[red]missed[/]"
        table.add_row(goal.what, told, str(goal), verdict)
    console = Console()
    console.print(table)
    steps = Table(box=None, pad_edge=False)
    for column in ("calls", "jitter p99, ms", "underruns", "server CPU, %", "load late p99, ms"):
        steps.add_column(column, justify="right")
    for step in figures.steps:
        columns = (
            f"{step.jitter_ms_p99:.1f}",
            str(step.underruns),
            f"{step.cpu_percent:.0f}",
            f"{step.load_late_ms_p99:.1f}",
        )
        steps.add_row(str(step.calls), *columns)
    console.print("", steps, f"limited by {figures.limited_by}", *figures.notes, sep="\n")
    where = facts()
    console.print(f"{where['cpu']}, {where['cores']} cores, Python {where['python']}: {where['command']}", style="dim")
