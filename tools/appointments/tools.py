"""Appointments: find a free slot, book it, find, move and cancel what was booked.

The database itself forbids that a slot is given away twice; who comes second is offered the next ones.
"""

from datetime import date as Date  # noqa: N812 - `date` is a parameter's name, chosen for the model
from datetime import datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints
from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from tools.appointments.answers import check_service, note, own, slot, wanted_start
from tools.appointments.calendar import HORIZON_DAYS, PartOfDay, Practice, slot_id, spoken
from tools.appointments.schema import (
    PRACTICE,
    appointments,
    free,
    hours,
    practice_table,
    read_practice,
    services,
    write_practice,
)
from tools.context import NotDone, ToolContext, ToolError
from tools.declare import tool
from tools.store import once, read, rows_of, was_done
from tools.store_sqlite import write_sqlite
from tools.tool import Arguments, Kind

DATABASE = PRACTICE.file
"""File name within the data directory, where it is SQLite."""

OFFERED = 3
"""Slots in one answer: as many as a listener keeps in mind."""

KEPT_MS = 60_000
"""What was looked up for a caller when they were greeted is good for their first questions."""

UNREACHABLE = "I cannot look into the calendar right now. Shall somebody call you back?"
UNCONFIRMED = "I could not confirm that. Somebody will check it and call you back."

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Service = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
SlotId = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)]
Zone = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)]
Answer = dict[str, object]


@tool(kind=Kind.PURE, deadline_ms=1_000, filler="Let me check the calendar.", on_failure=UNREACHABLE)
async def find_free_slots(
    context: ToolContext,
    date: Date | None = None,
    part_of_day: PartOfDay | None = None,
    service: Service | None = None,
    time_zone: Zone | None = None,
) -> Answer:
    """Find up to three free appointment slots on a day, or the next free ones if that day is full or closed.

    Args:
        date: The day wanted, YYYY-MM-DD; leave out for the earliest possible.
        part_of_day: Only mornings (before noon) or only afternoons.
        service: What the appointment is for.
        time_zone: Only if the caller is in another time zone: its IANA name, such as Europe/Paris.
    """

    def find(db: Connection) -> Answer:
        practice = read_practice(db)
        now = practice.local(context.now())
        check_service(practice, service)
        after = now if date is None or date <= now.date() else datetime.combine(date, time.min)
        if after - now > timedelta(days=HORIZON_DAYS):
            raise ToolError(f"Appointments are given out {HORIZON_DAYS} days ahead at most; {date} is later.")
        found = list(islice(free(db, practice, after, part_of_day), OFFERED))
        if date is not None and any(start.date() == date for start in found):
            found = [start for start in found if start.date() == date]
        slots = [slot(start, practice, time_zone) for start in found]
        answer: Answer = {"slots": slots, "today": now.date().isoformat()}
        if told := note(practice, now.date(), date, part_of_day, found):
            answer["note"] = told
        return answer

    return await read(context, PRACTICE, find)


async def _was_done(context: ToolContext, _arguments: Arguments) -> bool:
    """Whether the effect stands in the database, where nothing is lost that was done."""
    return await was_done(context, PRACTICE)


@tool(
    kind=Kind.EFFECT,
    deadline_ms=2_000,
    filler="One moment, I am booking that.",
    on_failure="I could not confirm that booking. Somebody will check it and call you back.",
    outdates=["find_free_slots", "find_my_appointments"],
    reconcile=_was_done,
)
async def book_appointment(
    context: ToolContext, slot_id: SlotId, name: Name, service: Service | None = None
) -> Answer | NotDone:
    """Book a free slot for the caller. Only after the caller agreed to the time and gave a name.

    Args:
        slot_id: The slot_id of a slot found by find_free_slots, such as 2026-11-24T10:00.
        name: The caller's name, as they said it.
        service: What the appointment is for.
    """

    def book(db: Connection) -> Answer | NotDone:
        practice = read_practice(db)
        chosen = check_service(practice, service)
        now = practice.local(context.now())
        start, reason = wanted_start(slot_id, practice, now)
        if start is not None and not reason:
            row = _insert(db, start, name, chosen, context, now)
            if row is not None:
                return {"booked": True, "appointment_id": row, **own(start), "name": name, "service": chosen}
            reason = f"{spoken(start)} has just been taken."
        return NotDone({"booked": False, "reason": reason, "alternatives": _others(db, practice, start, now)})

    return await once(context, PRACTICE, "book_appointment", book)


@tool(
    kind=Kind.PURE,
    deadline_ms=1_000,
    filler="Let me look for your appointment.",
    on_failure=UNREACHABLE,
    cache_ms=KEPT_MS,
    prefetch=True,
)
async def find_my_appointments(context: ToolContext, name: Name | None = None) -> Answer:
    """Find the caller's own coming appointments, by the number they call from or the name that was booked.

    Args:
        name: The name of the booking, if the caller calls from another number.
    """

    def find(db: Connection) -> Answer:
        practice = read_practice(db)
        found = _coming(db, context, name, practice.local(context.now()))
        told = [
            {"appointment_id": row.id, **own(_start(row)), "name": row.name, "service": row.service} for row in found
        ]
        return {"appointments": told} if told else {"appointments": [], "note": "There is no coming appointment."}

    return await read(context, PRACTICE, find)


@tool(
    kind=Kind.EFFECT,
    deadline_ms=2_000,
    filler="One moment, I am moving it.",
    on_failure=UNCONFIRMED,
    outdates=["find_free_slots", "find_my_appointments"],
    reconcile=_was_done,
)
async def move_appointment(
    context: ToolContext, appointment_id: int, slot_id: SlotId, name: Name | None = None
) -> Answer | NotDone:
    """Move an appointment of the caller's to another free slot. Only after they agreed to the new time.

    Args:
        appointment_id: That of an appointment found by find_my_appointments.
        slot_id: The slot_id of a slot found by find_free_slots.
        name: The name of the booking, if the caller calls from another number.
    """

    def move(db: Connection) -> Answer | NotDone:
        practice = read_practice(db)
        now = practice.local(context.now())
        row = _theirs(db, context, name, now, appointment_id)
        start, reason = wanted_start(slot_id, practice, now)
        if start is not None and not reason:
            if _put(db, row.id, start):
                return {"moved": True, "appointment_id": row.id, **own(start), "name": row.name}
            reason = f"{spoken(start)} has just been taken."
        others = _others(db, practice, start, now)
        return NotDone({"moved": False, "reason": reason, "kept": spoken(_start(row)), "alternatives": others})

    return await once(context, PRACTICE, "move_appointment", move)


@tool(
    kind=Kind.EFFECT,
    deadline_ms=2_000,
    filler="One moment, please.",
    on_failure=UNCONFIRMED,
    outdates=["find_free_slots", "find_my_appointments"],
    reconcile=_was_done,
)
async def cancel_appointment(context: ToolContext, appointment_id: int, name: Name | None = None) -> Answer | NotDone:
    """Cancel an appointment of the caller's. Only after they said which one, and that they are sure.

    Args:
        appointment_id: That of an appointment found by find_my_appointments.
        name: The name of the booking, if the caller calls from another number.
    """

    def cancel(db: Connection) -> Answer:
        now = read_practice(db).local(context.now())
        row = _theirs(db, context, name, now, appointment_id)
        at = now.isoformat(timespec="seconds")
        db.execute(update(appointments).where(appointments.c.id == row.id).values(cancelled_at=at))
        return {"cancelled": True, **own(_start(row))}

    return await once(context, PRACTICE, "cancel_appointment", cancel)


def create(path: Path, practice: Practice) -> None:
    """Make the SQLite database of a business at `path`, or give the one there other hours and services."""

    def write(db: Connection) -> None:
        for table in (practice_table, hours, services):
            db.execute(delete(table))
        write_practice(db, practice)

    write_sqlite(PRACTICE, path, write)


def booking_rows(path: Path) -> list[dict[str, object]]:
    """All appointments in the SQLite database at `path`, by slot; empty where there is none."""
    return sorted(rows_of(PRACTICE, path.parent, "appointments"), key=lambda row: str(row["slot"]))


# --- rows ------------------------------------------------------------------------------------------------


def _insert(
    db: Connection, start: datetime, name: str, service: str | None, context: ToolContext, now: datetime
) -> int | None:
    """The appointment's id, also if this very call made it before; None: somebody else has the slot."""
    row = {
        "slot": slot_id(start),
        "name": name,
        "service": service,
        "caller": context.caller,
        "call_id": context.call_id,
        "booked_at": now.isoformat(timespec="seconds"),
    }
    try:
        with db.begin_nested():  # on PostgreSQL a refusal would end the whole transaction
            return int(db.execute(insert(appointments).values(row).returning(appointments.c.id)).scalar_one())
    except IntegrityError:
        same = [appointments.c[column] == row[column] for column in ("slot", "call_id", "name")]
        return db.execute(select(appointments.c.id).where(*same, appointments.c.cancelled_at.is_(None))).scalar()


def _put(db: Connection, appointment_id: int, start: datetime) -> bool:
    """Move it; False: somebody has the slot."""
    try:
        with db.begin_nested():
            moved = update(appointments).where(appointments.c.id == appointment_id)
            db.execute(moved.values(slot=slot_id(start)))
    except IntegrityError:
        return False
    return True


def _coming(db: Connection, context: ToolContext, name: str | None, now: datetime) -> list[Row[tuple[object, ...]]]:
    """Appointments of whoever calls: by their number, or by a name that only they should know to say."""
    whose = [func.lower(appointments.c.name) == name.lower()] if name else []
    if context.caller:
        whose.append(appointments.c.caller == context.caller)
    if not whose:
        raise ToolError("The caller's number is withheld: ask for the name of the booking.")
    kept = [appointments.c.cancelled_at.is_(None), appointments.c.slot > slot_id(now)]
    found = select(appointments).where(or_(*whose), *kept).order_by(appointments.c.slot).limit(OFFERED)
    return list(db.execute(found).all())


def _theirs(
    db: Connection, context: ToolContext, name: str | None, now: datetime, appointment_id: int
) -> Row[tuple[object, ...]]:
    for row in _coming(db, context, name, now):
        if row.id == appointment_id:
            return row
    raise ToolError(f"The caller has no coming appointment {appointment_id}: look with find_my_appointments first.")


def _start(row: Row[tuple[object, ...]]) -> datetime:
    return datetime.fromisoformat(row.slot)


def _others(db: Connection, practice: Practice, start: datetime | None, now: datetime) -> list[Answer]:
    """The next free slots after the one that cannot be had."""
    after = now if start is None or start <= now else start - timedelta(minutes=1)
    return [slot(each, practice) for each in islice(free(db, practice, after, None), OFFERED)]
