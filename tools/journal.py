"""The journal of effects: written before one runs and when it has ended, so that a crash in between leaves a trace.

One SQLite file for all processes of a house. In write-ahead mode an entry costs about 50 microseconds and outlives the
process; a machine that loses its power may lose the last moments, as the databases beside it.
"""

import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from tools.database import opened
from tools.outcome import Fate
from tools.tool import PEOPLE_LIMIT_MS

FILE = "effects.db"
"""File name within the data directory."""

MAX_LISTED = 1_000
"""Entries told at a time, the latest."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS effects (
    key TEXT PRIMARY KEY,
    intent TEXT NOT NULL,
    tool TEXT NOT NULL,
    arguments TEXT NOT NULL,
    call_id TEXT NOT NULL,
    begun_at TEXT NOT NULL,
    run TEXT NOT NULL,
    pid INTEGER NOT NULL,
    ended_at TEXT,
    fate TEXT,
    settled_by TEXT
);
CREATE INDEX IF NOT EXISTS effects_by_intent ON effects (intent, begun_at);
CREATE INDEX IF NOT EXISTS effects_unsettled ON effects (begun_at) WHERE fate IS NULL OR fate = 'unsure';
CREATE TABLE IF NOT EXISTS secret (pepper BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS receipts (key TEXT PRIMARY KEY, facts TEXT NOT NULL, at TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One attempt at an effect. `fate` None: it is under way, or was when its process died.

    `key` is the idempotency key of the attempt, `intent` names what was wanted: an attempt that changed nothing may be
    followed by another. `arguments` is JSON without what is private. Instants are local times as ISO texts.
    `settled_by`: who found out afterwards, "reconcile" or "hand".
    """

    key: str
    intent: str
    tool: str
    arguments: str
    call_id: str
    begun_at: str
    run: str
    pid: int
    ended_at: str | None = None
    fate: Fate | None = None
    settled_by: str | None = None

    @property
    def is_settled(self) -> bool:
        """Whether it is known what became of it."""
        return self.fate in (Fate.DONE, Fate.NOT_DONE)


_COLUMNS = ", ".join(f.name for f in fields(Entry))


class JournalError(Exception):
    """The journal cannot be read or written; says which and why."""


class Journal(Protocol):
    """Where effects are written down before they run."""

    @property
    def pepper(self) -> bytes:
        """What makes keys unguessable: nobody finds a short private value by trying them all. Raises `JournalError`."""
        ...

    @property
    def run(self) -> str:
        """Names this life of the process."""
        ...

    def begin(self, entry: Entry) -> None:
        """An effect is about to run. Raises `JournalError`: then it must not."""

    def end(self, key: str, fate: Fate, at: str) -> None:
        """It ended. Raises `JournalError`."""

    def last(self, intent: str) -> Entry | None:
        """The latest attempt at `intent`. Raises `JournalError`."""
        ...


class FileJournal:
    """The journal in a file, which is made on first use. `fresh` gives texts that nobody can guess."""

    def __init__(self, path: Path, fresh: Callable[[], str] = secrets.token_hex) -> None:
        self.path = path
        self._fresh = fresh
        self._run = ""
        self._pepper = b""

    @property
    def pepper(self) -> bytes:
        """Kept in the file, for all processes. Raises `JournalError`."""
        if not self._pepper:
            with self._opened("read") as database:
                self._pepper = bytes(database.execute("SELECT pepper FROM secret").fetchone()[0])
        return self._pepper

    @property
    def run(self) -> str:
        """Names this process's life: another process may get its number."""
        self._run = self._run or self._fresh()
        return self._run

    def begin(self, entry: Entry) -> None:
        """Write down what is about to run. Raises `JournalError`."""
        marks = ", ".join("?" * len(fields(Entry)))
        row = tuple(getattr(entry, f.name) for f in fields(Entry))
        with self._opened("written") as database:
            database.execute(f"INSERT INTO effects ({_COLUMNS}) VALUES ({marks})", row)  # noqa: S608 - fixed names

    def end(self, key: str, fate: Fate, at: str) -> None:
        """Write down how it ended. Raises `JournalError`."""
        with self._opened("written") as database:
            database.execute("UPDATE effects SET ended_at = ?, fate = ? WHERE key = ?", (at, fate, key))

    def settle(self, key: str, fate: Fate, at: str, by: str) -> bool:
        """Write down what was found out about an unsettled one; False: there is none such. Raises `JournalError`."""
        statement = (
            "UPDATE effects SET ended_at = ?, fate = ?, settled_by = ? "
            "WHERE key = ? AND (fate IS NULL OR fate = 'unsure')"
        )
        with self._opened("written") as database:
            return database.execute(statement, (at, fate, by, key)).rowcount == 1

    def last(self, intent: str) -> Entry | None:
        """The latest attempt at `intent`. Raises `JournalError`."""
        return next(iter(self._select("WHERE intent = ? ORDER BY begun_at DESC, rowid DESC LIMIT 1", (intent,))), None)

    def keep_receipt(self, key: str, facts: Mapping[str, str], at: str) -> bool:
        """Write down what was told of a payment; False: something was before, and that stays. Raises `JournalError`."""
        row = (key, json.dumps(dict(facts)), at)
        with self._opened("written") as database:
            return database.execute("INSERT OR IGNORE INTO receipts VALUES (?, ?, ?)", row).rowcount == 1

    def receipt(self, key: str) -> Mapping[str, str] | None:
        """What was told of a payment first; a `tools.call_line.Receipts`. Raises `JournalError`."""
        with self._opened("read") as database:
            found = database.execute("SELECT facts FROM receipts WHERE key = ?", (key,)).fetchone()
        told: Mapping[str, str] | None = None if found is None else json.loads(found[0])
        return told

    def entries(self) -> list[Entry]:
        """The latest entries, oldest first; none where there is no journal. Raises `JournalError`."""
        if not self.path.exists():
            return []
        return self._select("ORDER BY begun_at DESC, rowid DESC LIMIT ?", (MAX_LISTED,))[::-1]

    def unsettled(self, now: datetime) -> list[Entry]:
        """Effects of which nobody knows what became, and that nobody is at any more. Raises `JournalError`."""
        if not self.path.exists():
            return []
        found = self._select("WHERE fate IS NULL OR fate = 'unsure' ORDER BY begun_at, rowid LIMIT ?", (MAX_LISTED,))
        return [entry for entry in found if entry.fate is Fate.UNSURE or not self._is_under_way(entry, now)]

    def _is_under_way(self, entry: Entry, now: datetime) -> bool:
        age = _instant(now) - _instant(datetime.fromisoformat(entry.begun_at))
        if age > timedelta(milliseconds=PEOPLE_LIMIT_MS):
            return False
        return entry.run == self.run or (entry.pid != os.getpid() and _is_alive(entry.pid))

    def _select(self, condition: str, values: tuple[object, ...]) -> list[Entry]:
        with self._opened("read") as database:
            rows = database.execute(f"SELECT {_COLUMNS} FROM effects {condition}", values).fetchall()  # noqa: S608 - fixed
        return [_entry(row) for row in rows]

    def _prepare(self, database: sqlite3.Connection) -> None:
        database.execute("PRAGMA journal_mode=WAL")
        database.executescript(_SCHEMA)
        pepper = self._fresh().encode()
        database.execute("INSERT INTO secret SELECT ? WHERE NOT EXISTS (SELECT 1 FROM secret)", (pepper,))

    @contextmanager
    def _opened(self, to_be: str) -> Iterator[sqlite3.Connection]:
        try:
            with opened(self.path, self._prepare) as database:
                yield database
        except (sqlite3.Error, OSError) as error:
            raise JournalError(f"the journal of effects, {self.path}, cannot be {to_be}: {error}") from error


def _entry(row: Sequence[Any]) -> Entry:
    told = {f.name: value for f, value in zip(fields(Entry), row, strict=True)}
    return Entry(**{**told, "fate": told["fate"] and Fate(told["fate"])})


def _instant(at: datetime) -> datetime:
    """An instant that can be compared with others; one without a zone is taken as it stands."""
    return at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
