from hypothesis import given
from hypothesis import strategies as st

from agent.noise_floor import LOWEST_DB, STRETCH_FRAMES, STRETCHES, NoiseFloor

LEVELS = st.floats(0, 90)


def test_the_floor_falls_at_once_and_rises_to_the_least_of_the_last_second_and_a_half() -> None:
    floor = NoiseFloor()
    for _ in range(100):
        floor.adapt(60, may_rise=True)
    assert floor.db == 60
    for _ in range(20):
        floor.adapt(30, may_rise=True)
    assert 30 <= floor.db < 31
    risen_after = next(n for n in range(200) if floor.adapt(50, may_rise=True) > 45)
    assert STRETCH_FRAMES * (STRETCHES - 1) <= risen_after <= STRETCH_FRAMES * (STRETCHES + 1)


def test_speech_with_its_stops_does_not_raise_it() -> None:
    floor = NoiseFloor()
    for _ in range(40):
        for level in [70.0] * 15 + [35.0]:
            floor.adapt(level, may_rise=True)
    assert floor.db < 56, "it falls with every stop"
    assert floor.adapt(35, may_rise=True) < 51


@given(levels=st.lists(LEVELS, max_size=300))
def test_it_lies_between_its_bound_and_the_loudest_there_was(levels: list[float]) -> None:
    floor = NoiseFloor()
    for level in levels:
        assert LOWEST_DB <= floor.adapt(level, may_rise=True) <= max(LOWEST_DB, *levels)


@given(levels=st.lists(LEVELS, min_size=20, max_size=300))
def test_it_never_rises_while_somebody_vouches(levels: list[float]) -> None:
    floor = NoiseFloor()
    for level in levels[:10]:
        floor.adapt(level, may_rise=True)
    before = floor.db
    for level in levels[10:]:
        after = floor.adapt(level, may_rise=False)
        assert after <= before
        before = after
