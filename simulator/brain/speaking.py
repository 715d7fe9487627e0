"""Numbers, times and dates as one says them."""

from collections.abc import Sequence
from datetime import date

ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("", "", "twenty", "thirty", "forty", "fifty")
ORDINALS = (
    *("zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"),
    *("eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth"),
    *("nineteenth", "twentieth"),
)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)


def say_number(number: int) -> str:
    """A number from 0 to 59."""
    if number < 20:
        return ONES[number]
    tens, ones = divmod(number, 10)
    return TENS[tens] + (f"-{ONES[ones]}" if ones else "")


def say_ordinal(number: int) -> str:
    """A day of a month, "twenty-fourth"."""
    if number <= 20:
        return ORDINALS[number]
    tens, ones = divmod(number, 10)
    return f"{TENS[tens]}-{ORDINALS[ones]}" if ones else f"{TENS[tens][:-1]}ieth"


def say_weekday(day: date) -> str:
    """Its weekday, "Tuesday"."""
    return WEEKDAYS[day.weekday()].capitalize()


def say_date(day: date) -> str:
    """A date, "Tuesday, November twenty-fourth"."""
    return f"{say_weekday(day)}, {MONTHS[day.month - 1].capitalize()} {say_ordinal(day.day)}"


def say_time(minutes: int) -> str:
    """A time of day, given in minutes since midnight: "ten", "nine thirty", "noon"."""
    if minutes == 12 * 60:
        return "noon"
    hour, minute = divmod(minutes, 60)
    spoken_hour = ONES[hour % 12 or 12]
    if minute == 0:
        return spoken_hour
    return f"{spoken_hour} oh {ONES[minute]}" if minute < 10 else f"{spoken_hour} {say_number(minute)}"


def say_part(minutes: int) -> str:
    """The part of the day that makes a time unmistakable; noon needs none."""
    if minutes == 12 * 60:
        return ""
    return " in the morning" if minutes < 12 * 60 else " in the afternoon" if minutes < 17 * 60 else " in the evening"


def say_choice(options: Sequence[str]) -> str:
    """Options in a row: "nine, nine thirty or ten"."""
    return " or ".join(filter(None, (", ".join(options[:-1]), *options[-1:])))
