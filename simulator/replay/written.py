"""The trace that a replay writes, line by line."""

from typing import Any

import orjson

from simulator.replay.recorded import Line

ADDED_NOTES = frozenset({"filler"})
"""Notes that traces of earlier versions lack: where the record has none, one that is written now is no difference."""


class Written:
    """Takes a trace as a file would."""

    def __init__(self) -> None:
        self._lines: list[dict[str, Any]] = []

    def write(self, text: str) -> None:
        """The next line."""
        self._lines.append(orjson.loads(text))

    def flush(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Same."""

    def taken(self) -> list[dict[str, Any]]:
        """The lines since the last time."""
        lines, self._lines = self._lines, []
        return lines


def is_added(line: Line | None) -> bool:
    """Whether this is a note that earlier versions did not write."""
    return line is not None and line["kind"] == "note" and line["note"] in ADDED_NOTES
