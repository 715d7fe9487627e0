import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.delays import FARTHEST, Between, Delay, DelayError, LogNormal, OneOf, distribution_of, draw_ms, draw_ns

DELAYS = st.one_of(
    st.integers(0, 10_000),
    st.tuples(st.integers(1, 5_000), st.integers(0, 5_000)).map(lambda pair: LogNormal(pair[0], sum(pair))),
    st.tuples(st.integers(0, 5_000), st.integers(0, 5_000)).map(lambda pair: Between(pair[0], sum(pair))),
    st.lists(st.integers(0, 5_000), min_size=1, max_size=5).map(lambda values: OneOf(tuple(values))),
)


def test_a_fixed_delay_draws_nothing() -> None:
    rng = random.Random(1)
    before = rng.getstate()
    assert draw_ms(120, rng) == 120
    assert draw_ns(120, rng) == 120_000_000
    assert rng.getstate() == before


def test_half_of_the_delays_are_below_the_median_and_one_in_twenty_above_p95() -> None:
    rng = random.Random(1)
    drawn = [draw_ms(LogNormal(120, 900), rng) for _ in range(20_000)]
    assert 0.48 < sum(ms <= 120 for ms in drawn) / len(drawn) < 0.52
    assert 0.94 < sum(ms <= 900 for ms in drawn) / len(drawn) < 0.96


def test_a_range_is_even_and_a_list_is_as_likely_as_it_says() -> None:
    rng = random.Random(1)
    evenly = Counter(draw_ms(Between(50, 53), rng) for _ in range(4_000))
    assert sorted(evenly) == [50, 51, 52, 53]
    assert all(900 < count < 1_100 for count in evenly.values())
    listed = Counter(draw_ms(OneOf((90, 90, 2_500)), rng) for _ in range(3_000))
    assert 1_900 < listed[90] < 2_100


@given(DELAYS, st.integers(0, 2**32))
def test_the_same_seed_draws_the_same_and_never_anything_absurd(delay: Delay, seed: int) -> None:
    drawn = draw_ms(delay, random.Random(seed))
    assert drawn == draw_ms(delay, random.Random(seed))
    assert 0 <= drawn <= farthest_ms(delay)


def farthest_ms(delay: Delay) -> int:
    match delay:
        case LogNormal(_, p95):
            return FARTHEST * p95
        case Between(_, high):
            return high
        case OneOf(values):
            return max(values)
        case int():
            return delay


@pytest.mark.parametrize(
    ("table", "delay"),
    [
        ({"p50": 120, "p95": 900}, LogNormal(120, 900)),
        ({"from": 50, "to": 300}, Between(50, 300)),
        ({"one_of": [90, 90, 2500]}, OneOf((90, 90, 2_500))),
    ],
)
def test_a_table_says_a_distribution(table: dict[str, object], delay: Delay) -> None:
    assert distribution_of(table) == delay


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({"p50": 900, "p95": 120}, "p50, p95: expected 0 < p50 <= p95"),
        ({"from": 300, "to": 50}, "from, to: expected 0 <= from <= to"),
        ({"one_of": []}, "one_of: expected a list of delays"),
        ({"one_of": [True]}, "expected a whole number of ms, or {"),
        ({"p50": 120}, "expected a whole number of ms, or {"),
        ({"p50": 120, "p95": 900, "max": 1}, "expected a whole number of ms, or {"),
    ],
)
def test_what_is_no_distribution_is_complained_about(table: dict[str, object], complaint: str) -> None:
    with pytest.raises(DelayError) as error:
        distribution_of(table)
    assert complaint in str(error.value)
