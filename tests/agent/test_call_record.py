"""What is kept of a call that is over, and how it is shown."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.call_record import CallOutcome, CallRecord, kept_record, make_record
from agent.call_summary import SCHEMA, improver, merged
from agent.cli import offhook
from agent.config import Config, Secret
from simulator.demo.fast import perform_fast
from simulator.demo.story import Options
from tools.journal import FILE, FileJournal

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def paid(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    home = tmp_path_factory.mktemp("calls")
    performance = perform_fast(Options(home, home / "call.wav", 0, NOW, "payments"))
    return home, performance.call.record.sid


def test_what_was_done_and_said_stands_in_the_record(paid: tuple[Path, str]) -> None:
    home, call_id = paid
    record = make_record(home, call_id)
    assert (record.agent, record.outcome, record.turns, record.by) == ("payments", CallOutcome.DONE, 6, "rules")
    assert record.summary == 'The caller said: "Hello, I want to pay my bill.". Done: take payment.'
    assert record.fields["take_payment"]["amount_cents"] == 5_000
    assert "80202" not in json.dumps(record.fields)
    assert kept_record(home, call_id) == record


def test_an_effect_of_which_nobody_knows_is_said_to_be_so(paid: tuple[Path, str], tmp_path: Path) -> None:
    home, call_id = paid
    (entry,) = [each for each in FileJournal(home / FILE).entries() if each.tool == "take_payment"]
    (tmp_path / "traces").mkdir()
    (tmp_path / "traces" / f"{call_id}.jsonl").write_bytes((home / "traces" / f"{call_id}.jsonl").read_bytes())
    assert make_record(tmp_path, call_id).outcome is CallOutcome.ANSWERED
    FileJournal(tmp_path / FILE).begin(replace(entry, fate=None, ended_at=None))
    assert make_record(tmp_path, call_id).outcome is CallOutcome.UNSURE


def test_a_model_puts_it_into_better_words(paid: tuple[Path, str]) -> None:
    home, call_id = paid
    written = {"summary": "They paid fifty dollars.", "wanted": "to pay", "follow_up": "", "mood": "content"}

    def improve(record: CallRecord, told: str) -> CallRecord:
        assert "Caller: Hello, I want to pay my bill." in told
        return merged(record, json.dumps(written), "a-model")

    record = make_record(home, call_id, improve)
    assert (record.summary, record.by, record.outcome) == ("They paid fifty dollars.", "a-model", CallOutcome.DONE)
    assert record.fields["mood"] == "content"
    assert record.fields["take_payment"]["amount_cents"] == 5_000


@pytest.mark.parametrize("text", ["no JSON", "[]", '{"summary": 7}', json.dumps(dict.fromkeys(SCHEMA["required"], 7))])
def test_what_is_no_answer_leaves_the_rules_one(paid: tuple[Path, str], text: str) -> None:
    home, call_id = paid
    assert make_record(home, call_id, lambda record, _: merged(record, text, "a-model")).by == "rules"


def test_a_model_is_asked_only_where_there_is_a_real_one() -> None:
    assert improver(Config()) is None
    assert improver(Config(groq_api_key=Secret("k"), groq_base_url="http://127.0.0.1:9")) is None
    assert improver(Config(groq_api_key=Secret("k"))) is not None


def test_calls_are_listed_and_shown(paid: tuple[Path, str]) -> None:
    home, call_id = paid
    make_record(home, call_id)
    listed = CliRunner().invoke(offhook, ["calls", "--data", str(home), "--json"])
    assert json.loads(listed.output)["call_id"] == call_id
    assert call_id[:12] in CliRunner().invoke(offhook, ["calls", "--data", str(home)]).output
    shown = CliRunner().invoke(offhook, ["calls", "show", call_id[:8], "--data", str(home), "--json"])
    assert json.loads(shown.output)["outcome"] == "done"
    wrong = CliRunner().invoke(offhook, ["calls", "show", "CAnone", "--data", str(home)])
    assert (wrong.exit_code, "there is no such call" in wrong.output) == (1, True)


def test_no_calls_are_no_table(tmp_path: Path) -> None:
    assert "no calls yet" in CliRunner().invoke(offhook, ["calls", "--data", str(tmp_path)]).output
