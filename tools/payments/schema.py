"""The utility's tables, and what stands in them at first. Of a card only token, brand and last four digits."""

from pathlib import Path

from sqlalchemy import Column, Connection, ForeignKey, Integer, MetaData, String, Table, insert

from tools.business import Business
from tools.store import add_deeds

TABLES = MetaData()

accounts = Table(
    "accounts",
    TABLES,
    Column("number", String(6), primary_key=True),
    Column("holder", String(80), nullable=False),
    Column("postcode", String(5), nullable=False),
    Column("balance_cents", Integer, nullable=False),
)
cards = Table(
    "cards",
    TABLES,
    Column("account", String(6), ForeignKey("accounts.number"), primary_key=True),
    Column("token", String(40), nullable=False),
    Column("brand", String(20), nullable=False),
    Column("last_four", String(4), nullable=False),
)
payments = Table(
    "payments",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("account", String(6), ForeignKey("accounts.number"), nullable=False),
    Column("amount_cents", Integer, nullable=False),
    Column("brand", String(20), nullable=False),
    Column("last_four", String(4), nullable=False),
    Column("call_id", String(64), nullable=False),
    Column("paid_at", String(32), nullable=False),
    Column("key", String(64), nullable=False, unique=True),
    Column("confirmation", String(64), nullable=False, server_default=""),  # of who charged the card
)
payments_begun = Table(
    "payments_begun",
    TABLES,
    Column("key", String(64), primary_key=True),
    Column("account", String(6), ForeignKey("accounts.number"), nullable=False, index=True),
    Column("amount_cents", Integer, nullable=False),
    Column("call_id", String(64), nullable=False),
    Column("begun_at", String(32), nullable=False),
    Column("state", String(10), nullable=False),
)
add_deeds(TABLES, "payments")

BEGUN, PAID, FAILED, REFUSED = "begun", "paid", "failed", "refused"
"""What became of a payment that was begun: refused are those whose caller did not know the card on file."""

_SEED = (
    ("204517", "Ada Lovelace", "80202", 12_050, ("tok_ada", "Visa", "4242")),
    ("318846", "Bob Babbage", "78701", 0, ("tok_bob", "Mastercard", "4444")),
    ("467903", "Grace Hopper", "02108", 8_900, None),
)
"""Made up, as everything here: a few to try the agent with."""

_CROWD = 400
"""More of them, numbered from 900000, for simulated days with many callers."""


def seed(connection: Connection) -> None:
    """Fill new tables."""
    rows = [
        *_SEED,
        *((f"{900_000 + n}", f"Customer {n}", "10001", 5_000, (f"tok_{n}", "Visa", "1111")) for n in range(_CROWD)),
    ]
    names = ("number", "holder", "postcode", "balance_cents")
    connection.execute(insert(accounts), [dict(zip(names, row[:4], strict=True)) for row in rows])
    on_file = [(row[0], *row[4]) for row in rows if row[4] is not None]
    connection.execute(
        insert(cards), [dict(zip(("account", "token", "brand", "last_four"), row, strict=True)) for row in on_file]
    )


UTILITY = Business("payments", TABLES, seed=seed, migrations=Path(__file__).parent / "migrations", head="0002")
