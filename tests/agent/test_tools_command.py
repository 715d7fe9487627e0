"""`offhook tools`: what an agent may do, and what became of what it did."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.cli import offhook
from tests.tools.test_journal import ENTRY
from tools.journal import FILE, FileJournal
from tools.outcome import Fate

GONE = replace(ENTRY, pid=2**22 + 1, arguments='{"euros":5}')


def tools(*arguments: str) -> Result:
    return CliRunner().invoke(offhook, ["tools", *arguments], env={"OFFHOOK_AGENT": "", "OFFHOOK_DATA": ""})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    journal = FileJournal(tmp_path / FILE)
    journal.begin(GONE)
    journal.begin(replace(GONE, key="j.1", intent="j", begun_at="2026-11-23T09:01:00"))
    journal.end("j.1", Fate.DONE, "2026-11-23T09:01:01")
    return tmp_path


def test_an_agents_tools_are_listed() -> None:
    answer = tools("list")
    assert "find_free_slots(date, part_of_day, service, time_zone)  pure, 1000 ms" in answer.output
    told = [json.loads(line) for line in tools("list", "--json", "--agent", "appointments").output.splitlines()]
    assert [(one["name"], one["kind"]) for one in told] == [
        ("find_free_slots", "pure"),
        ("book_appointment", "effect"),
        ("find_my_appointments", "pure"),
        ("move_appointment", "effect"),
        ("cancel_appointment", "effect"),
        ("hang_up", "effect"),
    ]
    assert told[1]["on_failure"].startswith("I could not confirm")


def test_an_agent_that_is_not_there_is_named() -> None:
    answer = tools("list", "--agent", "appointment")
    assert answer.exit_code == 1
    assert "did you mean 'appointments'" in answer.output


def test_the_journal_is_listed_oldest_first(data: Path) -> None:
    first, second = tools("journal", "--data", str(data)).output.splitlines()
    assert first.split()[:4] == ["2026-11-23T09:00:00", "unsettled", "pay", '{"euros":5}']
    assert second.split()[:3] == ["2026-11-23T09:01:00", "done", "pay"]
    (line,) = tools("journal", "--unsettled", "--json", "--data", str(data)).output.splitlines()
    told = json.loads(line)
    assert (told["key"], told["fate"]) == ("i.1", "unsettled")


def test_where_nothing_was_done_that_is_said(tmp_path: Path) -> None:
    assert f"{tmp_path / FILE}: no unsettled effects" in tools("journal", "--unsettled", "--data", str(tmp_path)).output
    assert not (tmp_path / FILE).exists()


def test_somebody_who_looked_says_what_became_of_it(data: Path) -> None:
    assert tools("settle", "i.1", "not-done", "--data", str(data)).output == "pay of call call-1: not done\n"
    assert "no unsettled effects" in tools("journal", "--unsettled", "--data", str(data)).output
    assert "not done (hand)" in tools("journal", "--data", str(data)).output


@pytest.mark.parametrize(
    ("key", "fate", "code", "told"),
    [
        ("j.1", "not-done", 1, "j.1 is settled already: done"),
        ("k.1", "done", 1, "has no effect k.1; `offhook tools journal --unsettled` lists them"),
        ("i.1", "perhaps", 2, "'perhaps' is not one of 'done', 'not-done'"),
    ],
)
def test_what_cannot_be_settled_is_refused(data: Path, key: str, fate: str, code: int, told: str) -> None:
    answer = tools("settle", key, fate, "--data", str(data))
    assert answer.exit_code == code
    assert told in answer.output


def test_a_damaged_journal_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all" * 100)
    for command in (["journal"], ["settle", "i.1", "done"]):
        answer = tools(*command, "--data", str(tmp_path))
        assert answer.exit_code == 1
        assert "cannot be read" in answer.output
