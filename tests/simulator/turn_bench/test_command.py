"""`offhook bench turns`: figures, one call by itself, a call as a script."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from simulator.bench_command import bench as command
from simulator.corpus.reader import corpus
from simulator.corpus.split import Half, half_of
from simulator.runs.one import run_one
from simulator.runs.outcome import Status
from simulator.runs.work import Manner, Work
from simulator.turn_bench.facts import CallFacts, Which
from simulator.turn_bench.measuring import measure
from simulator.turn_bench.running import Wish, named
from tests.simulator.turn_bench.test_figures import KEYS

SAMPLE = sorted(corpus().situations)[::7]
"""The others are run by the bench itself; that all of them make sense is tested with the corpus."""


def bench(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(command, ["turns", *arguments])
    assert result.exit_code == code, result.output
    return result


def values(*arguments: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(bench(*arguments, "--json").stdout)
    return told


@pytest.mark.parametrize("name", SAMPLE)
def test_a_situation_can_be_brought_to_its_end(name: str) -> None:
    facts = measure(Which(name, 2, "scheduling"))
    assert isinstance(facts, CallFacts), facts
    assert facts.trace.agent, "the agent spoke"
    assert 2_000 < facts.simulated_ms < 130_000
    assert [finding for finding in facts.findings if finding.checker.startswith("no-")] == []


def test_the_same_call_has_the_same_facts() -> None:
    which = Which("two_in_a_row", 5, "support")
    assert measure(which) == measure(which)


def test_json_has_each_figure_beside_its_goal() -> None:
    told = values("--only", "stop", "--only", "mm_hmm", "--profile", "scheduling", "--calls", "4", "--worst", "3")
    figures = told["profiles"]["scheduling"]
    assert set(KEYS) <= figures.keys()
    assert (told["half"], told["situations"], figures["calls"]) == ("held-out", 2, 4)
    assert figures["goals"]["yield_rate"]["goal"] == "at least 0.99"
    assert {one["family"] for one in told["worst"]["scheduling"]} <= {"interruptions", "backchannels"}


def test_two_processes_come_to_the_same_figures() -> None:
    arguments = ("--only", "no", "--profile", "dispatch", "--calls", "6")
    alone, together = values(*arguments), values(*arguments, "--jobs", "2")
    assert alone["profiles"] == together["profiles"]


def test_without_names_all_use_cases_are_benched_on_the_held_out_half() -> None:
    calls = Wish(calls=300).all_calls
    assert {which.profile for which in calls} == {*named()}
    assert {half_of(which.name, which.seed) for which in calls} == {Half.HELD_OUT}
    tuning = Wish(calls=300, half=Half.TUNING).all_calls
    assert {half_of(which.name, which.seed) for which in tuning} == {Half.TUNING}


def test_a_family_is_named_like_a_situation() -> None:
    names = {which.name for which in Wish(("scheduling",), only=("tics", "stop")).all_calls}
    families = {corpus().families[name] for name in names - {"stop"}}
    assert "stop" in names
    assert families == {"tics"}


def test_a_call_by_itself_shows_who_spoke_when() -> None:
    told = bench("--only", "stop", "--seed", "1", "--profile", "scheduling").stdout
    assert "stop, seed 1 (held-out), scheduling" in told
    assert "greeting, turn 0: finished" in told
    assert "turn: Stop" in told


def test_a_call_as_a_script_is_the_same_call(tmp_path: Path) -> None:
    text = bench("--only", "a_cough", "--seed", "1", "--profile", "scheduling", "--script").stdout
    path = tmp_path / "cough.toml"
    path.write_text(text, encoding="utf-8")
    first = text.splitlines()[0]
    assert first == "# a_cough, seed 1: run it with `offhook simulate FILE.toml`"
    facts = measure(Which("a_cough", 1, "scheduling"))
    assert isinstance(facts, CallFacts)
    seed = int(next(line for line in text.splitlines() if line.startswith("seed = ")).removeprefix("seed = "))
    outcome = run_one(Work(str(path), range(seed, seed + 1)), seed, Manner(is_slim=False))
    assert outcome.status in (Status.PASSED, Status.FAILED)
    assert outcome.simulated_ms == facts.simulated_ms


def test_the_page_has_the_timelines_of_what_was_missed(tmp_path: Path) -> None:
    page = tmp_path / "turns.html"
    bench("--only", "a_plain_question", "--profile", "payments", "--calls", "1", "--html", str(page))
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_situations_of_ones_own_draw_from_what_the_bundled_ones_share(tmp_path: Path) -> None:
    mine = 'about = "Mine"\n[[situation]]\nname = "ask_me"\nabout = "A question"\ncaller = [{ say = "{ask}" }]\n'
    (tmp_path / "mine.toml").write_text(mine, encoding="utf-8")
    arguments = ("--situations", str(tmp_path), "--profile", "scheduling")
    told = values(*arguments, "--calls", "2", "--worst", "1")
    assert (told["situations"], told["profiles"]["scheduling"]["calls"]) == (1, 2)
    text = bench(*arguments, "--only", "ask_me", "--seed", "0", "--script").stdout
    assert 'about = "A question"' in text
    empty = tmp_path / "empty"
    empty.mkdir()
    complaint = "expected files of situations (*.toml), found none"
    assert complaint in bench("--situations", str(empty), code=2).stderr


def test_the_list_names_every_situation_and_every_source() -> None:
    told = values("--list")
    assert sum(len(family["situations"]) for family in told["families"]) == len(corpus().situations)
    assert all(timing["source"] for timing in told["timings"].values())
    assert "one_word_aside" in bench("--list").stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--only", "stopp"), 'no situation is called "stopp"; did you mean "stop"?'),
        (("--profile", "schedulin"), 'no profile is called "schedulin"; there are '),
        (("--script", "--only", "stop"), "--script prints one call: name it by --only NAME --seed N"),
        (("--html", "/nowhere/page.html", "--only", "stop"), "--html"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_is_run(arguments: tuple[str, ...], complaint: str) -> None:
    assert complaint in bench(*arguments, code=2).stderr
