"""Shipments: where one is, why it is late, and a new delivery date."""

from datetime import date as Date  # noqa: N812 - `date` is a parameter's name, chosen for the model
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Connection, Row, select, update

from tools.context import NotDone, ToolContext
from tools.declare import tool
from tools.shipments.schema import DELAYED, DELIVERED, PARCELS, shipments
from tools.spoken import spoken_day
from tools.store import once, read, was_done
from tools.tool import Arguments, Kind

HORIZON_DAYS = 14
"""So long a depot keeps a shipment."""

SUNDAY = 6

KEPT_MS = 60_000
"""What was looked up for a caller when they were greeted is good for their first questions."""

UNREACHABLE = "I cannot look into our records right now. Shall somebody call you back?"

Number = Annotated[str, Field(pattern="^[0-9]{6}$")]
Answer = dict[str, object]


@tool(kind=Kind.PURE, deadline_ms=1_000, filler="Let me look for your shipment.", on_failure=UNREACHABLE)
async def find_shipment(context: ToolContext, number: Number) -> Answer:
    """Where a shipment is, whether it is delayed and why, and on which day it comes.

    Args:
        number: The shipment's number, six digits.
    """

    def find(db: Connection) -> Answer:
        row = _row(db, number)
        if row is None:
            return {"found": False, "answer": "There is no shipment with that number."}
        day = _day(row, context.today)
        told: Answer = {"found": True, "answer": _answer(row, day), "number": number, "status": row.status}
        return {**told, "delay_reason": row.delay_reason, "delivery_date": day.isoformat()}

    return await read(context, PARCELS, find)


@tool(
    kind=Kind.PURE,
    deadline_ms=1_000,
    filler="Let me look.",
    on_failure=UNREACHABLE,
    cache_ms=KEPT_MS,
    prefetch=True,
)
async def find_my_shipments(context: ToolContext) -> Answer:
    """The shipments to the number from which the caller calls. It costs no time: ask it first, before you ask the
    caller for a number. Several or none: ask for the shipment's number.
    """  # noqa: D205 - the whole text is one description for the model

    def find(db: Connection) -> Answer:
        rows = db.execute(select(shipments).where(shipments.c.phone == context.caller).limit(3)).all()
        found = [{"number": row.number, "answer": _answer(row, _day(row, context.today))} for row in rows]
        return {"count": len(found), "shipments": found}

    if not context.caller:
        return {"count": 0, "shipments": [], "note": "The caller's number is withheld."}
    return await read(context, PARCELS, find)


async def _was_done(context: ToolContext, _arguments: Arguments) -> bool:
    return await was_done(context, PARCELS)


@tool(
    kind=Kind.EFFECT,
    deadline_ms=2_000,
    filler="One moment, I am changing the date.",
    on_failure="I could not confirm the new date. Somebody will check it and call you back.",
    outdates=["find_shipment", "find_my_shipments"],
    reconcile=_was_done,
)
async def change_delivery_date(context: ToolContext, number: Number, date: Date) -> Answer | NotDone:
    """Have a shipment delivered on another day. Only after the caller agreed to that day.

    Args:
        number: The shipment's number, six digits.
        date: The new day, YYYY-MM-DD.
    """

    def change(db: Connection) -> Answer | NotDone:
        row = _row(db, number)
        refused = "There is no shipment with that number." if row is None else _refusal(row, date, context.today)
        if refused:
            return NotDone({"changed": False, "reason": refused})
        new = {"delivery_on": date.isoformat(), "call_id": context.call_id}
        db.execute(update(shipments).where(shipments.c.number == number).values(new))
        return {
            "changed": True,
            "answer": f"It comes on {spoken_day(date)}.",
            "number": number,
            "date": date.isoformat(),
        }

    return await once(context, PARCELS, "change_delivery_date", change)


def _row(db: Connection, number: str) -> Row[Any] | None:
    return db.execute(select(shipments).where(shipments.c.number == number)).first()


def _day(row: Row[Any], today: Date) -> Date:
    """On which day it comes: the one agreed, or the earliest that its way allows, and never a Sunday."""
    if row.delivery_on:
        return Date.fromisoformat(row.delivery_on)
    day = today + timedelta(days=row.due_days)
    return day + timedelta(days=1) if day.weekday() == SUNDAY else day


def _answer(row: Row[Any], day: Date) -> str:
    if row.status == DELIVERED:
        return "It has been delivered."
    if row.status == DELAYED and not row.delivery_on:
        return f"It is delayed because {row.delay_reason}, and comes on {spoken_day(day)}."
    return f"It is on its way to {row.city}, and comes on {spoken_day(day)}."


def _refusal(row: Row[Any], date: Date, today: Date) -> str:
    """Why it cannot come on that day; empty: it can."""
    earliest = today + timedelta(days=max(1, row.due_days))
    if row.status == DELIVERED:
        return "It has been delivered already."
    if date < earliest:
        return f"It cannot come before {spoken_day(earliest)}."
    if date > today + timedelta(days=HORIZON_DAYS):
        return f"We keep shipments for {HORIZON_DAYS} days at most."
    return "We do not deliver on Sundays." if date.weekday() == SUNDAY else ""
