"""What `offhook bench turns` does once its options are read."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from simulator.bench_machine import facts
from simulator.report.written import check_place, written_whole
from simulator.scenario import ScriptError, write
from simulator.simulating import console
from simulator.turn_bench.facts import Broken, CallFacts
from simulator.turn_bench.figures import Figures
from simulator.turn_bench.listing import corpus_values, show_corpus
from simulator.turn_bench.measuring import script_of
from simulator.turn_bench.misses import Miss
from simulator.turn_bench.page import pieces
from simulator.turn_bench.running import Wish, bench, check_profiles, half_text, values_of
from simulator.turn_bench.showing import show_call, show_figures, show_worst


@dataclass(frozen=True, slots=True)
class Manner:
    """How it is told."""

    as_json: bool = False
    wants_list: bool = False
    wants_script: bool = False
    worst: int = 0
    html: Path | None = None


def carry_out(wish: Wish, manner: Manner) -> None:
    """Do it. Raises ScriptError or ReportError before anything is run."""
    check_profiles(wish.profiles)
    names = wish.names
    if manner.html is not None:
        check_place(manner.html, "--html")
    if manner.wants_list:
        _list(wish, manner)
    elif manner.wants_script:
        _print_script(wish, names)
    else:
        _bench(wish, manner)


def _list(wish: Wish, manner: Manner) -> None:
    if manner.as_json:
        click.echo(json.dumps(corpus_values(wish.corpus)))
    else:
        show_corpus(console(), wish.corpus)


def _print_script(wish: Wish, names: list[str]) -> None:
    if len(names) != 1 or wish.seed is None or len(wish.profiles) > 1:
        raise ScriptError("--script prints one call: name it by --only NAME --seed N, and at most one --profile")
    (which,) = wish.calls_of(wish.profiles[0] if wish.profiles else "")
    click.echo(f"# {which.name}, seed {which.seed}: run it with `offhook simulate FILE.toml`")
    click.echo(write(script_of(which)), nl=False)


def _bench(wish: Wish, manner: Manner) -> None:
    is_single = wish.seed is not None and not manner.as_json
    with _progress(len(wish.all_calls)) as advance:

        def on_call(one: CallFacts | Broken, misses: list[Miss]) -> None:
            advance()
            if is_single:
                show_call(console(), one, misses, half_text(one.which))

        figures = bench(wish, on_call)
    if manner.html is not None:
        with written_whole(manner.html) as file:
            file.writelines(pieces(figures, str(facts()["command"])))
    if manner.as_json:
        click.echo(json.dumps({**values_of(wish, figures), **_worst_values(wish, manner, figures), **facts()}))
    elif not is_single:
        show_figures(console(), figures)
        for profile, one in figures.items() if manner.worst else ():
            show_worst(console(), profile, one, manner.worst, wish.corpus)


def _worst_values(wish: Wish, manner: Manner, figures: dict[str, Figures]) -> dict[str, object]:
    if not manner.worst:
        return {}
    return {
        "worst": {
            profile: [
                {
                    "situation": name,
                    "family": wish.corpus.families[name],
                    "calls": tally.calls,
                    "bad_calls": tally.bad_calls,
                    "misses": dict(tally.misses),
                    "commands": [kept[0][0].command for kept in tally.examples.values()],
                }
                for name, tally in one.worst(manner.worst)
            ]
            for profile, one in figures.items()
        }
    }


@contextmanager
def _progress(count: int) -> Iterator[Callable[[], None]]:
    screen = Console(stderr=True)
    columns = (TextColumn("calls"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    is_shown = screen.is_terminal and count > 1
    with Progress(*columns, console=screen, transient=True, disable=not is_shown) as progress:
        task = progress.add_task("", total=count)
        yield lambda: progress.advance(task)
