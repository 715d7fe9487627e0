"""Values kept on disk until a report is written: memory does not grow with the number of runs."""

import weakref
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import Any

import orjson


class Spool:
    """A list of JSON values in a temporary file, which vanishes with it."""

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - lives as long as the spool
        self.close = weakref.finalize(self, self._file.close)
        """Let it vanish; harmless twice."""
        self.count = 0

    def append(self, value: Any) -> None:  # noqa: ANN401 - anything JSON knows
        """Keep `value`."""
        self._file.write(orjson.dumps(value) + b"\n")
        self.count += 1

    def lines(self) -> Iterator[bytes]:
        """Each value as its JSON text, in order."""
        self._file.seek(0)
        for _ in range(self.count):
            yield self._file.readline().rstrip(b"\n")
        self._file.seek(0, 2)

    def __iter__(self) -> Iterator[Any]:
        """Each value, in order."""
        return (orjson.loads(line) for line in self.lines())
