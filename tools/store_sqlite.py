"""SQLite databases that stay open: opening costs 1 ms, and closing the last connection writes the whole log back.

One connection for each thread and file. It is opened anew when the file was removed or replaced, and after an error.
"""

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from tools.business import Business
from tools.context import ToolError

T = TypeVar("T")

BUSY_MS = 250
"""Longest wait for another process's lock; it holds the loop, so it is short."""

CREATE_BUSY_MS = 5_000
"""Longest wait while another process creates the database; that happens once in its life."""

MAX_OPEN = 8
"""Databases of one thread that stay open; the one not used for longest is closed for another."""

UNREACHABLE = "Our records cannot be reached right now. Nothing was changed."

_AT_ONCE = {"begin": "BEGIN IMMEDIATE"}
"""For writing: who reads first and writes then may find that another did so in between."""


def read_sqlite(business: Business, path: Path, work: Callable[[Connection], T]) -> T:
    """What `work` finds in the database at `path`, which is made on first use. Raises `ToolError`."""
    with _reached(path), _engine(business, path).connect() as connection:
        return work(connection)


def write_sqlite(business: Business, path: Path, work: Callable[[Connection], T]) -> T:
    """Do `work` in one transaction. Raises `ToolError`, or where the commit fails what that raises."""
    with _reached(path):
        connection = _engine(business, path).connect()
    with connection:
        with _reached(path):
            connection.execution_options(**_AT_ONCE).begin()
            done = work(connection)
        connection.commit()
        return done


@contextmanager
def _reached(path: Path) -> Iterator[None]:
    """Trouble with the database becomes an answer that a caller can be told."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        _thread.open.pop(path, None)
        raise ToolError(UNREACHABLE) from error


# --- what is open --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Open:
    """An open database; closed when nobody holds it any more, at the latest when its thread ends."""

    engine: Engine
    inode: int

    def __del__(self) -> None:
        self.engine.dispose()


class _Thread(threading.local):
    def __init__(self) -> None:
        self.open: OrderedDict[Path, _Open] = OrderedDict()


_thread = _Thread()


def _engine(business: Business, path: Path) -> Engine:
    known = _thread.open.get(path)
    if known is None or known.inode != _inode(path):
        _thread.open.pop(path, None)
        known = _thread.open[path] = _open(business, path)
        if len(_thread.open) > MAX_OPEN:
            _thread.open.popitem(last=False)
    _thread.open.move_to_end(path)
    return known.engine


def _open(business: Business, path: Path) -> _Open:
    path.parent.mkdir(parents=True, exist_ok=True)
    arguments = {"timeout": CREATE_BUSY_MS / 1_000, "isolation_level": None, "check_same_thread": False}
    opened = _Open(create_engine(f"sqlite:///{path}", poolclass=StaticPool, connect_args=arguments), 0)
    event.listen(opened.engine, "begin", _begin)
    _pragmas(opened.engine, "journal_mode=WAL", "synchronous=NORMAL")  # loses but the last moments of power
    with opened.engine.connect() as connection:
        connection.execution_options(**_AT_ONCE).begin()
        business.prepare(connection)
        connection.commit()
    _pragmas(opened.engine, f"busy_timeout={BUSY_MS}")
    opened.inode = _inode(path)
    return opened


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _pragmas(engine: Engine, *settings: str) -> None:
    raw = engine.raw_connection()
    cursor = raw.cursor()
    for setting in settings:
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()
    raw.close()  # back to its pool


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return -1
