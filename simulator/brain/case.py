"""Where a booking stands: rebuilt from a request's messages each time, for the brain remembers nothing.

Messages are folded in order: what the caller said sets wishes, what the tools answered sets facts. What the brain
itself said is never read back, so an interrupted sentence cannot mislead it; it only learns that it was cut short.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import orjson

from simulator.brain.answers import content_text
from simulator.brain.speaking import say_date, say_time
from simulator.brain.times import DayWish, PartOfDay, TimeWish

CUT_MARKER = "[the caller interrupted here]"
"""Ends an assistant message of which the caller heard only that much."""

FIND, BOOK, HANG_UP = "find_free_slots", "book_appointment", "hang_up"

MAX_OFFERED = 3
"""As many times as a listener keeps in mind."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A free time as a tool told it."""

    slot_id: str
    day: date
    minutes: int


@dataclass(frozen=True, slots=True)
class Query:
    """What was looked up, or is to be."""

    day: str | None = None
    part: PartOfDay | None = None
    service: str | None = None


@dataclass(slots=True)
class Case:
    """One booking under way."""

    today: date | None = None
    day: DayWish | None = None
    part: PartOfDay | None = None
    time: TimeWish | None = None
    service: str | None = None
    wants_search: bool = False
    """The caller said enough to look something up."""
    name: str | None = None
    asked: Query | None = None
    """What `slots` answer."""
    slots: tuple[Slot, ...] = ()
    offered: tuple[Slot, ...] = ()
    chosen: Slot | None = None
    booked: Slot | None = None
    booked_words: str = ""
    """What the tool said was booked; not empty once something is."""
    trouble: Literal["search", "booking"] | None = None
    is_over: bool = False
    """Nothing is to be booked any more, unless the caller asks anew."""
    tool_note: str = ""
    """Why the last tool did not do what was asked, in words of ours."""
    misses: int = 0
    """Utterances not understood in a row."""
    was_cut: bool = False
    facts: dict[str, str] = field(default_factory=dict)
    """What the system prompt says of opening hours, address and prices."""

    def wanted(self) -> Query:
        """The look-up that the caller's wishes ask for."""
        part = self.part or (self.time.part_of_day if self.time is not None else None)
        return Query(self.wanted_day(), part, self.service)

    def wanted_day(self) -> str | None:
        """The date wished, if it is known which day is today."""
        if self.day is None or self.today is None:
            return None
        found = self.day.resolve(self.today)
        return None if found is None else found.isoformat()

    @property
    def is_settled(self) -> bool:
        """Nothing is being booked: it is done, or was given up."""
        return self.is_over or bool(self.booked_words)

    @property
    def needs_search(self) -> bool:
        """The calendar is to be asked before anything else can be said."""
        is_idle = self.chosen is None and self.trouble is None and not self.is_settled
        return self.wants_search and is_idle and self.wanted() != self.asked

    def choose_by_time(self) -> bool:
        """Choose the slot at the very time wished, if it is among those told."""
        if self.time is None or self.time.relation != "at":
            return False
        day, wish = self.wanted_day(), self.time
        fitting = [slot for slot in (*self.offered, *self.slots) if wish.fits(slot.minutes)]
        fitting = [slot for slot in fitting if day in (None, slot.day.isoformat())]
        self.chosen = fitting[0] if fitting else None
        return bool(fitting)

    def forget_times(self) -> None:
        """Drop what was looked up and chosen; wishes stay."""
        self.asked, self.slots, self.offered, self.chosen = None, (), (), None

    def start_over(self) -> None:
        """Another appointment for the same person."""
        self.forget_times()
        self.day = self.part = self.time = self.booked = self.trouble = None
        self.booked_words, self.is_over, self.wants_search = "", False, False


_TODAY = re.compile(r"\btoday\b[^.\n]{0,40}?(\d{4}-\d{2}-\d{2})", re.IGNORECASE)
_FACT = re.compile(r"^\W*(opening hours|hours|address|prices?)\s*[:=]\s*(\S.*)$", re.IGNORECASE | re.MULTILINE)
_FACT_KEYS = {"opening hours": "hours", "hours": "hours", "address": "address", "price": "price", "prices": "price"}


def read_prompt(case: Case, text: str) -> None:
    """Take today's date and facts from a system prompt."""
    found = _TODAY.search(text)
    if found is not None:
        case.today = read_date(found.group(1)) or case.today
    for key, fact in _FACT.findall(text):
        case.facts[_FACT_KEYS[key.lower()]] = fact.strip()


def read_tool_result(case: Case, name: str, arguments: str, content: object) -> None:
    """Take what a tool answered, be it slots, a booking, a refusal, an error or nonsense."""
    answer = _json_object(content_text(content))
    if name == FIND:
        _read_slots(case, _json_object(arguments), answer)
    elif name == BOOK:
        _read_booking(case, _json_object(arguments), answer)


def _read_slots(case: Case, arguments: Mapping[str, object], answer: Mapping[str, object]) -> None:
    case.today = read_date(answer.get("today")) or case.today
    case.forget_times()
    case.asked, case.trouble, case.tool_note = _query_of(arguments), None, ""
    if isinstance(answer.get("slots"), list):
        _take_slots(case, answer.get("slots"))
        return
    error = str(answer.get("error", ""))
    if "days ahead" in error:
        case.tool_note, case.day, case.wants_search = "That is too far ahead.", None, False
    elif "no service" in error and case.service is not None:
        case.service = None  # then the same is wanted without it, and looked up again
    else:
        case.trouble = "search"


def _take_slots(case: Case, listed: object) -> None:
    case.slots = read_slots(listed)
    case.wants_search = bool(case.slots) or case.wanted() != case.asked
    if case.wanted() != case.asked:
        return  # only now it is known which day is today: another look-up follows
    wished_day = case.wanted_day()
    if wished_day is not None and all(slot.day.isoformat() != wished_day for slot in case.slots):
        case.tool_note = f"Nothing is free on {say_date(date.fromisoformat(wished_day))}."
        case.day = None
        case.asked = case.wanted()
    elif not case.choose_by_time() and case.time is not None and case.slots and not _fits_any(case):
        case.tool_note = f"I can't offer {say_time(case.time.minutes)}."
    case.offered = pick_offers(case)


def _fits_any(case: Case) -> bool:
    return case.time is not None and any(case.time.fits(slot.minutes) for slot in case.slots)


def _read_booking(case: Case, arguments: Mapping[str, object], answer: Mapping[str, object]) -> None:
    tried = next((slot for slot in case.slots if slot.slot_id == arguments.get("slot_id")), case.chosen)
    case.tool_note = ""
    if answer.get("booked") is True:
        case.booked, case.chosen, case.trouble = tried, None, None
        case.booked_words = str(answer.get("spoken") or "your appointment")
    elif answer.get("booked") is False:
        case.forget_times()
        case.time, case.tool_note = None, "That time has just gone."
        case.slots, case.asked = read_slots(answer.get("alternatives")), case.wanted()
        case.offered = pick_offers(case)
    else:
        case.chosen, case.trouble = tried, "booking"


def _query_of(arguments: Mapping[str, object]) -> Query:
    day, part, service = (arguments.get(name) for name in ("date", "part_of_day", "service"))
    return Query(
        day if isinstance(day, str) else None,
        "morning" if part == "morning" else "afternoon" if part == "afternoon" else None,
        service if isinstance(service, str) else None,
    )


def read_slots(listed: object) -> tuple[Slot, ...]:
    """Slots as a tool lists them, in order of time; entries that are none are left out."""
    slots = [slot for entry in (listed if isinstance(listed, list) else []) if (slot := _slot(entry)) is not None]
    return tuple(sorted(slots, key=lambda slot: (slot.day, slot.minutes)))


def _slot(entry: object) -> Slot | None:
    if not isinstance(entry, Mapping):
        return None
    slot_id, day, clock = entry.get("slot_id"), read_date(entry.get("date")), str(entry.get("time", ""))
    found = re.fullmatch(r"(\d{1,2}):(\d{2})(?::\d{2})?", clock)
    if not isinstance(slot_id, str) or day is None or found is None:
        return None
    return Slot(slot_id, day, int(found.group(1)) * 60 + int(found.group(2)))


def read_date(text: object) -> date | None:
    """A date from "2026-11-24", or `None`."""
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None


def _json_object(text: str) -> Mapping[str, object]:
    """The object that `text` spells; empty for anything else."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def pick_offers(case: Case) -> tuple[Slot, ...]:
    """Two or three slots to offer: near the time wished, else the earliest, of two days where no day was wished."""
    slots = case.slots
    if case.today is None and case.day is not None and case.day.kind == "weekday":
        slots = tuple(slot for slot in slots if slot.day.weekday() == case.day.number) or slots
    if case.time is not None:
        wish = case.time
        fitting = tuple(slot for slot in slots if wish.fits(slot.minutes))
        slots = fitting or tuple(sorted(slots, key=lambda slot: (slot.day, abs(slot.minutes - wish.minutes))))
    if len(slots) <= MAX_OFFERED:
        return _in_order(slots)
    first = slots[0]
    other = next((slot for slot in slots if slot.day != first.day), slots[1]) if case.day is None else slots[1]
    return _in_order((first, other))


def _in_order(slots: Iterable[Slot]) -> tuple[Slot, ...]:
    return tuple(sorted(slots, key=lambda slot: (slot.day, slot.minutes)))


def say_day_of(slots: Iterable[Slot]) -> str:
    """The day that all of `slots` share, spoken; empty when they are of several."""
    days = sorted({slot.day for slot in slots})
    return say_date(days[0]) if len(days) == 1 else ""
