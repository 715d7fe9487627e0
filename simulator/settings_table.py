"""The settings of an emulated provider as a table for people."""

from typing import Any

from rich.table import Table

from simulator.emulator_settings import describe_settings


def settings_table(title: str, behaviour: type[Any], *, prefix: str) -> Table:
    """Every setting of a behaviour, its default and what it does."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, expand=True)
    table.add_column("setting", no_wrap=True)
    table.add_column("default", overflow="fold", ratio=1)
    table.add_column("what", ratio=3)
    for setting in describe_settings(behaviour):
        choices = setting.type if setting.type.startswith("one of") or not setting.what else ""
        what = f"{setting.what} ({choices})" if setting.what and choices else setting.what or choices
        table.add_row(f"{prefix}{setting.name}", setting.default, what.replace("[", r"\["))
    return table
