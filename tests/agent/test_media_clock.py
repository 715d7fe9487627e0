"""When the caller's sounds were made: frames that come late, in bursts, doubled or badly stamped. Times in ms."""

from hypothesis import given
from hypothesis import strategies as st

from agent.media_clock import RESYNC_NS, MediaClock
from fsm.units import FRAME_SAMPLES, NS_PER_MS, ms_to_ns

FRAME_MS = 20


def ends(frames: list[tuple[int, int]], clock: MediaClock | None = None) -> list[int]:
    """Where frames of 20 ms, given as (stamp, arrival), ended."""
    clock = clock or MediaClock()
    return [clock.end_of(stamp, FRAME_SAMPLES, ms_to_ns(now)) // NS_PER_MS for stamp, now in frames]


def test_frames_in_time_end_when_they_arrive() -> None:
    assert ends([(0, 1_020), (20, 1_040), (40, 1_060)]) == [1_020, 1_040, 1_060]


def test_a_burst_after_a_stall_is_placed_where_it_was_spoken() -> None:
    assert ends([(0, 1_020), (20, 1_500), (40, 1_500), (60, 1_500), (480, 1_501)]) == [
        1_020,
        1_040,
        1_060,
        1_080,
        1_500,
    ]


def test_the_fastest_frame_tells_how_far_the_clocks_are_apart() -> None:
    assert ends([(0, 1_100), (20, 1_040), (40, 1_060)])[1:] == [1_100, 1_100], "never back, but soon right"
    assert ends([(0, 1_100), (20, 1_040), *((stamp, 1_020 + stamp) for stamp in range(40, 200, 20))])[-1] == 1_200


def test_no_sound_lies_in_the_future() -> None:
    assert ends([(0, 1_020), (5_000, 1_040)]) == [1_020, 1_040]


def test_stamps_that_stand_still_are_bridged_by_counting() -> None:
    assert ends([(0, 1_020), (0, 1_040), (0, 1_060)]) == [1_020, 1_040, 1_060]


def test_lost_frames_leave_a_hole_and_no_shift() -> None:
    assert ends([(0, 1_020), (20, 1_040), (120, 1_140)]) == [1_020, 1_040, 1_140]


def test_stamps_far_behind_are_wrong_and_not_late() -> None:
    late_ms = RESYNC_NS // NS_PER_MS + 100
    frames = [(0, 1_020), (20, 1_040), (60_000, 1_060), (60_020 - late_ms, 1_080), (60_040 - late_ms, 1_100)]
    assert ends(frames)[-2:] == [1_080, 1_100]


def test_after_a_stall_of_any_length_a_burst_is_placed_where_it_was_spoken() -> None:
    burst = [(stamp, 5_020 + stamp // 500) for stamp in range(20, 4_020, 20)]
    placed = ends([(0, 1_020), *burst])
    assert placed == [1_020 + 20 * index for index in range(len(placed))]


def test_frames_that_go_on_late_at_their_usual_pace_are_in_time() -> None:
    late_ms = RESYNC_NS // NS_PER_MS + 100
    placed = ends([(0, 1_020), (20, 1_040 + late_ms), (40, 1_060 + late_ms), (60, 1_080 + late_ms)])
    assert placed == [1_020, 1_040, 1_060 + late_ms, 1_080 + late_ms]


def test_what_comes_with_a_late_frame_is_as_late() -> None:
    clock = MediaClock()
    assert clock.behind_ns == 0
    ends([(0, 1_020), (20, 1_040)], clock)
    assert clock.behind_ns == 0
    ends([(40, 1_500)], clock)
    assert clock.behind_ns == ms_to_ns(440)


def test_a_new_stream_counts_from_anew() -> None:
    clock = MediaClock()
    ends([(0, 1_020), (60_000, 61_020)], clock)
    clock.restart()
    assert ends([(0, 62_000), (20, 62_020)], clock) == [62_000, 62_020]
    assert clock.last_end_at == ms_to_ns(62_020)


@given(st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 3_000), st.integers(1, 4_000)), max_size=40))
def test_instants_never_go_back_and_never_lie_ahead(frames: list[tuple[int, int, int]]) -> None:
    clock, now, last = MediaClock(), ms_to_ns(1_000), 0
    for stamp, passed_ms, samples in frames:
        now += ms_to_ns(passed_ms)
        at = clock.end_of(stamp, samples, now)
        assert last <= at <= max(now, last)
        last = at


@given(st.lists(st.integers(0, 400), min_size=3, max_size=60))
def test_frames_of_a_jittery_line_are_placed_within_its_jitter(delays: list[int]) -> None:
    arrivals: list[int] = []
    for index, delay in enumerate(delays):
        arrivals.append(max(1_000 + FRAME_MS * (index + 1) + delay, arrivals[-1] if arrivals else 0))
    placed = ends([(FRAME_MS * index, arrival) for index, arrival in enumerate(arrivals)])
    for index, (at, arrival) in enumerate(zip(placed, arrivals, strict=True)):
        assert 1_000 + FRAME_MS * (index + 1) <= at <= arrival
