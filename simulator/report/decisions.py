"""The last decisions of a run that was stopped on its way, as the trace tells them."""

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

from agent.trace_view import EVENT_WIDTH, read_trace, readable
from fsm.units import ms_to_ns
from simulator.report.table import show_failure
from simulator.runs.outcome import CallOutcome, Outcome

LAST_LINES = 16


def show_stopped(console: Console, outcome: Outcome, until_ms: int) -> None:
    """What was violated by then, and the last lines of each call's trace; instants count from when it was placed."""
    if outcome.status.is_failure:
        show_failure(console, outcome)
    else:
        who = f"{outcome.script}, seed {outcome.seed}, stopped at {until_ms} ms"
        console.print(f"{who}: no checker is violated by then; what the script expects is judged at its end only")
    for call in outcome.calls:
        console.print(Text(f"\nthe last decisions of {call.caller} before {until_ms} ms", style="bold"))
        lines = list(_lines(call))
        if not lines:
            console.print("none: the call did not reach the agent by then", style="dim")
        for line in lines[-LAST_LINES:]:
            console.print(Text(line), soft_wrap=True)


def _lines(call: CallOutcome) -> Iterator[str]:
    if not call.trace or not Path(call.trace).exists():
        return
    shift = ms_to_ns(call.trace_began_ms)
    told = (line for line in read_trace(Path(call.trace)) if line["kind"] in ("event", "note"))
    yield from readable(({**line, "at_ns": line["at_ns"] + shift} for line in told), event_width=EVENT_WIDTH)
