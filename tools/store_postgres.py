"""PostgreSQL for businesses, by psycopg's asynchronous driver: one small pool of connections for a process."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from sqlalchemy import Connection, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tools.business import Business
from tools.context import ToolError
from tools.store_sqlite import UNREACHABLE

T = TypeVar("T")

POOL = 8
"""Connections: a transaction takes some milliseconds, so that so many serve a hundred calls."""

POOL_WAIT_S = 2.0
"""For a free one of them; then the caller is told that it cannot be done now."""

CONNECT_WAIT_S = 3
"""For a new one: a server that is gone costs a call no more."""

_EXPECTED = "expected postgresql://USER:PASSWORD@HOST:PORT/NAME"


def checked_url(url: str) -> str:
    """`url` with the driver that is ours. Raises ValueError, without the URL: it may hold a password."""
    try:
        told = make_url(url)
    except ArgumentError:
        raise ValueError(f"{_EXPECTED}, got what is no URL") from None
    if told.get_backend_name() not in ("postgresql", "postgres"):
        raise ValueError(f"{_EXPECTED}, got {told.get_backend_name()}://...; leave it out for SQLite")
    return told.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


class Postgres:
    """The businesses at one URL. It belongs to the loop on which it is used first."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: AsyncEngine | None = None
        self._preparing: dict[str, asyncio.Task[None]] = {}

    async def read(self, business: Business, work: Callable[[Connection], T]) -> T:
        """What `work` finds. Raises `ToolError`."""
        async with _reached():
            await self._prepared(business)
            async with self._engine().connect() as connection:
                return await connection.run_sync(work)

    async def write(self, business: Business, work: Callable[[Connection], T]) -> T:
        """Do `work` in one transaction. Raises `ToolError`, or where the commit fails what that raises."""
        async with _reached():
            await self._prepared(business)
            connection = await self._engine().connect()
        try:
            async with _reached():
                done = await connection.run_sync(work)
            await connection.commit()
        finally:
            await connection.close()
        return done

    async def close(self) -> None:
        """Close its connections."""
        if self._pool is not None:
            await self._pool.dispose()

    def _engine(self) -> AsyncEngine:
        if self._pool is None:
            self._pool = create_async_engine(
                self._url,
                pool_size=POOL,
                max_overflow=0,
                pool_timeout=POOL_WAIT_S,
                pool_pre_ping=True,  # a server that was started anew since costs one new connection, no caller's wish
                connect_args={"connect_timeout": CONNECT_WAIT_S},
            )
        return self._pool

    async def _prepared(self, business: Business) -> None:
        """Its tables are there: found out once, by whoever comes first, and again where that failed."""
        task = self._preparing.get(business.name)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._preparing[business.name] = asyncio.create_task(self._prepare(business))
        await asyncio.shield(task)

    async def _prepare(self, business: Business) -> None:
        async with self._engine().begin() as connection:
            # One process at a time; the lock goes with the transaction.
            await connection.execute(select(func.pg_advisory_xact_lock(zlib.crc32(business.name.encode()))))
            await connection.run_sync(business.prepare)


@asynccontextmanager
async def _reached() -> AsyncIterator[None]:
    """Trouble with the database becomes an answer that a caller can be told."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise ToolError(UNREACHABLE) from error
