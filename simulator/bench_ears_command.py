"""`offhook bench ears`: how well voice is told from all else on recordings with labels."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.errors import SettingsError

if TYPE_CHECKING:
    from simulator.ears_corpus import Corpus

COLUMNS = {
    "onset_delay_ms_p50": "p50",
    "onset_delay_ms_p95": "p95",
    "unheard_percent": "unheard%",
    "missed_percent": "missed%",
    "false_percent": "false%",
    "false_onsets_per_min": "false/min",
    "cpu_us_per_frame": "µs",
}
"""The figures of each condition, and how the table names them."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--vad", type=click.Choice(("all", "builtin", "silero")), default="all", help="Who listens.  [all]")
@click.option(
    "--half",
    type=click.Choice(("all", "tuning", "held-out")),
    default="all",
    help="Only the recordings whose names' hash says so: nothing was ever tuned on those held out.  [all]",
)
def ears(folder: Path, as_json: bool, vad: str, half: str) -> None:
    """Measure the voice detectors on recordings with labels.

    FOLDER holds recordings, each beside a label track as Audacity exports it (NAME.txt: start and end of each stretch
    of speech in seconds, a line each; an empty file: nothing but noise), or a manifest.json with `files`, each with
    `file` and, per channel, `speech_s`. Every recording is heard through 8 kHz mu-law, clean and within every noise
    that is there at 20, 10 and 5 dB.

    Per condition: from the labelled onset to the instant a call is told (`onset_delay_ms`); utterances of which nothing
    was told while they lasted (`unheard`); labelled speech outside the told spans (`missed`); told spans outside
    labelled speech, of all the time nobody spoke (`false`); CPU of one thread.
    """
    from simulator.bench_ears import measure  # noqa: PLC0415 - keeps `offhook --help` quick
    from simulator.bench_machine import facts  # noqa: PLC0415 - same
    from simulator.ears_corpus import CorpusError, load_corpus  # noqa: PLC0415 - same

    try:
        corpus = load_corpus(folder).half_of(half)
    except CorpusError as error:
        raise click.UsageError(str(error)) from None
    if not corpus.voices:
        raise click.UsageError(f"{folder}: none of its recordings is in the half {half!r}; leave out --half")
    found: dict[str, Any] = {}
    for name, make in makers(vad).items():
        click.echo(f"{name} listens ...", err=True)
        found[name] = {condition: tally.figures() for condition, tally in measure(corpus, make).items()}
    if as_json:
        click.echo(json.dumps({**described(corpus, half), "detectors": found, **facts()}))
    else:
        print_table(found, described(corpus, half))


def makers(vad: str) -> dict[str, Any]:
    """The detectors that are asked for; without the extra `all` is the built-in one alone."""
    from agent.silero import INSTALL, weights_path  # noqa: PLC0415 - keeps `offhook --help` quick
    from agent.voice_detectors import DETECTORS, detector_maker  # noqa: PLC0415 - same

    names = DETECTORS if vad == "all" else (vad,)
    if vad == "all" and weights_path() is None:
        click.echo(f"silero is not installed ({INSTALL}): only the built-in detector is measured", err=True)
        names = ("builtin",)
    try:
        return {name: detector_maker(name) for name in names}
    except SettingsError as error:
        raise click.UsageError(str(error)) from None


def described(corpus: "Corpus", half: str) -> dict[str, Any]:
    """What was measured on."""
    return {
        "half": half,
        "recordings": [clip.name for clip in corpus.voices],
        "noises": [clip.name for clip in corpus.noises],
        "unlabelled": list(corpus.unlabelled),
    }


def print_table(found: dict[str, Any], corpus: dict[str, Any]) -> None:
    """A line for every detector and condition."""
    from rich.console import Console  # noqa: PLC0415 - keeps `offhook --help` quick
    from rich.table import Table  # noqa: PLC0415 - same

    table = Table(box=None, pad_edge=False)
    for column in ("detector", "condition", *COLUMNS.values()):
        table.add_column(column, justify="left" if column in ("detector", "condition") else "right", no_wrap=True)
    for name, conditions in found.items():
        for condition, figures in conditions.items():
            told = ["" if figures[column] is None else f"{figures[column]:g}" for column in COLUMNS]
            table.add_row(name, condition, *told)
    console = Console(highlight=False)
    console.print(table)
    console.print(
        f"{len(corpus['recordings'])} voices, {len(corpus['noises'])} noises, half: {corpus['half']}", style="dim"
    )
    if corpus["unlabelled"]:
        console.print(f"without labels, left out: {', '.join(corpus['unlabelled'])}")
