"""Values in what a caller says, by the kind that a business's rules give them; and how they are said back."""

import re
import string
from collections.abc import Callable, Mapping
from datetime import date

from simulator.brain.case import read_date
from simulator.brain.hearing import Heard, hear
from simulator.brain.rules import Value
from simulator.brain.speaking import ONES, TENS, say_date, say_time

_DIGITS = {word: str(number) for number, word in enumerate(ONES[:10])} | {"oh": "0", "o": "0"}
_SMALL = {word: number for number, word in enumerate(ONES)}
_SMALL |= {word: 10 * tens for tens, word in enumerate((*TENS, "sixty", "seventy", "eighty", "ninety")) if word}
_TIMES_WORDS = {"double": 2, "triple": 3}


def find_value(value: Value, said: str, today: date | None, *, was_asked: bool) -> object:
    """What is told in `said` for a value of this kind; None for nothing. Names and words only count where asked for."""
    heard = hear(said)
    finders: dict[str, Callable[[], object]] = {
        "digits": lambda: digits_in(heard.text, value.digits),
        "day": lambda: _day(heard, today),
        "time": lambda: _time(heard) if was_asked or (heard.time is not None and not heard.time.is_bare) else None,
        "name": lambda: heard.told_name or (heard.bare_name if was_asked else None),
        "money": lambda: cents_in(heard.text) if was_asked or re.search(r"\b(?:dollar|cent)s?\b", heard.text) else None,
        "choice": lambda: next((name for name, told in value.choices.items() if told.search(heard.text)), None),
        "words": lambda: said.strip() if was_asked and len(heard.text.split()) > 1 else None,
    }
    return finders[value.kind]()


def _day(heard: Heard, today: date | None) -> str | None:
    found = heard.day.resolve(today) if heard.day is not None and today is not None else None
    return None if found is None else found.isoformat()


def _time(heard: Heard) -> str | None:
    return None if heard.time is None else f"{heard.time.minutes // 60:02}:{heard.time.minutes % 60:02}"


def digits_in(text: str, count: int) -> str | None:
    """A number of `count` digits, said one by one ("four oh double seven") or written; None if it has more or fewer."""
    best, run, times = "", "", 1
    for word in [*text.split(), ""]:
        digits = word if word.isdigit() else _DIGITS.get(word, "")
        if digits:
            run, times = run + digits * times, 1
        elif word in _TIMES_WORDS:
            times = _TIMES_WORDS[word]
        else:
            best, run, times = (run if len(run) > len(best) else best), "", 1
    return best if len(best) == count else None


def cents_in(text: str) -> int | None:
    """An amount of money in cents: "forty five dollars and ten cents", "120"."""
    found = re.search(r"\b(.+?) dollars?\b(?: and)?(?: (.+?) cents?\b)?", text)
    if found is not None:
        whole = _tail_number(found.group(1))
        return None if whole is None else 100 * whole + (_tail_number(found.group(2) or "") or 0)
    whole = _tail_number(text)
    return None if whole is None else 100 * whole


def _tail_number(text: str) -> int | None:
    """The number that the last words of `text` say."""
    words: list[str] = []
    for word in reversed(text.split()):
        if not (word.isdigit() or word in _SMALL or word in ("hundred", "thousand", "and", "a")):
            break
        words.insert(0, word)
    total = current = 0
    is_number = False
    for word in words:
        if word.isdigit() or word in _SMALL:
            current, is_number = current + (int(word) if word.isdigit() else _SMALL[word]), True
        elif word in ("hundred", "thousand"):
            current, is_number = max(current, 1) * (100 if word == "hundred" else 1_000), True
            total, current = (total + current, 0) if word == "thousand" else (total, current)
    return total + current if is_number else None


class Speech(string.Formatter):
    """Fills texts: `{number:digits}` is said digit by digit, `{day:date}`, `{time:time}`, `{amount:money}`."""

    def format_field(self, value: object, format_spec: str) -> str:
        """A value as one says it."""
        match format_spec:
            case "digits":
                return " ".join(ONES[int(digit)] if digit != "0" else "oh" for digit in str(value) if digit.isdigit())
            case "date":
                day = read_date(value)
                return say_date(day) if day is not None else str(value)
            case "time":
                hour, _, minute = str(value).partition(":")
                return say_time(int(hour) * 60 + int(minute or 0))
            case "money":
                return say_money(int(str(value)))
            case _:
                return str(value)


def say_money(cents: int) -> str:
    """An amount as one says it: "one hundred and twenty dollars and fifty cents"."""
    dollars, rest = divmod(cents, 100)
    whole = f"{_say_whole(dollars)} dollar{'' if dollars == 1 else 's'}"
    return f"{whole} and {_say_whole(rest)} cents" if rest else whole


def _say_whole(number: int) -> str:
    if number < 20:
        return ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        word = (*TENS, "sixty", "seventy", "eighty", "ninety")[tens]
        return f"{word} {ONES[ones]}" if ones else word
    size, name = (1_000, "thousand") if number >= 1_000 else (100, "hundred")
    whole, rest = divmod(number, size)
    return f"{_say_whole(whole)} {name}" + (f" {_say_whole(rest)}" if rest else "")


class _Known(dict[str, object]):
    """Values for a text; what is not known is said as nothing."""

    def __missing__(self, key: str) -> str:
        return ""


def filled(text: str, values: Mapping[str, object]) -> str:
    """`text` with values put in."""
    return " ".join(Speech().vformat(text, (), _Known(values)).split())


def argument(text: str, values: Mapping[str, object]) -> object:
    """An argument for a tool: a value alone keeps its type."""
    alone = re.fullmatch(r"\{(\w+)\}", text)
    return values.get(alone.group(1)) if alone else filled(text, values)


def at_path(answer: object, path: str) -> object:
    """What stands at "appointments.0.appointment_id" in a tool's answer; None where nothing does."""
    for step in path.split("."):
        if isinstance(answer, Mapping):
            answer = answer.get(step)
        elif isinstance(answer, list) and step.isdigit() and int(step) < len(answer):
            answer = answer[int(step)]
        else:
            return None
    return answer
