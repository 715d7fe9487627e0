"""Breakdowns: how urgent one is, the nearest free unit, and a person where it is beyond a machine.

A unit is taken by an update that only succeeds while it is free: whoever comes second gets the next one.
"""

from datetime import datetime, timedelta
from math import hypot
from typing import Any, Literal

from sqlalchemy import Connection, Row, insert, select, update

from tools.context import NotDone, ToolContext, ToolError
from tools.declare import tool
from tools.dispatch.people import give_to_a_person
from tools.dispatch.schema import SERVICE, incidents, places, units
from tools.store import once, read, was_done
from tools.tool import Arguments, Kind

BUSY_MINUTES = {"urgent": 60, "normal": 45}
"""How long a unit is away, by urgency."""

MINUTES_A_KM = 2
"""Town traffic, at 30 km/h."""

MINUTES_TO_START = 5

Trouble = Literal["battery", "tyre", "fuel", "engine", "locked out", "accident"]
Danger = Literal["somebody is hurt", "in traffic", "none"]
Answer = dict[str, object]

UNREACHABLE = "I cannot reach our units right now. If anybody is in danger, hang up and dial your emergency number."
UNCONFIRMED = "I could not confirm that. Stay where you are: somebody calls you back at once."


@tool()
def assess(trouble: Trouble, danger: Danger) -> Answer:
    """Tell how urgent a breakdown is, and what is to be done about it. Ask it first, before a unit is sent.

    Args:
        trouble: What is wrong with the car.
        danger: Whether somebody is hurt, or the car stands in moving traffic.
    """
    if danger == "somebody is hurt":
        return {"urgency": "emergency", "next": "hand_over", "answer": "This is for a person: I hand you over at once."}
    if danger == "in traffic" or trouble == "accident":
        return {"urgency": "urgent", "next": "send_unit", "answer": "Please leave the car, and wait at a safe place."}
    return {"urgency": "normal", "next": "send_unit", "answer": "Please stay with your car."}


@tool(kind=Kind.PURE, deadline_ms=1_000, on_failure=UNREACHABLE)
async def find_units(context: ToolContext, place: str) -> Answer:
    """How many units are free, and how long the nearest one needs to a place.

    Args:
        place: Where the car stands: a district, such as harbour or airport.
    """

    def find(db: Connection) -> Answer:
        free = _free(db, _place(db, place), _stamp(context.now()))
        if not free:
            return {"free": 0, "answer": "All our units are out at the moment."}
        return {"free": len(free), "answer": f"The nearest unit needs about {free[0][1]} minutes."}

    return await read(context, SERVICE, find)


async def _was_done(context: ToolContext, _arguments: Arguments) -> bool:
    return await was_done(context, SERVICE)


@tool(
    kind=Kind.EFFECT,
    deadline_ms=2_000,
    filler="One moment, I am looking for the nearest unit.",
    on_failure=UNCONFIRMED,
    outdates=["find_units"],
    reconcile=_was_done,
)
async def send_unit(
    context: ToolContext, place: str, trouble: Trouble, urgency: Literal["urgent", "normal"]
) -> Answer | NotDone:
    """Send the nearest free unit. Only after `assess`, and once the caller confirmed where they are.

    Args:
        place: Where the car stands: a district, such as harbour or airport.
        trouble: What is wrong with the car.
        urgency: As `assess` told it.
    """

    def send(db: Connection) -> Answer | NotDone:
        where, now = _place(db, place), context.now()
        until = _stamp(now + timedelta(minutes=BUSY_MINUTES[urgency]))
        for unit, minutes in _free(db, where, _stamp(now)):
            if not _take(db, unit.id, _stamp(now), until):
                continue
            told = {"place": where.name, "trouble": trouble, "urgency": urgency, "unit_id": unit.id}
            who = {"caller": context.caller, "call_id": context.call_id}
            added = insert(incidents).values(**told, **who, sent_at=_stamp(now), busy_until=until)
            number = db.execute(added.returning(incidents.c.id)).scalar_one()
            answer = f"{unit.name} is on its way, and with you in about {minutes} minutes."
            return {"sent": True, "answer": answer, "incident": number, "unit": unit.name, "minutes": minutes}
        return NotDone({"sent": False, "reason": "All our units are out at the moment.", "next": "hand_over"})

    return await once(context, SERVICE, "send_unit", send)


@tool(kind=Kind.EFFECT, deadline_ms=100_000, waits_for_people=True, on_failure=UNCONFIRMED, reconcile=_was_done)
async def hand_over(
    context: ToolContext,
    reason: Literal["emergency", "no unit", "wants a person", "other"],
    place: str | None = None,
) -> Answer:
    """Have a person of ours take over at once: they hear what it is about, and have the caller then. For emergencies,
    and whenever it is wished. Say in the same answer that you get a person. If nobody takes the call the caller is
    back with you, and is called back: say what `answer` says.

    Args:
        reason: Why.
        place: Where the caller is, if they said so.
    """  # noqa: D205 - the whole text is one description for the model
    return await give_to_a_person(context, reason, place)


def _place(db: Connection, said: str) -> Row[Any]:
    """The place that is meant. Raises `ToolError` where there is none such."""
    wanted = said.casefold().removeprefix("the ").strip()
    known = db.execute(select(places).order_by(places.c.name)).all()
    for place in known:
        if place.name == wanted:
            return place
    for place in known:
        if place.name in wanted or (len(wanted) > 3 and wanted in place.name):
            return place
    raise ToolError(f"There is no place {said[:40]!r} here. Places: {', '.join(place.name for place in known)}.")


def _free(db: Connection, where: Row[Any], now: str) -> list[tuple[Row[Any], int]]:
    """Free units and the minutes they need, the nearest first."""

    def minutes(unit: Row[Any]) -> int:
        km = hypot(unit.east_km - where.east_km, unit.north_km - where.north_km)
        return MINUTES_TO_START + round(km * MINUTES_A_KM)

    found = db.execute(select(units).where(units.c.busy_until <= now)).all()
    return sorted(((unit, minutes(unit)) for unit in found), key=lambda pair: (pair[1], pair[0].id))


def _take(db: Connection, unit_id: int, now: str, until: str) -> bool:
    """Whether the unit was free, and is taken now."""
    taken = update(units).where(units.c.id == unit_id, units.c.busy_until <= now).values(busy_until=until)
    return db.execute(taken).rowcount == 1


def _stamp(at: datetime) -> str:
    """An instant of the business's clock, as a text that sorts."""
    return at.replace(tzinfo=None).isoformat(timespec="seconds")
