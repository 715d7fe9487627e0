"""The search: values that never contradict each other, a curve that nothing beats, the wait that is best."""

from dataclasses import replace
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from fsm.profile import Profile
from simulator.tuner.choice import choose, too_little, turns_needed
from simulator.tuner.deciding import CallTurns, by_lot
from simulator.tuner.judging import Judge, judging
from simulator.tuner.recordings import Heard, heard_in, recordings
from simulator.tuner.search import SWEPT, frontier, set_value, sweep, thinned
from simulator.tuner.tuned import Start, tune
from tests.simulator.tuner.recorded_calls import record_many

PAUSE_MS = 830
"""It is over for the voice detector after 890: with a latency of 400 ms, a wait of 490 does not cut it off."""

BOUND = 0.1

UNDRAFTED = Profile(drafts=0)
"""What was recorded tells then how long answers take."""


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[CallTurns]:
    folder = tmp_path_factory.mktemp("recorded")
    record_many(folder, calls=46, pause_ms=PAUSE_MS, profile=Profile(wait_ms=700, drafts=0))
    heard = [heard_in(one) for one in recordings([folder])]
    return [one.turns for one in heard if isinstance(one, Heard)]


@given(st.lists(st.sampled_from([(swept.name, value) for swept in SWEPT for value in swept.values]), min_size=1))
def test_whatever_value_is_tried_the_others_make_way(changes: list[tuple[str, int]]) -> None:
    profile = Profile()
    for name, value in changes:
        profile = set_value(profile, name, value)  # refuses waits that contradict each other
        assert getattr(profile, name) == value


def test_the_known_best_wait_is_found(calls: list[CallTurns]) -> None:
    (tuned,) = tune(calls, [Start("undrafted", UNDRAFTED, BOUND)], jobs=1)
    assert tuned.before.tuning.cut_off_rate is not None
    assert tuned.before.tuning.cut_off_rate > 0.25, "every third turn goes on after a pause"
    assert tuned.chosen is not None
    assert tuned.chosen.profile.wait_ms == 500
    assert tuned.meets
    assert tuned.chosen.test.cut_offs == 0
    assert tuned.doubts == []


def test_nothing_on_the_curve_is_beaten(calls: list[CallTurns]) -> None:
    known = sweep(UNDRAFTED, Judge(calls[:6]))
    rated = [(known[profile].delay_ms, known[profile].cut_offs) for profile in frontier(known)]
    assert len(rated) >= 2
    assert rated == sorted(rated)
    assert [cut_offs for _, cut_offs in rated] == sorted({cut_offs for _, cut_offs in rated}, reverse=True)


def test_calls_are_split_by_lot_and_whole(calls: list[CallTurns]) -> None:
    for_test = [call for call in calls if call.is_for_test]
    assert 0.3 < len(for_test) / len(calls) < 0.7
    assert all(call.is_for_test == by_lot(call.name) for call in calls)


def test_several_processes_judge_as_one_does(calls: list[CallTurns]) -> None:
    profiles = [Profile(), Profile(wait_ms=500)]
    with judging(calls[:5], jobs=2) as crew:
        assert [one.verdicts for one in crew.judge(profiles)] == [
            one.verdicts for one in Judge(calls[:5]).judge(profiles)
        ]


def test_the_same_seed_gives_the_same_intervals(calls: list[CallTurns]) -> None:
    (measured,) = Judge(calls).judge([UNDRAFTED])
    assert measured.intervals(3) == measured.intervals(3)
    assert measured.intervals(3) != measured.intervals(4)
    intervals = measured.intervals(3)
    assert intervals is not None
    (low, high), _ = intervals
    assert measured.cut_off_rate is not None
    assert 0 < low < measured.cut_off_rate < high < 1


def test_more_patience_than_was_ever_seen_is_no_choice(tmp_path: Path) -> None:
    record_many(tmp_path, calls=4, pause_ms=880, profile=replace(UNDRAFTED, wait_ms=300))
    heard = [one for one in map(heard_in, recordings([tmp_path])) if isinstance(one, Heard)]
    judge = Judge([one.turns for one in heard])
    seen, unseen = replace(UNDRAFTED, wait_ms=550), replace(UNDRAFTED, wait_ms=800)
    known = dict(zip((seen, unseen), judge.judge([seen, unseen]), strict=True))
    assert known[unseen].not_seen > 0
    choice = choose({unseen: known[unseen]}, 0.03)
    assert choice is None


def test_too_little_is_told_with_what_it_would_take() -> None:
    assert turns_needed(0.03) == 257
    assert (
        too_little(37, 4, 0.03, "to choose by")
        == "37 turns of 4 calls to choose by: fewer than the 257 turns needed to tell 3 % from 6 %"
    )
    assert "fewer than the 20 calls needed" in too_little(400, 4, 0.03, "to choose by")
    assert too_little(300, 40, 0.03, "to choose by") == ""


def test_a_long_curve_is_thinned_but_keeps_its_ends() -> None:
    profiles = [replace(Profile(), wait_ms=wait_ms) for wait_ms in range(200, 1_000, 10)]
    some = thinned(profiles, 5)
    assert len(some) == 5
    assert (some[0], some[-1]) == (profiles[0], profiles[-1])
