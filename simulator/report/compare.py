"""What changed between two reports: scripts that fail or hold now, digests, latencies with their significance."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulator.report.as_json import FORMAT
from simulator.report.significance import Verdict, adjusted, judge
from simulator.report.written import ReportError
from simulator.runs.outcome import Status

LISTED = 20
"""Scripts and runs that the terminal names of each kind; the JSON has them all."""

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Names are of scripts; `changed_digests` are the runs of both reports that did not go the same way."""

    newly_failing: list[str]
    newly_passing: list[str]
    new: list[str]
    gone: list[str]
    common_runs: int
    changed_digests: list[Key]
    latency: Verdict | None
    by_script: dict[str, Verdict]

    def values(self) -> dict[str, Any]:
        """For JSON."""
        verdicts = {name: _verdict_values(verdict) for name, verdict in self.by_script.items()}
        latency = None if self.latency is None else _verdict_values(self.latency)
        runs = [{"script": script, "seed": seed} for script, seed in self.changed_digests]
        names = ("newly_failing", "newly_passing", "new", "gone", "common_runs")
        told = {name: getattr(self, name) for name in names}
        return {**told, "changed_digests": runs, "voice_to_voice_ms": latency, "scripts": verdicts}


@dataclass(slots=True)
class Side:
    """One report, as far as it is compared."""

    digests: dict[Key, str] = field(default_factory=dict)
    failing: dict[str, bool] = field(default_factory=dict)
    calls: dict[str, dict[Hashable, float]] = field(default_factory=dict)
    """Mean latency (ms) of each call, by script and then by seed and place in the run."""

    def add(self, run: Mapping[str, Any]) -> None:
        """Take in a run."""
        script, seed = run["script"], run["seed"]
        self.digests[script, seed] = run["digest"]
        self.failing[script] = self.failing.get(script, False) or Status(run["status"]).is_failure
        calls = self.calls.setdefault(script, {})
        for place, call in enumerate(run["calls"]):
            if call["latencies_ms"]:
                calls[seed, place] = fmean(call["latencies_ms"])

    def all_calls(self) -> dict[Hashable, float]:
        """Of all scripts together."""
        return {(script, key): ms for script, calls in self.calls.items() for key, ms in calls.items()}


def side_of(runs: Iterable[Mapping[str, Any]]) -> Side:
    """What is compared of these runs."""
    side = Side()
    for run in runs:
        side.add(run)
    return side


def read_side(path: Path) -> Side:
    """An old report, as `--json` printed it. Raises ReportError."""
    try:
        report = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ReportError(f"--compare {path}: could not read it: {error.strerror}") from None
    except orjson.JSONDecodeError as error:
        what = f"expected what `offhook simulate --json` printed, this is no JSON: {error}"
        raise ReportError(f"--compare {path}: {what}") from None
    if not isinstance(report, dict) or report.get("format") != FORMAT:
        got = report.get("format") if isinstance(report, dict) else type(report).__name__
        raise ReportError(f'--compare {path}: expected "format": "{FORMAT}", got {got!r}; make it with --json')
    try:
        return side_of(report["runs"])
    except (KeyError, TypeError, ValueError) as error:
        raise ReportError(f"--compare {path}: its runs are not whole: {type(error).__name__} {error}") from None


def compare(old: Side, new: Side) -> Comparison:
    """What changed from one report to the other."""
    common = [script for script in new.failing if script in old.failing]
    runs = [key for key in new.digests if key in old.digests]
    return Comparison(
        newly_failing=[script for script in common if new.failing[script] and not old.failing[script]],
        newly_passing=[script for script in common if old.failing[script] and not new.failing[script]],
        new=[script for script in new.failing if script not in old.failing],
        gone=[script for script in old.failing if script not in new.failing],
        common_runs=len(runs),
        changed_digests=[key for key in runs if new.digests[key] != old.digests[key]],
        latency=judge(_of(old, common).all_calls(), _of(new, common).all_calls()),
        by_script=_by_script(old, new, common),
    )


def _of(side: Side, scripts: Iterable[str]) -> Side:
    return Side(calls={script: side.calls[script] for script in scripts})


def _by_script(old: Side, new: Side, scripts: Iterable[str]) -> dict[str, Verdict]:
    """Verdicts of all scripts with calls on both sides, made stricter by how many there are."""
    judged = {script: judge(old.calls[script], new.calls[script]) for script in scripts}
    verdicts = {script: verdict for script, verdict in judged.items() if verdict is not None}
    sure = [script for script, verdict in verdicts.items() if verdict.p is not None]
    stricter = adjusted([verdicts[script].p or 0.0 for script in sure])
    return {**verdicts, **{script: replace(verdicts[script], p=p) for script, p in zip(sure, stricter, strict=True)}}


def _verdict_values(verdict: Verdict) -> dict[str, Any]:
    rounded = {key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(verdict).items()}
    return {**rounded, "verdict": verdict.word}


# --- for a terminal ------------------------------------------------------------------------------------------------


def show_comparison(console: Console, comparison: Comparison, old: Path) -> None:
    """What changed, the bad news first."""
    console.print(Text.assemble("\ncompared with ", (str(old), "bold")))
    for line in _lines(comparison):
        console.print(line, soft_wrap=True)
    table = _latency_table(comparison)
    if table.row_count:
        console.print(table)


def _lines(comparison: Comparison) -> Iterator[Text]:
    kinds = (
        ("newly failing", comparison.newly_failing, "bold red"),
        ("newly passing", comparison.newly_passing, "green"),
        ("new scripts", comparison.new, ""),
        ("gone scripts", comparison.gone, "yellow"),
    )
    for what, names, style in kinds:
        if names:
            yield Text.assemble("  ", (f"{what}: ", style), _listed(names))
    if comparison.changed_digests:
        seeds: dict[str, list[int]] = {}
        for script, seed in comparison.changed_digests:
            seeds.setdefault(script, []).append(seed)
        runs = _listed([f"{script} ({_seeds(numbers)})" for script, numbers in seeds.items()])
        yield Text(f"  {len(comparison.changed_digests)} of {comparison.common_runs} runs went another way: {runs}")
    elif comparison.common_runs:
        yield Text(f"  all {comparison.common_runs} runs of both went the very same way", "green")
    else:
        yield Text("  no run of both has the same script and seed", "yellow")


def _seeds(numbers: list[int]) -> str:
    return f"seed {numbers[0]}" if len(numbers) == 1 else f"{len(numbers)} seeds, first {numbers[0]}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more


def _latency_table(comparison: Comparison) -> Table:
    """All calls together, then the scripts of which something can be said, surest first."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("  voice to voice, mean of calls")
    for column in ("old ms", "new ms", "change", "95 % interval", "p", "calls"):
        table.add_column(column, justify="right")
    table.add_column("")
    if comparison.latency is not None:
        table.add_row("  all", *_columns(comparison.latency))
    changed = [
        (name, verdict) for name, verdict in comparison.by_script.items() if verdict.is_enough and verdict.change_ms
    ]
    for name, verdict in sorted(changed, key=lambda pair: (pair[1].p or 0.0, pair[0]))[:LISTED]:
        table.add_row(Text(f"  {name}"), *_columns(verdict))
    return table


def _columns(verdict: Verdict) -> Iterator[Text]:
    yield Text(f"{verdict.old_ms:.0f}")
    yield Text(f"{verdict.new_ms:.0f}")
    yield Text(f"{verdict.change_ms:+.0f}")
    yield Text("" if verdict.low_ms is None else f"{verdict.low_ms:+.0f} to {verdict.high_ms:+.0f}")
    yield Text("" if verdict.p is None else f"{verdict.p:.3f}")
    yield Text(str(verdict.calls))
    style = "" if not verdict.is_significant else "bold red" if verdict.change_ms > 0 else "green"
    yield Text(verdict.word, style=style)
