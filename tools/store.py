"""The databases of businesses: SQLite in the data directory, or PostgreSQL by its URL; the same code on both.

What a tool does there is a plain function of a connection. On SQLite it runs at once, on the loop: that takes
microseconds, and in virtual time there are no threads. On PostgreSQL the very same function runs on an asynchronous
connection, while the loop goes on (`AsyncConnection.run_sync`).
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Column, Connection, MetaData, String, Table, Text, insert, select

from tools.business import KNOWN, Business
from tools.context import NotDone, ToolContext
from tools.store_postgres import Postgres, checked_url
from tools.store_sqlite import read_sqlite, write_sqlite

T = TypeVar("T")
Work = Callable[[Connection], T]


class Databases:
    """Where businesses keep what they keep: at a PostgreSQL URL, or in files of the data directory.

    Offered to tools as a port. Raises ValueError for a URL that is neither empty nor PostgreSQL's.
    """

    def __init__(self, url: str = "") -> None:
        self._postgres = Postgres(checked_url(url)) if url else None

    async def read(self, business: Business, data: Path, work: Work[T]) -> T:
        """What `work` finds. Raises `ToolError` where there is no database to be had."""
        if self._postgres is None:
            return read_sqlite(business, data / business.file, work)
        return await self._postgres.read(business, work)

    async def write(self, business: Business, data: Path, work: Work[T]) -> T:
        """Do `work` in one transaction; whatever it raises undoes all of it. Raises as `read` does.

        Where the very commit fails nobody knows what became of it, and that error is raised as it is.
        """
        if self._postgres is None:
            return write_sqlite(business, data / business.file, work)
        return await self._postgres.write(business, work)

    async def close(self) -> None:
        """Give back the connections."""
        if self._postgres is not None:
            await self._postgres.close()


SQLITE = Databases()
"""Where nothing else is said."""


def read(context: ToolContext, business: Business, work: Work[T]) -> Awaitable[T]:
    """What `work` finds in the database of the call's house; see `Databases.read`."""
    return _databases(context).read(business, context.data, work)


def write(context: ToolContext, business: Business, work: Work[T]) -> Awaitable[T]:
    """Do `work` in one transaction in the database of the call's house; see `Databases.write`."""
    return _databases(context).write(business, context.data, work)


async def once(
    context: ToolContext, business: Business, tool: str, work: Work[dict[str, object] | NotDone]
) -> dict[str, object] | NotDone:
    """Do the effect of `tool` in one transaction that also writes down, under the idempotency key, that it was done.

    A second time under that key nothing is done, and the first answer comes again; `NotDone` leaves nothing behind.
    """
    deeds = deeds_of(business)

    def done(connection: Connection) -> dict[str, object]:
        before = connection.execute(select(deeds.c.answer).where(deeds.c.key == context.key)).scalar_one_or_none()
        if before is not None:
            first: dict[str, object] = json.loads(before)
            return first
        answer = work(connection)
        if isinstance(answer, NotDone):
            raise _UndoneError(answer)
        if context.key:
            told = {"key": context.key, "tool": tool, "call_id": context.call_id, "answer": json.dumps(answer)}
            connection.execute(insert(deeds).values(at=context.now().isoformat(timespec="seconds"), **told))
        return answer

    try:
        return await _databases(context).write(business, context.data, done)
    except _UndoneError as undone:
        return undone.answer


async def was_done(context: ToolContext, business: Business) -> bool:
    """Whether the effect under `context.key` is in the database: it stands there together with what it changed."""
    deeds = deeds_of(business)
    found = select(deeds.c.key).where(deeds.c.key == context.key)
    return await read(context, business, lambda connection: connection.execute(found).first() is not None)


class _UndoneError(Exception):
    def __init__(self, answer: NotDone) -> None:
        super().__init__()
        self.answer = answer


def _databases(context: ToolContext) -> Databases:
    offered: Databases = context.ports.get(Databases, SQLITE)
    return offered


# --- effects that were done ----------------------------------------------------------------------------------------


def add_deeds(tables: MetaData, business: str) -> Table:
    """The table of a business's effects that were done, each under its idempotency key."""
    return Table(
        f"{business}_deeds",
        tables,
        Column("key", String(64), primary_key=True),
        Column("tool", String(64), nullable=False),
        Column("call_id", String(64), nullable=False, index=True),
        Column("at", String(32), nullable=False),
        Column("answer", Text, nullable=False),
    )


def deeds_of(business: Business) -> Table:
    """The same, of a business that has it."""
    return business.tables.tables[f"{business.name}_deeds"]


# --- from outside --------------------------------------------------------------------------------------------------


def known_tables() -> Mapping[str, tuple[str, ...]]:
    """The tables of all businesses of this process, and their columns."""
    tables = [table for business in KNOWN.values() for table in business.tables.sorted_tables]
    return {table.name: tuple(table.columns.keys()) for table in tables}


def rows_of(business: Business, data: Path, table: str) -> list[dict[str, object]]:
    """All rows of a table in the SQLite file of a business, in the order of its key; none where there is no file."""
    path = data / business.file
    if not path.exists():
        return []
    columns = business.tables.tables[table]
    found = select(columns).order_by(*columns.primary_key.columns)
    return read_sqlite(
        business,
        path,
        lambda db: [{str(column): value for column, value in row.items()} for row in db.execute(found).mappings()],
    )
