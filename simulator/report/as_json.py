"""Results as one JSON object; wall time apart, the same runs give the same bytes."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from simulator.report.results import Results

FORMAT = "offhook-simulate/1"
"""Says what the object is; `--compare` reads no other."""


def json_pieces(results: Results, more: Mapping[str, Any] | None = None) -> Iterator[str]:
    """The text of the object, piece by piece: the runs never are in memory all at once. `more` are further keys."""
    head = {
        "format": FORMAT,
        "digest": results.digest,
        "is_interrupted": results.is_interrupted,
        **results.total.values(),
        "scripts": {name: {"about": tally.about, **tally.values()} for name, tally in results.scripts.items()},
        **(more or {}),
    }
    yield orjson.dumps(head).decode()[:-1]
    yield ',"runs":['
    for index, line in enumerate(results.runs.lines()):
        yield ("," if index else "") + line.decode()
    wall = {"wall_s": round(results.wall_s, 3), "realtime_factor": round(results.realtime_factor, 1)}
    yield "]," + orjson.dumps(wall).decode()[1:]
