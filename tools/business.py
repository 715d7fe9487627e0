"""What a business keeps: its tables, what stands in them at first, and how they came to be."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, MetaData, Result, inspect, select, table
from sqlalchemy import column as named

MIGRATIONS = Path(__file__).parent / "migrations"
"""What all businesses' migrations run in."""


@dataclass(frozen=True, slots=True, eq=False)
class Business:
    """A business by its tables.

    `migrations` is the folder of its alembic revisions and `head` the newest of them; without, the tables are made as
    they are. `seed` fills new ones. `name` is that of its SQLite file too.
    """

    name: str
    tables: MetaData
    seed: Callable[[Connection], None] = lambda _: None
    migrations: Path | None = None
    head: str = ""

    def __post_init__(self) -> None:
        KNOWN[self.name] = self

    @property
    def file(self) -> str:
        """Name of its SQLite file within the data directory."""
        return f"{self.name}.db"

    @property
    def versions(self) -> str:
        """Name of the table that tells which revision the database has: several businesses may share one."""
        return f"{self.name}_version"

    def prepare(self, connection: Connection) -> None:
        """Bring the tables up to date, and fill them where they are new; all in the transaction of `connection`."""
        if self.migrations is None:
            is_new = not inspect(connection).has_table(self.tables.sorted_tables[0].name)
            self.tables.create_all(connection)
        else:
            at = self._revision(connection)
            is_new = not at
            if at != self.head:
                self._upgrade(connection)
        if is_new:
            self.seed(connection)

    def _revision(self, connection: Connection) -> str:
        if not inspect(connection).has_table(self.versions):
            return ""
        found: Result[tuple[str]] = connection.execute(select(named("version_num")).select_from(table(self.versions)))
        return str(found.scalar_one_or_none() or "")

    def _upgrade(self, connection: Connection) -> None:
        from alembic.command import upgrade  # noqa: PLC0415 - a database that is up to date needs none of it
        from alembic.config import Config  # noqa: PLC0415 - same

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", str(self.migrations))
        config.attributes.update(connection=connection, version_table=self.versions)
        upgrade(config, "head")


KNOWN: dict[str, Business] = {}
"""Every business of this process, by name: whoever looks into databases from outside finds their tables here."""
