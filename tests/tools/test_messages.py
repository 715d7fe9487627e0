"""Messages for somebody of the house: each stands in the database once, with whom to call back."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from tests.tools.virtual import run
from tools.catalog import CATALOG
from tools.context import ToolContext
from tools.messages import MESSAGES, messages, take_message
from tools.registry import Registry
from tools.runner import Runner
from tools.store import SQLITE


def runner(data: Path, caller: str = "+15550001111") -> Runner:
    context = ToolContext("CA1", caller, data, lambda: datetime.fromisoformat("2026-11-23T09:00+01:00"))
    return Runner(Registry([take_message]), context)


def rows(data: Path) -> list[dict[str, str]]:
    def find(db: Connection) -> list[dict[str, str]]:
        return [dict(row) for row in db.execute(select(messages)).mappings()]

    return run(SQLITE.read(MESSAGES, data, find))


def test_a_message_is_kept_with_who_left_it_and_whom_to_call_back(tmp_path: Path) -> None:
    told = run(runner(tmp_path).run("take_message", '{"text": "The heating is broken.", "sender": "Ada"}'))
    assert json.loads(told.result) == {"taken": True, "call_back": "+15550001111"}
    (row,) = rows(tmp_path)
    assert (row["call_id"], row["sender"], row["text"]) == ("CA1", "Ada", "The heating is broken.")
    assert row["taken_at"] == "2026-11-23T09:00:00+01:00"


def test_the_same_message_twice_in_a_call_is_one(tmp_path: Path) -> None:
    it = runner(tmp_path)
    for _ in range(2):
        told = run(it.run("take_message", '{"text": "Call me.", "sender": "Ada", "call_back": "555 000 2222"}'))
        assert json.loads(told.result)["call_back"] == "555 000 2222"
    assert len(rows(tmp_path)) == 1


@pytest.mark.parametrize(
    "wrong", ['{"text": "", "sender": "Ada"}', '{"text": "Hi", "sender": "Ada", "call_back": "?"}']
)
def test_what_cannot_be_a_message_is_not_taken(tmp_path: Path, wrong: str) -> None:
    assert run(runner(tmp_path).run("take_message", wrong)).failed
    assert rows(tmp_path) == []


def test_agents_take_it_by_its_name() -> None:
    assert CATALOG["take_message"] is take_message
