"""English text with its numbers, dates, money and addresses written out, for voices that do not read them."""

import re
from collections.abc import Callable

from agent.numerals import cardinal, decimal, digits, minutes, ordinal, year

MONTHS = "January February March April May June July August September October November December".split()
_MONTH = "|".join(f"{month}|{month[:3]}\\.?" if len(month) > 3 else month for month in MONTHS) + r"|Sept\.?"

CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
}
SCALES = {"k": "thousand", "m": "million", "bn": "billion", "b": "billion"}
UNITS = {
    "kg": "kilograms", "g": "grams", "lb": "pounds", "lbs": "pounds", "oz": "ounces",
    "km": "kilometers", "m": "meters", "cm": "centimeters", "mm": "millimeters", "mi": "miles", "ft": "feet",
    "h": "hours", "hr": "hours", "hrs": "hours", "min": "minutes", "mins": "minutes", "s": "seconds", "sec": "seconds",
    "ml": "milliliters", "l": "liters", "mph": "miles per hour", "gb": "gigabytes", "mb": "megabytes",
}  # fmt: skip
FRACTIONS = {"1/2": "one half", "1/3": "one third", "2/3": "two thirds", "1/4": "one quarter", "3/4": "three quarters"}
SIGNS = {
    "&": "and", "@": "at", "%": "percent", "#": "number", "$": "dollars", "€": "euros", "£": "pounds", "°": "degrees",
    "+": "plus", "=": "equals", "×": "times", "÷": "divided by", "±": "plus or minus",  # noqa: RUF001 - the sign is meant
    "<": "less than", ">": "more than", "≤": "at most", "≥": "at least", "≈": "about",
}  # fmt: skip

_ISO_DATE = r"\b(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
_ISO_TIME = r"(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?"
_DAY = r"(?P<day>[12]?\d|3[01])(?:st|nd|rd|th)?"
_SCALE = r"(?: ?(?P<scale>thousand|million|billion|trillion|[kKmMbB]|bn)\b)?"
_NUMBER = r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?"


def _spelled(text: str) -> str:
    """An address as it is dictated."""
    for sign, name in (("@", " at "), (".", " dot "), ("/", " slash "), ("-", " dash "), ("_", " underscore ")):
        text = text.replace(sign, name)
    return " ".join(re.sub(r"\d", lambda digit: f" {digits(digit[0])} ", text).split())


def _email(found: re.Match[str]) -> str:
    return _spelled(found[0])


def _url(found: re.Match[str]) -> str:
    return _spelled(found["rest"].rstrip("/"))


def _iso_date(found: re.Match[str]) -> str:
    month, day = int(found["month"]), int(found["day"])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return found[0]
    date = f"{MONTHS[month - 1]} {ordinal(day)}, {year(int(found['year']))}"
    if not found["hour"]:
        return date
    return f"{date} at {_clock(int(found['hour']), int(found['minute']))}"


def _named_date(found: re.Match[str]) -> str:
    month = next(month for month in MONTHS if month.startswith(found["name"][:3]))
    spoken = f"{month} {ordinal(int(found['day']))}"
    return f"{spoken}, {year(int(found['year']))}" if found["year"] else spoken


def _phone(found: re.Match[str]) -> str:
    groups = re.findall(r"\d+", found[0])
    plus = "plus " if found[0].startswith("+") else ""
    return plus + ", ".join(digits(group) for group in groups)


def _money(found: re.Match[str]) -> str:
    one, many, small_one, small_many = CURRENCIES[found["sign"]]
    amount, scale = found["amount"].replace(",", ""), found["scale"]
    minus = "minus " if found["minus"] else ""
    if scale:
        return f"{minus}{decimal(amount)} {SCALES.get(scale.lower(), scale.lower())} {many}"
    whole, _, fraction = amount.partition(".")
    if len(fraction) > 2:
        return f"{minus}{decimal(amount)} {many}"
    units, cents = int(whole), int(fraction.ljust(2, "0"))
    parts = [f"{cardinal(units)} {one if units == 1 else many}"] if units or not cents else []
    if cents:
        parts.append(f"{cardinal(cents)} {small_one if cents == 1 else small_many}")
    return minus + " and ".join(parts)


def _percent(found: re.Match[str]) -> str:
    return f"{'minus ' if found['minus'] else ''}{decimal(found['number'])} percent"


def _clock(hour: int, minute: int) -> str:
    if minute == 0:
        return f"{cardinal(hour)} o'clock" if 1 <= hour <= 12 else f"{cardinal(hour)} hundred"
    return f"{cardinal(hour)} {minutes(minute)}"


def _time(found: re.Match[str]) -> str:
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    half = found["half"]
    if not half:
        return _clock(hour, minute)
    spoken = cardinal(hour) + (f" {minutes(minute)}" if minute else "")
    return f"{spoken} {half.lower()}.m."


def _range(found: re.Match[str]) -> str:
    return f"{found['low']} to {found['high']}"


def _ordinal(found: re.Match[str]) -> str:
    return ordinal(int(found[1].replace(",", "")))


def _fraction(found: re.Match[str]) -> str:
    if found[0] == "24/7":
        return "twenty-four seven"
    return FRACTIONS.get(found[0], f"{found[1]} slash {found[2]}")


def _degrees(found: re.Match[str]) -> str:
    scale = {"F": " Fahrenheit", "C": " Celsius"}.get(found["scale"] or "", "")
    degrees = "degree" if found["number"] == "1" else "degrees"
    return f"{'minus ' if found['minus'] else ''}{decimal(found['number'])} {degrees}{scale}"


def _unit(found: re.Match[str]) -> str:
    name = UNITS.get(found["unit"].lower())
    if name is None:
        return _code(found)
    return f"{decimal(found['number'])} {name[:-1] if found['number'] == '1' and name.endswith('s') else name}"


def _code(found: re.Match[str]) -> str:
    """Letters and digits in one word: "B12" is dictated, the number of "COVID-19" or "10-minute" is read."""
    parts = [
        _plain(part) if part.isdecimal() else re.sub(r"\d+", lambda run: f" {digits(run[0])} ", part)
        for part in found[0].split("-")
    ]
    return " ".join(" ".join(parts).split())


def _version(found: re.Match[str]) -> str:
    return f"{found[1]} " + " point ".join(cardinal(int(part)) for part in found[2].split("."))


def _ratio(found: re.Match[str]) -> str:
    return f"{cardinal(int(found[1]))} to {cardinal(int(found[2]))}"


def _number(found: re.Match[str]) -> str:
    return f"minus {decimal(found['number'])}" if found["minus"] else _plain(found["number"])


def _plain(number: str) -> str:
    """A number that nothing is known about: long ones are dictated, four digits may be a year."""
    if number.isdecimal() and (len(number) > 4 or (len(number) > 1 and number[0] == "0")):
        return digits(number)
    if number.isdecimal() and 1900 <= int(number) <= 2099:
        return year(int(number))
    return decimal(number)


def _sign(found: re.Match[str]) -> str:
    return f" {SIGNS[found[0]]} "


_MINUS = r"(?:(?<![\w.)-])(?P<minus>[-−]))?"  # noqa: RUF001 - a true minus sign

RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(pattern), say)
    for pattern, say in (
        (r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", _email),
        (r"(?:https?://|(?=www\.))(?P<rest>[^\s,;!?()\"']+[^\s,;!?()\"'.:])", _url),
        (
            rf"{_ISO_DATE}(?:[T ]{_ISO_TIME})?\b",
            _iso_date,
        ),
        (r"\b(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})(?P<hour>)(?<!\d{9})\b", _iso_date),
        (
            rf"\b(?P<name>{_MONTH}) {_DAY}(?:,? (?P<year>(?:19|20)\d\d))?(?![\d:.,]\d)\b",
            _named_date,
        ),
        (r"(?<![\w.+])(?:\+?1[-. ])?(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}\b", _phone),
        (r"(?<!\w)\+\d{1,3}(?:[-. ]?\(?\d{2,4}\)?){2,5}\b|(?<![\w.-])\d{3}-\d{4}\b", _phone),
        (r"(?<![\w.-])\d+(?:-\d+){2,}(?![\w-])", _phone),
        (
            r"(?<![\w.:-])(?P<low>[$€£]?\d{1,4}(?:[.:]\d+)?) ?[-\u2013] ?(?P<high>[$€£]?\d{1,4}(?:[.:]\d+)?)(?![\d-])",
            _range,
        ),
        (
            rf"(?P<minus>-?)(?P<sign>[$€£]) ?(?P<amount>{_NUMBER}){_SCALE}",
            _money,
        ),
        (rf"{_MINUS}(?P<number>{_NUMBER}) ?%", _percent),
        (r"\b(?P<hour>0?[1-9]|1[0-2])(?::(?P<minute>[0-5]\d))? ?(?P<half>[aApP])(?:\.[mM]\.|[mM]\b\.?)", _time),
        (r"(?<![\d:.])(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?P<half>)(?![\d:])", _time),
        (rf"{_MINUS}(?P<number>{_NUMBER}) ?°(?: ?(?P<scale>[FC])\b)?", _degrees),
        (r"\b(\d[\d,]*)(?:st|nd|rd|th)\b", _ordinal),
        (r"(?<![\d/])(\d{1,3})/(\d{1,3})(?![\d/])", _fraction),
        (r"(?<![\w.])([vV]?)(\d+(?:\.\d+){2,})(?![\w.]*\d)", _version),
        (r"\b(\d+):(\d+)\b", _ratio),
        (rf"(?<![\w.])(?P<number>{_NUMBER}) (?P<unit>{'|'.join(unit for unit in UNITS if len(unit) > 1)})\b", _unit),
        (rf"(?<![\w.])(?P<number>{_NUMBER})(?P<unit>[A-Za-z]+)\b(?!\d)", _unit),
        (r"\b(?=[A-Za-z\d-]*[A-Za-z])(?=[A-Za-z\d-]*\d)[A-Za-z\d]+(?:-[A-Za-z\d]+)*\b", _code),
        (rf"{_MINUS}(?P<number>{_NUMBER})", _number),
        ("[" + re.escape("".join(SIGNS)) + "]", _sign),
    )
)
"""What is looked for, in this order, and how it is said; what a rule wrote contains nothing for those after it."""

_OF_INTEREST = re.compile(r"[\d" + re.escape("".join(SIGNS)) + r"]|www\.")


def speakable(text: str) -> str:
    """`text` as it is read aloud in English; words stay as they are."""
    if not _OF_INTEREST.search(text):
        return text
    for pattern, say in RULES:
        text = pattern.sub(say, text)
    return re.sub(r" +", " ", text).strip()
