"""The demonstration call: in virtual time, on real sockets, and what is told of it."""

import asyncio
import json
import wave
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from agent.cli import offhook
from agent.config import load_config
from agent.wire_log import wires_path
from simulator.demo.fast import perform_fast
from simulator.demo.live import opened_house, place_call
from simulator.demo.report import edit_distance, report
from simulator.demo.story import KEPT_WIRES, Options, demo_settings
from simulator.demo.voice import contributions, read_caller, split_script
from simulator.emulators import EmulatedProviders
from simulator.replay.core import replay_core
from simulator.replay.recorded import read_recorded
from simulator.replay.shell import replay_shell
from simulator.replay.wires import read_wires
from simulator.script import AfterAgentFinished, HangUp, IfLate, Play, Say
from simulator.speech import silence, speak
from tests.patience import run_patiently
from tools.payments.schema import UTILITY, payments
from tools.store_sqlite import write_sqlite

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def options(home: Path, seed: int = 0) -> Options:
    home.mkdir(parents=True, exist_ok=True)
    return Options(home, home / "call.wav", seed, NOW)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return report(perform_fast(options(tmp_path_factory.mktemp("demo"))))


def test_the_call_comes_to_its_end(told: dict[str, Any]) -> None:
    assert told["outcome"] == "completed"
    assert told["twilio_warnings"] == []


def test_the_appointment_is_in_the_database(told: dict[str, Any]) -> None:
    assert told["booking"]["name"] == "Ada Lovelace"
    assert told["booking"]["slot"] == "2026-11-24T10:00"


def test_every_turn_has_a_ledger_that_adds_up(told: dict[str, Any]) -> None:
    assert len(told["turns"]) == 5
    for turn in told["turns"]:
        assert sum(turn["ledger"].values()) == turn["voice_to_voice_ms"]
        assert turn["caller"]
        assert turn["agent"]


def test_drafts_are_counted_and_turns_say_whether_theirs_was_adopted(told: dict[str, Any]) -> None:
    drafts = told["drafts"]
    assert drafts["made"] == drafts["adopted"] + drafts["dropped"]
    assert drafts["adopted"] == sum(turn["was_drafted"] for turn in told["turns"]) > 0


def test_one_interruption_is_yielded_to_and_one_mm_hmm_is_not(told: dict[str, Any]) -> None:
    assert told["interruptions"] == 1
    assert told["resumed_after_false_alarm"] == 1
    assert told["heard_error_words"] == 0
    assert all("mm-hmm" not in turn["caller"] for turn in told["turns"])


def test_the_recording_has_both_sides(told: dict[str, Any]) -> None:
    with wave.open(told["recording"], "rb") as recording:
        assert recording.getnchannels() == 2
        assert recording.getframerate() == 8_000
        samples = recording.getnframes()
    assert abs(samples / 8 - told["duration_ms"]) < 1_500


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = (perform_fast(options(tmp_path / name, seed=7)) for name in ("one", "two"))
    assert one.trace.read_bytes() == two.trace.read_bytes()
    assert one.recording.read_bytes() == two.recording.read_bytes()


def test_another_seed_still_completes(tmp_path: Path) -> None:
    assert report(perform_fast(options(tmp_path, seed=81_723)))["outcome"] == "completed"


def test_on_real_sockets_a_caller_is_answered(tmp_path: Path) -> None:
    trace = run_patiently(_call_on_real_sockets(tmp_path), speed=5)
    recorded = read_recorded(trace)
    assert replay_core(recorded).is_same
    assert replay_shell(recorded, read_wires(wires_path(trace))).difference is None


async def _call_on_real_sockets(tmp_path: Path) -> Path:
    script = (
        Say("Where are you?", AfterAgentFinished(silence_ms=400)),
        HangUp(AfterAgentFinished(silence_ms=400, if_late=IfLate.HANG_UP)),
    )
    told = options(tmp_path)
    async with EmulatedProviders() as emulated:
        config = load_config(demo_settings(emulated.env, told.data) | KEPT_WIRES)
        async with opened_house(config, told, None) as house:
            performance = await place_call(house, told, script)
            assert house.server.active_calls == 0
    heard = " ".join(word.text for word in performance.caller.heard)
    assert heard.startswith("Hello, this is Willow Street Practice.")
    assert "twelve Willow Street" in heard
    assert performance.call.errors == []
    assert len(asyncio.all_tasks()) == 1
    return performance.trace


def test_the_command_prints_one_object(tmp_path: Path) -> None:
    answer = CliRunner().invoke(offhook, ["demo", "--fast", "--json", "--data", str(tmp_path)])
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.output)
    assert told["outcome"] == "completed"
    assert Path(told["trace"]).is_file()


@pytest.mark.parametrize(
    ("agent", "table", "kept"),
    [
        ("shipments", "shipments", {"number": "471920", "delivery_on": "2026-11-30"}),
        ("dispatch", "incidents", {"place": "airport", "unit_id": 2}),
        ("payments", "payments", {"account": "204517", "amount_cents": 5_000}),
    ],
)
def test_every_agent_completes_its_job_and_shows_its_rows(
    tmp_path: Path, agent: str, table: str, kept: dict[str, object]
) -> None:
    told = report(perform_fast(replace(options(tmp_path), agent=agent)))
    assert told["outcome"] == "completed"
    (row,) = told["rows"][table]
    assert kept.items() <= row.items()
    assert told["booking"] == row


def test_an_outcome_is_what_the_rows_say(tmp_path: Path) -> None:
    performance = perform_fast(replace(options(tmp_path), agent="payments"))
    write_sqlite(UTILITY, tmp_path / UTILITY.file, lambda db: db.execute(update(payments).values(amount_cents=4_999)))
    assert "expected 1 of the rows of payments" in report(performance)["outcome"]


def test_an_agent_without_a_story_is_a_clear_complaint(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text('name = "x"\nprompt = "You help."\n')
    answer = CliRunner().invoke(offhook, ["demo", "--agent", f"{tmp_path}/", "--data", str(tmp_path / "data")])
    assert answer.exit_code == 1
    assert "has no demonstration: write one into" in answer.output
    assert not (tmp_path / "data").exists()


def test_the_command_shows_the_conversation(tmp_path: Path) -> None:
    wav = tmp_path / "both.wav"
    answer = CliRunner().invoke(offhook, ["demo", "--fast", "--data", str(tmp_path), "--record", str(wav)])
    assert answer.exit_code == 0, answer.output
    for shown in ("Ada Lovelace", "[interrupted]", "[the agent talks on]", "book_appointment", "Where the time went"):
        assert shown in answer.output
    assert wav.is_file()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--fast", "--voice"], "exclude each other"),
        (["--record", "no/such/folder/x.wav"], "there is no folder"),
        (["--caller", __file__], "--caller needs --voice"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path: Path, arguments: list[str], complaint: str) -> None:
    answer = CliRunner().invoke(offhook, ["demo", "--data", str(tmp_path), *arguments])
    assert answer.exit_code != 0
    assert complaint in answer.output


def test_a_trace_reads_as_a_conversation(told: dict[str, Any]) -> None:
    answer = CliRunner().invoke(offhook, ["trace", told["trace"]])
    assert answer.exit_code == 0
    assert "BARGE_IN" in answer.output
    assert "voice to voice" in answer.output


def test_no_trace_is_a_clear_complaint(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("nothing of the kind\n")
    answer = CliRunner().invoke(offhook, ["trace", str(tmp_path / "x.jsonl")])
    assert answer.exit_code == 1
    assert "x.jsonl:1: expected one JSON object a line" in answer.output


def test_a_recorded_caller_speaks_contribution_by_contribution() -> None:
    audio = speak("Hello there").audio + silence(1_500) + speak("On Tuesday please").audio
    assert len(contributions(audio)) == 2
    script = split_script(audio)
    assert [type(step) for step in script] == [Play, Play, HangUp]


def test_a_wav_of_any_rate_becomes_telephone_audio(tmp_path: Path) -> None:
    path = tmp_path / "caller.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes(b"\x00\x10\x00\x00" * 16_000)
    assert abs(len(read_caller(path)) - 8_000) <= 2


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [("a b c", "a b c", 0), ("a b", "a b c", 1), ("a x c", "a b c", 1), ("", "a b", 2), ("b c", "a b c", 1)],
)
def test_the_error_in_words_is_the_fewest_changes(one: str, other: str, distance: int) -> None:
    assert edit_distance(tuple(one.split()), tuple(other.split())) == distance
