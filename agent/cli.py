"""`offhook`'s commands. Each is imported only when it runs: `offhook --help` must not cost a second."""

import importlib
from typing import Any

import click

COMMANDS = {
    "serve": ("agent.serve_command:serve", "Answer calls: the server that Twilio talks to."),
    "call": ("agent.call_command:call", "Place a call to a number and let the agent speak."),
    "demo": ("simulator.demo.command:demo", "Hear, read and see one whole call, without any key."),
    "peers": ("simulator.peers_command:peers", "Run the emulated providers on this machine."),
    "new": ("agent.new_command:new", "Make an agent of your own: a folder that runs at once."),
    "vapi": ("agent.vapi_command:vapi", "The agent as an assistant to paste into Vapi."),
    "calls": ("agent.calls_command:calls", "What came of calls that are over."),
    "tools": ("agent.tools_command:tools", "What an agent may do, and what became of what it did."),
    "messages": ("agent.messages_command:messages", "What callers left for somebody of the house."),
    "listen": ("agent.listen_command:listen", "Tell when somebody speaks in a recording."),
    "trace": ("agent.trace_command:trace", "Read the trace of a call."),
    "replay": ("simulator.replay.command:replay", "Decide a recorded call again, and stop at the first difference."),
    "trace-to-script": (
        "simulator.replay.to_script_command:trace_to_script",
        "Turn a recorded call into a call script.",
    ),
    "simulate": ("simulator.simulate_command:simulate", "Run call scripts, faults and seeds in virtual time."),
    "score": ("agent.score_command:score", "Judge how turns were taken, by the field's own metrics."),
    "tune": ("simulator.tune_command:tune", "How patient should this agent be? Its own calls tell."),
    "bench": ("simulator.bench_command:bench", "Measure this machine."),
    "chart": ("agent.chart_command:chart", "Bring the chart in README.md up to date."),
}
"""Where each command lives, and its line in the overview."""

STAND_INS = "simulator.stand_ins:stand_ins"
"""Emulated providers for a server without keys."""


def load(place: str) -> Any:  # noqa: ANN401 - whatever stands there
    """What stands at `module:name`, imported now; the only way to the simulator from here."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


class Commands(click.Group):
    """A group that knows its commands by name and imports them when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All names, in the order of the overview."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - same
        """The command itself, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command = load(COMMANDS[cmd_name][0])
        assert isinstance(command, click.Command), f"{COMMANDS[cmd_name][0]} is no command"
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Like click's, with the nearest right name in the complaint about a wrong one."""
        from difflib import get_close_matches  # noqa: PLC0415 - only for a mistake

        name = args[0] if args else ""
        if name and name not in COMMANDS:
            near = get_close_matches(name, COMMANDS, n=1)
            hint = f'did you mean "{near[0]}"?' if near else f"known are {', '.join(COMMANDS)}"
            ctx.fail(f'no command "{name}"; {hint}')
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - same
        """The overview, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="offhook", prog_name="offhook")
def offhook() -> None:
    """Answer the phone with an AI voice agent.

    New here? Try `offhook demo`.
    """
