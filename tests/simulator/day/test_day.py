"""A day of calls: every effect exactly once, and whoever does it twice or not at all is found."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.cli import offhook
from simulator.day.callers import ERRANDS
from simulator.day.counting import Count, Told, count_day
from tests.tools.virtual import run
from tools.context import ToolContext
from tools.journal import FILE, FileJournal
from tools.loading import load_tools
from tools.runner import Runner

NOW = datetime.fromisoformat("2026-11-23T09:00")
PAYMENTS = next(errand for errand in ERRANDS if errand.agent == "payments")
HAPPY = Told("call-1", agreed=True, heard_done=True, talk_ms=90_000, was_answered=True)


def pay(data: Path, amount_cents: int, *, written_down: bool = True) -> None:
    """What a call's tools leave behind."""
    journal = FileJournal(data / FILE) if written_down else None
    runner = Runner(load_tools("tools.payments.tools"), ToolContext("call-1", "", data, lambda: NOW), journal=journal)
    arguments = {"account": "204517", "postcode": "80202", "amount_cents": amount_cents}
    run(runner.run("take_payment", json.dumps(arguments)))


def counted(data: Path, told: Told = HAPPY) -> Count:
    return count_day(data, PAYMENTS, [told])


def test_what_was_wanted_and_done_once_is_one_of_each(tmp_path: Path) -> None:
    pay(tmp_path, 2_000)
    count = counted(tmp_path)
    assert (count.calls, count.agreed, count.intents, count.effects) == (1, 1, 1, 1)
    assert (count.duplicates, count.lost, count.not_served) == (0, 0, 0)


def test_an_effect_that_the_journal_does_not_know_is_a_duplicate(tmp_path: Path) -> None:
    pay(tmp_path, 2_000)
    pay(tmp_path, 1_000, written_down=False)
    assert counted(tmp_path).duplicates == 1


def test_what_was_told_or_written_down_as_done_and_is_nowhere_is_lost(tmp_path: Path) -> None:
    assert counted(tmp_path).lost == 1
    pay(tmp_path, 2_000)
    (tmp_path / "payments.db").unlink()
    assert counted(tmp_path, replace(HAPPY, heard_done=False)).lost == 1


def test_who_was_told_of_nothing_done_is_not_served_and_nothing_is_lost(tmp_path: Path) -> None:
    count = counted(tmp_path, replace(HAPPY, heard_done=False))
    assert (count.not_served, count.intents, count.lost) == (1, 0, 0)


def test_a_refusal_is_no_intent(tmp_path: Path) -> None:
    pay(tmp_path, 90_000)
    count = counted(tmp_path, replace(HAPPY, heard_done=False))
    assert (count.refused, count.intents, count.effects, count.lost) == (1, 0, 0, 0)


def test_a_small_day_prints_its_sums() -> None:
    answer = CliRunner().invoke(offhook, ["simulate", "agents", "--day", "4", "--json"])
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.output)
    assert told["calls"] == 4
    assert (told["duplicates"], told["lost"]) == (0, 0)
    assert told["effects"] == told["intents"]


@pytest.mark.parametrize("arguments", [["--day", "8"], ["booking", "--day", "8"]])
def test_a_day_is_a_day_of_the_agents(arguments: list[str]) -> None:
    answer = CliRunner().invoke(offhook, ["simulate", *arguments])
    assert answer.exit_code == 2
    assert "offhook simulate agents --day 340" in answer.output
