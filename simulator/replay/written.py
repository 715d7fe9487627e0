"""The trace that a replay writes, line by line."""

from typing import Any

import orjson


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
