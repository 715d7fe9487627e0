"""What `offhook tune` does once its options are read."""

import json
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from agent.profiles import named_profile, profile_names
from fsm.profile import Profile
from simulator.corpus.reader import corpus
from simulator.replay.other_profile import other_profile
from simulator.report.written import ReportError, check_place, written_whole
from simulator.scenario import ScriptError
from simulator.simulating import console
from simulator.tuner.account import Account
from simulator.tuner.crew import mapped
from simulator.tuner.deciding import CallTurns
from simulator.tuner.judging import Judge
from simulator.tuner.pictures import WRITERS, check_png
from simulator.tuner.profile_file import profile_text
from simulator.tuner.recordings import heard_in, recordings, usable
from simulator.tuner.showing import show
from simulator.tuner.simulated import BrokenRun, Run, corpus_runs, script_runs, turns_of
from simulator.tuner.tuned import Row, Start, Tuned, row_of, steps_of, tune
from simulator.turn_bench.running import chosen, named

DEFAULT_START = "scheduling"
"""What simulated calls are tuned for unless it is said."""


class Doubtful(Exception):  # noqa: N818 - the name says what it is
    """A profile was asked for that the calls do not bear out; the message says why."""


@dataclass(frozen=True, slots=True)
class Wish:
    """The options of the command."""

    recordings: tuple[Path, ...] = ()
    scripts: tuple[str, ...] = ()
    seeds: int = 50
    corpus: bool = False
    only: tuple[str, ...] = ()
    situations: Path | None = None
    calls: int = 800
    profiles: tuple[str, ...] = ()
    max_cutoffs: float | None = None
    jobs: int = 1
    seed: int = 0
    day: date = date.min
    as_json: bool = False
    png: Path | None = None
    svg: Path | None = None
    html: Path | None = None
    out: Path | None = None
    anyway: bool = False

    @property
    def pictures(self) -> dict[str, Path]:
        """Where which picture goes."""
        told = {"png": self.png, "svg": self.svg, "html": self.html}
        return {kind: path for kind, path in told.items() if path is not None}


@dataclass(frozen=True, slots=True)
class Evidence:
    """The calls, where they come from in words, what tells nothing; `recorded`: the tuning most were recorded under."""

    calls: list[CallTurns]
    source: str
    broken: list[str]
    recorded: Profile | None = None


def carry_out(wish: Wish) -> None:
    """Do it. Raises TraceError, ScriptError, SettingsError or ReportError for what is wrong, and Doubtful."""
    _check(wish)
    evidence = _evidence(wish)
    starts = _starts(wish, evidence.recorded)
    with _progress("tuning", steps_of(starts)) as advance:
        tuned = tune(evidence.calls, starts, wish.jobs, advance)
    account = Account(
        source=evidence.source,
        is_recorded=evidence.recorded is not None,
        calls=evidence.calls,
        broken=evidence.broken,
        tuned=tuned,
        known=_known(evidence.calls),
        seed=wish.seed,
        day=wish.day,
        command=shlex.join(["offhook", *sys.argv[1:]]),
    )
    for kind, path in wish.pictures.items():
        WRITERS[kind](account, path)
    if wish.as_json:
        click.echo(json.dumps(account.values()))
    else:
        show(console(), account)
    if wish.out is not None:
        _write_profile(account, tuned[0], wish.out, is_bold=wish.anyway)


def _check(wish: Wish) -> None:
    """Complain of what cannot be done before anything is."""
    sources = [bool(wish.recordings), bool(wish.scripts), wish.corpus]
    if sum(sources) != 1:
        raise ScriptError("expected traces or folders of them, or --scripts, or --corpus: one of the three")
    if (wish.only or wish.situations) and not wish.corpus:
        raise ScriptError("--only and --situations say what the corpus is: they need --corpus")
    if wish.out is not None:
        check_place(wish.out, "--out")
        if len(wish.profiles) > 1:
            raise ReportError("--out writes one profile: name one --profile")
    for kind, path in wish.pictures.items():
        check_place(path, f"--{kind}")
    if wish.png is not None:
        check_png()
    for told in wish.profiles:
        other_profile([told], Profile())


# --- the calls -----------------------------------------------------------------------------------------------------


def _evidence(wish: Wish) -> Evidence:
    if wish.recordings:
        found = recordings(wish.recordings)
        calls, profile, unusable = usable(_all("reading", heard_in, found, wish.jobs))
        return Evidence(calls, "recorded calls", [one.why for one in unusable], profile)
    if wish.corpus:
        names = chosen(corpus() if wish.situations is None else corpus(wish.situations), wish.only)
        source = f"simulated calls of {len(names)} situations"
        return _simulated(corpus_runs(names, wish.calls, wish.situations), source, wish.jobs)
    source = f"simulated calls of {', '.join(wish.scripts)}"
    return _simulated(script_runs(wish.scripts, wish.seeds), source, wish.jobs)


def _simulated(runs: list[Run], source: str, jobs: int) -> Evidence:
    results = _all("simulating", turns_of, runs, jobs)
    broken = [f"{one.run.command}: {one.what}" for one in results if isinstance(one, BrokenRun)]
    calls = [call for one in results if not isinstance(one, BrokenRun) for call in one]
    if not calls:
        told = "\n".join(broken[:3]) or "no caller reached the agent"
        raise ScriptError(f"no call can be judged: {told}")
    return Evidence(calls, source, broken)


Thing = TypeVar("Thing")
Result = TypeVar("Result")


def _all(what: str, do: Callable[[Thing], Result], things: Sequence[Thing], jobs: int) -> list[Result]:
    """What comes of each, with a bar while it lasts."""
    results: list[Result] = []
    with _progress(what, len(things)) as advance:
        for result in mapped(do, things, jobs):
            results.append(result)
            advance()
    return results


@contextmanager
def _progress(what: str, count: int) -> Iterator[Callable[[], None]]:
    screen = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal or count == 1) as progress:
        task = progress.add_task("", total=count)
        yield lambda: progress.advance(task)


# --- the profiles --------------------------------------------------------------------------------------------------


def _starts(wish: Wish, recorded: Profile | None) -> list[Start]:
    """What is tuned: what was named, or what was recorded."""
    named_ones = {name: named_profile(name) for name in profile_names()}
    told = dict.fromkeys(wish.profiles)
    found = {name: other_profile([name], recorded or named_profile(DEFAULT_START)) for name in told}
    if not found and recorded is not None:
        name = next((name for name, profile in named_ones.items() if profile == recorded), "as recorded")
        found = {name: recorded}
    found = found or {DEFAULT_START: named_profile(DEFAULT_START)}
    return [Start.of(name, profile, wish.max_cutoffs, named_ones) for name, profile in found.items()]


def _known(calls: list[CallTurns]) -> dict[str, Row]:
    """The named profiles as they are."""
    judge = Judge([call for call in calls if not call.is_for_test])
    test = Judge([call for call in calls if call.is_for_test])
    return {name: row_of(named_profile(name), judge, test) for name in named()}


def _write_profile(account: Account, tuned: Tuned, path: Path, *, is_bold: bool) -> None:
    if tuned.chosen is None or (tuned.doubts and not is_bold):
        hint = "" if tuned.chosen is None else "; --anyway writes it all the same"
        raise Doubtful(f"{path} was not written: {'; '.join(tuned.doubts)}{hint}")
    text = profile_text(account, tuned, tuned.chosen)
    with written_whole(path) as file:
        file.write(text)
    click.echo(f"wrote {path}", err=True)
