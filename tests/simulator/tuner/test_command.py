"""`offhook tune` from end to end: recorded and simulated calls, the files it writes, what it refuses."""

import json
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from agent.cli import offhook
from fsm.profile import Profile
from simulator.replay.other_profile import other_profile
from tests.simulator.tuner.recorded_calls import WHOLE, RecordedCall, record, record_many

BOUND = "--max-cutoffs=12%"


def tune(*words: str | Path) -> Result:
    return CliRunner().invoke(offhook, ["tune", "--date", "2026-11-29", *map(str, words)])


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded")
    record_many(folder, calls=44, pause_ms=830, profile=Profile(wait_ms=700, drafts=0))
    (folder / "CA0000.wires.jsonl").write_text("no trace, and none is expected\n")
    return folder


@pytest.fixture(scope="module")
def written(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    files: list[str | Path] = [
        "--out",
        folder / "mine.toml",
        "--svg",
        folder / "curve.svg",
        "--html",
        folder / "page.html",
    ]
    result = tune(recorded, BOUND, "--json", *files)
    assert result.exit_code == 0, result.output
    (folder / "told.json").write_text(result.stdout)
    return folder


def test_its_json_has_the_curve_the_choice_and_how_sure_it_is(written: Path) -> None:
    told = json.loads((written / "told.json").read_text())
    (tuned,) = told["profiles"].values()
    assert (told["calls"], told["turns"]) == (44, 176)
    assert tuned["chosen"]["wait_ms"] == 500
    assert tuned["max_cut_off_rate"] == 0.12
    assert tuned["chosen"]["test"]["cut_off_rate"] == 0
    assert tuned["before"]["tuning"]["turns"] + tuned["before"]["test"]["turns"] == 176
    low, high = tuned["before"]["test"]["delay_ms_mean_95"]
    assert low <= tuned["before"]["test"]["delay_ms_mean"] <= high
    assert set(told["named"]) == {"dispatch", "payments", "scheduling", "support"}
    assert "confirm_ms, sustained_ms, late_words_ms" in told["cannot_tell"]


def test_the_chosen_profile_loads_as_one_and_says_by_what_it_was_chosen(written: Path) -> None:
    path = written / "mine.toml"
    assert other_profile([str(path)], Profile()).wait_ms == 500
    text = path.read_text()
    assert "# How patient: chosen by offhook" in text
    assert "on 2026-11-29, seed 0" in text
    assert "176 turns of 44 calls" in text
    assert tomllib.loads(text)["profile"]["base"] == "default"
    assert tomllib.loads(text)["profile"]["drafts"] == 0, "as it was recorded"


def test_an_agent_can_be_given_the_chosen_profile(written: Path, tmp_path: Path) -> None:
    agent = tmp_path / "agent.toml"
    agent.write_text(f'name = "a"\nprompt = "b"\n{(written / "mine.toml").read_text()}')
    assert other_profile([str(agent)], Profile()).wait_ms == 500


def test_the_pictures_need_nobody(written: Path) -> None:
    picture = ElementTree.parse(written / "curve.svg").getroot()  # noqa: S314 - our own file
    texts = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert "recorded calls: 176 turns of 44 calls" in texts
    for circle in picture.iter("{http://www.w3.org/2000/svg}circle"):
        assert 0 < float(circle.attrib["cx"]) < 760
        assert 0 < float(circle.attrib["cy"]) < 420
    page = (written / "page.html").read_text()
    assert "<svg" in page
    assert "src=" not in page
    assert "href=" not in page


def test_png_is_drawn_where_matplotlib_is(recorded: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="an extra")
    few = sorted(recorded.glob("CA000?.jsonl"))
    result = tune(*few, BOUND, "--png", tmp_path / "curve.png")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_calls_and_seed_tell_the_same(recorded: Path) -> None:
    few = sorted(recorded.glob("CA000?.jsonl"))
    assert tune(*few, BOUND, "--json").stdout == tune(*few, BOUND, "--json").stdout


def test_people_read_a_table_and_what_the_calls_cannot_tell(recorded: Path) -> None:
    few = sorted(recorded.glob("CA000?.jsonl"))
    result = tune(*few, BOUND, "--profile", "dispatch")
    assert result.exit_code == 0, result.output
    assert "recorded calls: 40 turns of 10 calls" in result.stdout
    assert "chosen" in result.stdout
    assert "turns needed to tell 12 % from 24 %" in " ".join(result.stdout.split())
    assert "Not tuned: hush_ms, duck_db" in result.stdout


def test_too_few_calls_write_no_profile_unless_it_is_insisted_on(recorded: Path, tmp_path: Path) -> None:
    few, out = sorted(recorded.glob("CA000?.jsonl")), tmp_path / "mine.toml"
    refused = tune(*few, BOUND, "--out", out)
    assert refused.exit_code == 1
    assert "fewer than the" in refused.stderr
    assert "--anyway" in refused.stderr
    assert not out.exists()
    assert tune(*few, BOUND, "--out", out, "--anyway").exit_code == 0
    assert "# Doubt: " in out.read_text()
    assert other_profile([str(out)], Profile()).wait_ms >= 400


def test_a_single_call_cannot_both_choose_and_test(recorded: Path) -> None:
    result = tune(recorded / "CA0001.jsonl")
    assert result.exit_code == 0, result.output
    assert "recorded calls: 4 turns of 1 call\n" in result.stdout
    assert "fewer than the 257 turns needed to tell 3 % from 6 %" in " ".join(result.stdout.split())


def test_simulated_scripts_are_tuned_as_well(tmp_path: Path) -> None:
    script = tmp_path / "hours.toml"
    script.write_text(
        'about = "a"\ncaller = [{ say = "When are you [500 ms] open?" }]\n[model]\nreplies = ["From nine to five."]\n'
    )
    result = tune("--scripts", script, "--seeds", "3", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["calls"], told["turns"]) == (3, 3)
    before = told["profiles"]["scheduling"]["before"]
    assert before["tuning"]["turns"] + before["test"]["turns"] == 3
    assert before["tuning"]["cut_offs"] + before["test"]["cut_offs"] == 0


def test_the_corpus_is_tuned_on_the_half_that_is_for_it(tmp_path: Path) -> None:
    result = tune("--corpus", "--only", "after_um", "--calls", "4", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    before = told["profiles"]["scheduling"]["before"]
    assert (before["tuning"]["calls"], before["test"]["calls"]) == (2, 2)


# --- what it refuses -----------------------------------------------------------------------------------------------


def foreign(folder: Path) -> Path:
    path = folder / "foreign.jsonl"
    path.write_text('{"hello": "world"}\n')
    return path


def hidden(folder: Path) -> Path:
    call = RecordedCall(folder, "CAhidden", is_redacted=True)
    call.say(call.listen() + 500, WHOLE)
    return call.end()


def changed(folder: Path) -> Path:
    path = record(folder, "CAchanged", [WHOLE])
    path.write_text(path.read_text().replace("Tuesday is fine.", "Friday is fine.", 1))
    return path


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (foreign, 'foreign.jsonl:1: expected "kind" and "at_ns"; is this a trace?'),
        (hidden, "this trace hides what was said"),
        (changed, "it was changed since it was recorded"),
        (lambda folder: folder / "missing.jsonl", "could not read it: No such file"),
        (lambda folder: folder, "expected traces of calls (*.jsonl) in this folder, found none"),
    ],
)
def test_what_is_no_trace_to_judge_is_told(make: object, complaint: str, tmp_path: Path) -> None:
    assert callable(make)
    result = tune(make(tmp_path))
    assert result.exit_code == 2
    assert complaint in result.stderr


def test_what_else_lies_in_a_folder_is_told_and_left_alone(tmp_path: Path) -> None:
    record(tmp_path, "CA1", [WHOLE])
    foreign(tmp_path)
    result = tune(tmp_path, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["calls"] == 1
    assert "is this a trace?" in told["broken"][0]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "expected traces or folders of them, or --scripts, or --corpus"),
        (["--corpus", "--scripts", "booking"], "one of the three"),
        (["--scripts", "booking", "--only", "pauses"], "they need --corpus"),
        (["--corpus", "--only", "pauzes"], 'no situation is called "pauzes"'),
        (["--scripts", "no_such_script"], "no_such_script"),
        (["--corpus", "--profile", "schedulling"], "expected a named profile"),
        (["--corpus", "--max-cutoffs", "0.03"], "expected a percentage from 0.1 to 50, such as 3%, got 0.03"),
        (["--corpus", "--max-cutoffs", "few"], "such as 3%, got few"),
        (["--corpus", "--out", "no/such/folder/x.toml"], "expected an existing folder"),
        (["--corpus", "--out", "x.toml", "--profile", "support", "--profile", "dispatch"], "name one --profile"),
    ],
)
def test_options_that_cannot_be_are_told_before_anything_runs(words: list[str], complaint: str) -> None:
    result = tune(*words)
    assert result.exit_code == 2
    assert complaint in result.stderr
