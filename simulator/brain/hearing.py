"""What a caller means: rules on text as a transcriber gives it, with or without case and punctuation."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from simulator.brain.names import find_name
from simulator.brain.phrases import SLIPS, Intent, find_intents, without_pleasantries
from simulator.brain.speaking import ONES
from simulator.brain.times import DayWish, PartOfDay, TimeWish, find_day, find_time

HEARD_LIMIT_CHARS = 600
"""Longer speeches are heard to here: nobody books an appointment in more words."""


Ordinal = Literal["first", "second", "third", "last"]


@dataclass(frozen=True, slots=True)
class Heard:
    """One utterance, understood."""

    text: str
    """Normalised: lower case, no punctuation."""
    intents: frozenset[Intent] = frozenset()
    day: DayWish | None = None
    part: PartOfDay | None = None
    time: TimeWish | None = None
    choice: Ordinal | None = None
    told_name: str | None = None
    """A name that was told with "my name is" or the like."""
    bare_name: str | None = None
    """What would be a name if one was asked for."""
    service: str | None = None

    def means(self, *intents: Intent) -> bool:
        """Whether it means one of `intents`."""
        return not self.intents.isdisjoint(intents)


_PARTS = {
    "morning": re.compile(r"\b(?:mornings?|before (?:noon|lunch))\b"),
    "afternoon": re.compile(r"\b(?:afternoons?|evening|after (?:noon|lunch|work))\b"),
}
_ONE = "(?:one|slot|time|option)"
_ORDINALS: dict[Ordinal, re.Pattern[str]] = {
    "first": re.compile(
        rf"\b(?:the (?:first|1st|former|earlier|earliest)|(?:first|earlier) {_ONE}|(?:number|option) (?:one|1))\b"
        r"(?! (?:of|available|free))"
    ),
    "second": re.compile(rf"\b(?:the (?:second|2nd)|second {_ONE}|(?:number|option) (?:two|2))\b(?! of)"),
    "third": re.compile(rf"\b(?:the (?:third|3rd)|third {_ONE}|(?:number|option) (?:three|3))\b(?! of)"),
    "last": re.compile(rf"\b(?:the (?:last|latter|later|latest)|(?:last|later|latest) {_ONE})\b"),
}
_SERVICES = {
    "checkup": "check-up",
    "check": "check-up",
    "cleaning": "cleaning",
    "followup": "follow-up",
    "consultation": "consultation",
    "consult": "consultation",
    "cleaned": "cleaning",
}
_HOUR_SLIPS = {f"{word}s": hour for hour, word in enumerate(ONES[:13])}
_HOUR_SLIPS |= {"won": 1, "to": 2, "too": 2, "tree": 3, "free": 3, "for": 4, "fore": 4, "ate": 8, "nein": 9, "line": 9}
_HOUR_SLIPS |= {"tan": 10, "then": 10, "den": 10, "leaven": 11, "eleventh": 11}


@lru_cache(maxsize=512)  # every request tells all that was said before once more
def hear(said: str) -> Heard:
    """Understand one utterance."""
    said = said[:HEARD_LIMIT_CHARS]
    text = normalise(said)
    calm = without_pleasantries(text)
    day, timely = find_day(calm)
    part = next((part for part, pattern in _PARTS.items() if pattern.search(calm)), None)
    typed_part: PartOfDay | None = "morning" if part == "morning" else "afternoon" if part else None
    return Heard(
        text,
        find_intents(text),
        day,
        typed_part,
        find_time(timely, typed_part),
        _choice(calm) if day is None or day.kind != "day_of_month" else None,
        find_name(said, was_asked=False),
        find_name(said, was_asked=True),
        next((service for word, service in _SERVICES.items() if re.search(rf"\b{word}\b", text)), None),
    )


def normalise(said: str) -> str:
    """Lower case, no punctuation but within words and times, usual slips mended."""
    text = said.lower().replace("’", "'").replace("`", "'")  # noqa: RUF001 - curly apostrophes are transcribed too
    text = re.sub(r"\b([ap])\.\s?m\b\.?", r"\1m", text)
    text = re.sub(r"(?<=\d)[.:](?=\d\d\b)", ":", text)
    text = re.sub(r"[^\w':#]|(?<!\d):|:(?!\d)", " ", text.replace("-", " "))
    text = " ".join(text.split())
    for pattern, mended in SLIPS:
        text = pattern.sub(mended, text)
    return " ".join(text.split())


def misheard_hours(heard: Heard) -> frozenset[int]:
    """Hours that words of the utterance may be, should a time have been said ("for" is four, "tan" is ten)."""
    return frozenset(_HOUR_SLIPS[word] for word in heard.text.split() if word in _HOUR_SLIPS)


def _choice(text: str) -> Ordinal | None:
    return next((choice for choice, pattern in _ORDINALS.items() if pattern.search(text)), None)
