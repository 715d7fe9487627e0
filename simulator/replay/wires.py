"""The log of a call's wires, read as it is needed: what came, in order, and what was done each time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from agent.agent_file import Agent
from agent.config import Config
from agent.recorder import SETTINGS
from agent.trace_view import TraceError
from agent.wire_log import VERSION
from tools.context import ToolContext
from tools.declare import tool_of_schema
from tools.tool import Arguments, Kind, Terms, Tool

Line = Mapping[str, Any]

HEADER = ("began_at_ns", "call_id", "settings", "agent")
NO_OBJECT = "expected one JSON object a line; is this a log of wires?"


@dataclass(frozen=True, slots=True)
class Woken:
    """One thing that came, and the lines of what was done about it. `line` counts from 1; `is_last`: no other came."""

    line: int
    at_ns: int
    what: Line
    done: tuple[tuple[int, Line], ...]
    is_last: bool = False


class RecordedWires:
    """The log of one call's wires. It is read line by line: an hour of telephone call is not held in memory.

    `is_whole`, once all of it was read: it goes on to the call's end; otherwise it was cut, or grew too long.
    """

    def __init__(self, path: Path, head: Line) -> None:
        self._path = path
        try:
            self.config = Config(**{name: str(head["settings"][name]) for name in SETTINGS})  # type: ignore[arg-type]  # all texts
            self.agent = Agent.model_validate(head["agent"])
            self.remote_tools = [_tool_of(told) for told in head.get("remote_tools", ())]
            self.began_at = int(head["began_at_ns"])
        except (KeyError, TypeError, ValueError) as error:
            raise TraceError(f"{path}:1: expected the settings and the agent of the call: {error}") from None
        self.call_id = str(head["call_id"])
        self.is_whole = not head.get("lost_lines")

    def woken(self) -> Iterator[Woken]:
        """All that came, each with what was done. Raises TraceError; a last line cut off by a crash is left out."""
        what: tuple[int, Line] | None = None
        done: list[tuple[int, Line]] = []
        for number, line in self._lines():
            if "out" in line:
                done.append((number, line))
                continue
            if what is not None:
                yield Woken(what[0], what[1]["at_ns"], what[1], tuple(done))
            what, done = (number, line), []
        if what is not None:
            yield Woken(what[0], what[1]["at_ns"], what[1], tuple(done), is_last=True)

    def _lines(self) -> Iterator[tuple[int, Line]]:
        with self._path.open("rb") as file:
            file.readline()
            is_first = True
            for number, raw in enumerate(file, 2):
                line = _decoded(raw)
                if line is None and not file.readline():
                    self.is_whole = False
                    return
                if line is not None and line.get("kind") == "limit":
                    self.is_whole = False
                    return
                self._check(number, line, is_first=is_first)
                assert line is not None, "checked"
                is_first = False
                yield number, line

    def _check(self, number: int, line: Line | None, *, is_first: bool) -> None:
        if line is None:
            raise TraceError(f"{self._path}:{number}: {NO_OBJECT}")
        if type(line.get("at_ns")) is not int or ("in" in line) == ("out" in line):
            raise TraceError(
                f'{self._path}:{number}: expected "at_ns" and either "in" or "out"; is this a log of wires?'
            )
        if is_first and "out" in line:
            raise TraceError(f'{self._path}:{number}: expected an "in" first: nothing is done for no reason')


def read_wires(path: Path) -> RecordedWires:
    """The log at `path`; what comes after its first line is read later. Raises TraceError."""
    try:
        with path.open("rb") as file:
            head = _head(path, file)
    except OSError as error:
        raise TraceError(f"{path}: expected a log of wires, could not read it: {error.strerror}") from error
    if head.get("kind") != "wires":
        raise TraceError(f"{path}:1: expected the first line of a log of wires; the file is empty or something else")
    if head.get("version") != VERSION:
        raise TraceError(f"{path}: expected a log of wires of version {VERSION}, got {head.get('version')}")
    if missing := [name for name in HEADER if name not in head]:
        raise TraceError(f"{path}:1: expected {', '.join(missing)}; is this a log of wires?")
    return RecordedWires(path, head)


def _head(path: Path, file: BinaryIO) -> Line:
    raw = file.readline()
    head = _decoded(raw) if raw else {}
    if head is None:
        raise TraceError(f"{path}:1: {NO_OBJECT}")
    return head


def _decoded(raw: bytes) -> dict[str, Any] | None:
    """The object in a line, None where there is none."""
    try:
        line = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return line if isinstance(line, dict) else None


def _tool_of(told: Mapping[str, Any]) -> Tool:
    """A tool of elsewhere, as a model was told of it; what it answered is on the tape. Raises ValueError, KeyError."""

    async def run(_context: ToolContext, _arguments: Arguments) -> object:
        raise AssertionError("tools return what they returned then")

    terms = Terms(kind=Kind(told.get("kind", Kind.EFFECT)), private=frozenset(told["private"]))
    return tool_of_schema(told["name"], told["description"], told["parameters"], run, terms)
