"""Finding and booking on a real database, also when everybody wants the same slot at once."""

import json
import multiprocessing
import sqlite3
import threading
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tools.virtual import run
from tools.appointments.calendar import Practice
from tools.appointments.schema import PRACTICE
from tools.appointments.tools import DATABASE, booking_rows, create
from tools.catalog import CATALOG
from tools.context import ToolContext
from tools.runner import Runner
from tools.store import rows_of

MONDAY_4PM = datetime.fromisoformat("2026-11-23T16:10")


class Desk:
    """One call's tools on a database."""

    def __init__(
        self, data: Path, call_id: str = "call-1", now: datetime = MONDAY_4PM, caller: str = "+15550100"
    ) -> None:
        self._runner = Runner(CATALOG, ToolContext(call_id, caller, data, lambda: now))

    def find(self, **arguments: object) -> dict[str, Any]:
        return self.ask("find_free_slots", **arguments)

    def book(self, **arguments: object) -> dict[str, Any]:
        return self.ask("book_appointment", **arguments)

    def ask(self, name: str, /, **arguments: object) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(run(self._runner.run(name, json.dumps(arguments))).result)
        return answer


def ids(slots: list[dict[str, str]]) -> list[str]:
    return [slot["slot_id"] for slot in slots]


def test_the_next_free_slots_are_offered(tmp_path: Path) -> None:
    found = Desk(tmp_path).find()
    assert found["slots"][0] == {
        "slot_id": "2026-11-23T16:30",
        "date": "2026-11-23",
        "time": "16:30",
        "spoken": "Monday November 23 at 4:30 PM",
    }
    assert ids(found["slots"])[1:] == ["2026-11-24T09:00", "2026-11-24T09:30"]
    assert found["today"] == "2026-11-23"
    assert "note" not in found


def test_a_day_and_half_of_it_can_be_asked_for(tmp_path: Path) -> None:
    found = Desk(tmp_path).find(date="2026-11-25", part_of_day="afternoon", service="cleaning")
    assert ids(found["slots"]) == ["2026-11-25T12:00", "2026-11-25T12:30", "2026-11-25T13:00"]


@pytest.mark.parametrize(
    ("date", "said", "first"),
    [
        ("2026-11-28", "Saturday November 28 (closed)", "2026-11-30T09:00"),
        ("2026-11-20", "Friday November 20 is in the past", "2026-11-23T16:30"),
    ],
)
def test_a_day_without_slots_is_named_and_the_next_ones_are_offered(
    tmp_path: Path, date: str, said: str, first: str
) -> None:
    found = Desk(tmp_path).find(date=date)
    assert said in found["note"]
    assert ids(found["slots"])[0] == first


def test_a_full_day_is_named_and_its_last_slots_are_not_mixed_with_others(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    day = [f"2026-11-24T{hour:02}:{minute:02}" for hour in range(9, 17) for minute in (0, 30)]
    for slot in day[:-1]:
        assert desk.book(slot_id=slot, name="Ann")["booked"]
    assert ids(desk.find(date="2026-11-24")["slots"]) == ["2026-11-24T16:30"]
    assert desk.book(slot_id=day[-1], name="Ann")["booked"]
    full = desk.find(date="2026-11-24")
    assert "Nothing is free on Tuesday November 24 (it is full" in full["note"]
    assert ids(full["slots"])[0] == "2026-11-25T09:00"


def test_a_booking_is_a_row_with_who_called(tmp_path: Path) -> None:
    booked = Desk(tmp_path).book(slot_id="2026-11-24T10:00", name="  Ann Lee ", service="a Cleaning please")
    assert booked == {
        "booked": True,
        "appointment_id": 1,
        "slot_id": "2026-11-24T10:00",
        "spoken": "Tuesday November 24 at 10 AM",
        "name": "Ann Lee",
        "service": "cleaning",
    }
    assert booking_rows(tmp_path / DATABASE) == [
        {
            "id": 1,
            "slot": "2026-11-24T10:00",
            "name": "Ann Lee",
            "service": "cleaning",
            "caller": "+15550100",
            "call_id": "call-1",
            "booked_at": "2026-11-23T16:10:00",
            "cancelled_at": None,
        }
    ]
    assert "2026-11-24T10:00" not in ids(Desk(tmp_path).find(date="2026-11-24", part_of_day="morning")["slots"])


def test_a_slot_that_is_gone_is_refused_with_the_next_ones(tmp_path: Path) -> None:
    Desk(tmp_path, "call-1").book(slot_id="2026-11-24T10:00", name="Ann")
    refused = Desk(tmp_path, "call-2").book(slot_id="2026-11-24T10:00", name="Bob")
    assert refused["booked"] is False
    assert refused["reason"] == "Tuesday November 24 at 10 AM has just been taken."
    assert ids(refused["alternatives"]) == ["2026-11-24T10:30", "2026-11-24T11:00", "2026-11-24T11:30"]


def test_the_same_booking_of_the_same_call_is_the_same_appointment(tmp_path: Path) -> None:
    first = Desk(tmp_path).book(slot_id="2026-11-24T10:00", name="Ann")
    after_a_restart = Desk(tmp_path).book(slot_id="2026-11-24T10:00", name="Ann")
    assert after_a_restart == first
    assert len(booking_rows(tmp_path / DATABASE)) == 1


@pytest.mark.parametrize(
    ("slot", "reason"),
    [
        ("2026-11-23T09:00", "is in the past"),
        ("2026-11-24T10:07", "No appointment begins at Tuesday November 24 at 10:07 AM"),
        ("2026-11-24T17:00", "No appointment begins at"),
        ("2026-11-28T10:00", "Closed on Saturday November 28"),
        ("2027-11-24T10:00", "more than 60 days ahead"),
        ("tomorrow at ten", "is no slot_id"),
        ("9999-12-31T23:59", "more than 60 days ahead"),
        ("0001-01-01T00:00", "is in the past"),
    ],
)
def test_impossible_slots_are_refused_with_the_reason_and_alternatives(tmp_path: Path, slot: str, reason: str) -> None:
    refused = Desk(tmp_path).book(slot_id=slot, name="Ann")
    assert refused["booked"] is False
    assert reason in refused["reason"]
    assert len(refused["alternatives"]) == 3
    assert booking_rows(tmp_path / DATABASE) == []


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"slot_id": "2026-11-24T10:00", "name": " "}, "name"),
        ({"slot_id": "2026-11-24T10:00", "name": "x" * 81}, "name"),
        (
            {"slot_id": "2026-11-24T10:00", "name": "Ann", "service": "haircut"},
            "no service 'haircut'. Services: consul",
        ),
    ],
)
def test_bad_arguments_change_nothing(tmp_path: Path, arguments: dict[str, object], error: str) -> None:
    assert error in Desk(tmp_path).book(**arguments)["error"]
    assert booking_rows(tmp_path / DATABASE) == []


def test_an_appointment_is_moved_and_its_slot_is_free_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    booked = desk.book(slot_id="2026-11-24T10:00", name="Ann")
    (mine,) = desk.ask("find_my_appointments")["appointments"]
    assert (mine["appointment_id"], mine["spoken"]) == (booked["appointment_id"], "Tuesday November 24 at 10 AM")
    moved = desk.ask("move_appointment", appointment_id=mine["appointment_id"], slot_id="2026-11-25T09:00")
    assert (moved["moved"], moved["spoken"]) == (True, "Wednesday November 25 at 9 AM")
    assert [row["slot"] for row in booking_rows(tmp_path / DATABASE)] == ["2026-11-25T09:00"]
    assert desk.book(slot_id="2026-11-24T10:00", name="Ann")["booked"]


def test_a_move_to_a_taken_slot_keeps_the_old_one(tmp_path: Path) -> None:
    Desk(tmp_path, "call-1").book(slot_id="2026-11-25T09:00", name="Bob")
    desk = Desk(tmp_path, "call-2")
    mine = desk.book(slot_id="2026-11-24T10:00", name="Ann")["appointment_id"]
    refused = desk.ask("move_appointment", appointment_id=mine, slot_id="2026-11-25T09:00")
    assert (refused["moved"], refused["kept"]) == (False, "Tuesday November 24 at 10 AM")
    assert ids(refused["alternatives"])[0] == "2026-11-25T09:30"
    assert [row["slot"] for row in booking_rows(tmp_path / DATABASE)] == ["2026-11-24T10:00", "2026-11-25T09:00"]


def test_a_cancelled_slot_may_be_booked_by_others_and_a_cancelled_appointment_is_gone(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    mine = desk.book(slot_id="2026-11-24T10:00", name="Ann")["appointment_id"]
    assert desk.ask("cancel_appointment", appointment_id=mine)["cancelled"]
    assert desk.ask("find_my_appointments")["appointments"] == []
    assert "no coming appointment" in desk.ask("cancel_appointment", appointment_id=mine, name="Ann")["error"]
    assert Desk(tmp_path, "call-2").book(slot_id="2026-11-24T10:00", name="Bob")["booked"]


def test_nobody_touches_an_appointment_of_somebody_else(tmp_path: Path) -> None:
    mine = Desk(tmp_path).book(slot_id="2026-11-24T10:00", name="Ann")["appointment_id"]
    stranger = Desk(tmp_path, "call-2", caller="+15550199")
    assert "no coming appointment" in stranger.ask("cancel_appointment", appointment_id=mine)["error"]
    assert "no coming appointment" in stranger.ask("cancel_appointment", appointment_id=mine, name="Bob")["error"]
    withheld = Desk(tmp_path, "call-3", caller="")
    assert "ask for the name" in withheld.ask("find_my_appointments")["error"]
    assert withheld.ask("find_my_appointments", name="ann")["appointments"][0]["name"] == "Ann"


def test_an_effect_leaves_one_deed_under_its_key_however_often_it_is_asked_for(tmp_path: Path) -> None:
    for _ in range(3):  # a runner of its own each time, as after a crash
        desk = Desk(tmp_path)
        desk.book(slot_id="2026-11-24T10:00", name="Ann")
        desk.ask("cancel_appointment", appointment_id=1)
    deeds = rows_of(PRACTICE, tmp_path, "appointments_deeds")
    assert sorted(str(deed["tool"]) for deed in deeds) == ["book_appointment", "cancel_appointment"]
    assert {deed["call_id"] for deed in deeds} == {"call-1"}


@pytest.mark.parametrize(("zone", "now"), [("America/New_York", "2026-11-23T14:10+00:00"), ("", "2026-11-23T09:10")])
def test_the_clock_of_the_business_decides(tmp_path: Path, zone: str, now: str) -> None:
    create(tmp_path / DATABASE, Practice(time_zone=zone))
    found = Desk(tmp_path, now=datetime.fromisoformat(now)).find()
    assert ids(found["slots"])[0] == "2026-11-23T09:30"


def test_a_caller_elsewhere_hears_what_their_own_clock_shows(tmp_path: Path) -> None:
    create(tmp_path / DATABASE, Practice(time_zone="America/New_York"))
    found = Desk(tmp_path).find(date="2026-11-24", time_zone="Europe/Paris")
    assert found["slots"][0]["for_the_caller"] == "Tuesday November 24 at 3 PM"
    assert "no time zone 'Mars'" in Desk(tmp_path).find(time_zone="Mars")["error"]


def test_an_hour_that_the_clocks_leave_out_is_never_offered() -> None:
    nights = Practice(hours={6: (time(1), time(4))}, time_zone="America/New_York")
    starts = [f"{start:%H:%M}" for start in nights.slots(date(2026, 3, 8))]
    assert starts == ["01:00", "01:30", "03:00", "03:30"]


def test_far_dates_are_refused(tmp_path: Path) -> None:
    assert "60 days ahead" in Desk(tmp_path).find(date="2028-01-01")["error"]


def test_a_caller_s_words_are_data(tmp_path: Path) -> None:
    name = "Robert'); DROP TABLE appointments;--"
    assert Desk(tmp_path).book(slot_id="2026-11-24T10:00", name=name)["booked"]
    assert booking_rows(tmp_path / DATABASE)[0]["name"] == name


def test_a_business_has_its_own_hours_and_services(tmp_path: Path) -> None:
    create(tmp_path / DATABASE, Practice(hours={5: (time(10), time(12))}, slot_minutes=60, services=()))
    desk = Desk(tmp_path)
    assert ids(desk.find(service="anything")["slots"])[:2] == ["2026-11-28T10:00", "2026-11-28T11:00"]
    assert desk.book(slot_id="2026-11-28T11:00", name="Ann", service="a haircut")["service"] == "a haircut"


def test_no_database_means_no_rows(tmp_path: Path) -> None:
    assert booking_rows(tmp_path / DATABASE) == []
    assert not (tmp_path / DATABASE).exists()


def test_a_broken_database_is_an_apology_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"this is no database, whatever its name says" * 100)
    assert "cannot be reached" in Desk(tmp_path).find()["error"]


def test_a_database_that_somebody_holds_is_an_apology_within_the_deadline(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.find()
    holder = sqlite3.connect(tmp_path / DATABASE, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert "cannot be reached" in desk.book(slot_id="2026-11-24T10:00", name="Ann")["error"]
    holder.execute("ROLLBACK")
    holder.close()
    assert desk.book(slot_id="2026-11-24T10:00", name="Ann")["booked"]


def _race(data: Path, number: int, wait: Callable[[], object]) -> None:
    desk = Desk(data, f"call-{number}")
    wait()
    for slot in ("2026-11-24T10:00", "2026-11-24T10:30"):
        desk.book(slot_id=slot, name=f"Caller {number}")


def _one_each(data: Path) -> None:
    assert [row["slot"] for row in booking_rows(data / DATABASE)] == ["2026-11-24T10:00", "2026-11-24T10:30"]


def test_of_many_threads_one_gets_the_slot(tmp_path: Path) -> None:
    barrier = threading.Barrier(8)
    racers = [threading.Thread(target=_race, args=(tmp_path, number, barrier.wait)) for number in range(8)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    _one_each(tmp_path)


def test_of_many_processes_one_gets_the_slot_and_one_makes_the_database(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(4)
    racers = [spawn.Process(target=_race, args=(tmp_path, number, barrier.wait)) for number in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
        assert racer.exitcode == 0
    _one_each(tmp_path)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 5)), max_size=20))
def test_every_slot_is_free_or_has_one_owner(
    tmp_path_factory: pytest.TempPathFactory, wishes: list[tuple[int, int]]
) -> None:
    data = tmp_path_factory.mktemp("desk")
    desks = {number: Desk(data, f"call-{number}") for number in (1, 2, 3)}
    owners: dict[str, str] = {}
    for number, half_hours in wishes:
        slot = f"2026-11-24T{9 + half_hours // 2:02}:{30 * (half_hours % 2):02}"
        booked = desks[number].book(slot_id=slot, name=f"Caller {number}")["booked"]
        assert booked == (owners.setdefault(slot, f"call-{number}") == f"call-{number}")
    assert {str(row["slot"]): row["call_id"] for row in booking_rows(data / DATABASE)} == owners
    free = ids(desks[1].find(date="2026-11-24")["slots"])
    assert not set(free) & set(owners)
