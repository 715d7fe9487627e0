"""What is answered to the model: slots as one says them, and why something cannot be had; pure."""

from collections.abc import Iterable
from datetime import date as Date  # noqa: N812 - `date` is a parameter's name, chosen for the model
from datetime import datetime, timedelta
from zoneinfo import ZoneInfoNotFoundError

from tools.appointments.calendar import HORIZON_DAYS, PartOfDay, Practice, slot_id, spoken
from tools.context import ToolError
from tools.spoken import spoken_day


def wanted_start(wanted: str, practice: Practice, now: datetime) -> tuple[datetime | None, str]:
    """The instant that a slot id names, and why it cannot be had (empty: it may be)."""
    try:
        start = datetime.fromisoformat(wanted).replace(tzinfo=None)
    except ValueError:
        return None, f"{wanted!r} is no slot_id; expected one from find_free_slots, such as 2026-11-24T10:00."
    if start <= now:
        return start, f"{spoken(start)} is in the past; now it is {spoken(now)}."
    if start - now > timedelta(days=HORIZON_DAYS):
        return None, f"{spoken(start)} is more than {HORIZON_DAYS} days ahead."
    if not practice.is_open(start.date()):
        return start, f"Closed on {spoken_day(start.date())}."
    if not practice.is_slot(start):
        return start, f"No appointment begins at {spoken(start)}."
    return start, ""


def check_service(practice: Practice, service: str | None) -> str | None:
    """The service by the name that the business gives it."""
    if service is None or not practice.services:
        return service
    said = service.casefold().replace("-", " ")
    for offered in practice.services:
        known = offered.casefold().replace("-", " ")
        if known in said or said in known:
            return offered
    raise ToolError(f"There is no service {service!r}. Services: {', '.join(practice.services)}.")


def note(
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


def slot(start: datetime, practice: Practice, time_zone: str | None = None) -> dict[str, object]:
    """A slot as it is offered; with what the clocks show where the caller is, if that is elsewhere."""
    told = {"slot_id": slot_id(start), "date": f"{start:%Y-%m-%d}", "time": f"{start:%H:%M}", "spoken": spoken(start)}
    if not time_zone or not practice.time_zone:
        return dict(told)
    try:
        return {**told, "for_the_caller": spoken(practice.elsewhere(start, time_zone))}
    except (ValueError, ZoneInfoNotFoundError):
        raise ToolError(f"There is no time zone {time_zone!r}; expected an IANA name, such as Europe/Paris.") from None


def own(start: datetime) -> dict[str, object]:
    """A slot that somebody has."""
    return {"slot_id": slot_id(start), "spoken": spoken(start)}
