"""The parcel service's tables, and what stands in them at first."""

from pathlib import Path

from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, insert

from tools.business import Business
from tools.store import add_deeds

TABLES = MetaData()

shipments = Table(
    "shipments",
    TABLES,
    Column("number", String(6), primary_key=True),
    Column("recipient", String(80), nullable=False),
    Column("phone", String(32), nullable=False, index=True),
    Column("city", String(80), nullable=False),
    Column("status", String(16), nullable=False),
    Column("delay_reason", String(120), nullable=False, server_default=""),
    Column("due_days", Integer, nullable=False),  # days from now on which it comes, where no date was agreed
    Column("delivery_on", String(10)),
    Column("call_id", String(64)),  # the call in which the date was agreed
)
add_deeds(TABLES, "shipments")

ON_THE_WAY, DELAYED, DELIVERED = "on the way", "delayed", "delivered"

_SEED = (
    ("471920", "Ada Lovelace", "+15550001111", "Denver", DELAYED, "snow has closed the road to Denver", 4),
    ("508233", "Bob Babbage", "+15550002222", "Austin", ON_THE_WAY, "", 1),
    ("613447", "Grace Hopper", "+15550003333", "Boston", DELIVERED, "", 0),
    ("729051", "Alan Turing", "+15550004444", "Chicago", DELAYED, "it was sent to the wrong depot", 3),
)
"""Made up, as everything here: a few to try the agent with."""

_CROWD = 400
"""More of them, numbered from 800000, for simulated days with many callers."""


def seed(connection: Connection) -> None:
    """Fill new tables."""
    names = ("number", "recipient", "phone", "city", "status", "delay_reason", "due_days")
    rows = [dict(zip(names, row, strict=True)) for row in _SEED]
    rows += [
        {**rows[3], "number": f"{800_000 + number}", "recipient": f"Customer {number}", "phone": ""}
        for number in range(_CROWD)
    ]
    connection.execute(insert(shipments), rows)


PARCELS = Business("shipments", TABLES, seed=seed, migrations=Path(__file__).parent / "migrations", head="0001")
