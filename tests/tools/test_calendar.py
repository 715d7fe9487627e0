"""Slots and how they are spoken."""

from datetime import date, datetime, time

from tools.appointments.calendar import HORIZON_DAYS, Practice, slot_id, spoken

TUESDAY = date(2026, 11, 24)


def test_a_working_day_has_half_hours_from_nine_to_five() -> None:
    slots = [slot_id(start)[11:] for start in Practice().slots(TUESDAY)]
    assert slots[:3] == ["09:00", "09:30", "10:00"]
    assert slots[-1] == "16:30"
    assert len(slots) == 16


def test_weekends_are_closed_unless_the_practice_says_otherwise() -> None:
    saturday = date(2026, 11, 28)
    assert list(Practice().slots(saturday)) == []
    only_saturdays = Practice(hours={5: (time(10), time(11))}, slot_minutes=20)
    assert [start.minute for start in only_saturdays.slots(saturday)] == [0, 20, 40]
    assert list(only_saturdays.slots(TUESDAY)) == []


def test_only_the_grid_has_slots() -> None:
    practice = Practice()
    assert practice.is_slot(datetime.fromisoformat("2026-11-24T16:30"))
    assert not practice.is_slot(datetime.fromisoformat("2026-11-24T16:45"))
    assert not practice.is_slot(datetime.fromisoformat("2026-11-24T17:00"))


def test_upcoming_slots_begin_later_than_now_and_end_at_the_horizon() -> None:
    now = datetime.fromisoformat("2026-11-24T10:00")
    slots = list(Practice().upcoming(now))
    assert slots[0] == datetime.fromisoformat("2026-11-24T10:30")
    assert slots == sorted(slots)
    assert (slots[-1] - now).days <= HORIZON_DAYS
    mornings = list(Practice().upcoming(now, "morning"))
    assert mornings[-1].hour < 12
    assert {start.hour for start in Practice().upcoming(now, "afternoon")} == {12, 13, 14, 15, 16}


def test_times_are_spoken_as_people_say_them() -> None:
    assert spoken(datetime.fromisoformat("2026-11-24T10:00")) == "Tuesday November 24 at 10 AM"
    assert spoken(datetime.fromisoformat("2026-12-01T12:30")) == "Tuesday December 1 at 12:30 PM"
    assert spoken(datetime.fromisoformat("2026-12-01T00:05")) == "Tuesday December 1 at 12:05 AM"
    assert spoken(datetime.fromisoformat("2026-12-01T16:00")) == "Tuesday December 1 at 4 PM"
