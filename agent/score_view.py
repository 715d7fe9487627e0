"""A score for people: the panel first, then each other source under its own name."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.metrics.tally import RATES

BEHIND = {
    "response_latency_mean": "response_total",
    "response_rate": "response_total",
    "yield_latency_mean": "yield_total",
    "yield_rate": "yield_total",
    "agent_interruption_rate": "response_total",
    "selectivity_backchannel": "backchannel_total",
    "selectivity_vocal_tic": "vocal_tic_total",
    "selectivity_non_directed": "non_directed_total",
}
"""The count that stands behind each number of the panel."""

FEW_EVENTS = 10
"""The public board shows no number with fewer events."""

PANEL_NAME_WIDTH, NAME_WIDTH = 26, 46

WIDTH = 130
"""Columns, where nobody says how many there are."""

TITLES = {
    "eva": "EVA's turn score",
    "voice_to_voice": "voice to voice (openbenchmarks' rules)",
    "hotato": "yield verdicts (hotato's rules)",
}


def console() -> Console:
    """Where people read; what is no terminal gets lines that are wide enough for a table."""
    made = Console()
    return made if made.is_terminal or "COLUMNS" in os.environ else Console(width=WIDTH)


def show(screen: Console, values: Mapping[str, Any]) -> None:
    """The score of turn-traces."""
    own = dict(values["ours"])
    grids = {"200 ms": own.pop("tau_200"), "20 ms": own.pop("native_20")}
    _print(screen, "tau-voice panel", panel_table({"200 ms": values, "20 ms": values["native_20"]}))
    _print(screen, "what the panel hides", figure_table(grids))
    _print(screen, "our own figures", figure_table({"": own}))
    for key, title in TITLES.items():
        _print(screen, title, figure_table({"": values[key]}))
    derived, calls = values["derived_calls"], values["counts"]["n_simulations"]
    if derived:
        screen.print(f"{derived} of {calls} calls are derived from a {values['derived']}", style="dim", soft_wrap=True)


def show_tau(screen: Console, values: Mapping[str, Any]) -> None:
    """The score of tau-voice runs."""
    domains = values["domains"]
    panels = {"pooled": values, **(domains if len(domains) > 1 else {})}
    if len(domains) > 1:
        panels["mean over domains"] = values["mean_over_domains"]
    _print(screen, f"tau-voice panel, ticks of {values['tick_ms']} ms", panel_table(panels))
    _print(screen, "what the panel hides", figure_table({"": values["ours"]}))


def panel_table(panels: Mapping[str, Mapping[str, Any]]) -> Table:
    """A column a panel, each number with the events behind it; one with too few of them is dim."""
    table = _table(PANEL_NAME_WIDTH)
    for name in panels:
        table.add_column(name, justify="right")
        table.add_column("of", justify="right", style="dim")
    for key in RATES:
        cells: list[Text | str] = []
        for panel in panels.values():
            count = panel["counts"].get(BEHIND[key], 0)
            cells += [Text(_number(panel[key], key), style="dim" if count < FEW_EVENTS else ""), str(count)]
        table.add_row(key, *cells)
    return table


def figure_table(columns: Mapping[str, Mapping[str, Any]]) -> Table:
    """The same figures in each column, nested ones under their full names."""
    table = _table(NAME_WIDTH, has_header=any(columns))
    flat = {name: dict(_flat(values)) for name, values in columns.items()}
    for name in flat:
        table.add_column(name, justify="right")
    for key in next(iter(flat.values())):
        table.add_row(key, *(_number(values[key], key) for values in flat.values()))
    return table


def _table(name_width: int, *, has_header: bool = True) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", show_header=has_header)
    table.add_column("", min_width=name_width)
    return table


def _print(screen: Console, title: str, table: Table) -> None:
    screen.print(Text(title, style="bold"))
    screen.print(table)
    screen.print()


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _number(value: Any, key: str) -> str:  # noqa: ANN401 - a figure: whole, broken or none
    if value is None:
        return "-"
    if "_ms" in key:
        return f"{value:.0f} ms"
    is_time = ("latency" in key or "_s." in key) and isinstance(value, float)
    return f"{value:.3f}{' s' if is_time else ''}" if isinstance(value, float) else str(value)
