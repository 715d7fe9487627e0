"""Businesses and their tables: what migrations make is what the tools believe, and the head is the newest."""

from pathlib import Path

import pytest
from sqlalchemy import inspect

import tools
from tools.business import KNOWN, MIGRATIONS, Business
from tools.loading import load_tools
from tools.store import Databases
from tools.store_sqlite import read_sqlite

NAMES = sorted(path.parent.name for path in Path(tools.__file__).parent.glob("*/agent.toml"))


@pytest.fixture(params=NAMES)
def business(request: pytest.FixtureRequest) -> Business:
    load_tools(f"tools.{request.param}.tools")
    return KNOWN[request.param]


def test_migrations_make_the_tables_that_the_tools_know(business: Business, tmp_path: Path) -> None:
    made = read_sqlite(
        business,
        tmp_path / business.file,
        lambda db: {
            name: {each["name"]: each["nullable"] for each in inspect(db).get_columns(name)}
            for name in inspect(db).get_table_names()
        },
    )
    assert made.pop(business.versions) == {"version_num": False}
    assert made == {
        table.name: {column.name: bool(column.nullable) for column in table.columns}
        for table in business.tables.sorted_tables
    }


def test_migrations_make_the_indexes_too(business: Business, tmp_path: Path) -> None:
    made = read_sqlite(
        business,
        tmp_path / business.file,
        lambda db: {
            (table, tuple(each["column_names"]), bool(each["unique"]))
            for table in inspect(db).get_table_names()
            for each in inspect(db).get_indexes(table)
        },
    )
    assert made == {
        (table.name, tuple(column.name for column in index.columns), bool(index.unique))
        for table in business.tables.sorted_tables
        for index in table.indexes
    }


def test_the_head_is_the_newest_migration(business: Business) -> None:
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - only here

    assert ScriptDirectory(str(MIGRATIONS), version_locations=[str(business.migrations)]).get_heads() == [business.head]


@pytest.mark.parametrize("url", ["mysql://somebody:secret@here/x", "sqlite:///x", "no url: secret"])
def test_only_postgresql_has_a_url_and_a_wrong_one_is_never_quoted(url: str) -> None:
    with pytest.raises(ValueError, match="expected postgresql://USER") as told:
        Databases(url)
    assert "secret" not in str(told.value)
