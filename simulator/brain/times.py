"""Days and times in what a caller says: "tuesday the twenty fourth at half past two"."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from simulator.brain.speaking import MONTHS, ONES, ORDINALS, TENS, WEEKDAYS

PartOfDay = Literal["morning", "afternoon"]
Relation = Literal["at", "after", "before"]

NOON = 12 * 60
EARLIEST_HOUR = 7
"""A bare "six" means the evening, a bare "seven" the morning: nobody books an appointment in the night."""


@dataclass(frozen=True, slots=True)
class DayWish:
    """A day as the caller named it; what it means may depend on which day is today."""

    kind: Literal["offset", "weekday", "date", "day_of_month", "next_week"]
    number: int = 0
    """Days from today; weekday (Monday is 0); day of the month."""
    month: int = 0
    is_next_week: bool = False

    def resolve(self, today: date) -> date | None:
        """The date meant, never in the past; `None` when there is no such date."""
        match self.kind:
            case "offset":
                return today + timedelta(days=self.number)
            case "next_week":
                return today + timedelta(days=7 - today.weekday())
            case "weekday":
                if self.is_next_week:
                    return today + timedelta(days=7 - today.weekday() + self.number)
                return today + timedelta(days=(self.number - today.weekday() - 1) % 7 + 1)
            case _:
                return self._resolve_date(today)

    def _resolve_date(self, today: date) -> date | None:
        """The next date with that number, in that month or in any."""
        for ahead in range(14):
            years, month = divmod(today.month - 1 + ahead, 12)
            if self.month not in (0, month + 1):
                continue
            try:
                found = date(today.year + years, month + 1, self.number)
            except ValueError:
                continue
            if found >= today:
                return found
        return None


@dataclass(frozen=True, slots=True)
class TimeWish:
    """A time of day; `minutes` since midnight, by the likelier half of the day when `is_either`."""

    minutes: int
    is_either: bool = False
    relation: Relation = "at"
    is_bare: bool = False
    """Only a number was said: a time if a time was asked for."""

    def fits(self, minutes: int) -> bool:
        """Whether a slot at `minutes` is what was wished."""
        if self.relation == "after":
            return minutes >= self.minutes
        if self.relation == "before":
            return minutes < self.minutes
        return minutes == self.minutes or (self.is_either and minutes % NOON == self.minutes % NOON)

    @property
    def part_of_day(self) -> PartOfDay:
        """The half of the day to look in."""
        return "morning" if self.minutes - (self.relation == "before") < NOON else "afternoon"


def _alternatives(words: list[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_NUMBERS = {word: number for number, word in enumerate(ONES)}
_NUMBERS |= {TENS[tens]: tens * 10 for tens in (2, 3, 4, 5)}
_NUMBERS |= {f"{TENS[tens]} {ONES[ones]}": tens * 10 + ones for tens in (2, 3, 4, 5) for ones in range(1, 10)}
_DAY_NUMBERS = {word: number for number, word in enumerate(ORDINALS)}
_DAY_NUMBERS |= {f"twenty {ORDINALS[ones]}": 20 + ones for ones in range(1, 10)}
_DAY_NUMBERS |= {"thirtieth": 30, "thirty first": 31}
_DAY_NUMBERS |= {f"{day}{suffix}": day for day in range(1, 32) for suffix in ("st", "nd", "rd", "th")}
_DATE_NUMBERS = {**_DAY_NUMBERS, **{word: number for word, number in _NUMBERS.items() if 0 < number < 32}}
_DATE_NUMBERS |= {str(day): day for day in range(1, 32)}

_MONTH = f"(?P<month>{_alternatives([*MONTHS])})"
_ORDINAL = f"(?P<ordinal>{_alternatives([*_DAY_NUMBERS])})"
_DATE = f"(?P<day>{_alternatives([*_DATE_NUMBERS])})"
_NO_CHOICE = r"(?! (?:one|time|slot|option|of those|of them)\b)"

_DAYS = [
    re.compile(r"\b(?P<tomorrow2>(?:the )?day after tomorrow)\b"),
    re.compile(r"\b(?P<tomorrow>tomorrow|tmrw)\b"),
    re.compile(r"\b(?P<today>today|tonight|this (?:morning|afternoon|evening))\b"),
    re.compile(r"\bin (?P<ahead>two|three|four|five|six|[2-6]) days\b"),
    re.compile(r"\bin (?:a|one) week\b(?P<week>)"),
    re.compile(rf"\b{_MONTH} (?:the )?{_DATE}\b"),
    re.compile(rf"\b(?:the )?{_ORDINAL} (?:of )?{_MONTH}\b"),
    re.compile(rf"\b(?:on |day )the {_ORDINAL}\b{_NO_CHOICE}"),
    re.compile(rf"\bthe (?P<ordinal>{_alternatives([w for w, n in _DAY_NUMBERS.items() if n > 3])})\b{_NO_CHOICE}"),
]
_WEEKDAY_WORD = re.compile(r"\b[a-z]{4,11}\b")
_NEXT_WEEK = re.compile(r"\b(?:next week|week after)\b")
_NEGATED = re.compile(r"\b(?:not|instead of|rather than|isn't|except|but not)(?: on| the| at)*$")


def find_day(said: str) -> tuple[DayWish | None, str]:
    """The day wished in normalised speech, and `said` without what told it (so that its numbers are no times)."""
    found: list[tuple[int, DayWish]] = []
    rest = said
    for pattern in _DAYS:
        for match in pattern.finditer(rest):
            wish = _day_of(match)
            if not _NEGATED.search(rest[: match.start()].rstrip()):
                found.append((match.start(), wish))
        rest = pattern.sub(lambda match: "#" * len(match.group()), rest)
    if not found:
        found = list(_weekdays(rest))
    is_next_week = _NEXT_WEEK.search(rest) is not None
    if not found:
        return (DayWish("next_week") if is_next_week else None), rest
    positions = sorted(found, key=lambda item: item[0])
    wish = positions[0][1] if " or " in rest else positions[-1][1]
    if wish.kind == "weekday" and is_next_week:
        wish = DayWish("weekday", wish.number, is_next_week=True)
    return wish, rest


_OFFSETS = {"today": 0, "tomorrow": 1, "tomorrow2": 2, "week": 7}


def _day_of(match: re.Match[str]) -> DayWish:
    groups = match.groupdict()
    for name, days in _OFFSETS.items():
        if name in groups:
            return DayWish("offset", days)
    if ahead := groups.get("ahead"):
        return DayWish("offset", _NUMBERS.get(ahead) or int(ahead))
    number = _DATE_NUMBERS[groups.get("day") or groups["ordinal"]]
    if groups.get("month"):
        return DayWish("date", number, month=MONTHS.index(groups["month"]) + 1)
    return DayWish("day_of_month", number)


def _weekdays(said: str) -> Iterator[tuple[int, DayWish]]:
    """Weekdays named, also slightly misheard ("wensday", "tuesdays")."""
    for match in _WEEKDAY_WORD.finditer(said):
        word = match.group()
        near = difflib.get_close_matches(word, WEEKDAYS, n=1, cutoff=0.83) if "day" in word else []
        if near and word not in ("today", "someday") and not _NEGATED.search(said[: match.start()].rstrip()):
            yield match.start(), DayWish("weekday", WEEKDAYS.index(near[0]))


_HOUR = rf"(?P<hour>{_alternatives([*ONES[1:13], *(str(hour) for hour in range(1, 13))])})"
_HALF_DAY = r"(?: ?(?P<half>am|pm))?"
_MINUTE_WORDS = {
    **{f"{oh} {ONES[minute]}": minute for oh in ("oh", "o", "zero") for minute in range(1, 10)},
    **{word: number for word, number in _NUMBERS.items() if number >= 10},
    **{f"{minute:02}": minute for minute in (0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55)},
}
_MINUTE = f"(?P<minute>{_alternatives([*_MINUTE_WORDS])})"
_PAST = {"past": 1, "passed": 1, "after": 1, "to": -1, "before": -1, "till": -1, "of": -1}
_COUNT = f"(?P<count>half|(?:a )?quarter|{_alternatives([*ONES[1:20], *TENS[2:], 'twenty five'])})"

_TIMES = [
    re.compile(rf"\b(?P<digits>\d{{1,2}}:\d{{2}}){_HALF_DAY}\b"),
    re.compile(rf"\b{_COUNT} (?:minutes )?(?P<way>{_alternatives([*_PAST])}) {_HOUR}{_HALF_DAY}\b"),
    re.compile(rf"\bhalf (?P<half_hour>){_HOUR}{_HALF_DAY}\b"),
    re.compile(rf"\b{_HOUR} {_MINUTE}{_HALF_DAY}\b"),
    re.compile(rf"\b(?P<compact>(?:[1-9]|1[0-2])(?:00|15|30|45)){_HALF_DAY}\b"),
    re.compile(r"\b(?P<noon>noon|midday)\b"),
    re.compile(rf"\b{_HOUR} ?(?:o'? ?clock|oclock){_HALF_DAY}\b"),
    re.compile(rf"\b{_HOUR} ?(?P<half>am|pm)\b"),
    re.compile(rf"\b(?:at|around|about|say|after|before|until) {_HOUR}\b(?! (?:days|weeks|people|of))"),
]
_BARE = re.compile(rf"\b{_HOUR}\b")
_NO_NUMBER = re.compile(
    r"\b(?:(?:this|that|which|any|no|some|every|another|first|second|third|last|later|earlier|other|next|good) one"
    r"|one (?:of|moment|second|sec|minute|more)|number (?:one|two|three)|option (?:one|two|three)|one's)\b"
)


def find_time(said: str, part: PartOfDay | None) -> TimeWish | None:
    """The time wished in normalised speech; `part` of the day, when said, settles which half is meant."""
    rest = _NO_NUMBER.sub(lambda match: "#" * len(match.group()), said)
    found: list[tuple[int, TimeWish]] = []
    for pattern in (*_TIMES, _BARE):
        for match in pattern.finditer(rest):
            before = rest[: match.start()].rstrip()
            if not _NEGATED.search(before):
                relation = _relation(before, match.group())
                found.append((match.start(), _time_of(match, part, relation, is_bare=pattern is _BARE)))
        rest = pattern.sub(lambda match: "#" * len(match.group()), rest)
    if not found:
        return None
    found.sort(key=lambda item: (item[1].is_bare, item[0]))
    clear = [wish for _, wish in found if not wish.is_bare] or [wish for _, wish in found]
    return clear[0] if " or " in rest else clear[-1]


def _relation(before: str, matched: str) -> Relation:
    relations: tuple[Relation, ...] = ("after", "before")
    for relation in relations:
        if before.endswith(relation) or matched.startswith(f"{relation} "):
            return relation
    return "at"


def _time_of(match: re.Match[str], part: PartOfDay | None, relation: Relation, *, is_bare: bool) -> TimeWish:
    groups = match.groupdict()
    if "noon" in groups:
        return TimeWish(NOON, relation=relation)
    minutes = _minutes(groups)
    half = groups.get("half") or ({"morning": "am", "afternoon": "pm"}[part] if part else None)
    if half is not None or minutes >= 13 * 60:
        minutes = minutes % NOON + (NOON if half == "pm" else 0) if half is not None else minutes
        return TimeWish(minutes, relation=relation, is_bare=is_bare)
    likely = minutes % NOON
    return TimeWish(likely + (NOON if likely < EARLIEST_HOUR * 60 else 0), True, relation, is_bare)


def _minutes(groups: dict[str, str | None]) -> int:
    """Minutes since midnight, before the half of the day is settled."""
    if digits := groups.get("digits"):
        hour, minute = digits.split(":")
        return int(hour) % 24 * 60 + int(minute) % 60
    if compact := groups.get("compact"):
        return int(compact[:-2]) * 60 + int(compact[-2:])
    hour_word = groups["hour"] or ""
    minutes = 60 * (_NUMBERS.get(hour_word) or int(hour_word))
    if "half_hour" in groups:
        return minutes + 30
    if count := groups.get("count"):
        count = count.removeprefix("a ")
        amount = {"half": 30, "quarter": 15}.get(count) or _NUMBERS[count]
        return minutes + amount * _PAST[groups["way"] or "past"]
    return minutes + _MINUTE_WORDS.get(groups.get("minute") or "", 0)
