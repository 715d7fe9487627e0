"""Results as one self-contained page with the timeline of each call; texts from scripts and traces are only data.

All data is JSON in an inert element, from which the page's own script makes text nodes. A policy in the page allows
this very script and style by their hashes and nothing else: not even a mistake of ours could run or load more.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from importlib.resources import files
from typing import Any

import orjson

from simulator.report.results import FAILING_TIMELINES, OTHER_TIMELINES, Results
from simulator.runs.outcome import Status

SCRIPTS = ("dom.js", "overview.js", "runs.js", "timeline.js", "detail.js", "main.js")
"""In the order in which the page runs them, as one."""

HISTOGRAM_BINS = 40

LISTED_RUNS = 5_000
"""Runs that the page lists of those that did not fail; of failing ones it lists all."""


def page_pieces(results: Results, *, note: str = "") -> Iterator[str]:
    """The text of the page, piece by piece; `note` says in a line how it was made."""
    style, script = _part("page.css"), "".join(_part(name) for name in SCRIPTS)
    sources = f"script-src '{_hash(script)}'; style-src '{_hash(style)}'"
    fill = {
        "POLICY": [f"default-src 'none'; {sources}; base-uri 'none'; form-action 'none'"],
        "STYLE": [style],
        "DATA": _data(results, note),
        "SCRIPT": [script],
    }
    rest = _part("page.html")
    for name, content in fill.items():
        before, rest = rest.split(f"[[{name}]]")
        yield before
        yield from content
    yield rest


def _part(name: str) -> str:
    return (files("simulator.report") / "page" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _data(results: Results, note: str) -> Iterator[str]:
    """The data as JSON in which no character can end the element that it is in."""
    tally = results.total
    width_ms, counts = tally.latencies.histogram(HISTOGRAM_BINS)
    head = {
        "note": note,
        "digest": results.digest,
        "is_interrupted": results.is_interrupted,
        "wall_s": round(results.wall_s, 1),
        "realtime_factor": round(results.realtime_factor),
        **tally.values(),
        "histogram": {"width_ms": width_ms, "counts": counts},
        "scripts": [{"script": name, "about": one.about, **one.values()} for name, one in results.scripts.items()],
        "limits": {"failing": FAILING_TIMELINES, "other": OTHER_TIMELINES, "listed": LISTED_RUNS},
    }
    yield _inert(orjson.dumps(head))[:-1]
    yield ',"timelines":['
    yield from _separated(results.timelines.lines())
    yield '],"runs":['
    yield from _separated(orjson.dumps({"index": index, **run}) for index, run in _listed(results))
    yield "]}"


def _listed(results: Results) -> Iterator[tuple[int, dict[str, Any]]]:
    """The runs with their places: all that failed, and the first others."""
    others = 0
    for index, run in enumerate(results.runs):
        is_failure = Status(run["status"]).is_failure
        others += not is_failure
        if is_failure or others <= LISTED_RUNS:
            yield index, run


def _separated(values: Iterable[bytes]) -> Iterator[str]:
    for place, value in enumerate(values):
        yield ("," if place else "") + _inert(value)


def _inert(json: bytes) -> str:
    """`<`, `>` and `&` as escapes: in JSON they only stand within strings."""
    return json.decode().replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
