"""What another tuning would have decided: nothing where it is the same, and the moment and meaning where it is not."""

from dataclasses import asdict, replace
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from agent.errors import SettingsError
from fsm.events import Tick
from fsm.profile import Profile
from fsm.state import Mode
from simulator.replay.core import CoreReplay, replay_core
from simulator.replay.other_profile import other_profile
from simulator.replay.recorded import read_recorded
from simulator.replay.tuning import decide_otherwise
from simulator.replay.tuning_view import changes, meaning, summary, told


@pytest.fixture(scope="module")
def replay(demo_trace: Path) -> CoreReplay:
    return replay_core(read_recorded(demo_trace))


def lines(replay: CoreReplay, **values: int) -> list[str]:
    profile = replace(replay.recorded.profile, **values)
    return list(told(decide_otherwise(replay, profile), replay.recorded.began_at))


def test_the_same_tuning_decides_the_same(replay: CoreReplay) -> None:
    assert decide_otherwise(replay, replay.recorded.profile) == ()
    assert lines(replay) == ["every decision would have been the same"]


@given(values=st.fixed_dictionaries({"wait_ms": st.integers(200, 600), "filler_ms": st.integers(300, 3_000)}))
def test_whatever_the_tuning_the_findings_come_in_order_and_can_be_told(
    replay: CoreReplay, values: dict[str, int]
) -> None:
    findings = decide_otherwise(replay, replace(replay.recorded.profile, **values))
    assert [finding.began_at for finding in findings] == sorted(finding.began_at for finding in findings)
    for finding in findings:
        assert finding.recorded != finding.other
        assert meaning(finding)
    turns = [f.turn for f in findings if f.mode is Mode.LISTENING]
    if values["wait_ms"] > 420:
        assert turns == [1, 2, 3, 4, 5], "a longer wait ends every turn later"


def test_more_patience_ends_turns_later_by_as_much(replay: CoreReplay) -> None:
    findings = decide_otherwise(replay, replace(replay.recorded.profile, wait_ms=700))
    assert len(findings) == 5
    for finding in findings:
        assert finding.recorded_end is not None
        assert finding.other_end is not None
        assert isinstance(finding.other_end.event, Tick)
        assert 0 < finding.other_end.at - finding.recorded_end.at <= 300_000_000
    assert "5 turns would have ended at another moment" in "\n".join(summary(findings))


def test_less_patience_cuts_off_who_pauses(replay: CoreReplay) -> None:
    story = "\n".join(lines(replay, quick_wait_ms=120, wait_ms=120, unfinished_wait_ms=200))
    assert 'the model would have been told "No, that is all.", not "No, that is all. Goodbye."' in story
    assert "the caller would have been answered before all was said in turn 5" in story


def test_a_shorter_longest_call_ends_there(replay: CoreReplay) -> None:
    findings = decide_otherwise(replay, replace(replay.recorded.profile, max_call_ms=20_000))
    assert len(findings) == 1
    assert findings[0].other is not None
    assert findings[0].other.at - replay.recorded.began_at == pytest.approx(20_000_000_000, abs=100_000_000)


def test_values_files_and_agents_are_profiles(tmp_path: Path) -> None:
    base = Profile(idle_ms=5_000)
    assert other_profile(["wait_ms=700", "unfinished_wait_ms=1400"], base) == replace(
        base, wait_ms=700, unfinished_wait_ms=1_400
    )
    (tmp_path / "other.toml").write_text("[profile]\nwait_ms = 600\n")
    assert other_profile([str(tmp_path / "other.toml")], base) == replace(base, wait_ms=600)
    (tmp_path / "bare.toml").write_text("wait_ms = 650\n")
    assert other_profile([str(tmp_path / "bare.toml")], base) == replace(base, wait_ms=650)
    (tmp_path / "agent.toml").write_text('name = "a"\nprompt = "b"\n[profile]\nwait_ms = 500\n')
    assert other_profile([str(tmp_path / "agent.toml")], base) == Profile(wait_ms=500)
    assert other_profile(["appointments"], base).idle_ms == 10_000
    assert changes(base, replace(base, wait_ms=500)) == ["wait_ms: 400 -> 500"]
    assert asdict(other_profile([], base)) == asdict(base)


@pytest.mark.parametrize(
    ("one", "complaint"),
    [
        ("wait=700", 'unknown key "wait"; did you mean "wait_ms" (100 to 3000)?'),
        ("wait_ms=soon", "expected a whole number after wait_ms=, got 'soon'"),
        ("wait_ms=1", "wait_ms must lie between 100 and 3000, got 1"),
        ("appointment", "expected a named profile (default, dispatch, payments, scheduling, support), a TOML file"),
        ("no/such.toml", "cannot be read"),
    ],
)
def test_what_is_no_profile_is_told(one: str, complaint: str) -> None:
    with pytest.raises(SettingsError) as error:
        other_profile([one], Profile())
    assert complaint in str(error.value)
    assert f"--profile {one}" in str(error.value)


@pytest.mark.parametrize(("content", "complaint"), [("profile = 3", "expected a table"), ("a =", "not TOML")])
def test_a_file_that_is_no_profile_is_told(tmp_path: Path, content: str, complaint: str) -> None:
    (tmp_path / "x.toml").write_text(content)
    with pytest.raises(SettingsError, match=complaint):
        other_profile([str(tmp_path / "x.toml")], Profile())
