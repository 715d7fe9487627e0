"""`offhook replay`: a recorded call, decided again."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import orjson

from agent.errors import SettingsError
from agent.trace import DIGITS_MASKED
from agent.trace_view import TraceError
from agent.wire_log import wires_path
from fsm.units import NS_PER_S
from simulator.replay import tuning_view
from simulator.replay.core import CoreReplay, replay_core
from simulator.replay.difference import Difference, core_differences, told
from simulator.replay.other_profile import other_profile
from simulator.replay.recorded import Recorded, read_recorded
from simulator.replay.shell import ShellReplay, replay_shell
from simulator.replay.tuning import Finding, decide_otherwise
from simulator.replay.wires import RecordedWires, read_wires

EXIT_DIFFERENT = 1
EXIT_UNREADABLE = 2

NO_WIRES = (
    "the wires of this call were not kept, so only its decisions are replayed; OFFHOOK_TRACE_WIRES=kept keeps them "
    "(offhook demo always does)"
)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a replay."""

    recorded: Recorded
    core: CoreReplay | None
    shell: ShellReplay | None
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]


@click.command()
@click.argument("trace", type=click.Path(path_type=Path))
@click.option(
    "--level",
    type=click.Choice(["core", "shell", "all"]),
    default="all",
    show_default=True,
    help="core: the machine's decisions; shell: the recorded wires through the whole agent.",
)
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="TUNING",
    help="Show what another tuning would have decided: a named profile, a TOML file, a bundled agent, or name=value.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def replay(trace: Path, level: str, profiles: tuple[str, ...], as_json: bool) -> None:
    """Decide a recorded call again, and stop at the first difference.

    TRACE is a file in data/traces. Exit code 0: no difference; 1: there is one, and it is shown; 2: not a trace, or
    not the whole of one.
    """
    if profiles and level == "shell":
        raise click.UsageError("--profile compares decisions: leave out --level shell")
    try:
        recorded = read_recorded(trace)
        if profiles:
            _show_tuning(recorded, profiles, as_json=as_json)
            return
        result = _replay(trace, recorded, level)
    except (TraceError, SettingsError) as error:
        click.echo(f"offhook replay: {error}", err=True)
        sys.exit(EXIT_UNREADABLE)
    if as_json:
        click.echo(orjson.dumps(_as_json(result)))
    else:
        _show(trace, result)
    if recorded.cut_off:
        click.echo(f"offhook replay: {trace}: {recorded.cut_off}; what is there was replayed", err=True)
    sys.exit(EXIT_DIFFERENT if result.differences else EXIT_UNREADABLE if recorded.cut_off else 0)


def _replay(trace: Path, recorded: Recorded, level: str) -> Result:
    notes = list(_notes(recorded))
    core = replay_core(recorded) if level in ("core", "all") else None
    found = core_differences(core) if core is not None else ()
    shell, wires = None, _wires_of(trace, recorded, level) if level in ("shell", "all") else None
    if wires is not None:
        shell = replay_shell(recorded, wires)
        if shell.difference is not None:
            found = (*found, shell.difference)
        if not wires.is_whole:
            notes.append("the log of the wires does not reach the call's end: it was cut off, or grew too long")
    elif level == "all":
        notes.append(NO_WIRES)
    return Result(recorded, core, shell, found, tuple(notes))


def _wires_of(trace: Path, recorded: Recorded, level: str) -> RecordedWires | None:
    path = wires_path(trace)
    if not path.exists():
        if level == "shell":
            raise TraceError(f"{path} is not there: {NO_WIRES}")
        return None
    wires = read_wires(path)
    if wires.call_id != recorded.call_id:
        raise TraceError(f"{path}: expected the wires of call {recorded.call_id}, got those of {wires.call_id}")
    return wires


def _notes(recorded: Recorded) -> list[str]:
    notes = []
    for line in recorded.lines:
        if line["kind"] == "note" and line["note"] == "our_mistake":
            told = f"{line['data'].get('error')}: {line['data'].get('text')}"
            notes.append(f"the call was ended by a mistake of ours ({told}); the decision it broke is not in the trace")
        if line["kind"] == "note" and line["note"] == DIGITS_MASKED:
            notes.append("digits of a card number are masked in the trace: what hung on them may be decided otherwise")
    return notes


def _as_json(result: Result) -> dict[str, Any]:
    core, shell = result.core, result.shell
    return {
        "call_id": result.recorded.call_id,
        "is_same": not result.differences,
        "core": None if core is None else {"is_same": core.is_same, "decisions": len(core.states) - 1},
        "shell": None
        if shell is None
        else {"is_same": shell.is_same, "decisions": shell.decisions, "woken": shell.woken, "done": shell.done},
        "differences": [difference.as_json() for difference in result.differences],
        "notes": list(result.notes),
    }


def _show(trace: Path, result: Result) -> None:
    recorded, core, shell = result.recorded, result.core, result.shell
    seconds = recorded.duration_ns / NS_PER_S
    click.echo(f"{trace}: call {recorded.call_id}, {seconds:.1f} s")
    if core is not None:
        same = "no difference" if core.is_same else "a difference"
        click.echo(f"core: {len(core.states) - 1} of {len(recorded.decisions)} decisions replayed, {same}")
    if shell is not None:
        same = "no difference" if shell.is_same else "a difference"
        click.echo(
            f"shell: {shell.woken} messages and timers came, {shell.done} things were done and {shell.decisions} "
            f"decisions made, {same}"
        )
    for note in result.notes:
        click.echo(f"note: {note}")
    for difference in result.differences:
        click.echo()
        for line in told(difference):
            click.echo(line)


def _show_tuning(recorded: Recorded, profiles: tuple[str, ...], *, as_json: bool) -> None:
    core = replay_core(recorded)
    if not core.is_same:
        raise TraceError(
            "another tuning can only be compared with a trace that replays without a difference; "
            "run it without --profile first"
        )
    profile = other_profile(profiles, recorded.profile)
    changes, findings = tuning_view.changes(recorded.profile, profile), decide_otherwise(core, profile)
    if as_json:
        click.echo(orjson.dumps(_tuning_json(recorded, changes, findings)))
        return
    click.echo(f"call {recorded.call_id} with {', '.join(changes) or 'the same profile'}")
    for line in tuning_view.told(findings, recorded.began_at):
        click.echo(line)


def _tuning_json(recorded: Recorded, changes: list[str], findings: tuple[Finding, ...]) -> dict[str, Any]:
    return {
        "call_id": recorded.call_id,
        "changes": changes,
        "findings": tuning_view.as_json(findings, recorded.began_at),
        "summary": list(tuning_view.summary(findings)),
        "caution": tuning_view.CAUTION,
    }
