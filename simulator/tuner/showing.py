"""A tuning for people: tables on the terminal."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from simulator.tuner.account import Account, figures_text
from simulator.tuner.choice import of_calls, percent
from simulator.tuner.judging import Measured
from simulator.tuner.search import CANNOT_TELL, SWEPT
from simulator.tuner.tuned import Row, Tuned

COLUMNS = (
    "",
    *(swept.name.removesuffix("_ms").replace("_wait", "") for swept in SWEPT),
    "cut off",
    "tested",
    "delay",
    "tested",
    "p50",
    "p95",
    "wasted",
    "not seen",
)

MOST_BROKEN = 3
"""Of calls that tell nothing, so many are told."""


def rows_of(account: Account, tuned: Tuned) -> Iterator[tuple[str, Row]]:
    """The rows of a profile's table: as it is, its neighbours, then the curve with what was chosen."""
    yield tuned.start.name, tuned.before
    yield from ((name, row) for name, row in account.known.items() if name != tuned.start.name)
    profiles = [row.profile for row in tuned.curve]
    if tuned.chosen is not None and tuned.chosen.profile not in profiles:
        yield "chosen", tuned.chosen
    for row in tuned.curve:
        if tuned.chosen is not None and row.profile == tuned.chosen.profile:
            yield "chosen", tuned.chosen
        else:
            yield "", row


def cells(name: str, row: Row) -> list[str]:
    """A tuning in a table: its waits, then the figures of both halves."""
    tuning, test = row.tuning, row.test
    return [
        name,
        *(str(value) for value in row.waits.values()),
        _rate(tuning),
        _rate(test),
        _delay(tuning),
        _delay(test),
        *("" if (value := test.delay_ms_at(share)) is None else str(value) for share in (50, 95)),
        "" if test.wasted_per_turn is None else f"{test.wasted_per_turn:.2f}",
        _not_seen(tuning),
    ]


def _rate(measured: Measured) -> str:
    return "" if measured.cut_off_rate is None else f"{100 * measured.cut_off_rate:.1f} %"


def _delay(measured: Measured) -> str:
    return "" if measured.delay_ms is None else f"{measured.delay_ms:.0f}"


def _not_seen(measured: Measured) -> str:
    return f"{100 * measured.not_seen / len(measured.told):.0f} %" if measured.not_seen else ""


def show(console: Console, account: Account) -> None:
    """Everything: from which calls, a table a profile, what was chosen, what the calls cannot tell."""
    console.print(f"{account.source}: {of_calls(account.turns, len(account.calls))}", highlight=False)
    for why, count in sorted(account.left_out.items()):
        console.print(f"[dim]{count} more left out: {why}[/]", highlight=False)
    for what in account.broken[:MOST_BROKEN]:
        console.print(f"[red]tells nothing:[/] {what}", highlight=False)
    if len(account.broken) > MOST_BROKEN:
        console.print(f"[red]and {len(account.broken) - MOST_BROKEN} more[/]", highlight=False)
    for tuned in account.tuned:
        console.print()
        _show_tuned(console, account, tuned)
    console.print(f"\n[dim]{account.counted}[/]", highlight=False)
    for names, why in CANNOT_TELL:
        console.print(f"[dim]Not tuned: {names}: {why}.[/]", highlight=False)


def _show_tuned(console: Console, account: Account, tuned: Tuned) -> None:
    bound = percent(tuned.start.max_cut_off_rate)
    table = Table(
        title=f"{tuned.start.name}: at most {bound} cut off; ms", box=None, pad_edge=False, title_justify="left"
    )
    for column in COLUMNS:
        table.add_column(column, justify="right" if column else "left")
    for name, row in rows_of(account, tuned):
        table.add_row(*cells(name, row), style="bold green" if row is tuned.chosen else "" if name == "" else "dim")
    console.print(table)
    if tuned.chosen is not None:
        console.print(f"[bold]before[/], tested: {figures_text(tuned.before.test, account.seed)}", highlight=False)
        console.print(
            f"[bold green]chosen[/], tested: {figures_text(tuned.chosen.test, account.seed)}", highlight=False
        )
    for doubt in tuned.doubts:
        console.print(f"[bold yellow]{doubt}[/]", highlight=False)
