"""Finding and booking on a real database, also when everybody wants the same slot at once."""

import json
import multiprocessing
import sqlite3
import threading
from collections.abc import Callable
from datetime import datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tools.virtual import run
from tools.appointments import DATABASE, booking_rows, create
from tools.calendar import Practice
from tools.catalog import CATALOG
from tools.context import ToolContext
from tools.runner import Runner

MONDAY_4PM = datetime.fromisoformat("2026-11-23T16:10")


class Desk:
    """One call's tools on a database."""

    def __init__(self, data: Path, call_id: str = "call-1", now: datetime = MONDAY_4PM) -> None:
        self._runner = Runner(CATALOG, ToolContext(call_id, "+15550100", data, lambda: now))

    def find(self, **arguments: object) -> dict[str, Any]:
        return self._ask("find_free_slots", arguments)

    def book(self, **arguments: object) -> dict[str, Any]:
        return self._ask("book_appointment", arguments)

    def _ask(self, name: str, arguments: dict[str, object]) -> dict[str, Any]:
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
