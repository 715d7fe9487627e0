import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm.units import FRAME_SAMPLES, ms_to_ns
from simulator.bench_figures import Earpiece, jitter_p99_ms, jitters_ns, percentile

FRAME_NS = ms_to_ns(20)


def test_a_percentile_is_one_of_the_values_by_its_rank() -> None:
    values = list(range(1, 101))
    assert percentile(values, 50) == 50
    assert percentile(values, 99) == 99
    assert percentile(values, 100) == 100
    assert percentile([7], 1) == 7
    assert percentile([], 50) is None


@given(st.lists(st.integers(), min_size=1), st.integers(1, 100))
def test_so_many_values_do_not_exceed_a_percentile_and_fewer_would_not_do(values: list[int], percent: int) -> None:
    found = percentile(values, percent)
    assert found in values
    assert found is not None
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)


def test_a_constant_delay_is_no_jitter() -> None:
    assert jitters_ns([5_000] * 20) == [0] * 20


def test_one_late_frame_does_not_move_the_schedule() -> None:
    assert sorted(jitters_ns([100] * 19 + [8_100])) == [0] * 19 + [8_000]


def test_a_handful_of_frames_has_no_schedule() -> None:
    assert jitters_ns([0, 900, 0]) == []


def send(earpiece: Earpiece, begins_at: int, frames: int, *, burst: int = 10) -> None:
    """A reply as it should be sent: its first frames at once, then one every 20 ms."""
    for frame in range(frames):
        earpiece.take(begins_at + FRAME_NS * max(0, frame - burst + 1), FRAME_SAMPLES)


def test_a_reply_on_schedule_has_no_jitter_and_gaps_of_a_frame() -> None:
    earpiece = Earpiece()
    send(earpiece, 0, 60)
    assert set(earpiece.jitters_ns()) == {0}
    assert len(earpiece.jitters_ns()) == 50, "the burst at the beginning has no schedule"
    assert earpiece.max_gap_ns == FRAME_NS
    assert earpiece.underruns == 0


def test_a_reply_after_a_reply_is_no_underrun_when_it_was_expected() -> None:
    earpiece = Earpiece()
    send(earpiece, 0, 30)
    earpiece.expect()
    send(earpiece, ms_to_ns(5_000), 30)
    assert earpiece.underruns == 0
    assert set(earpiece.jitters_ns()) == {0}, "two stretches, each with a schedule of its own"


def test_audio_that_finds_the_phone_dry_in_mid_reply_is_an_underrun() -> None:
    earpiece = Earpiece()
    send(earpiece, 0, 30)
    late_at = earpiece.plays_until + 1
    earpiece.take(late_at, FRAME_SAMPLES)
    assert earpiece.underruns == 1
    earpiece.take(late_at, FRAME_SAMPLES)
    assert earpiece.underruns == 1


def test_a_stall_is_seen_as_a_gap() -> None:
    earpiece = Earpiece()
    send(earpiece, 0, 30)
    earpiece.take(FRAME_NS * 20 + ms_to_ns(70), FRAME_SAMPLES)
    assert earpiece.max_gap_ns == ms_to_ns(70)
    assert earpiece.underruns == 0, "the lead covered it"


def test_after_a_clear_the_phone_is_silent_and_expects_a_reply() -> None:
    earpiece = Earpiece()
    send(earpiece, 0, 30)
    earpiece.clear(FRAME_NS * 25)
    assert earpiece.plays_until == FRAME_NS * 25
    assert earpiece.take(FRAME_NS * 40, FRAME_SAMPLES), "begins a reply"
    assert earpiece.underruns == 0


def test_forgetting_keeps_the_place_in_the_reply() -> None:
    earpiece = Earpiece()
    for frame in range(60):
        if frame == 30:
            earpiece.forget()
        earpiece.take(FRAME_NS * max(0, frame - 9), FRAME_SAMPLES)
    assert len(earpiece.jitters_ns()) == 30
    assert earpiece.underruns == 0


def test_the_jitter_of_a_step_is_that_of_all_phones_together() -> None:
    steady, unsteady = Earpiece(), Earpiece()
    send(steady, 0, 110)
    send(unsteady, 0, 10)
    for frame in range(10, 30):
        unsteady.take(FRAME_NS * (frame - 9) + (ms_to_ns(15) if frame % 3 == 0 else 0), FRAME_SAMPLES)
    assert jitter_p99_ms([steady]) == 0
    assert jitter_p99_ms([steady, unsteady]) == pytest.approx(15)
    assert jitter_p99_ms([]) is None
