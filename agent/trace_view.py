"""Traces for people: reading a file, and one line a decision."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from agent.ledger import ledger_of
from agent.trace import VERSION

MODE_WIDTH = 10
EVENT_WIDTH = 48
UNCUT = 1_000_000


class TraceError(ValueError):
    """The file is no trace, or none of this version; the message says where and what to do."""


def read_trace(path: Path) -> list[dict[str, Any]]:
    """The lines of the trace at `path`. Raises TraceError; a last line cut off by a crash is left out."""
    return read_lines(path)[0]


def read_lines(path: Path) -> tuple[list[dict[str, Any]], bool]:
    """The lines of the trace at `path`, and whether its last one was cut off by a crash. Raises TraceError."""
    try:
        raw = path.read_bytes().splitlines()
    except OSError as error:
        raise TraceError(f"{path}: expected a trace file, could not read it: {error.strerror}") from error
    lines: list[dict[str, Any]] = []
    is_cut = False
    for number, text in enumerate(raw, 1):
        try:
            line = orjson.loads(text)
        except orjson.JSONDecodeError:
            if number == len(raw) and lines:
                is_cut = True
                break
            raise TraceError(f"{path}:{number}: expected one JSON object a line; is this a trace?") from None
        if not isinstance(line, dict) or "kind" not in line or "at_ns" not in line:
            raise TraceError(f'{path}:{number}: expected "kind" and "at_ns"; is this a trace?')
        lines.append(line)
    if not lines or lines[0]["kind"] != "call":
        raise TraceError(f"{path}:1: expected the line of a call first; the file is empty or cut at its beginning")
    if lines[0].get("version") != VERSION:
        raise TraceError(
            f"{path}: expected a trace of version {VERSION}, got {lines[0].get('version')}; read it with the offhook "
            "that wrote it"
        )
    return lines, is_cut


def readable(lines: Iterable[dict[str, Any]], *, event_width: int = UNCUT) -> Iterator[str]:
    """One line of text a decision, stage or note, in fixed columns; events are cut to `event_width` characters."""
    kept = list(lines)
    for line in kept:
        at = f"{line['at_ns'] / 1e6:9.0f} ms"
        match line["kind"]:
            case "call":
                yield f"call {line['call_id']}  agent {line['agent']}  {line['started_at']}"
            case "event":
                yield f"{at}  {_decision(line, event_width)}".rstrip()
            case "stage":
                yield f"{at}  {'':{MODE_WIDTH}}  . {line['stage']} (turn {line['turn']}, reply {line['reply']})"
            case "note":
                yield f"{at}  {'':{MODE_WIDTH}}  * {line['note']}{_fields(line['data'])}"
    yield from _ledger(kept)


def _decision(line: dict[str, Any], width: int) -> str:
    moved = f"-> {line['to']}" if line["to"] != line["mode"] else ""
    effects = ", ".join(name + _fields(data, only=("text", "reason", "call")) for name, data in line["effects"])
    event = line["event"] + _fields(line["data"], only=("text", "heard", "digit", "reason", "kind", "result", "said"))
    event = f"{cut(event, width):<{EVENT_WIDTH}}"
    return f"{line['mode']:{MODE_WIDTH}}  {event} {moved:<{MODE_WIDTH + 3}} {effects}"


def cut(text: str, width: int) -> str:
    """`text` in at most `width` characters."""
    return text if len(text) <= width else f"{text[: width - 1]}\N{HORIZONTAL ELLIPSIS}"


def _fields(data: dict[str, Any], only: tuple[str, ...] | None = None) -> str:
    shown = []
    for key, value in data.items():
        if not value or (only is not None and key not in only):
            continue
        if key == "call":
            shown.append(f"{value['name']}({value['arguments']})")
        else:
            shown.append(f'"{value}"' if isinstance(value, str) else f"{key}={value}")
    return f" {' '.join(shown)}" if shown else ""


def _ledger(lines: list[dict[str, Any]]) -> Iterator[str]:
    turns = ledger_of(lines)
    if turns:
        yield ""
        yield "turn  voice to voice  of which (ms)"
    for turn in turns:
        parts = "  ".join(f"{name.removesuffix('_ms')} {ms}" for name, ms in turn.parts_ms().items() if ms)
        yield f"{turn.turn:4}  {turn.voice_to_voice_ms:11} ms  {parts}"
