"""The JSON of many runs: one object, the same bytes for the same runs."""

import json
from typing import Any

from simulator.report.as_json import FORMAT, json_pieces
from tests.simulator.report.outcomes import failed, outcome, xfailed
from tests.simulator.report.test_results import results


def text(*outcomes: object, wall_s: float = 2.0, **more: Any) -> str:  # noqa: ANN401 - further keys
    made = results(*outcomes)
    made.wall_s = wall_s
    return "".join(json_pieces(made, more))


def test_one_object_says_what_counts() -> None:
    report = json.loads(text(outcome(), failed(), xfailed()))
    assert report["format"] == FORMAT
    assert report["counts"]["runs"] == 3
    assert report["voice_to_voice_ms"]["p50"] == 900
    assert [run["status"] for run in report["runs"]] == ["passed", "failed", "xfailed"]
    run = report["runs"][1]
    assert run["rerun"] == "offhook simulate barge_in --seed 81723 --until 6500"
    assert run["violations"][0]["at_ms"] == 6_500
    assert run["calls"][0]["turns"][0]["parts_ms"]["endpointing_ms"] == 300
    assert (report["wall_s"], report["realtime_factor"]) == (2.0, 13.5)


def test_of_a_single_run_the_digest_is_its_own() -> None:
    assert json.loads(text(outcome()))["digest"] == outcome().digest


def test_wall_time_apart_the_bytes_are_the_same() -> None:
    one, two = text(outcome(), failed(), wall_s=1.0), text(outcome(), failed(), wall_s=2.0)
    assert one != two
    assert one.partition('"wall_s"')[0] == two.partition('"wall_s"')[0]


def test_no_run_at_all_is_an_object_too() -> None:
    assert json.loads(text())["runs"] == []


def test_further_keys_stand_in_it() -> None:
    assert json.loads(text(outcome(), compare={"new": []}))["compare"] == {"new": []}
