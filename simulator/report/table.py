"""Results for a terminal: what failed and how to see it again, a table, one closing line."""

from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from simulator.report.results import Results, Tally, in_order
from simulator.runs.outcome import Outcome, Status, Violation

VIOLATIONS_SHOWN = 5
INDENT = 5
STYLES = {
    Status.PASSED: "green",
    Status.XFAILED: "yellow",
    Status.FAILED: "bold red",
    Status.XPASSED: "bold magenta",
}


def show(console: Console, results: Results) -> None:
    """All of it; the failures last but one, where the eye is when the prompt comes back."""
    console.print(summary_table(results))
    for outcome in results.failures:
        show_failure(console, outcome)
    left_out = results.total.failures - len(results.failures)
    if left_out:
        console.print(f"\n... and {left_out} failing runs more; --json, --junit and --html have them all", style="red")
    console.print()
    console.print(closing_line(results), soft_wrap=True)


def summary_table(results: Results) -> Table:
    """A row a script."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("script", overflow="fold")
    for column in ("runs", "passed", "failed", "xfailed", "p50 ms", "p95 ms", "interrupted", "longest silence"):
        table.add_column(column, justify="right")
    for tally in results.scripts.values():
        table.add_row(Text(tally.script, style="bold red" if tally.failures else ""), *_columns(tally))
    if len(results.scripts) > 1:
        table.add_section()
        table.add_row("all", *_columns(results.total), style="bold")
    return table


def _columns(tally: Tally) -> Iterator[Text]:
    yield Text(str(tally.runs))
    yield _count(tally.statuses[Status.PASSED], STYLES[Status.PASSED])
    yield _count(tally.failures, STYLES[Status.FAILED])
    yield _count(tally.statuses[Status.XFAILED], STYLES[Status.XFAILED])
    for share in (50, 95):
        latency_ms = tally.latencies.percentile(share)
        yield Text("-" if latency_ms is None else str(latency_ms))
    yield _count(tally.interruptions, "")
    yield Text(f"{tally.longest_silence_ms / 1_000:.1f} s")


def _count(count: int, style: str) -> Text:
    return Text(str(count), style=style) if count else Text("-", style="dim")


def show_failure(console: Console, outcome: Outcome) -> None:
    """What failed at which moment, with what on, and the one command that shows it again, in one piece."""
    style = STYLES.get(outcome.status, "bold red")
    who = ((outcome.script, "bold"), f"  seed {outcome.seed}  ", (outcome.about, "dim"))
    console.print(Text.assemble((f"\n{outcome.status.upper()} ", style), *who))
    for line in _failure_lines(outcome):
        console.print(Padding(line, (0, 0, 0, INDENT), expand=False))
    console.print(Text.assemble((" " * INDENT + "run it again: ", "dim"), outcome.rerun), soft_wrap=True)


def _failure_lines(outcome: Outcome) -> Iterator[Text]:
    if outcome.status is Status.XPASSED:
        yield Text(f"holds now, although it is marked xfail ({outcome.xfail}): take the mark away")
    violations = in_order(outcome.violations)
    yield from map(_violation, violations[:VIOLATIONS_SHOWN])
    if len(violations) > VIOLATIONS_SHOWN:
        yield Text(f"... and {len(violations) - VIOLATIONS_SHOWN} more", style="dim")
    if outcome.faults:
        yield Text(f"faults: {', '.join(outcome.faults)}", style="yellow")


def _violation(violation: Violation) -> Text:
    at = "" if violation.at_ms is None else f"at {violation.at_ms} ms  "
    who = f"{violation.caller}  " if violation.caller else ""
    return Text.assemble((at, "bold"), (who, "dim"), (violation.checker, "red"), f": {violation.what}")


def closing_line(results: Results) -> Text:
    """How many of what, how much time was simulated, how quickly, and the digest of it all."""
    total = results.total
    text = Text(f"{_many(len(results.scripts), 'script')}, {_many(total.runs, 'run')}: ")
    for index, status in enumerate(status for status in Status if total.statuses[status]):
        text.append(", " if index else "")
        text.append(f"{total.statuses[status]} {status}", STYLES.get(status, "bold red"))
    text.append(f"; {total.simulated_ms / 1_000:.0f} s of calls in {results.wall_s:.1f} s")
    text.append(f", {results.realtime_factor:.0f} x real time")
    text.append(f"; digest {results.digest[:16]}", style="dim")
    if results.is_interrupted:
        text.append("; interrupted: not all that was asked for ran", style="bold yellow")
    return text


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
