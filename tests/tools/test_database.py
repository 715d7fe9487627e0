"""A database stays open between uses, and is never a deleted one."""

import sqlite3
import threading
from pathlib import Path

import pytest

from tools.database import MAX_OPEN, opened


def prepare(database: sqlite3.Connection) -> None:
    database.execute("CREATE TABLE IF NOT EXISTS notes (text TEXT)")


def note(path: Path, text: str) -> sqlite3.Connection:
    with opened(path, prepare) as database:
        database.execute("INSERT INTO notes VALUES (?)", (text,))
        return database


def notes(path: Path) -> list[str]:
    with opened(path, prepare) as database:
        return [row[0] for row in database.execute("SELECT text FROM notes")]


def test_a_second_use_finds_the_database_open(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "notes.db"
    assert note(path, "one") is note(path, "two")
    assert notes(path) == ["one", "two"]


def test_a_file_that_was_replaced_is_opened_anew(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    first = note(path, "old")
    path.rename(tmp_path / "moved.db")
    assert note(path, "new") is not first
    assert notes(path) == ["new"]


def test_after_an_error_the_database_is_opened_anew(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    first = note(path, "one")
    with pytest.raises(sqlite3.OperationalError), opened(path, prepare) as database:
        database.execute("nonsense")
    assert note(path, "two") is not first


def test_other_errors_leave_it_open(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    first = note(path, "one")
    with pytest.raises(KeyError), opened(path, prepare):
        raise KeyError
    assert note(path, "two") is first


def test_every_thread_has_a_connection_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    mine = note(path, "mine")
    others: list[sqlite3.Connection] = []
    thread = threading.Thread(target=lambda: others.append(note(path, "other")))
    thread.start()
    thread.join()
    assert others[0] is not mine
    assert notes(path) == ["mine", "other"]


def test_the_databases_kept_open_are_bounded(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.db" for number in range(MAX_OPEN + 1)]
    connections = [note(path, "one") for path in paths]
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connections[0].execute("SELECT 1")
    assert note(paths[-1], "two") is connections[-1]
    assert notes(paths[0]) == ["one"]
