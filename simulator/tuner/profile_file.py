"""The chosen tuning as a profile: a TOML file that says by what it was chosen."""

from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from textwrap import wrap

from agent.profiles import named_profile
from simulator.tuner.account import Account, figures_text
from simulator.tuner.choice import of_calls, percent
from simulator.tuner.search import SWEPT
from simulator.tuner.tuned import Row, Tuned

WIDTH = 118


def profile_text(account: Account, tuned: Tuned, chosen: Row) -> str:
    """The file: comments with the figures, then a table `[profile]` over a named one."""
    return "\n".join((*_told(account, tuned, chosen), "", "[profile]", *_table(tuned, chosen))) + "\n"


def _told(account: Account, tuned: Tuned, chosen: Row) -> Iterator[str]:
    bound = percent(tuned.start.max_cut_off_rate)
    lines = [
        f"How patient: chosen by offhook {version('offhook')} on {account.day.isoformat()}, seed {account.seed}:",
        f"  {account.command}",
        f"From {account.source}: {of_calls(account.turns, len(account.calls))}, half of which chose.",
        f"Aim: the shortest delay with at most {bound} of turns cut off.",
        f"Where it was chosen: {figures_text(chosen.tuning, account.seed)}.",
        f"On the other half:   {figures_text(chosen.test, account.seed)}.",
        f"Before, {tuned.start.name}, on that half: {figures_text(tuned.before.test, account.seed)}.",
        *(f"Doubt: {doubt}." for doubt in tuned.doubts),
        account.counted,
    ]
    for line in lines:
        indent = " " * (len(line) - len(line.lstrip()))
        yield from (f"# {part}" for part in wrap(line, WIDTH, subsequent_indent=indent + "  ", drop_whitespace=True))


def _table(tuned: Tuned, chosen: Row) -> Iterator[str]:
    """What differs from the base, tuned values always."""
    base = named_profile(tuned.start.base or "default")
    yield f'base = "{tuned.start.base or "default"}"'
    own = asdict(chosen.profile)
    why = {swept.name: swept.what for swept in SWEPT}
    for name, value in own.items():
        if name in why:
            was = getattr(tuned.start.profile, name)
            yield f"{name} = {_number(value)}  # {why[name]}; {'as before' if was == value else f'was {_number(was)}'}"
        elif value != getattr(base, name):
            yield f"{name} = {_number(value)}"


def _number(value: int) -> str:
    return f"{value:_}"
