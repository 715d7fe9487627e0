"""Who it is that asks a simulation for something only a machine has: ours, a user's tool, or a library for itself."""

import asyncio
import os
import site
import sys
import sysconfig
from functools import lru_cache
from pathlib import Path
from types import FrameType

ROOMS = ("fsm", "agent", "tools", "simulator")


class NotInSimulation(RuntimeError):  # noqa: N818 - says what is wrong by itself
    """Somebody asked, within a simulation, for what makes no two runs alike; the text says who, for what, and where."""


def _directories() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where libraries lie, and where our rooms do: those may lie among the libraries, once installed."""
    paths = sysconfig.get_paths()
    libraries = [paths[kind] for kind in ("stdlib", "platstdlib", "purelib", "platlib")]
    libraries += [*site.getsitepackages(), site.getusersitepackages(), str(Path(os.__file__).parent)]
    root = Path(__file__).parent.parent
    ours = [str(root / room) for room in ROOMS]
    return tuple(sorted({name + os.sep for name in libraries})), tuple(name + os.sep for name in ours)


_LIBRARIES, _OURS = _directories()


@lru_cache(maxsize=8_192)
def is_library(filename: str) -> bool:
    """Whether a file of code is the standard library's or an installed package's; our own rooms never are."""
    if filename.startswith("<frozen"):
        return True
    path = os.path.abspath(filename)  # noqa: PTH100 - of a string, thousands of times
    return path.startswith(_LIBRARIES) and not path.startswith(_OURS)


def direct_asker(frame: FrameType) -> FrameType:
    """The frame that wrote the call: `frame`, or the one around code that was generated (a dataclass's `__init__`)."""
    while frame.f_code.co_filename.startswith("<string") and frame.f_back is not None:
        frame = frame.f_back
    return frame


def asker_of_ours(frame: FrameType) -> FrameType:
    """The nearest frame that is no library's: on whose behalf `frame` asks. `frame` itself where there is none."""
    asker: FrameType | None = frame
    while asker is not None and is_library(asker.f_code.co_filename):
        asker = asker.f_back
    return asker or frame


def refusal(what: str, frame: FrameType, hint: str) -> NotInSimulation:
    """The error for whoever asked for `what` in `frame`; `hint` says what to do instead."""
    code = frame.f_code
    return NotInSimulation(
        f"{_task()} asked for {what} at {Path(code.co_filename).name}:{frame.f_lineno}, in {code.co_qualname}: "
        f"a simulation has none; {hint}"
    )


def _task() -> str:
    loop = asyncio._get_running_loop()
    task = asyncio.current_task(loop) if loop is not None else None
    return f"task {task.get_name()!r} ({name_of(task.get_coro())})" if task is not None else "a callback"


def name_of(coroutine: object) -> str:
    """What a coroutine is called in its source."""
    return getattr(coroutine, "__qualname__", repr(coroutine))


def caller_frame(depth: int = 1) -> FrameType:
    """The frame `depth` above whoever calls this."""
    return sys._getframe(depth + 1)
