"""`offhook bench endpointing`: how soon turns end on recordings with labels, and how often too soon."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.errors import SettingsError
from fsm.profile import Profile, ProfileError

if TYPE_CHECKING:
    from simulator.bench_endpointing import Listener

COLUMNS = {"cut_off_percent": "cut off, %", "wait_ms_p50": "wait p50, ms", "wait_ms_p95": "p95, ms"}
SCORES_TAKE_MS = 90
"""On a core that is free (smart-turn v3.2, Xeon, 2.5 GHz)."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    envvar="OFFHOOK_END_OF_TURN_MODEL",
    help="An end-of-turn model (ONNX); else OFFHOOK_END_OF_TURN_MODEL.",
)
@click.option("--profile", "names", multiple=True, help="A named profile. [default and scheduling]")
@click.option(
    "--takes-ms",
    type=click.IntRange(0, 10_000),
    default=SCORES_TAKE_MS,
    show_default=True,
    help="From the silence to its score.",
)
@click.option(
    "--half",
    type=click.Choice(("all", "tuning", "held-out")),
    default="all",
    help="Only the recordings whose names' hash says so: nothing was ever tuned on those held out.  [all]",
)
def endpointing(
    folder: Path, as_json: bool, model: Path | None, names: tuple[str, ...], takes_ms: int, half: str
) -> None:
    """Measure how soon turns end on recordings with labels, and how often too soon.

    FOLDER is one as `offhook bench ears` takes it; each of its recordings with one channel is one turn of one person,
    who may pause. They are heard through 8 kHz mu-law, by the built-in voice detector; the words lean neither way, so
    that the waits are those of the sound: of silence alone, and, with a model, of its scores too.

    Per profile: pauses within the turn that were taken for its end (`cut_off`), and the silence after the last word
    until the turn counts as over (`wait`).
    """
    from agent.profiles import named_profile  # noqa: PLC0415 - keeps `offhook --help` quick
    from agent.turn_model import TurnModel  # noqa: PLC0415 - same
    from simulator.bench_endpointing import Listener, turns_of  # noqa: PLC0415 - same
    from simulator.ears_corpus import CorpusError, load_corpus  # noqa: PLC0415 - same

    try:
        turns, left_out = turns_of(load_corpus(folder).half_of(half))
        profiles = {name: named_profile(name) for name in names or ("default", "scheduling")}
        listener = Listener(None if model is None else TurnModel(model))
    except (CorpusError, ProfileError, SettingsError) as error:
        raise click.UsageError(str(error)) from None
    if not turns:
        raise click.UsageError(f"{folder}: expected recordings of one channel in the half {half!r}, found none")
    for clip in turns:
        listener.listen(clip)
    found = measured(profiles, listener, takes_ms)
    about = {"half": half, "recordings": [clip.name for clip in turns], "left_out": left_out, "takes_ms": takes_ms}
    if as_json:
        from simulator.bench_machine import facts  # noqa: PLC0415 - same

        click.echo(json.dumps({**about, "model": None if model is None else str(model), **found, **facts()}))
    else:
        print_tables(found, about)


def measured(profiles: dict[str, Profile], listener: "Listener", takes_ms: int) -> dict[str, Any]:
    """All figures: by profile without the model and with it, its verdicts, and what it costs."""
    from simulator.bench_endpointing import cpu_ms_per_score, figures, verdicts, without_scores  # noqa: PLC0415 - as above

    silences, alone = listener.silences, without_scores(listener.silences)
    found = {name: {"silence alone": figures(profile, alone, takes_ms)} for name, profile in profiles.items()}
    if listener.model is None:
        return {"profiles": found}
    for name, profile in profiles.items():
        found[name]["with the model"] = figures(profile, silences, takes_ms)
    return {"profiles": found, "verdicts": verdicts(silences), "cpu_ms_per_score": cpu_ms_per_score(listener)}


def print_tables(found: dict[str, Any], about: dict[str, Any]) -> None:
    """A line for every profile and way; under it what the model said."""
    from rich.console import Console  # noqa: PLC0415 - keeps `offhook --help` quick
    from rich.table import Table  # noqa: PLC0415 - same

    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for column in ("profile", "decided by", *COLUMNS.values()):
        table.add_column(column, justify="left" if column in ("profile", "decided by") else "right", no_wrap=True)
    for profile, ways in found["profiles"].items():
        for way, told in ways.items():
            table.add_row(profile, way, *("" if told[name] is None else f"{told[name]:g}" for name in COLUMNS))
            counts = f"{told['pauses']} pauses and {told['ends']} ends"
    console.print(table)
    for silence, told in found.get("verdicts", {}).items():
        console.print(
            f"after {silence} of silence the model took {told['ends_taken_percent']} % of {told['ends']} ends "
            f"and {told['pauses_taken_percent']} % of {told['pauses']} pauses for ends",
            soft_wrap=True,
        )
    if found.get("cpu_ms_per_score") is not None:
        console.print(f"{found['cpu_ms_per_score']} ms of CPU a score")
    console.print(
        f"{len(about['recordings'])} recordings, {counts}, half: {about['half']}", style="dim", soft_wrap=True
    )
    if about["left_out"]:
        console.print(f"conversations, left out: {', '.join(about['left_out'])}", style="dim", soft_wrap=True)
