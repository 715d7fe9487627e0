"""What the scripted brain makes of single utterances."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.brain.hearing import hear, normalise
from simulator.brain.phrases import Intent
from simulator.brain.speaking import say_choice, say_date, say_number, say_ordinal, say_part, say_time
from simulator.brain.times import DayWish, TimeWish, find_time

SUNDAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("said", "minutes", "is_either"),
    [
        ("ten", 600, True),
        ("at ten", 600, True),
        ("10 am", 600, False),
        ("10 a.m.", 600, False),
        ("2 p.m.", 840, False),
        ("half past two", 870, True),
        ("half passed two", 870, True),
        ("half ten", 630, True),
        ("quarter to three", 885, True),
        ("a quarter past nine", 555, True),
        ("ten past eleven", 670, True),
        ("nine thirty", 570, True),
        ("nine oh five", 545, True),
        ("nine forty five", 585, True),
        ("10:30", 630, True),
        ("10.30", 630, True),
        ("1030", 630, True),
        ("14:30", 870, False),
        ("noon", 720, False),
        ("eleven o'clock", 660, True),
        ("eleven oclock in the morning", 660, False),
        ("two in the afternoon", 840, False),
        ("6", 1080, True),
        ("seven", 420, True),
    ],
)
def test_times(said: str, minutes: int, is_either: bool) -> None:
    time = hear(said).time
    assert time is not None
    assert (time.minutes, time.is_either) == (minutes, is_either)


@pytest.mark.parametrize(
    "said", ["that one", "the second one", "one moment", "number two", "november twenty fourth", "hello"]
)
def test_numbers_that_are_no_times(said: str) -> None:
    assert hear(said).time is None


def test_after_and_before() -> None:
    assert hear("after two").time == TimeWish(840, is_either=True, relation="after")
    before = hear("before eleven").time
    assert before is not None
    assert before.fits(600)
    assert not before.fits(660)
    assert before.part_of_day == "morning"


@pytest.mark.parametrize(
    ("wish", "today", "meant"),
    [
        (DayWish("weekday", 6), SUNDAY, date(2026, 11, 29)),
        (DayWish("weekday", 0), SUNDAY, date(2026, 11, 23)),
        (DayWish("weekday", 1, is_next_week=True), SUNDAY, date(2026, 11, 24)),
        (DayWish("next_week"), date(2026, 11, 24), date(2026, 11, 30)),
        (DayWish("offset", 2), SUNDAY, date(2026, 11, 24)),
        (DayWish("day_of_month", 21), SUNDAY, date(2026, 12, 21)),
        (DayWish("day_of_month", 31), SUNDAY, date(2026, 12, 31)),
        (DayWish("date", 3, month=1), SUNDAY, date(2027, 1, 3)),
        (DayWish("date", 22, month=11), SUNDAY, SUNDAY),
        (DayWish("date", 30, month=2), SUNDAY, None),
    ],
)
def test_days_become_dates_that_are_never_past(wish: DayWish, today: date, meant: date | None) -> None:
    assert wish.resolve(today) == meant


@given(st.integers(0, 6), st.dates(date(2024, 1, 1), date(2030, 1, 1)), st.booleans())
def test_a_weekday_is_that_weekday_within_two_weeks(weekday: int, today: date, is_next_week: bool) -> None:
    meant = DayWish("weekday", weekday, is_next_week=is_next_week).resolve(today)
    assert meant is not None
    assert meant.weekday() == weekday
    assert 0 < (meant - today).days < 14


@pytest.mark.parametrize(
    ("said", "intent"),
    [
        ("could buy", Intent.BYE),
        ("bye bye", Intent.BYE),
        ("have a nice day", Intent.BYE),
        ("that'll be all", Intent.DONE),
        ("Nothing else, thank you.", Intent.DONE),
        ("i need a point meant", Intent.BOOK),
        ("mm hmm", Intent.BACKCHANNEL),
        ("know", Intent.NO),
        ("um no", Intent.NO),
        ("yep", Intent.YES),
        ("that sounds good", Intent.YES),
        ("whenever", Intent.SOONEST),
        ("can't make it then", Intent.OTHER),
        ("pardon me", Intent.REPEAT),
    ],
)
def test_intents(said: str, intent: Intent) -> None:
    assert intent in hear(said).intents


def test_a_good_morning_is_a_greeting_and_no_wish() -> None:
    heard = hear("Good morning!")
    assert heard.intents == {Intent.HELLO}
    assert heard.part is None
    assert hear("in the morning").part == "morning"


def test_the_first_available_is_no_choice_among_offers() -> None:
    heard = hear("the first available")
    assert heard.choice is None
    assert Intent.SOONEST in heard.intents


@given(st.text(max_size=300))
def test_any_text_is_heard(text: str) -> None:
    heard = hear(text)
    assert heard.text == normalise(text[:600])
    assert find_time(heard.text, None) == find_time(heard.text, None)


def test_numbers_are_spoken_as_words() -> None:
    assert [say_number(number) for number in (0, 13, 20, 59)] == ["zero", "thirteen", "twenty", "fifty-nine"]
    assert [say_ordinal(day) for day in (1, 12, 20, 21, 30)] == [
        "first",
        "twelfth",
        "twentieth",
        "twenty-first",
        "thirtieth",
    ]
    assert [say_time(minutes) for minutes in (540, 545, 720, 810, 0)] == [
        "nine",
        "nine oh five",
        "noon",
        "one thirty",
        "twelve",
    ]
    assert [say_part(minutes) for minutes in (540, 720, 840, 1_140)] == [
        " in the morning",
        "",
        " in the afternoon",
        " in the evening",
    ]
    assert say_date(date(2026, 11, 30)) == "Monday, November thirtieth"
    assert [say_choice(options) for options in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a or b",
        "a, b or c",
    ]
