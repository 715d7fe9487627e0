"""The log of a call's wires, read whole: what came, in order, and what was done each time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from agent.agent_file import Agent
from agent.config import Config
from agent.recorder import SETTINGS
from agent.trace_view import TraceError
from agent.wire_log import VERSION

Line = Mapping[str, Any]

HEADER = ("began_at_ns", "call_id", "settings", "agent")


@dataclass(frozen=True, slots=True)
class Woken:
    """One thing that came, and the lines of what was done about it. `line` counts from 1."""

    line: int
    at_ns: int
    what: Line
    done: tuple[tuple[int, Line], ...]


@dataclass(frozen=True, slots=True)
class RecordedWires:
    """The log of one call's wires. `is_whole`: it goes on to the call's end; otherwise it was cut, or grew too long."""

    call_id: str
    began_at: int
    config: Config
    agent: Agent
    woken: Sequence[Woken]
    is_whole: bool


def read_wires(path: Path) -> RecordedWires:
    """The log at `path`. Raises TraceError; a last line that was cut off by a crash is left out."""
    lines, is_cut = _lines(path)
    head = lines[0][1] if lines else {}
    if head.get("kind") != "wires":
        raise TraceError(f"{path}:1: expected the first line of a log of wires; the file is empty or something else")
    if head.get("version") != VERSION:
        raise TraceError(f"{path}: expected a log of wires of version {VERSION}, got {head.get('version')}")
    if missing := [name for name in HEADER if name not in head]:
        raise TraceError(f"{path}:1: expected {', '.join(missing)}; is this a log of wires?")
    try:
        config = Config(**{name: str(head["settings"][name]) for name in SETTINGS})  # type: ignore[arg-type]  # all texts
        agent = Agent.model_validate(head["agent"])
    except (KeyError, TypeError, ValueError) as error:
        raise TraceError(f"{path}:1: expected the settings and the agent of the call: {error}") from None
    is_limited = lines[-1][1].get("kind") == "limit"
    woken = _woken(path, lines[1:-1] if is_limited else lines[1:])
    is_whole = not (is_cut or is_limited or head.get("lost_lines"))
    return RecordedWires(str(head["call_id"]), int(head["began_at_ns"]), config, agent, woken, is_whole)


def _lines(path: Path) -> tuple[list[tuple[int, dict[str, Any]]], bool]:
    try:
        raw = path.read_bytes().splitlines()
    except OSError as error:
        raise TraceError(f"{path}: expected a log of wires, could not read it: {error.strerror}") from error
    lines: list[tuple[int, dict[str, Any]]] = []
    for number, text in enumerate(raw, 1):
        try:
            line = orjson.loads(text)
        except orjson.JSONDecodeError:
            if number == len(raw) and lines:
                return lines, True
            raise TraceError(f"{path}:{number}: expected one JSON object a line; is this a log of wires?") from None
        if not isinstance(line, dict):
            raise TraceError(f"{path}:{number}: expected one JSON object a line; is this a log of wires?")
        lines.append((number, line))
    return lines, False


def _woken(path: Path, lines: Sequence[tuple[int, dict[str, Any]]]) -> tuple[Woken, ...]:
    found: list[Woken] = []
    done: list[tuple[int, Line]] = []
    for number, line in lines:
        if type(line.get("at_ns")) is not int or ("in" in line) == ("out" in line):
            raise TraceError(f'{path}:{number}: expected "at_ns" and either "in" or "out"; is this a log of wires?')
        if "out" in line:
            if not found:
                raise TraceError(f'{path}:{number}: expected an "in" first: nothing is done for no reason')
            done.append((number, line))
            continue
        if found:
            found[-1] = Woken(found[-1].line, found[-1].at_ns, found[-1].what, tuple(done))
        done = []
        found.append(Woken(number, line["at_ns"], line, ()))
    if found:
        found[-1] = Woken(found[-1].line, found[-1].at_ns, found[-1].what, tuple(done))
    return tuple(found)
