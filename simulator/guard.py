"""Keeps the machine out of a simulation: what asks for the real clock, randomness, threads or sockets is refused.

Who asks decides. Code of ours and of users (a tool, an agent's module, a test) is refused whatever makes two runs
differ. A library that looks at the clock for itself is not: logging stamps its records, and nothing simulated depends
on that. Threads, processes and sockets are refused to everybody, so a tool's HTTP client is caught in the library, and
the tool is named.

It costs nothing while nobody asks: for the time that a World runs, stand-ins replace the functions where Python keeps
them and in the modules of ours that took them by name (`from time import time`). What was copied elsewhere before (a
default argument, an attribute) escapes.
"""

import builtins
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from types import FrameType, ModuleType
from typing import Any

from simulator.asking import asker_of_ours, caller_frame, direct_asker, is_library, refusal
from simulator.guarded import GUARDED, Guarded, day_stand_ins, stand_in
from simulator.world import World

_WATCHING: dict[int, "Guard"] = {}
"""The guard of each thread in which a World runs."""


class Guard:
    """Watches over the runs of one World: `world.surround(Guard(world).watch)`.

    A refusal is raised where it was asked for, and ends the run too: a tool's errors are the tool's, but a run that
    cannot be repeated is nobody's.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Refuse meanwhile, on this thread; everything is as before afterwards."""
        thread = threading.get_ident()
        before = _WATCHING.get(thread)
        if not _WATCHING:
            _install()
        _WATCHING[thread] = self
        try:
            yield
        finally:
            if before is None:
                del _WATCHING[thread]
            else:
                _WATCHING[thread] = before
            if not _WATCHING:
                _remove()

    def refuse(self, guarded: Guarded, frame: FrameType) -> None:
        """Raise for `frame`, and end the run."""
        error = refusal(guarded.what, frame, guarded.hint)
        self._world.fail(error)
        raise error


def _check(guarded: Guarded, frame: FrameType) -> None:
    guard = _WATCHING.get(threading.get_ident())
    if guard is None:
        return
    asker = direct_asker(frame)
    if guarded.whoever:
        guard.refuse(guarded, asker_of_ours(asker))
    elif not is_library(asker.f_code.co_filename):
        guard.refuse(guarded, asker)


# --- where the stand-ins stand -----------------------------------------------------------------------------------

_PLACES = [(guarded.owner, guarded.name, getattr(guarded.owner, guarded.name)) for guarded in GUARDED]
"""Where the real ones are kept: owner, name, the real one."""

_STAND_INS = [stand_in(guarded, _check) for guarded in GUARDED]
_DAYS = day_stand_ins(_check)
_BY_IDENTITY = {id(real): stand for (_, _, real), stand in zip(_PLACES, _STAND_INS, strict=True)} | _DAYS
_REAL_IMPORT = builtins.__import__

_Borrowed = tuple[dict[str, Any], str, Any, Any]
"""A module of ours that holds a real one by name: its globals, the name, the real one, its stand-in."""

_seen: dict[str, ModuleType] = {}
_borrowed: dict[str, list[_Borrowed]] = {}


def _install() -> None:
    _find_borrowed()
    for (owner, name, _), stand in zip(_PLACES, _STAND_INS, strict=True):
        setattr(owner, name, stand)
    for names, name, real, stand in chain.from_iterable(_borrowed.values()):
        if names.get(name) is real:
            names[name] = stand
    builtins.__import__ = _import


def _remove() -> None:
    builtins.__import__ = _REAL_IMPORT
    for names, name, real, stand in chain.from_iterable(_borrowed.values()):
        if names.get(name) is stand:
            names[name] = real
    for owner, name, real in _PLACES:
        setattr(owner, name, real)


def _find_borrowed() -> None:
    """Look through the modules of ours and of users that are new since the last time."""
    for name, module in tuple(sys.modules.items()):
        if _seen.get(name) is not module:
            _seen[name] = module
            _borrowed[name] = _borrowed_by(module) if _is_ours(module) else []


def _borrowed_by(module: ModuleType) -> list[_Borrowed]:
    names = vars(module)
    found = [(names, name, real, _BY_IDENTITY.get(id(real))) for name, real in names.items()]
    return [item for item in found if item[3] is not None]


def _is_ours(module: ModuleType) -> bool:
    path = getattr(module, "__file__", None)
    return path is not None and not is_library(path) and module.__name__ not in (__name__, "simulator.guarded")


def _import(name: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as the real one
    """`import`, for functions of ours that import `datetime` only when they run."""
    module = _REAL_IMPORT(name, *args, **options)
    if name == "datetime" and not is_library(caller_frame().f_code.co_filename):
        return _DAYS[id(module)]
    return module
