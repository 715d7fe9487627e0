"""What there is: scripts, faults, checkers; as tables, or as JSON."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulator.checkers import CHECKERS
from simulator.faults.catalogue import CATALOGUE
from simulator.runs.plan import Plan


def script_values(plans: Iterable[Plan]) -> list[dict[str, Any]]:
    """Scripts for JSON."""
    return [{"script": plan.name, "about": plan.about, "tags": list(plan.tags), "xfail": plan.xfail} for plan in plans]


def fault_values() -> list[dict[str, Any]]:
    """The catalogue of faults for JSON."""
    return [
        {
            "fault": fault.name,
            "where": str(fault.kind),
            "about": fault.about,
            "unit": fault.strength.unit,
            "low": fault.strength.low,
            "high": fault.strength.high,
            "default": fault.strength.default,
            "has_moment": fault.has_moment,
            "may_repeat": fault.may_repeat,
        }
        for fault in CATALOGUE.values()
    ]


def checker_values() -> list[dict[str, Any]]:
    """The checkers for JSON."""
    return [{"checker": checker.name, "holds": checker.holds} for checker in CHECKERS.values()]


def show_scripts(console: Console, plans: Iterable[Plan]) -> None:
    """A line a script."""
    table = _table("script", "about", "tags")
    count = marked = 0
    for plan in plans:
        about = Text(plan.about)
        if plan.xfail:
            about.append(f"\nxfail: {plan.xfail}", "yellow")
        table.add_row(Text(plan.name), about, Text(", ".join(plan.tags), style="dim"))
        count, marked = count + 1, marked + bool(plan.xfail)
    console.print(table)
    console.print(f"\n{count} scripts, {marked} marked xfail", style="dim")


def show_faults(console: Console) -> None:
    """A line a fault."""
    table = _table("fault", "where", "what it does", "strength", "moment")
    for fault in CATALOGUE.values():
        moment = "rate or moment" if fault.may_repeat else "moment" if fault.has_moment else "whole call"
        where, when = Text(fault.kind, style="dim"), Text(moment, style="dim")
        table.add_row(fault.name, where, fault.about, str(fault.strength), when)
    console.print(table)
    console.print("\nas an option: --fault NAME[=STRENGTH][*TIMES_PER_MIN][@MOMENT], e.g.", style="dim", markup=False)
    console.print("--fault stt_stall=4000@8000 --fault mark_lost@SPEAKING#2+300", style="dim", markup=False)


def show_checkers(console: Console) -> None:
    """A line a checker."""
    table = _table("checker", "what holds in every call")
    for checker in CHECKERS.values():
        table.add_row(checker.name, checker.holds)
    console.print(table)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column(columns[0], no_wrap=True)
    for column in columns[1:]:
        table.add_column(column)
    return table
