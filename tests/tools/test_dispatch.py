"""The breakdown service: how urgent it is, who is sent, and that no unit is ever sent twice."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tools.virtual import run
from tools.context import ToolContext
from tools.dispatch.schema import SERVICE
from tools.loading import load_tools
from tools.runner import Runner
from tools.store import rows_of

MONDAY = datetime.fromisoformat("2026-11-23T09:00")
PLACES = ("harbour", "old town", "airport", "university", "north bridge")


class Driver:
    """One caller, at a moment of the day."""

    def __init__(self, data: Path, number: int = 1, after_minutes: int = 0, caller: str = "+15550001111") -> None:
        now = MONDAY + timedelta(minutes=after_minutes)
        context = ToolContext(f"call-{number}", caller, data, lambda: now)
        self._runner = Runner(load_tools("tools.dispatch.tools"), context)

    def ask(self, name: str, /, **arguments: object) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(run(self._runner.run(name, json.dumps(arguments))).result)
        return answer

    def send(self, place: str, urgency: str = "normal") -> dict[str, Any]:
        return self.ask("send_unit", place=place, trouble="battery", urgency=urgency)


@pytest.mark.parametrize(
    ("trouble", "danger", "urgency", "following"),
    [
        ("battery", "none", "normal", "send_unit"),
        ("battery", "in traffic", "urgent", "send_unit"),
        ("accident", "none", "urgent", "send_unit"),
        ("battery", "somebody is hurt", "emergency", "hand_over"),
        ("accident", "somebody is hurt", "emergency", "hand_over"),
    ],
)
def test_danger_comes_before_trouble(tmp_path: Path, trouble: str, danger: str, urgency: str, following: str) -> None:
    told = Driver(tmp_path).ask("assess", trouble=trouble, danger=danger)
    assert (told["urgency"], told["next"]) == (urgency, following)


def test_the_nearest_unit_is_sent_and_then_the_next_nearest(tmp_path: Path) -> None:
    assert (
        Driver(tmp_path, 1).ask("find_units", place="the airport")["answer"]
        == "The nearest unit needs about 7 minutes."
    )
    sent = [Driver(tmp_path, number).send("airport")["unit"] for number in range(4)]
    assert sent[0] == "Unit two"
    assert sorted(sent) == ["Unit four", "Unit one", "Unit three", "Unit two"]
    assert Driver(tmp_path, 5).ask("find_units", place="airport")["free"] == 0
    none_left = Driver(tmp_path, 5).send("airport")
    assert (none_left["sent"], none_left["next"]) == (False, "hand_over")


def test_a_unit_comes_back_when_its_time_is_over(tmp_path: Path) -> None:
    assert Driver(tmp_path, 1).send("airport")["unit"] == "Unit two"
    assert Driver(tmp_path, 2, after_minutes=44).send("airport")["unit"] != "Unit two"
    assert Driver(tmp_path, 3, after_minutes=45).send("airport")["unit"] == "Unit two"


def test_a_place_that_is_none_is_told_with_those_there_are(tmp_path: Path) -> None:
    assert "Places: airport, harbour" in Driver(tmp_path).send("the moon")["error"]
    assert rows_of(SERVICE, tmp_path, "incidents") == []


def test_who_wants_a_person_is_called_back(tmp_path: Path) -> None:
    driver = Driver(tmp_path)
    for _ in range(2):
        assert driver.ask("hand_over", reason="emergency")["handed_over"]
    (row,) = rows_of(SERVICE, tmp_path, "handovers")
    assert (row["reason"], row["caller"], row["call_id"]) == ("emergency", "+15550001111", "call-1")
    assert "withheld" in Driver(tmp_path, 2, caller="").ask("hand_over", reason="emergency")["error"]


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from(PLACES), st.sampled_from(["urgent", "normal"])), max_size=12)
)
def test_no_unit_is_ever_at_two_places(
    tmp_path_factory: pytest.TempPathFactory, calls: list[tuple[int, str, str]]
) -> None:
    data = tmp_path_factory.mktemp("dispatch")
    clock = 0
    for number, (minutes, place, urgency) in enumerate(calls):
        clock += minutes
        Driver(data, number, clock).send(place, urgency)
    away: dict[object, str] = {}
    for row in rows_of(SERVICE, data, "incidents"):
        assert away.get(row["unit_id"], "") <= str(row["sent_at"])
        away[row["unit_id"]] = str(row["busy_until"])
