"""`offhook peers vapi`: a call at an emulated Vapi to a server of ours, on the real clock."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.errors import SettingsError
from agent.running import run

if TYPE_CHECKING:
    from simulator.peers.vapi import VapiCall

BOOKING = ("Tuesday morning, please.", "The first one.", "My name is Ann Lee.", "No, that's all. Goodbye.")


@click.command("vapi", short_help="Call a server as Vapi does.")
@click.option("--url", default="http://127.0.0.1:8080/vapi/webhook", show_default=True, help="The number's server URL.")
@click.option("--secret", help="What the number's credential shows; else VAPI_SECRET.")
@click.option(
    "--assistant", "assistant_file", type=click.Path(path_type=Path), help="An assistant's JSON, as of `offhook vapi`."
)
@click.option(
    "--agent", help="Whose rules play a model of Vapi's own, where the assistant has one; else OFFHOOK_AGENT."
)
@click.option("--say", "words", multiple=True, metavar="TEXT", help="What the caller says, in turn; else they book.")
@click.option(
    "--cut-in", "cut_in_ms", type=click.IntRange(1), metavar="MS", help="The caller goes on so soon, unasked."
)
@click.option("--delay", "delays", multiple=True, metavar="KEY=VALUE", help="Set a delay; see --list.")
@click.option("--fault", "faults", multiple=True, metavar="KEY[=VALUE]", help="Set a fault; see --list.")
@click.option("--seed", type=int, help="Seed of the call's id, to be the same call again; else it is a new one.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--list", "as_list", is_flag=True, help="Show every setting, its default and what it does; call nobody.")
@click.pass_context
def vapi(  # noqa: PLR0913 - one argument an option
    ctx: click.Context,
    *,
    url: str,
    secret: str | None,
    assistant_file: Path | None,
    agent: str | None,
    words: tuple[str, ...],
    cut_in_ms: int | None,
    delays: tuple[str, ...],
    faults: tuple[str, ...],
    seed: int | None,
    as_json: bool,
    as_list: bool,
) -> None:
    """Call a server as Vapi does: assistant-request, custom model, tools, reports; exit 1 if Vapi would not be content.

    What is at OFFHOOK_PUBLIC_URL is asked at the origin of --url instead, as if a tunnel led there.
    """
    from agent.config import load_config  # noqa: PLC0415 - keeps `offhook --help` quick
    from simulator.emulator_settings import SettingError  # noqa: PLC0415 - same
    from simulator.peers.vapi_turns import CallerTurn  # noqa: PLC0415 - same
    from simulator.vapi_on_sockets import VapiVisit, behaviour_of, read_assistant_file  # noqa: PLC0415 - same

    if as_list:
        print_settings()
        return
    try:
        config = load_config(os.environ, Path(".env"))
        visit = VapiVisit(
            url,
            secret if secret is not None else config.vapi_secret.reveal(),
            tuple(CallerTurn(text, cut_in_ms if index else None) for index, text in enumerate(words or BOOKING)),
            behaviour_of([("--delay", text) for text in delays] + [("--fault", text) for text in faults]),
            assistant=read_assistant_file(assistant_file) if assistant_file else None,
            agent=agent or config.agent,
            public_url=config.public_url,
            seed=seed,
        )
    except (SettingError, SettingsError) as error:
        raise click.UsageError(str(error), ctx) from error
    call = run(lambda: visit.call(_hush if as_json else _say))
    click.echo(json.dumps(told(call)) if as_json else summary(call))
    if call.problems:
        ctx.exit(1)


def _say(role: str, text: str) -> None:
    click.echo(f"{'caller' if role == 'user' else 'agent':<8}{text}")


def _hush(_role: str, _text: str) -> None:
    """The JSON has it all."""


def told(call: "VapiCall") -> dict[str, Any]:
    """All that is known of a call, as JSON has it."""
    return {
        "call_id": call.call_id,
        "ended_reason": call.ended_reason,
        "forwarded_to": call.forwarded_to,
        "said": [{"role": role, "text": text} for role, text in call.said],
        "completions": [
            {
                "first_text_ms": each.first_text_ms,
                "chunks": each.chunks,
                "aborted": each.is_aborted,
                "usage": each.usage,
            }
            for each in call.completions
        ],
        "messages": [{"type": each.type, "status": each.status, "ms": each.took_ms} for each in call.deliveries],
        "tools": [
            {"name": end.asked.name, "arguments": end.asked.arguments, "failed": end.is_failure, "answer": end.text}
            for end in call.tool_ends
        ],
        "problems": call.problems,
    }


def summary(call: "VapiCall") -> str:
    """How the call went, and what Vapi did not take."""
    waits_ms = sorted(each.first_text_ms for each in call.completions if each.first_text_ms is not None)
    words = f", first words after {waits_ms[len(waits_ms) // 2]} ms, at most {waits_ms[-1]}" if waits_ms else ""
    counted = f"{len(call.tool_ends)} tools asked for; {len(call.deliveries)} messages"
    lines = [
        "",
        f"call {call.call_id}: {call.ended_reason}",
        f"{len(call.completions)} answers{words}; {counted}",
        *(f"not taken: {problem}" for problem in call.problems),
    ]
    return "\n".join(lines)


def print_settings() -> None:
    """Show what can be set."""
    from rich.console import Console  # noqa: PLC0415 - as above

    from simulator.peers.vapi_behaviour import VapiBehaviour  # noqa: PLC0415 - as above
    from simulator.settings_table import settings_table  # noqa: PLC0415 - as above

    Console().print(settings_table("vapi", VapiBehaviour, prefix=""))
