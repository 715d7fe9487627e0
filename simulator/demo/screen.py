"""The demonstration call on a terminal: who speaks, the mode, interim words, tools; at the end where the time went."""

from typing import Any

from rich.box import SIMPLE
from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from agent.ledger import PARTS
from fsm.effects import Effect, ResumePlayout, RunTool, StartReply
from fsm.events import Event, PlayoutFinished, PlayoutHeld, ToolReturned, WordsHeard
from fsm.state import CallState, Mode
from simulator.caller import Caller

COLOURS = {
    Mode.CONNECTING: "dim",
    Mode.LISTENING: "green",
    Mode.THINKING: "yellow",
    Mode.SPEAKING: "cyan",
    Mode.BARGE_IN: "magenta",
    Mode.ENDED: "dim",
}
RESULT_CHARS = 58


class Screen:
    """Watches one call: finished contributions scroll by, the last line says what happens now.

    On a terminal that line lives; anywhere else only the finished ones are printed.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._mode = Mode.CONNECTING
        self._interim = ""
        self._caller: Caller | None = None
        self._heard_before_cut = ""
        self._started_at: int | None = None
        self._live = Live(get_renderable=self._now, console=console, refresh_per_second=12, transient=True)

    def __enter__(self) -> "Screen":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def watch(self, caller: Caller) -> None:
        """Show what this caller hears."""
        self._caller = caller

    def say(self, text: str) -> None:
        """A line of ours."""
        self._console.print(Text(text, style="dim"))

    # --- what happens --------------------------------------------------------------------------------------------

    def on_decision(
        self, at_ns: int, before: Mode, event: Event, after: CallState, effects: tuple[Effect, ...]
    ) -> None:
        """The machine decided."""
        self._started_at = at_ns if self._started_at is None else self._started_at
        self._mode = after.mode
        if isinstance(event, WordsHeard):
            self._interim = event.text
        elif isinstance(event, PlayoutHeld):
            self._heard_before_cut = event.heard
        elif isinstance(event, PlayoutFinished) and before in (Mode.SPEAKING, Mode.THINKING):
            self._line(at_ns, "agent", event.text, "cyan")
        elif isinstance(event, ToolReturned):
            self._line(at_ns, "result", _short(event.result), "red" if event.failed else "dim")
        if before is Mode.BARGE_IN and after.mode is Mode.LISTENING:
            self._line(at_ns, "agent", f"{self._heard_before_cut} \N{EM DASH} [interrupted]", "cyan")
        for effect in effects:
            self._show_order(at_ns, effect, after)

    def _show_order(self, at_ns: int, effect: Effect, after: CallState) -> None:
        match effect:
            case StartReply():
                self._line(at_ns, "caller", after.transcript[-1].content, "bold green")
                self._interim = ""
            case RunTool(_, call):
                self._line(at_ns, "tool", f"{call.name}({call.arguments})", "yellow")
            case ResumePlayout() if self._interim:
                self._line(at_ns, "caller", f"{self._interim}  [the agent talks on]", "green")
                self._interim = ""

    def _line(self, at_ns: int, who: str, text: str, style: str) -> None:
        at_s = (at_ns - (self._started_at or at_ns)) / 1e9
        row = Table.grid(padding=(0, 2))
        row.add_row(Text(f"{at_s:6.1f} s", style="dim"), Text(f"{who:>6}", style="dim"), Text(text, style=style))
        self._console.print(row)

    def _now(self) -> RenderableType:
        parts: list[Any] = [
            ("          ", ""),
            (f"{self._mode:<10}", f"bold reverse {COLOURS[self._mode]}"),
            ("  ", ""),
        ]
        if self._mode is Mode.SPEAKING and self._caller is not None and self._caller.agent_speech:
            parts.append((self._caller.agent_speech[-1].text, "cyan"))
        elif self._interim:
            parts.append((f"\N{HORIZONTAL ELLIPSIS} {self._interim}", "italic green"))
        return Text.assemble(*parts)


def _short(text: str) -> str:
    return text if len(text) <= RESULT_CHARS else f"{text[:RESULT_CHARS]} \N{HORIZONTAL ELLIPSIS}"


def show_summary(console: Console, report: dict[str, Any]) -> None:
    """The end of the demonstration: the latency ledger, the booking, what lies where."""
    ledger = Table(title="Where the time went, in ms", title_justify="left", header_style="dim", box=SIMPLE)
    ledger.add_column("turn", justify="right")
    ledger.add_column("voice to\nvoice", justify="right", style="bold")
    shown = [part for part in PARTS if any(turn["ledger"][f"{part}_ms"] for turn in report["turns"])]
    for part in shown:
        ledger.add_column(part.replace("_", "\n").replace("endpointing", "end of\nturn"), justify="right", no_wrap=True)
    ledger.add_column("drafted")
    for turn in report["turns"]:
        times = [str(turn["ledger"][f"{part}_ms"]) for part in shown]
        ledger.add_row(str(turn["turn"]), str(turn["voice_to_voice_ms"]), *times, "yes" if turn["was_drafted"] else "")
    console.print("", ledger)
    for name, value in _facts(report):
        console.print(Text.assemble((f"{name:<17}", "dim"), value), soft_wrap=True)  # paths stay in one piece


def _row(row: dict[str, Any]) -> str:
    return ", ".join(f"{column} {value}" for column, value in row.items() if value and column not in ("call_id", "key"))


def _facts(report: dict[str, Any]) -> list[tuple[str, str]]:
    written = [f"{table}: {_row(row)}" for table, rows in report["rows"].items() for row in rows]
    errors = report["heard_error_words"]
    drafts = report["drafts"]
    cost = f" ({drafts['tokens']} tokens, {drafts['characters']} characters of speech)" if drafts["dropped"] else ""
    heard = "" if errors is None else f", transcript wrong by {errors} words about what was heard"
    return [
        ("outcome", report["outcome"]),
        ("interruptions", f"{report['interruptions']}{heard}"),
        ("drafts", f"{drafts['made']} made, {drafts['adopted']} adopted, {drafts['dropped']} dropped{cost}"),
        ("talked on after", f"{report['resumed_after_false_alarm']} sounds that were no interruption"),
        *[("in the database", line) for line in written or ["nothing"]],
        ("trace", report["trace"]),
        ("recording", report["recording"]),
        ("database", report["database"]),
        ("read on", f"offhook trace {report['trace']}"),
    ]
