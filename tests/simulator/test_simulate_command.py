"""`offhook simulate`: what it shows, writes and answers with."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from simulator import simulating
from simulator.faults.catalogue import CATALOGUE
from simulator.runs.many import Outcomes, RunOne
from simulator.runs.outcome import Outcome, Status, Violation
from simulator.runs.work import Manner, Work
from simulator.scenario import bundled
from simulator.simulate_command import simulate
from tests.simulator.report.outcomes import failed, outcome, xfailed

SCRIPT = """
about = "Somebody asks, is answered and hangs up"
caller = [{ say = "What times do you have on Tuesday?" }, { hang_up = true }]
[model]
replies = ["I have nine and ten."]
[expect]
heard = ["nine and ten"]
"""

Play = Callable[[Work, int], Outcome]


def offhook(*arguments: object) -> Result:
    return CliRunner().invoke(simulate, [str(argument) for argument in arguments])


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "asks.toml"
    path.write_text(SCRIPT)
    return path


class Stage:
    """Runs that are only told, and what they were asked to be."""

    def __init__(self) -> None:
        self.works: Sequence[Work] = ()
        self.manner = Manner()
        self.jobs = 0
        self.play: Play = lambda work, seed: outcome(work.name, seed)

    def run_many(self, works: Sequence[Work], manner: Manner, jobs: int, run_it: RunOne) -> Outcomes:
        self.works, self.manner, self.jobs = works, manner, jobs
        yield from (self.play(work, seed) for work in works for seed in work.seeds)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = Stage()
    monkeypatch.setattr(simulating, "run_many", made.run_many)
    return made


# --- real runs -----------------------------------------------------------------------------------------------------


def test_a_script_of_ones_own_runs_and_every_report_is_written(script: Path, tmp_path: Path) -> None:
    junit, html = tmp_path / "out.xml", tmp_path / "out.html"
    answer = offhook(script, "--json", "--junit", junit, "--html", html, "--keep", tmp_path / "traces")
    assert (answer.exit_code, answer.stderr) == (0, "")
    report = json.loads(answer.stdout)
    (run,) = report["runs"]
    assert (run["script"], run["seed"], run["status"]) == ("asks", 0, "passed")
    assert report["digest"] == run["digest"]
    assert len(run["calls"][0]["latencies_ms"]) == 1
    assert Path(run["calls"][0]["trace"]).exists()
    assert ElementTree.parse(junit).getroot().get("tests") == "1"  # noqa: S314  # our own file
    assert "Somebody asks, is answered and hangs up" in html.read_text()
    assert '["heard",' in html.read_text()


def test_who_spoke_when_is_written_for_the_metrics(script: Path, tmp_path: Path) -> None:
    assert offhook(script, "--turn-traces", tmp_path / "turns").exit_code == 0
    (path,) = (tmp_path / "turns").iterdir()
    trace = json.loads(path.read_text())
    assert (path.name, trace["format"]) == ("asks-0-caller.json", "turn-trace/1")
    assert [one["text"] for one in trace["caller"]] == ["What times do you have on Tuesday?"]


def test_the_same_seed_gives_the_same_json_wall_time_apart(script: Path) -> None:
    one, two = (offhook(script, "--seed", 7, "--json").stdout.partition('"wall_s"')[0] for _ in range(2))
    assert one == two
    assert json.loads(f'{one}"wall_s":0}}')["runs"][0]["seed"] == 7


def test_a_run_can_be_stopped_to_see_its_last_decisions(script: Path) -> None:
    answer = offhook(script, "--until", 5_000)
    assert answer.exit_code == 0
    assert answer.stdout.startswith("asks, seed 0, stopped at 5000 ms: no checker is violated by then")
    _, _, decisions = answer.stdout.partition("the last decisions of caller before 5000 ms\n")
    assert "CONNECTING  CallStarted" in decisions
    assert max(int(line.split()[0]) for line in decisions.splitlines() if " ms " in line) <= 5_000


def test_what_does_not_hold_fails_and_is_shrunk(script: Path, tmp_path: Path) -> None:
    script.write_text(SCRIPT.replace('heard = ["nine and ten"]', 'heard = ["at noon"]'))
    answer = offhook(script, "--shrink", "--keep", tmp_path)
    assert answer.exit_code == 1
    assert "FAILED asks  seed 0" in answer.stdout
    assert f"run it again: offhook simulate {script} --seed 0" in answer.stdout
    smallest = tmp_path / "asks-0-smallest.toml"
    assert f"run it: offhook simulate {smallest}" in answer.stdout
    assert offhook(smallest).exit_code == 1


def test_a_script_whose_answer_is_never_asked_for_is_wrong(script: Path) -> None:
    script.write_text(SCRIPT.replace('["I have nine and ten."]', '["I have nine and ten.", "Never said."]'))
    answer = offhook(script)
    assert answer.exit_code == 2
    assert answer.stderr.startswith("asks: expected the model to be asked for ")


# --- what there is -------------------------------------------------------------------------------------------------


def test_the_list_names_every_bundled_script() -> None:
    listed = json.loads(offhook("--list", "--json").stdout)
    assert [one["script"] for one in listed] == bundled()
    assert all(one["about"] for one in listed)
    text = offhook("--list").stdout
    assert all(name in text for name in bundled())


def test_faults_and_checkers_are_shown_with_what_they_mean() -> None:
    faults = json.loads(offhook("--faults", "--json").stdout)
    assert [one["fault"] for one in faults] == list(CATALOGUE)
    assert all(one["unit"] and one["low"] <= one["default"] <= one["high"] for one in faults)
    assert "stt_stall" in offhook("--faults").stdout
    assert "no silence over 2 s without a cause" in offhook("--checkers").stdout
    assert json.loads(offhook("--checkers", "--json").stdout)[0].keys() == {"checker", "holds"}


def test_the_schema_is_one_for_editors() -> None:
    schema = json.loads(offhook("--schema").stdout)
    assert {"caller", "expect", "faults"} <= schema["properties"].keys()


# --- which runs ----------------------------------------------------------------------------------------------------


FEW = ["booking", "mhm_kills_reply", "slow_model", "two_callers"]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """There are only so many bundled scripts."""
    monkeypatch.setattr(simulating, "bundled", lambda: FEW)


@pytest.mark.usefixtures("few")
def test_without_names_every_bundled_script_runs(stage: Stage) -> None:
    assert offhook().exit_code == 0
    assert [work.script for work in stage.works] == FEW
    assert (stage.jobs, stage.manner) == (1, Manner())


def test_seeds_go_on_from_the_first(stage: Stage, script: Path) -> None:
    answer = offhook(
        "booking", script, "--seed", 5, "--seeds", 3, "--jobs", 2, "--swarm", "--fault", "stt_stall=900@8000"
    )
    assert answer.exit_code == 0
    assert [(work.name, work.seeds) for work in stage.works] == [("booking", range(5, 8)), ("asks", range(5, 8))]
    assert (stage.jobs, stage.manner.is_swarm, stage.manner.faults[0].text) == (2, True, "stt_stall=900@8000")
    assert "2 scripts, 6 runs: 6 passed" in answer.stdout


def test_the_seed_is_the_scripts_own_unless_one_is_named(stage: Stage, script: Path) -> None:
    script.write_text(f"seed = 12\n{SCRIPT}")
    offhook(script)
    assert [work.seeds for work in stage.works] == [range(12, 13)]


def test_timelines_are_kept_only_for_the_page(stage: Stage, tmp_path: Path) -> None:
    offhook("booking")
    assert stage.manner.is_slim
    offhook("booking", "--html", tmp_path / "page.html")
    assert not stage.manner.is_slim


# --- how it ends ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (outcome(), 0),
        (xfailed(), 0),
        (failed(), 1),
        (outcome(status=Status.XPASSED), 1),
        (outcome(status=Status.BROKEN), 1),
        (outcome(status=Status.WRONG, violations=(Violation("script", "never asked"),)), 2),
    ],
    ids=lambda made: str(made.status) if isinstance(made, Outcome) else "",
)
def test_the_exit_code_says_how_it_went(stage: Stage, made: Outcome, code: int) -> None:
    stage.play = lambda work, seed: made
    assert offhook("booking").exit_code == code


def test_ctrl_c_ends_with_what_is_known_by_then(stage: Stage, tmp_path: Path) -> None:
    def play(work: Work, seed: int) -> Outcome:
        if seed == 2:
            raise KeyboardInterrupt
        return outcome(work.name, seed)

    stage.play = play
    junit = tmp_path / "out.xml"
    answer = offhook("booking", "--seeds", 9, "--json", "--junit", junit)
    assert answer.exit_code == 130
    report = json.loads(answer.stdout)
    assert (report["counts"]["runs"], report["is_interrupted"]) == (2, True)
    assert ElementTree.parse(junit).getroot().get("tests") == "2"  # noqa: S314  # our own file


def test_what_changed_since_an_earlier_report_is_told(stage: Stage, tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    old.write_text(offhook("booking", "--seeds", 8, "--json").stdout)
    stage.play = lambda work, seed: failed(work.name, seed)
    answer = offhook("booking", "--seeds", 8, "--compare", old)
    assert answer.exit_code == 1
    assert "newly failing: booking" in answer.stdout
    report = json.loads(offhook("booking", "--seeds", 8, "--compare", old, "--json").stdout)
    assert report["compare"]["newly_failing"] == ["booking"]


def complaints(tmp_path: Path) -> Iterator[tuple[list[str], str]]:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('about = "x"\ncaler = []\n')
    yield ["bokking"], 'did you mean "booking"?'
    yield [str(wrong)], 'did you mean "caller"?'
    yield [str(wrong), "bokking"], 'did you mean "booking"?'
    yield ["booking", str(_copy(tmp_path))], 'two scripts are called "booking"'
    yield ["booking", "--fault", "stt_stal"], "did you mean 'stt_stall'?"
    yield ["booking", "--until", "5000", "--seeds", "2"], "--until stops a single run, these are 2"
    yield ["booking", "--junit", str(tmp_path / "no" / "x.xml")], "expected an existing folder"
    yield ["booking", "--html", str(tmp_path / "no" / "x.html")], "expected an existing folder"
    yield ["booking", "--turn-traces", str(wrong / "x")], "expected a folder that can be made"
    yield ["booking", "--compare", str(wrong)], "this is no JSON"
    yield ["booking", "--seeds", "0"], "Invalid value for '--seeds'"
    yield ["booking", "--compar", "x"], "No such option '--compar'"


def _copy(tmp_path: Path) -> Path:
    path = tmp_path / "booking.toml"
    path.write_text(SCRIPT)
    return path


def test_a_wrong_script_or_option_is_said_before_anything_runs(stage: Stage, tmp_path: Path) -> None:
    for arguments, complaint in complaints(tmp_path):
        before = sorted(tmp_path.iterdir())
        answer = offhook(*arguments)
        assert (answer.exit_code, answer.stdout) == (2, ""), arguments
        assert complaint in answer.stderr
        assert sorted(tmp_path.iterdir()) == before
    assert stage.works == (), "nothing ran"


def test_no_progress_is_drawn_where_nobody_watches(stage: Stage) -> None:
    assert offhook("booking", "--seeds", 5).stderr == ""


@pytest.mark.usefixtures("few")
def test_a_swarm_without_names_draws_the_script_of_each_seed(stage: Stage) -> None:
    offhook("--swarm", "--seeds", 30, "--seed", 100)
    drawn = [(work.script, seed) for work in stage.works for seed in work.seeds]
    assert sorted(seed for _, seed in drawn) == list(range(100, 130))
    assert {script for script, _ in drawn} == set(FEW)
    offhook("--swarm", "--seeds", 30, "--seed", 100)
    assert [(work.script, seed) for work in stage.works for seed in work.seeds] == drawn
