"""The same for many things, in this process or several, in their order."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TypeVar

from simulator.scenario import ScriptError

CHUNK = 4
"""A process is given so many at a time."""

Thing = TypeVar("Thing")
Result = TypeVar("Result")


def mapped(do: Callable[[Thing], Result], things: Sequence[Thing], jobs: int) -> Iterator[Result]:
    """What comes of each. `do` must be importable by name elsewhere. Raises ScriptError if a process died."""
    if jobs == 1 or len(things) <= CHUNK:
        yield from map(do, things)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        try:
            yield from pool.map(do, things, chunksize=CHUNK)
        except BrokenProcessPool as error:
            raise ScriptError(f"a process died: {error}; --jobs 1 shows over what") from None
        finally:
            pool.shutdown(cancel_futures=True)
