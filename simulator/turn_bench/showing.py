"""The figures of the bench for people: tables on the terminal."""

from collections.abc import Iterable, Mapping

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from agent.metrics.turn_trace import AgentEntry, CallerEntry
from simulator.corpus.reader import Corpus
from simulator.turn_bench.facts import Broken, CallFacts
from simulator.turn_bench.figures import Figures
from simulator.turn_bench.goals import GOALS, Goal
from simulator.turn_bench.misses import Miss

ALSO = (
    ("reply_stopped_rate", "interrupted replies of which nothing sounds after 2 s, on no grid", ""),
    ("final_stop_ms_p50", "until nothing of that reply sounds, median", " ms"),
    ("final_stop_ms_p95", "the same, p95", " ms"),
    ("stop_ear_ms_p50", "onset to silence at the caller's ear, median", " ms"),
    ("stop_ear_ms_p95", "the same, p95", " ms"),
    ("cough_dead_air_ms_max", "dead air after a cough, worst", " ms"),
    ("opening_share", "answers that begin with an opening, played from memory", ""),
    ("opening_voice_to_voice_ms_p50", "voice to voice of these, median", " ms"),
    ("plain_voice_to_voice_ms_p50", "voice to voice of all others, median", " ms"),
    ("drafts_dropped_per_turn", "drafts dropped per turn", ""),
    ("drafts_made", "drafts made", ""),
    ("drafts_adopted", "drafts adopted", ""),
    ("missed_steps", "steps whose moment never came", ""),
)
"""Figures without a goal, which belong beside those that have one."""


FAILURES_SHOWN = 5


def show_figures(console: Console, figures: Mapping[str, Figures]) -> None:
    """A table: a row for each figure, a column for each profile, the goal beside it."""
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for name in figures:
        table.add_column(name or "own tuning", justify="right")
    table.add_column("goal")
    values = {name: one.values() for name, one in figures.items()}
    table.add_row("calls", *(str(each["calls"]) for each in values.values()), "")
    for goal in GOALS:
        table.add_row(goal.what, *(_cell(goal, each[goal.figure]) for each in values.values()), str(goal))
    table.add_section()
    for key, what, unit in ALSO:
        table.add_row(Text(what, style="dim"), *(_plain(each[key], unit) for each in values.values()), "")
    console.print(table)
    for one in figures.values():
        for failure in one.failures[:FAILURES_SHOWN]:
            console.print(f"[red]{failure.what}[/]\n  {failure.which.command}", highlight=False, soft_wrap=True)


def _cell(goal: Goal, value: float | None) -> RenderableType:
    if value is None:
        return Text("not measured", style="dim")
    style = "green" if goal.is_met(value) else "red"
    missed = goal.missed_by(value)
    return Text(f"{value:.4g}{goal.unit}" + (f" ({missed:.4g} off)" if missed else ""), style=style)


def _plain(value: float | None, unit: str) -> Text:
    return Text("" if value is None else f"{value:.4g}{unit}", style="dim")


def show_worst(console: Console, profile: str, figures: Figures, count: int, corpus: Corpus) -> None:
    """The situations that missed most, each with a command that shows one of its calls."""
    worst = figures.worst(count)
    if not worst:
        console.print(f"{profile}: no call missed anything")
        return
    console.print(f"\n[bold]{profile}[/]: {len(worst)} situations that missed most", highlight=False)
    for name, tally in worst:
        kinds = ", ".join(f"{kind} {number}" for kind, number in tally.misses.most_common())
        about = corpus.situations[name].about
        console.print(
            f"[bold]{name}[/] ({corpus.families[name]}: {about}): {tally.bad_calls} of {tally.calls} calls: {kinds}",
            highlight=False,
        )
        for kept in tally.examples.values():
            which, miss = kept[0]
            console.print(f"  [dim]{miss.what}:[/] {which.command}", highlight=False, soft_wrap=True)


def show_call(console: Console, one: CallFacts | Broken, misses: list[Miss], half: str) -> None:
    """One call: who spoke when, and what was wrong."""
    which = one.which
    profile = which.profile or "own tuning"
    console.print(f"[bold]{which.name}[/], seed {which.seed} ({half}), {profile}", highlight=False)
    if isinstance(one, Broken):
        console.print(f"[red]broken[/]: {one.what}", highlight=False)
        return
    table = Table("from", "to", "caller", "agent", box=None, pad_edge=False)
    entries: list[CallerEntry | AgentEntry] = [*one.trace.caller, *one.trace.agent]
    for entry in sorted(entries, key=lambda each: each.start_ms):
        if isinstance(entry, CallerEntry):
            table.add_row(str(entry.start_ms), str(entry.end_ms), f"{entry.kind}: {entry.text}", "")
        else:
            table.add_row(
                str(entry.start_ms), str(entry.end_ms), "", f"{entry.kind}, turn {entry.turn}: {entry.stopped_by}"
            )
    console.print(table)
    show_misses(console, misses)


def show_misses(console: Console, misses: Iterable[Miss]) -> None:
    """What was wrong, a line each."""
    told = list(misses)
    for miss in told:
        at = "" if miss.at_ms is None else f" at {miss.at_ms} ms"
        console.print(f"[red]{miss.kind}[/]{at}: {miss.what}", highlight=False)
    if not told:
        console.print("[green]nothing was wrong[/]")
