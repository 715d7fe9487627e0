"""`offhook peers`: the emulated providers on loopback until stopped, for any client that speaks their protocols."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulator.vapi_command import vapi

if TYPE_CHECKING:
    from simulator.emulators import EmulatedProviders, Setup

Run = Callable[[Callable[[], Coroutine[Any, Any, None]]], object]
"""Runs a coroutine function to its end; the click context's `obj` brings the one that chose the event loop."""

HEADER = """\
# The emulated providers run until you press Ctrl-C. Paste these lines into .env, or before a command.
"""


@click.group(invoke_without_command=True, short_help="Run the emulated providers on loopback.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on one line, then stay until stopped.")
@click.option("--config", type=click.Path(path_type=Path), help="TOML with a table of settings for each provider.")
@click.option("--port-base", type=click.IntRange(1, 65_532), help="Port of deepgram; groq, elevenlabs, twilio follow.")
@click.option("--delay", "delays", multiple=True, metavar="PROVIDER.KEY=VALUE", help="Set a delay; see --list.")
@click.option("--fault", "faults", multiple=True, metavar="PROVIDER.KEY[=VALUE]", help="Set a fault; see --list.")
@click.option("--reply", "replies", multiple=True, metavar="TEXT", help="What the model says: one a request, in turn.")
@click.option("--only", metavar="NAMES", help="Run only these, separated by commas, such as deepgram,groq.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of every peer's randomness.")
@click.option("--list", "as_list", is_flag=True, help="Show every setting, its default and what it does; run nothing.")
@click.pass_context
def peers(  # noqa: PLR0913  # one argument an option
    ctx: click.Context,
    *,
    as_json: bool,
    config: Path | None,
    port_base: int | None,
    delays: tuple[str, ...],
    faults: tuple[str, ...],
    replies: tuple[str, ...],
    only: str | None,
    seed: int,
    as_list: bool,
) -> None:
    """Run emulated Deepgram, Groq, ElevenLabs and Twilio (REST) on loopback until stopped.

    Prints their base URLs as lines for .env, with keys that the peers accept. Any SDK may be pointed at them. Calls
    created through the REST API are dialled: somebody answers, and stays quiet. Delays and faults come from options
    or from a TOML file with tables [deepgram], [groq], [elevenlabs], [twilio], [phone] and [brain]; options win.

    `offhook peers vapi` is another one, which does not wait to be asked: it calls a server of yours.
    """
    if ctx.invoked_subcommand is not None:
        return
    from simulator.emulator_settings import SettingError  # noqa: PLC0415  # keeps `offhook --help` quick
    from simulator.peers_setup import make_setup  # noqa: PLC0415  # as above

    try:
        if as_list:
            print_settings(only)
            return
        options = [("--delay", text) for text in delays] + [("--fault", text) for text in faults]
        setup = make_setup(options, config=config, replies=replies, only=only, port_base=port_base or 0, seed=seed)
    except SettingError as error:
        raise click.UsageError(str(error), ctx) from error
    run: Run = ctx.obj or _run_on_asyncio
    try:
        run(lambda: serve_peers(setup, as_json=as_json))
    except OSError as error:
        raise click.ClickException(error.strerror or str(error)) from error


def _run_on_asyncio(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(main())


async def serve_peers(setup: "Setup", *, as_json: bool = False) -> None:
    """Run the peers until SIGINT or SIGTERM: their URLs go to stdout at once, what was served to stderr at the end."""
    from simulator.emulators import EmulatedProviders  # noqa: PLC0415  # as above

    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        async with EmulatedProviders(setup) as emulated:
            click.echo(announce(emulated, as_json=as_json))
            sys.stdout.flush()
            await stopped.wait()
            click.echo(summarize(emulated), err=True)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def announce(emulated: "EmulatedProviders", *, as_json: bool) -> str:
    """Where the peers are: lines for `.env`, or one JSON object on one line."""
    if as_json:
        return json.dumps({**emulated.urls, "env": emulated.env})
    return HEADER + "\n".join(f"{name}={value}" for name, value in emulated.env.items())


def summarize(emulated: "EmulatedProviders") -> str:
    """What was served, one line a provider."""
    return "\n".join(
        f"{name}: {', '.join(f'{what} {count}' for what, count in sorted(counts.items())) or 'nothing was asked'}"
        for name, counts in emulated.counts().items()
    )


def print_settings(only: str | None) -> None:
    """Show what can be set, one table a provider."""
    from rich.console import Console  # noqa: PLC0415  # as above

    from simulator.emulators import BEHAVIOURS  # noqa: PLC0415  # as above
    from simulator.peers_setup import choose  # noqa: PLC0415  # as above
    from simulator.settings_table import settings_table  # noqa: PLC0415  # as above

    console = Console()
    chosen = choose(only)
    for name in BEHAVIOURS:
        if ("twilio" if name == "phone" else name) not in chosen:
            continue
        console.print(settings_table(name, BEHAVIOURS[name], prefix=f"{name}."))
        console.print()


peers.add_command(vapi)
