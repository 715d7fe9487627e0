"""`offhook demo`: hear, read and see one whole call."""

import logging
import os
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click
import orjson
from rich.console import Console

from agent.errors import SettingsError
from agent.running import run
from agent.trace_view import TraceError
from simulator.brain.rules import RulesError
from simulator.demo.report import NOTHING_DONE, report
from simulator.demo.screen import Screen, show_summary
from simulator.demo.story import Options, Performance, story_of

EXIT_NOT_COMPLETED = 1


@click.command()
@click.option(
    "--agent", default="appointments", show_default=True, help="A bundled agent's name, or your own's folder."
)
@click.option("--fast", is_flag=True, help="In virtual time: the same conversation in a second.")
@click.option("--voice", is_flag=True, help="With real speech: a local recogniser and a local voice (make demo-voice).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--record", type=click.Path(path_type=Path), help="Where to write the stereo WAV, caller left.")
@click.option(
    "--caller", type=click.Path(path_type=Path, exists=True), help="With --voice: a WAV of the caller's side."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same call.")
@click.option("--data", type=click.Path(path_type=Path), help="Where trace, recording and database go.")
def demo(  # noqa: PLR0913, PLR0917 - its options, as click hands them over
    agent: str,
    fast: bool,
    voice: bool,
    as_json: bool,
    record: Path | None,
    caller: Path | None,
    seed: int,
    data: Path | None,
) -> None:
    """Watch one whole call without any key: the real server, emulated providers, a simulated caller.

    To appointments the caller books one, says "mm-hmm" once, interrupts once and says goodbye; the others are
    shipments, dispatch and payments. Each plays the call script scripts/demo.toml in its agent's folder.
    """
    if fast and voice:
        raise click.UsageError("--fast and --voice exclude each other: real speech takes real time")
    if caller is not None and not voice:
        raise click.UsageError("--caller needs --voice")
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        options = _options(record, seed, data, agent)
        performance = _perform(options, fast=fast, voice=voice, caller=caller, quiet=as_json)
        result = report(performance)
    except (SettingsError, RulesError, TraceError, OSError, TimeoutError) as error:
        raise click.ClickException(str(error) or type(error).__name__) from None
    if caller is not None and result["outcome"] == NOTHING_DONE and result["turns"]:
        result["outcome"] = "completed"  # a recording of somebody else's says something else
    if as_json:
        click.echo(orjson.dumps(result))
    else:
        show_summary(Console(), result)
    sys.exit(0 if result["outcome"] == "completed" else EXIT_NOT_COMPLETED)


def _options(record: Path | None, seed: int, data: Path | None, agent: str) -> Options:
    story_of(agent)  # complains before anything is made
    home = data or Path(os.environ.get("OFFHOOK_DATA", "data")) / "demo" / f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
    home.mkdir(parents=True, exist_ok=True)
    recording = record or home / "call.wav"
    if not recording.parent.is_dir():
        raise SettingsError(f"--record {recording}: there is no folder {recording.parent}")
    return Options(home, recording, seed, agent=agent)


def _perform(options: Options, *, fast: bool, voice: bool, caller: Path | None, quiet: bool) -> Performance:
    with ExitStack() as stack:
        screen = None if quiet else stack.enter_context(Screen(Console()))
        if fast:
            from simulator.demo.fast import perform_fast  # noqa: PLC0415 - one of three worlds, each with its imports

            return perform_fast(options, screen)
        watch = screen.watch if screen is not None else lambda _caller: None
        if not voice:
            from simulator.demo.live import perform_live  # noqa: PLC0415 - same

            return run(lambda: perform_live(options, screen, watch))
        from simulator.demo.voice import SCRIPTED_BRAIN, has_model, perform_voice  # noqa: PLC0415 - same

        if not has_model():
            click.echo(SCRIPTED_BRAIN, err=True)
        return run(lambda: perform_voice(options, screen, watch, recording=caller))
