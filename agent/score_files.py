"""The files that `offhook score` reads: call traces, turn-traces, and the runs of tau-voice."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from agent.metrics.derived import derive
from agent.metrics.ticks import Ticks
from agent.metrics.trajectory import TrajectoryError, domain_of, tick_ms_of, ticks_of
from agent.metrics.turn_trace import FORMAT, TurnTrace, TurnTraceError, read_turn_trace
from agent.trace_view import TraceError, read_lines
from agent.wire_log import SUFFIX as WIRES_SUFFIX

RESULTS = "results.json"
SIMULATIONS = "simulations"

PEEK_CHARACTERS = 120
"""Of a file that is something else, so much is shown."""


class ScoreError(ValueError):
    """A file cannot be scored; the message names it, with what was expected."""


# --- call traces and turn-traces -----------------------------------------------------------------------------------


def turn_traces(paths: Iterable[Path]) -> Iterator[TurnTrace]:
    """The calls in these files and folders, each file once. Raises ScoreError."""
    for path in _files(paths):
        yield turn_trace_in(path)


def turn_trace_in(path: Path) -> TurnTrace:
    """The call in a file: a turn-trace as it is, or derived from the trace of a call. Raises ScoreError."""
    try:
        raw = _read(path)
        if _is_call_trace(raw):
            return _derived(path)
        return read_turn_trace(raw, path)
    except (TraceError, TurnTraceError) as error:
        raise ScoreError(str(error)) from None


def _derived(path: Path) -> TurnTrace:
    lines, _ = read_lines(path)
    try:
        return derive(lines)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = f"no {error.args[0]!r}" if isinstance(error, KeyError) else str(error)
        raise ScoreError(
            f"{path}: expected the trace of a call as offhook wrote it; in one of its lines: {what}"
        ) from None


def _is_call_trace(raw: bytes) -> bool:
    """Whether it begins with the line of a call."""
    try:
        first = orjson.loads(raw.split(b"\n", 1)[0])
    except orjson.JSONDecodeError:
        return False
    return isinstance(first, dict) and "kind" in first


def _files(paths: Iterable[Path]) -> list[Path]:
    found: dict[Path, Path] = {}
    for path in paths:
        inside = _in_folder(path) if path.is_dir() else [path]
        for one in inside:
            found.setdefault(one.resolve(), one)
    return list(found.values())


def _in_folder(folder: Path) -> list[Path]:
    """The traces in a folder and below: what lies there besides (recordings, reports) is left alone."""
    found = [path for path in sorted(folder.rglob("*.json*")) if path.is_file() and _is_ours(path)]
    if not found:
        raise ScoreError(
            f"{folder}: expected traces of calls (*.jsonl) or turn-traces (*.json) in this folder, found none"
        )
    return found


def _is_ours(path: Path) -> bool:
    if path.suffix == ".jsonl":
        return not path.name.endswith(WIRES_SUFFIX)
    if path.suffix != ".json":
        return False
    value = _json(path, _read(path))
    return isinstance(value, dict) and value.get("format") == FORMAT


# --- tau-voice -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TauRun:
    """One run of tau-voice; `places` are the files of its calls, or none if they lie in the run's own file."""

    path: Path
    domain: str
    tick_ms: int
    own: tuple[Any, ...]
    places: tuple[Path, ...]

    def calls(self) -> Iterator[Ticks]:
        """The calls that have ticks, one after the other. Raises ScoreError, also if there is none."""
        has_ticks = False
        for where, simulation in self._simulations():
            if not isinstance(simulation, dict):
                raise ScoreError(f"{where}: expected a simulation as an object, got {_brief(simulation)}")
            try:
                ticks = ticks_of(simulation, self.tick_ms)
            except TrajectoryError as error:
                raise ScoreError(f"{where}: {error}") from None
            if ticks is not None:
                has_ticks = True
                yield ticks
        if not has_ticks:
            raise ScoreError(
                f"{self.path}: expected calls with ticks, as full-duplex voice runs have them, got none in its "
                f"{self.count} simulations: a run by text, or files that were reduced in size, cannot be scored"
            )

    @property
    def count(self) -> int:
        """How many simulations it has."""
        return len(self.own) or len(self.places)

    def _simulations(self) -> Iterator[tuple[str, Any]]:
        for index, simulation in enumerate(self.own):
            yield f"{self.path}: simulations[{index}]", simulation
        for place in self.places:
            yield str(place), _json(place, _read(place))


def tau_runs(paths: Iterable[Path]) -> list[TauRun]:
    """The runs that are meant by these files and results folders, each once. Raises ScoreError."""
    found: dict[Path, TauRun] = {}
    for path in paths:
        for place in _runs_at(path):
            if place.resolve() not in found:
                found[place.resolve()] = _tau_run(place)
    sizes = {run.tick_ms: run.path for run in found.values()}
    if len(sizes) > 1:
        told = ", ".join(f"{tick_ms} ms in {path}" for tick_ms, path in sorted(sizes.items()))
        raise ScoreError(f"expected runs of one tick size, got {told}: such numbers cannot be pooled; score them apart")
    return list(found.values())


def _runs_at(path: Path) -> list[Path]:
    """The files with the `info` of each run: one file, a results folder's, or those of the folders in it."""
    if not path.is_dir():
        return [path]
    if (path / RESULTS).is_file():
        return [path / RESULTS]
    found = sorted(path.rglob(RESULTS)) or sorted(path.glob("*.json"))
    if not found:
        raise ScoreError(
            f"{path}: expected a results folder of tau-voice, with {RESULTS} and {SIMULATIONS}/, found neither"
        )
    return found


def _tau_run(path: Path) -> TauRun:
    value = _json(path, _read(path))
    if not isinstance(value, dict) or not isinstance(value.get("info"), dict):
        hint = (
            "; this is one call of a run, give its results folder"
            if isinstance(value, dict) and "ticks" in value
            else ""
        )
        raise ScoreError(f'{path}: expected a run of tau-voice, an object with "info" and "simulations"{hint}')
    own = value.get("simulations") or []
    if not isinstance(own, list):
        raise ScoreError(f"{path}: simulations: expected a list, got {_brief(own)}")
    places = [] if own else sorted((path.parent / SIMULATIONS).glob("*.json"))
    try:
        return TauRun(path, domain_of(value["info"]), tick_ms_of(value["info"]), tuple(own), tuple(places))
    except TrajectoryError as error:
        raise ScoreError(f"{path}: {error}") from None


# --- reading -------------------------------------------------------------------------------------------------------


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ScoreError(f"{path}: expected a file or folder that can be read: {error.strerror}") from error


def _json(path: Path, raw: bytes) -> Any:  # noqa: ANN401 - whatever the file holds
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ScoreError(f"{path}: expected JSON: {error}") from None


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= PEEK_CHARACTERS else f"{text[:PEEK_CHARACTERS]} ..."
