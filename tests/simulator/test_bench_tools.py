"""`offhook bench tools` measures every kind of tool, effects in a real journal included."""

import json

import pytest
from click.testing import CliRunner

from agent.cli import offhook


def test_it_measures_each_kind_of_tool() -> None:
    answer = CliRunner().invoke(offhook, ["bench", "tools", "--json", "--runs", "100", "--questions", "3"])
    told = json.loads(answer.output)
    kinds = ("", "plain_", "waiting_", "effect_", "waiting_effect_")
    for figure in ("overhead_ms", "overhead_cpu_ms"):
        for kind in kinds:
            assert 0 < told[f"{kind}{figure}_p50"] <= told[f"{kind}{figure}_p99"]
    for way in ("asked", "kept"):
        assert (told[f"question_{way}_calls"], told[f"question_{way}_unanswered"]) == (3, 0)
        assert 0 < told[f"question_{way}_voice_to_voice_ms_p50"] <= told[f"question_{way}_answer_ms_p95"]
    assert 0 < told["cached_ms_p50"] <= told["cached_ms_p99"]
    if told["redis_ms_p50"] is None:
        assert any("Redis" in note for note in told["notes"])
    else:
        assert told["redis_ms_p50"] <= told["redis_ms_p99"]


@pytest.mark.parametrize("runs", ["0", "many"])
def test_a_wrong_number_of_runs_is_refused(runs: str) -> None:
    assert CliRunner().invoke(offhook, ["bench", "tools", "--runs", runs]).exit_code == 2


def test_a_reader_is_told_whether_the_goal_is_met() -> None:
    answer = CliRunner().invoke(offhook, ["bench", "tools", "--runs", "100", "--questions", "1"])
    assert "goal: overhead_ms_p99 of 1 ms at most: m" in answer.output
