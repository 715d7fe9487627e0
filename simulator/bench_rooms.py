"""Where a program's time goes, by file and by room, from a profile."""

import cProfile
import pstats
from collections.abc import Callable
from pathlib import Path

from simulator.asking import ROOMS

ROOT = Path(__file__).parent.parent


def profiled(work: Callable[[], object]) -> dict[str, float]:
    """Shares (%) of the time that `work` spends in each file, largest first; built-ins count for whoever calls them.

    Under a profiler every call costs more, so files of many small functions look dearer than they are.
    """
    profile = cProfile.Profile()
    profile.enable()
    try:
        work()
    finally:
        profile.disable()
    seconds: dict[str, float] = {}
    for (file, _, _), (_, _, own_s, _, callers) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]  # untyped
        parts = [(caller, part[2]) for (caller, _, _), part in callers.items()] if file == "~" else [(file, own_s)]
        for place, part_s in parts:
            seconds[_name_of(place)] = seconds.get(_name_of(place), 0.0) + part_s
    whole = sum(seconds.values()) or 1.0
    return {file: 100 * seconds[file] / whole for file in sorted(seconds, key=seconds.__getitem__)[::-1]}


def by_room(shares: dict[str, float]) -> dict[str, float]:
    """The same by the first part of the path: our rooms, the peers by themselves, and everything else."""
    rooms: dict[str, float] = {}
    for file, share in shares.items():
        first, _, rest = file.partition("/")
        room = "simulator/peers" if rest.startswith("peers/") else first if first in ROOMS else "libraries"
        rooms[room] = rooms.get(room, 0.0) + share
    return {room: round(rooms[room], 1) for room in sorted(rooms, key=rooms.__getitem__)[::-1]}


def _name_of(file: str) -> str:
    """A file as the reader knows it: ours from the project's root on, others by their name."""
    path = Path(file)
    if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in ROOMS:
        return path.relative_to(ROOT).as_posix()
    return f"({path.parent.name}/{path.name})" if file != "~" else "(built-in)"
