"""The parcel service: what is told of a shipment, and on which days it may come instead."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.tools.virtual import run
from tools.context import ToolContext
from tools.loading import load_tools
from tools.runner import Runner
from tools.shipments.schema import PARCELS
from tools.store import rows_of

MONDAY = datetime.fromisoformat("2026-11-23T09:00")


def ask(
    data: Path, name: str, /, caller: str = "+15550001111", call_id: str = "call-1", **arguments: object
) -> dict[str, Any]:
    runner = Runner(load_tools("tools.shipments.tools"), ToolContext(call_id, caller, data, lambda: MONDAY))
    answer: dict[str, Any] = json.loads(run(runner.run(name, json.dumps(arguments))).result)
    return answer


def test_a_delayed_shipment_is_told_with_its_reason_and_day(tmp_path: Path) -> None:
    told = ask(tmp_path, "find_shipment", number="471920")
    assert told["answer"] == (
        "It is delayed because snow has closed the road to Denver, and comes on Friday November 27."
    )
    assert (told["status"], told["delivery_date"]) == ("delayed", "2026-11-27")


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("508233", "It is on its way to Austin, and comes on Tuesday November 24."),
        ("613447", "It has been delivered."),
        ("000000", "There is no shipment with that number."),
    ],
)
def test_whatever_became_of_it_is_said_in_a_sentence(tmp_path: Path, number: str, answer: str) -> None:
    assert ask(tmp_path, "find_shipment", number=number)["answer"] == answer


def test_shipments_are_known_by_the_caller_s_number(tmp_path: Path) -> None:
    (mine,) = ask(tmp_path, "find_my_shipments")["shipments"]
    assert mine["number"] == "471920"
    assert ask(tmp_path, "find_my_shipments", caller="+15559999999")["shipments"] == []
    assert ask(tmp_path, "find_my_shipments", caller="")["note"] == "The caller's number is withheld."


def test_a_new_day_is_kept_and_told_from_then_on(tmp_path: Path) -> None:
    for _ in range(2):  # the second time after a crash: nothing is done again
        changed = ask(tmp_path, "change_delivery_date", number="471920", date="2026-11-30")
        assert (changed["changed"], changed["answer"]) == (True, "It comes on Monday November 30.")
    (row,) = [row for row in rows_of(PARCELS, tmp_path, "shipments") if row["call_id"]]
    assert (row["number"], row["delivery_on"], row["call_id"]) == ("471920", "2026-11-30", "call-1")
    assert len(rows_of(PARCELS, tmp_path, "shipments_deeds")) == 1
    assert "comes on Monday November 30" in ask(tmp_path, "find_shipment", number="471920")["answer"]


@pytest.mark.parametrize(
    ("number", "date", "reason"),
    [
        ("471920", "2026-11-24", "It cannot come before Friday November 27."),
        ("471920", "2026-11-29", "We do not deliver on Sundays."),
        ("471920", "2026-12-24", "We keep shipments for 14 days at most."),
        ("613447", "2026-11-30", "It has been delivered already."),
        ("000000", "2026-11-30", "There is no shipment with that number."),
    ],
)
def test_a_day_that_cannot_be_is_refused_with_the_reason(tmp_path: Path, number: str, date: str, reason: str) -> None:
    assert ask(tmp_path, "change_delivery_date", number=number, date=date) == {"changed": False, "reason": reason}
    assert rows_of(PARCELS, tmp_path, "shipments_deeds") == []
