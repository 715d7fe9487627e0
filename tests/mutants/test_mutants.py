"""A few mutants of each kind, as a part of the ordinary tests; `make mutants` hunts them all."""

import pytest

from agent.call import Call
from agent.line import Line
from agent.mouth import Mouth
from agent.playout import Playout
from agent.providers.deepgram_ears import DeepgramEars
from agent.sent_audio import SentAudio
from fsm import barge_in, chart, endpointing, guards, opening, words
from simulator.scenario import bundled
from simulator.simulating import expanded
from tests.mutants.catalogue import MUTANTS
from tests.mutants.hunt import false_alarm, hunt, main

QUICK = {
    "clear_forgotten": "clear-first",
    "late_audio_accepted": "dead-words",
    "lost_tail": "samples",
    "flushed_mark_counts": "playout-clock",
    "deadline_not_cleared": "deadlines",
    "tool_retried_twice": "effect-once",
    "booked_by_each_callback": "charged-once",
}
"""Mutants that are caught in the first run, and a checker that must be among those who do."""


PATCHED = (Call, Line, Mouth, Playout, DeepgramEars, SentAudio, barge_in, chart, endpointing, guards, opening, words)
"""Where mutants change something."""


@pytest.mark.parametrize("name", QUICK)
def test_a_planted_bug_is_caught(name: str) -> None:
    catch = hunt(MUTANTS[name])
    assert QUICK[name] in catch.by


def test_scripts_hold_where_nothing_is_planted() -> None:
    assert [false_alarm(script) for script in ("no_clear", "many_coughs")] == ["", ""]


def test_there_are_mutants_of_all_kinds_and_their_scripts_exist() -> None:
    assert len(MUTANTS) >= 20
    assert {script for mutant in MUTANTS.values() for script in mutant.scripts} <= {*bundled(), *expanded(["agents"])}
    assert all(mutant.bug and mutant.scripts for mutant in MUTANTS.values())


def test_a_bug_is_gone_once_the_hunt_is_over() -> None:
    before, rows = [dict(vars(owner)) for owner in PATCHED], dict(chart.TABLE)
    for mutant in MUTANTS.values():
        with mutant.plant():
            pass
    assert [dict(vars(owner)) for owner in PATCHED] == before
    assert rows == chart.TABLE


def test_a_mutant_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no_such_bug"]) == 2
    assert "no_such_bug" in capsys.readouterr().out
