"""The breakdown service: how urgent it is, who is sent, and that no unit is ever sent twice."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tools.virtual import run
from tools.call_line import CallerLeftError, CallerSpokeError, CallLine
from tools.context import ToolContext, ToolError, ToolFailed
from tools.dispatch.schema import SERVICE
from tools.loading import load_tools
from tools.runner import Runner
from tools.store import rows_of

MONDAY = datetime.fromisoformat("2026-11-23T09:00")
PLACES = ("harbour", "old town", "airport", "university", "north bridge")


class Driver:
    """One caller, at a moment of the day."""

    def __init__(
        self,
        data: Path,
        number: int = 1,
        after_minutes: int = 0,
        caller: str = "+15550001111",
        line: "Line | None" = None,
    ) -> None:
        now = MONDAY + timedelta(minutes=after_minutes)
        ports: dict[type, Any] = {} if line is None else {CallLine: line}
        context = ToolContext(f"call-{number}", caller, data, lambda: now, ports=ports)
        self._runner = Runner(load_tools("tools.dispatch.tools"), context)

    def ask(self, name: str, /, **arguments: object) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(run(self._runner.run(name, json.dumps(arguments))).result)
        return answer

    def send(self, place: str, urgency: str = "normal") -> dict[str, Any]:
        return self.ask("send_unit", place=place, trouble="battery", urgency=urgency)


@dataclass
class Line:
    """A line on which a transfer ends so; `briefings` are those that were given."""

    ends: list[str | Exception] = field(default_factory=list)
    people: Sequence[str] = ("dispatcher",)
    briefings: list[str] = field(default_factory=list)

    async def transfer(self, to: str, briefing: str) -> str:
        assert to == "dispatcher"
        self.briefings.append(briefing)
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end


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


def outcomes(data: Path) -> list[object]:
    return [row["outcome"] for row in rows_of(SERVICE, data, "handovers")]


def test_a_person_hears_what_it_is_about_and_has_the_caller(tmp_path: Path) -> None:
    line = Line(["connected"])
    told = Driver(tmp_path, line=line).ask("hand_over", reason="emergency", place="the harbour")
    assert (told["outcome"], "answer" in told) == ("connected", False)
    assert line.briefings == ["An emergency: somebody is hurt. They are at: the harbour."]
    assert outcomes(tmp_path) == ["connected"]


@pytest.mark.parametrize("end", ["no-answer", "busy", "declined", ToolError("refused"), ToolFailed("no answer")])
def test_where_nobody_takes_the_call_the_driver_is_called_back(tmp_path: Path, end: str | Exception) -> None:
    told = Driver(tmp_path, line=Line([end])).ask("hand_over", reason="no unit")
    assert told["answer"].startswith("Nobody can take the call right now. A colleague of ours calls you back")
    assert outcomes(tmp_path) == [end if isinstance(end, str) else "not connected"]


def test_who_speaks_before_they_are_handed_over_is_asked_again_and_may_be_then(tmp_path: Path) -> None:
    driver = Driver(tmp_path, line=Line([CallerSpokeError("The caller spoke instead."), "connected"]))
    assert "spoke" in driver.ask("hand_over", reason="wants a person")["error"]
    assert driver.ask("hand_over", reason="wants a person")["outcome"] == "connected"
    assert outcomes(tmp_path) == ["withdrawn", "connected"]


def test_who_hangs_up_while_it_rings_is_called_back(tmp_path: Path) -> None:
    Driver(tmp_path, line=Line([CallerLeftError("gone")])).ask("hand_over", reason="other")
    assert outcomes(tmp_path) == ["caller left"]


def test_who_cannot_be_called_back_is_connected_or_told_whom_to_dial(tmp_path: Path) -> None:
    told = Driver(tmp_path, caller="", line=Line(["busy"])).ask("hand_over", reason="emergency")
    assert told["answer"] == (
        "Nobody can take the call right now. If anybody is in danger, hang up and dial nine one one."
    )
    nobody = Driver(tmp_path, 2, caller="", line=Line(people=())).ask("hand_over", reason="emergency")
    assert "withheld" in nobody["error"]


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
