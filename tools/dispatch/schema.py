"""The breakdown service's tables, and what stands in them at first."""

from pathlib import Path

from sqlalchemy import Column, Connection, Float, ForeignKey, Integer, MetaData, String, Table, insert

from tools.business import Business
from tools.store import add_deeds

TABLES = MetaData()

places = Table(
    "places",
    TABLES,
    Column("name", String(40), primary_key=True),
    Column("east_km", Float, nullable=False),
    Column("north_km", Float, nullable=False),
)
units = Table(
    "units",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("name", String(40), nullable=False, unique=True),
    Column("east_km", Float, nullable=False),
    Column("north_km", Float, nullable=False),
    Column("busy_until", String(32), nullable=False, server_default=""),
)
incidents = Table(
    "incidents",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("place", String(40), ForeignKey("places.name"), nullable=False),
    Column("trouble", String(20), nullable=False),
    Column("urgency", String(10), nullable=False),
    Column("unit_id", Integer, ForeignKey("units.id"), nullable=False),
    Column("caller", String(32), nullable=False),
    Column("call_id", String(64), nullable=False),
    Column("sent_at", String(32), nullable=False),
    Column("busy_until", String(32), nullable=False),
)
handovers = Table(
    "handovers",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("reason", String(20), nullable=False),
    Column("place", String(40)),
    Column("caller", String(32), nullable=False),
    Column("call_id", String(64), nullable=False),
    Column("asked_at", String(32), nullable=False),
    Column("key", String(64), nullable=False, server_default=""),
    Column("outcome", String(20), nullable=False, server_default="asked"),  # whoever is not connected is called back
)
add_deeds(TABLES, "dispatch")

_PLACES = (("harbour", 0, 0), ("old town", 1, 2), ("airport", 9, 4), ("university", 3, 5), ("north bridge", 2, 8))
_UNITS = (("Unit one", 1, 1), ("Unit two", 8, 4), ("Unit three", 3, 6), ("Unit four", 2, 2))


def seed(connection: Connection) -> None:
    """Fill new tables."""
    for table, rows in ((places, _PLACES), (units, _UNITS)):
        connection.execute(insert(table), [{"name": n, "east_km": e, "north_km": k} for n, e, k in rows])


SERVICE = Business("dispatch", TABLES, seed=seed, migrations=Path(__file__).parent / "migrations", head="0002")
