"""Days and amounts as one says them, whatever the machine's locale; pure."""

from datetime import date

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def spoken_day(day: date) -> str:
    """A day as one says it, `Tuesday November 24`; independent of the machine's locale."""
    return f"{_DAYS[day.weekday()]} {_MONTHS[day.month - 1]} {day.day}"


def spoken_cents(cents: int) -> str:
    """An amount as one says it, `120 dollars and 50 cents`."""
    dollars, rest = divmod(cents, 100)
    whole = f"{dollars} dollar{'' if dollars == 1 else 's'}"
    return f"{whole} and {rest} cents" if rest else whole
