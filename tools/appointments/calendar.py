"""The calendar's arithmetic: opening hours, slots, and how they are spoken; pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from tools.spoken import spoken_day

HORIZON_DAYS = 60
"""So far ahead appointments are offered and taken."""

MONDAY_TO_FRIDAY = dict.fromkeys(range(5), (time(9), time(17)))
"""Opening and closing time by weekday, Monday is 0."""


PartOfDay = Literal["morning", "afternoon"]
"""Half of a working day, parted at noon."""


@dataclass(frozen=True, slots=True)
class Practice:
    """When a business sees people, in its local time, and for what; no `services`: whatever is asked for.

    `time_zone` is the business's, an IANA name such as "America/New_York"; empty: that of the machine.
    """

    hours: Mapping[int, tuple[time, time]] = field(default_factory=lambda: dict(MONDAY_TO_FRIDAY))
    slot_minutes: int = 30
    services: tuple[str, ...] = ("consultation", "check-up", "cleaning", "follow-up")
    time_zone: str = ""

    def local(self, instant: datetime) -> datetime:
        """The instant on the business's wall clock, without a zone; one that has none is on it already."""
        if self.time_zone and instant.tzinfo is not None:
            instant = instant.astimezone(ZoneInfo(self.time_zone))
        return instant.replace(tzinfo=None)

    def exists(self, start: datetime) -> bool:
        """Whether the wall clock ever shows `start`: in spring it leaves an hour out."""
        if not self.time_zone:
            return True
        there = start.replace(tzinfo=ZoneInfo(self.time_zone))
        return there.astimezone(UTC).astimezone(there.tzinfo).replace(tzinfo=None) == start

    def elsewhere(self, start: datetime, time_zone: str) -> datetime:
        """What the clocks of another zone show then; raises ValueError where one of the zones is not known."""
        if not self.time_zone:
            raise ValueError("the business has no time zone")
        here = start.replace(tzinfo=ZoneInfo(self.time_zone))
        return here.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)

    def is_open(self, day: date) -> bool:
        """Whether anybody is seen on `day`."""
        return day.weekday() in self.hours

    def slots(self, day: date) -> Iterator[datetime]:
        """The starts of the slots of `day` that end before closing time."""
        if not self.is_open(day):
            return
        opens, closes = self.hours[day.weekday()]
        length = timedelta(minutes=self.slot_minutes)
        start = datetime.combine(day, opens)
        while start + length <= datetime.combine(day, closes):
            if self.exists(start):
                yield start
            start += length

    def is_slot(self, start: datetime) -> bool:
        """Whether a slot begins exactly at `start`."""
        return start in self.slots(start.date())

    def upcoming(self, after: datetime, part_of_day: PartOfDay | None = None) -> Iterator[datetime]:
        """Slots that begin later than `after`, up to the horizon, in order."""
        for days in range(HORIZON_DAYS + 1):
            for start in self.slots(after.date() + timedelta(days=days)):
                if start > after and part_of_day in (None, part_of(start)):
                    yield start


def part_of(start: datetime) -> PartOfDay:
    """The half of the day in which `start` lies."""
    return "morning" if start.hour < 12 else "afternoon"


def slot_id(start: datetime) -> str:
    """A slot's name, `2026-11-24T10:00`."""
    return start.isoformat(timespec="minutes")


def spoken(start: datetime) -> str:
    """An instant as one says it, `Tuesday November 24 at 10 AM`."""
    minutes = f":{start.minute:02}" if start.minute else ""
    return f"{spoken_day(start.date())} at {start.hour % 12 or 12}{minutes} {'AM' if start.hour < 12 else 'PM'}"
