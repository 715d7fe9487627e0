"""Phrases rendered ahead and fresh databases, as a server that has run before has them on disk.

A run begins with them whatever its faults are, so that it is a function of script and seed alone.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from simulator.rehearsal import Cast, Rehearsal
from tools.business import KNOWN, Business
from tools.store_sqlite import read_sqlite

FOLDER = "phrases"

Frozen = tuple[tuple[str, str], ...]
"""A table as a key."""


def put_phrases(data: Path, cast: Cast) -> None:
    """Put the rendered phrases of the cast's agent into `data`."""
    folder = data / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in _rendered(cast.agent, _frozen(cast.phrases), _frozen(cast.settings)).items():
        (folder / name).write_bytes(content)


def put_databases(data: Path) -> None:
    """Put the databases of all known businesses into `data`: making their tables takes longer than a call uses them."""
    for business in KNOWN.values():
        (data / business.file).write_bytes(_fresh(business))


@cache
def _fresh(business: Business) -> bytes:
    with TemporaryDirectory() as name:
        path = Path(name) / business.file
        read_sqlite(business, path, lambda _: None)
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # all of it into the one file
        return path.read_bytes()


def _frozen(table: Mapping[str, str]) -> Frozen:
    return tuple(sorted(table.items()))


@cache
def _rendered(agent: str, phrases: Frozen, settings: Frozen) -> Mapping[str, bytes]:
    """The files of an agent's phrases, spoken by a healthy voice; a handful of agents in a process."""
    with TemporaryDirectory() as name:
        data = Path(name)
        rehearsal = Rehearsal(data, Cast(agent=agent, phrases=dict(phrases), settings=dict(settings)))
        rehearsal.prepare()
        rehearsal.close()
        return {path.name: path.read_bytes() for path in sorted((data / FOLDER).iterdir())}
