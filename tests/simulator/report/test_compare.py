"""What changed between two reports."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from simulator.report.as_json import json_pieces
from simulator.report.compare import Comparison, compare, read_side, show_comparison, side_of
from simulator.report.written import ReportError
from simulator.runs.outcome import Outcome
from tests.simulator.report.outcomes import call, failed, outcome
from tests.simulator.report.test_results import results


def compared(old: list[Outcome], new: list[Outcome]) -> Comparison:
    return compare(side_of(results(*old).runs), side_of(results(*new).runs))


def shown(comparison: Comparison) -> str:
    out = StringIO()
    show_comparison(Console(file=out, width=140), comparison, Path("old.json"))
    return out.getvalue()


def seeds(script: str, count: int, *, slower_ms: int = 0) -> list[Outcome]:
    return [
        outcome(script, seed, digest=f"{seed}/{slower_ms}", calls=(call(700 + 9 * seed + slower_ms),))
        for seed in range(count)
    ]


def test_scripts_that_changed_sides_are_named() -> None:
    old = [outcome("a"), failed("b"), outcome("gone")]
    new = [failed("a"), outcome("b"), outcome("new")]
    found = compared(old, new)
    assert (found.newly_failing, found.newly_passing, found.new, found.gone) == (["a"], ["b"], ["new"], ["gone"])
    text = shown(found)
    assert "newly failing: a" in text
    assert "newly passing: b" in text


def test_one_failing_seed_makes_a_script_fail() -> None:
    found = compared([outcome("a", 0), outcome("a", 1)], [outcome("a", 0), failed("a", 1)])
    assert found.newly_failing == ["a"]


def test_runs_that_went_another_way_are_named() -> None:
    found = compared([outcome("a", 0), outcome("a", 1)], [outcome("a", 0), outcome("a", 1, digest="other")])
    assert (found.common_runs, found.changed_digests) == (2, [("a", 1)])
    assert "1 of 2 runs went another way: a (seed 1)" in shown(found)


def test_the_very_same_is_said_to_be_so() -> None:
    found = compared(seeds("a", 8), seeds("a", 8))
    assert "all 8 runs of both went the very same way" in shown(found)
    assert found.latency is not None
    assert found.latency.word == "the same"


def test_slower_calls_are_found_with_their_interval() -> None:
    found = compared([*seeds("a", 10), *seeds("b", 3)], [*seeds("a", 10, slower_ms=50), *seeds("b", 3)])
    assert found.by_script["a"].word == "slower"
    assert (found.by_script["a"].low_ms, found.by_script["a"].high_ms) == (50, 50)
    assert found.by_script["b"].word == "not enough calls (3, at least 6)"
    row = next(line for line in shown(found).splitlines() if line.startswith("  a "))
    assert row.split()[1:7] == ["740", "790", "+50", "+50", "to", "+50"]
    assert row.endswith("slower")
    values = found.values()
    assert values["scripts"]["a"]["verdict"] == "slower"
    assert values["changed_digests"][0] == {"script": "a", "seed": 0}


def test_runs_of_different_seeds_are_no_runs_in_common() -> None:
    found = compared([outcome("a", 1)], [outcome("a", 2)])
    assert "no run of both has the same script and seed" in shown(found)


def test_an_old_report_is_read_as_it_was_printed(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text("".join(json_pieces(results(outcome("a"), failed("b")))))
    assert read_side(path) == side_of(results(outcome("a"), failed("b")).runs)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("not json", "this is no JSON"),
        ("[1]", "got 'list'"),
        ('{"format": "other"}', "got 'other'"),
        (json.dumps({"format": "offhook-simulate/1"}), "its runs are not whole"),
        (json.dumps({"format": "offhook-simulate/1", "runs": [{"script": "a"}]}), "its runs are not whole"),
        (json.dumps({"format": "offhook-simulate/1", "runs": 3}), "its runs are not whole"),
    ],
)
def test_what_is_no_report_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "old.json"
    path.write_text(text)
    with pytest.raises(ReportError, match=complaint):
        read_side(path)


def test_a_report_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="could not read it: No such file"):
        read_side(tmp_path / "old.json")
