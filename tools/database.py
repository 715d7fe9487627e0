"""SQLite databases that stay open: opening costs 1 ms, and closing the last connection writes the whole log back.

One connection for each thread and file. It is opened anew when the file was removed or replaced, and after an error.
"""

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

BUSY_MS = 250
"""Longest wait for another process's lock; it holds the loop, so it is short."""

CREATE_BUSY_MS = 5_000
"""Longest wait while another process creates the database; that happens once in its life."""

MAX_OPEN = 8
"""Databases of one thread that stay open; the one not used for longest is closed for another."""


class _Open:
    """An open database; closed when nobody holds it any more, at the latest when its thread ends."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Closing may fall to another thread's clean-up, hence no check of threads.
        self.connection = sqlite3.connect(
            path, timeout=CREATE_BUSY_MS / 1_000, isolation_level=None, check_same_thread=False
        )
        self.inode = 0

    def __del__(self) -> None:
        with suppress(sqlite3.Error, AttributeError):  # one that could not be opened has none
            self.connection.close()


class _Thread(threading.local):
    def __init__(self) -> None:
        self.open: OrderedDict[Path, _Open] = OrderedDict()


_thread = _Thread()


@contextmanager
def opened(path: Path, prepare: Callable[[sqlite3.Connection], None]) -> Iterator[sqlite3.Connection]:
    """The database at `path` in autocommit mode; `prepare` brings a freshly opened one into shape.

    Raises `sqlite3.Error`.
    """
    known = _thread.open.get(path)
    if known is not None and known.inode != _inode(path):
        del _thread.open[path]
        known = None
    try:
        yield (known or _open(path, prepare)).connection
    except sqlite3.Error:
        _thread.open.pop(path, None)
        raise
    else:
        _thread.open.move_to_end(path)


def _open(path: Path, prepare: Callable[[sqlite3.Connection], None]) -> _Open:
    new = _Open(path)
    new.connection.execute("PRAGMA synchronous=NORMAL")  # with the log this loses nothing but the last moments of power
    prepare(new.connection)
    new.connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    new.inode = _inode(path)
    _thread.open[path] = new
    if len(_thread.open) > MAX_OPEN:
        _thread.open.popitem(last=False)
    return new


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return -1
