"""Recorded calls as evidence: traces, and folders of them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.trace_view import TraceError
from agent.wire_log import SUFFIX as WIRES_SUFFIX
from fsm.profile import Profile
from simulator.replay.core import replay_core
from simulator.replay.recorded import read_recorded
from simulator.tuner.deciding import CallTurns, by_lot
from simulator.tuner.turns import recorded_turns


@dataclass(frozen=True, slots=True)
class Recording:
    """A trace on disk; `is_named`: by whoever asks, not found in a folder."""

    path: Path
    is_named: bool


@dataclass(frozen=True, slots=True)
class Heard:
    """What a recording tells, and the tuning it was recorded under."""

    turns: CallTurns
    profile: Profile


@dataclass(frozen=True, slots=True)
class Unusable:
    """A recording that tells nothing, and why."""

    recording: Recording
    why: str


def recordings(paths: Iterable[Path]) -> list[Recording]:
    """The traces among these files and in these folders, each once. Raises TraceError for a folder without any."""
    found: dict[Path, Recording] = {}
    for path in paths:
        if not path.is_dir():
            found[path.resolve()] = Recording(path, is_named=True)
            continue
        inside = [one for one in sorted(path.rglob("*.jsonl")) if not one.name.endswith(WIRES_SUFFIX)]
        if not inside:
            raise TraceError(f"{path}: expected traces of calls (*.jsonl) in this folder, found none")
        for one in inside:
            found.setdefault(one.resolve(), Recording(one, is_named=False))
    return list(found.values())


def heard_in(recording: Recording) -> Heard | Unusable:
    """What a recording tells."""
    try:
        recorded = read_recorded(recording.path)
    except TraceError as error:
        return Unusable(recording, str(error))
    replay = replay_core(recorded)
    if replay.changed is not None:
        return Unusable(recording, f"{recording.path}:{replay.changed.line}: {replay.changed.why}")
    if replay.difference is not None:
        line = replay.difference.expected.line
        told = "this version decides otherwise than the one that recorded it, so nothing after it can be judged"
        return Unusable(recording, f"{recording.path}:{line}: {told}; `offhook replay` shows the difference")
    name = recorded.call_id or recording.path.stem
    return Heard(recorded_turns(name, replay, is_for_test=by_lot(name)), recorded.profile)


def usable(results: Sequence[Heard | Unusable]) -> tuple[list[CallTurns], Profile, list[Unusable]]:
    """The turns of all calls, the tuning that most had, and what tells nothing.

    A file that was named must be a trace that can be judged; one that only lies in a folder may be something else, as
    long as any can. Raises TraceError.
    """
    heard = [one for one in results if isinstance(one, Heard)]
    unusable = [one for one in results if isinstance(one, Unusable)]
    refused = [one for one in unusable if one.recording.is_named] or ([] if heard else unusable)
    if refused:
        raise TraceError("\n".join(one.why for one in refused[:MOST_TOLD]))
    by_name = {one.turns.name: one.turns for one in heard}
    profile = Counter(one.profile for one in heard).most_common(1)[0][0]
    return list(by_name.values()), profile, unusable


MOST_TOLD = 5
"""Of many files that are all wrong, so many are told."""
