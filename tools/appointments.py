"""Appointments on SQLite: find a free slot, book it; the database itself forbids a double booking.

Functions run on the event loop: in write-ahead mode an autocommit insert costs about 35 microseconds. Should another
process hold the lock, they wait briefly and then say so.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date as Date  # noqa: N812 - `date` is a parameter's name, chosen for the model
from datetime import datetime, time, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints

from tools.calendar import HORIZON_DAYS, PartOfDay, Practice, slot_id, spoken, spoken_day
from tools.context import NotDone, ToolContext, ToolError
from tools.database import opened
from tools.declare import tool
from tools.tool import Arguments, Kind

DATABASE = "appointments.db"
"""File name within the data directory."""

OFFERED = 3
"""Slots in one answer: as many as a listener keeps in mind."""

_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE practice (slot_minutes INTEGER NOT NULL);
CREATE TABLE hours (weekday INTEGER PRIMARY KEY, opens TEXT NOT NULL, closes TEXT NOT NULL);
CREATE TABLE services (name TEXT PRIMARY KEY);
CREATE TABLE appointments (
    id INTEGER PRIMARY KEY,
    slot TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    service TEXT,
    caller TEXT NOT NULL,
    call_id TEXT NOT NULL,
    booked_at TEXT NOT NULL
);
"""

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Service = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
SlotId = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)]


@tool(
    kind=Kind.PURE,
    deadline_ms=1_000,
    filler="Let me check the calendar.",
    on_failure="I cannot look into the calendar right now. Shall somebody call you back?",
)
def find_free_slots(
    context: ToolContext, date: Date | None = None, part_of_day: PartOfDay | None = None, service: Service | None = None
) -> dict[str, object]:
    """Find up to three free appointment slots on a day, or the next free ones if that day is full or closed.

    Args:
        date: The day wanted, YYYY-MM-DD; leave out for the earliest possible.
        part_of_day: Only mornings (before noon) or only afternoons.
        service: What the appointment is for.
    """
    now = _local(context.now())
    with _opened(context.data) as database:
        practice = _practice(database)
        _check_service(practice, service)
        after = now if date is None or date <= now.date() else datetime.combine(date, time.min)
        if after - now > timedelta(days=HORIZON_DAYS):
            raise ToolError(f"Appointments are given out {HORIZON_DAYS} days ahead at most; {date} is later.")
        found = list(islice(_free(database, practice, after, part_of_day), OFFERED))
    if date is not None and any(start.date() == date for start in found):
        found = [start for start in found if start.date() == date]
    answer: dict[str, object] = {"slots": [_slot(start) for start in found], "today": now.date().isoformat()}
    if note := _note(practice, now.date(), date, part_of_day, found):
        answer["note"] = note
    return answer


def _was_booked(context: ToolContext, arguments: Arguments) -> bool:
    """Whether the call's booking of this slot is in the database; nothing is lost there that was booked."""
    rows = booking_rows(context.data / DATABASE)
    return any(row["slot"] == arguments["slot_id"] and row["call_id"] == context.call_id for row in rows)


@tool(
    kind=Kind.EFFECT,
    deadline_ms=2_000,
    filler="One moment, I am booking that.",
    on_failure="I could not confirm that booking. Somebody will check it and call you back.",
    outdates=["find_free_slots"],
    reconcile=_was_booked,
)
def book_appointment(
    context: ToolContext, slot_id: SlotId, name: Name, service: Service | None = None
) -> dict[str, object] | NotDone:
    """Book a free slot for the caller. Only after the caller agreed to the time and gave a name.

    Args:
        slot_id: The slot_id of a slot found by find_free_slots, such as 2026-11-24T10:00.
        name: The caller's name, as they said it.
        service: What the appointment is for.
    """
    now = _local(context.now())
    with _opened(context.data) as database:
        practice = _practice(database)
        chosen = _check_service(practice, service)
        start, reason = _wanted_start(slot_id, practice, now)
        if start is not None and not reason:
            row = _insert(database, start, name, chosen, context, now)
            if row is not None:
                return {"booked": True, "appointment_id": row, **_named(start), "name": name, "service": chosen}
            reason = f"{spoken(start)} has just been taken."
        after = now if start is None or start <= now else start - timedelta(minutes=1)
        others = list(islice(_free(database, practice, after, None), OFFERED))
    return NotDone({"booked": False, "reason": reason, "alternatives": [_slot(each) for each in others]})


def create(path: Path, practice: Practice) -> None:
    """Make the database of a business at `path`, where there is none yet; the tools make a default one on first use."""
    with opened(path, partial(_prepare, practice)):
        pass


def booking_rows(path: Path) -> list[dict[str, object]]:
    """All appointments in the database at `path`, by slot; empty where there is no database."""
    if not path.exists():
        return []
    with opened(path, partial(_prepare, Practice())) as database:
        cursor = database.execute("SELECT * FROM appointments ORDER BY slot")
        columns = [column[0] for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor]


# --- the database ----------------------------------------------------------------------------------------


@contextmanager
def _opened(data: Path) -> Iterator[sqlite3.Connection]:
    """The business's database, made on first use; trouble with it becomes a `ToolError`."""
    try:
        with opened(data / DATABASE, partial(_prepare, Practice())) as database:
            yield database
    except (sqlite3.Error, OSError) as error:
        raise ToolError("The calendar cannot be reached right now. Nothing was changed.") from error


def _prepare(practice: Practice, database: sqlite3.Connection) -> None:
    """Create the tables once, whoever comes first."""
    if _version(database) == _SCHEMA_VERSION:
        return
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("BEGIN IMMEDIATE")
    with database:
        if _version(database) == _SCHEMA_VERSION:
            return
        for statement in filter(str.strip, _SCHEMA.split(";")):
            database.execute(statement)
        hours = [(day, opens.isoformat(), closes.isoformat()) for day, (opens, closes) in practice.hours.items()]
        database.execute("INSERT INTO practice VALUES (?)", (practice.slot_minutes,))
        database.executemany("INSERT INTO hours VALUES (?, ?, ?)", hours)
        database.executemany("INSERT INTO services VALUES (?)", [(name,) for name in practice.services])
        database.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _practice(database: sqlite3.Connection) -> Practice:
    hours = database.execute("SELECT weekday, opens, closes FROM hours")
    return Practice(
        hours={day: (time.fromisoformat(opens), time.fromisoformat(closes)) for day, opens, closes in hours},
        slot_minutes=int(database.execute("SELECT slot_minutes FROM practice").fetchone()[0]),
        services=tuple(row[0] for row in database.execute("SELECT name FROM services ORDER BY rowid")),
    )


def _free(
    database: sqlite3.Connection, practice: Practice, after: datetime, part_of_day: PartOfDay | None
) -> Iterator[datetime]:
    taken = {row[0] for row in database.execute("SELECT slot FROM appointments WHERE slot >= ?", (slot_id(after),))}
    return (start for start in practice.upcoming(after, part_of_day) if slot_id(start) not in taken)


def _insert(
    database: sqlite3.Connection, start: datetime, name: str, service: str | None, context: ToolContext, now: datetime
) -> int | None:
    """The appointment's id, also if this very call made it before; None: somebody else has the slot."""
    row = (slot_id(start), name, service, context.caller, context.call_id, now.isoformat(timespec="seconds"))
    insert = "INSERT INTO appointments (slot, name, service, caller, call_id, booked_at) VALUES (?, ?, ?, ?, ?, ?)"
    try:
        return database.execute(insert, row).lastrowid
    except sqlite3.IntegrityError:
        same = "SELECT id FROM appointments WHERE slot = ? AND call_id = ? AND name = ?"
        ours = database.execute(same, (slot_id(start), context.call_id, name)).fetchone()
        return None if ours is None else int(ours[0])


# --- what is answered ------------------------------------------------------------------------------------


def _wanted_start(slot: str, practice: Practice, now: datetime) -> tuple[datetime | None, str]:
    """The instant that a slot id names, and why it cannot be had (empty: it may be)."""
    try:
        start = _local(datetime.fromisoformat(slot))
    except ValueError:
        return None, f"{slot!r} is no slot_id; expected one from find_free_slots, such as 2026-11-24T10:00."
    if start <= now:
        return start, f"{spoken(start)} is in the past; now it is {spoken(now)}."
    if start - now > timedelta(days=HORIZON_DAYS):
        return None, f"{spoken(start)} is more than {HORIZON_DAYS} days ahead."
    if not practice.is_open(start.date()):
        return start, f"Closed on {spoken_day(start.date())}."
    if not practice.is_slot(start):
        return start, f"No appointment begins at {spoken(start)}."
    return start, ""


def _check_service(practice: Practice, service: str | None) -> str | None:
    """The service by the name that the business gives it."""
    if service is None or not practice.services:
        return service
    said = service.casefold().replace("-", " ")
    for offered in practice.services:
        known = offered.casefold().replace("-", " ")
        if known in said or said in known:
            return offered
    raise ToolError(f"There is no service {service!r}. Services: {', '.join(practice.services)}.")


def _note(
    practice: Practice, today: Date, date: Date | None, part_of_day: PartOfDay | None, found: Iterable[datetime]
) -> str:
    """What is to be said if the answer is not what was asked for."""
    if not list(found):
        return f"Nothing is free within {HORIZON_DAYS} days."
    if date is None or any(start.date() == date for start in found):
        return ""
    if date < today:
        return f"{spoken_day(date)} is in the past. These are the next free times."
    why = "it is full or too late" if practice.is_open(date) else "closed"
    half = f" {part_of_day}" if part_of_day else ""
    return f"Nothing is free on {spoken_day(date)}{half} ({why}). These are the next free times."


def _slot(start: datetime) -> dict[str, object]:
    slot = _named(start)
    return {"slot_id": slot["slot_id"], "date": f"{start:%Y-%m-%d}", "time": f"{start:%H:%M}", "spoken": slot["spoken"]}


def _named(start: datetime) -> dict[str, object]:
    return {"slot_id": slot_id(start), "spoken": spoken(start)}


def _local(instant: datetime) -> datetime:
    """The instant on the business's wall clock, without the zone that the caller of us already applied."""
    return instant.replace(tzinfo=None)
