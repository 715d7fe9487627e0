"""The practice's tables, and what stands in them at first."""

from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path

from sqlalchemy import Column, Connection, Index, Integer, MetaData, String, Table, insert, select, text

from tools.appointments.calendar import PartOfDay, Practice, slot_id
from tools.business import Business
from tools.store import add_deeds

TABLES = MetaData()

practice_table = Table(
    "practice",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("slot_minutes", Integer, nullable=False),
    Column("time_zone", String(64), nullable=False, server_default=""),
)
hours = Table(
    "hours",
    TABLES,
    Column("weekday", Integer, primary_key=True, autoincrement=False),
    Column("opens", String(8), nullable=False),
    Column("closes", String(8), nullable=False),
)
services = Table(
    "services",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
)
appointments = Table(
    "appointments",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("slot", String(16), nullable=False),
    Column("name", String(80), nullable=False),
    Column("service", String(80)),
    Column("caller", String(32), nullable=False),
    Column("call_id", String(64), nullable=False),
    Column("booked_at", String(32), nullable=False),
    Column("cancelled_at", String(32)),
)
_kept = text("cancelled_at IS NULL")
Index("one_appointment_a_slot", appointments.c.slot, unique=True, sqlite_where=_kept, postgresql_where=_kept)
add_deeds(TABLES, "appointments")


def write_practice(connection: Connection, practice: Practice) -> None:
    """Put hours and services into new tables."""
    connection.execute(insert(practice_table).values(slot_minutes=practice.slot_minutes, time_zone=practice.time_zone))
    for day, (opens, closes) in practice.hours.items():
        connection.execute(insert(hours).values(weekday=day, opens=opens.isoformat(), closes=closes.isoformat()))
    for name in practice.services:
        connection.execute(insert(services).values(name=name))


def read_practice(connection: Connection) -> Practice:
    """Hours and services as they stand."""
    settings = connection.execute(select(practice_table)).one()
    return Practice(
        hours={
            day: (time.fromisoformat(opens), time.fromisoformat(closes))
            for day, opens, closes in connection.execute(select(hours))
        },
        slot_minutes=settings.slot_minutes,
        services=tuple(connection.execute(select(services.c.name).order_by(services.c.id)).scalars()),
        time_zone=settings.time_zone,
    )


def free(
    connection: Connection, practice: Practice, after: datetime, part_of_day: PartOfDay | None
) -> Iterator[datetime]:
    """Slots later than `after` that nobody has, in order."""
    later, kept = appointments.c.slot >= slot_id(after), appointments.c.cancelled_at.is_(None)
    taken = set(connection.execute(select(appointments.c.slot).where(later, kept)).scalars())
    return (start for start in practice.upcoming(after, part_of_day) if slot_id(start) not in taken)


PRACTICE = Business(
    "appointments",
    TABLES,
    seed=lambda connection: write_practice(connection, Practice()),
    migrations=Path(__file__).parent / "migrations",
    head="0001",
)
