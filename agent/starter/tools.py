"""The tools of this agent. Each is a typed function: what stands in its docstring is all that the model knows of it."""

from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, insert, select

from tools.business import Business
from tools.context import NotDone, ToolContext
from tools.declare import tool
from tools.store import add_deeds, once, read, was_done
from tools.tool import Arguments

NAME = Path(__file__).parent.name
TABLES = MetaData()

items = Table(
    "items",
    TABLES,
    Column("name", String(40), primary_key=True),
    Column("left", Integer, nullable=False),
)
orders = Table(
    "orders",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("item", String(40), nullable=False),
    Column("customer", String(80), nullable=False),
    Column("call_id", String(64), nullable=False),
)
add_deeds(TABLES, NAME)


def seed(connection: Connection) -> None:
    """What stands in new tables."""
    connection.execute(insert(items), [{"name": "bread", "left": 20}, {"name": "cake", "left": 2}])


SHOP = Business(NAME, TABLES, seed=seed)
"""Its database: a file of this name in the data directory, or tables in DATABASE_URL."""

Customer = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


@tool(filler="Let me look.", on_failure="I cannot look right now.")
async def find_item(context: ToolContext, item: str) -> dict[str, object]:
    """Whether an item can be ordered, and how many are left.

    Args:
        item: What the caller wants, such as bread.
    """

    def find(db: Connection) -> dict[str, object]:
        left = db.execute(select(items.c.left).where(items.c.name == item.lower())).scalar() or 0
        return {"available": left > 0, "left": left}

    return await read(context, SHOP, find)


async def _was_done(context: ToolContext, _arguments: Arguments) -> bool:
    return await was_done(context, SHOP)


@tool(kind="effect", filler="One moment.", on_failure="I could not confirm that.", reconcile=_was_done)
async def place_order(context: ToolContext, item: str, customer: Customer) -> dict[str, object] | NotDone:
    """Order an item to be fetched at the shop. Only after the caller agreed, and gave a name.

    Args:
        item: What the caller wants, such as bread.
        customer: The caller's name, as they said it.
    """

    def order(db: Connection) -> dict[str, object] | NotDone:
        taken = items.update().where(items.c.name == item.lower(), items.c.left > 0).values(left=items.c.left - 1)
        if db.execute(taken).rowcount != 1:
            return NotDone({"ordered": False, "reason": f"There is no {item} left."})
        row = {"item": item.lower(), "customer": customer, "call_id": context.call_id}
        return {"ordered": True, "number": db.execute(insert(orders).values(row).returning(orders.c.id)).scalar_one()}

    return await once(context, SHOP, "place_order", order)
