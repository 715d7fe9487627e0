"""Whether latencies changed: small samples say nothing, noise is not called a change, real changes are found."""

from collections.abc import Hashable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.report.significance import FEWEST_CALLS, Verdict, adjusted, judge


def calls(count: int, mean_ms: float, spread_ms: float, seed: str, first: int = 0) -> dict[Hashable, float]:
    rng = Random(seed)
    return {first + key: rng.gauss(mean_ms, spread_ms) for key in range(count)}


def verdict(old: dict[Hashable, float], new: dict[Hashable, float]) -> Verdict:
    found = judge(old, new)
    assert found is not None
    return found


def test_a_side_without_answers_cannot_be_compared() -> None:
    assert judge({}, {1: 700.0}) is None
    assert judge({1: 700.0}, {}) is None


@pytest.mark.parametrize("first", [0, 100], ids=["the same calls", "other calls"])
def test_too_few_calls_say_nothing_however_different(first: int) -> None:
    count = FEWEST_CALLS - 1
    found = verdict(calls(count, 500, 1, "old"), calls(count, 5_000, 1, "new", first))
    assert found.word == "not enough calls (5, at least 6)"
    assert (found.p, found.low_ms, found.is_significant) == (None, None, False)
    assert found.change_ms > 4_000


@pytest.mark.parametrize("count", [6, 40])
def test_every_call_a_little_slower_is_found_though_calls_differ_much(count: int) -> None:
    old = calls(count, 800, 200, "old")
    found = verdict(old, {key: ms + 40 + key % 3 for key, ms in old.items() if isinstance(key, int)})
    assert (found.word, found.is_paired, found.calls) == ("slower", True, count)
    assert found.low_ms is not None
    assert 39 < found.low_ms < found.change_ms < 43


def test_the_very_same_calls_are_the_same() -> None:
    old = calls(20, 800, 200, "old")
    assert (verdict(old, old).word, verdict(old, old).p) == ("the same", 1.0)


def test_other_seeds_are_compared_as_a_whole() -> None:
    found = verdict(calls(40, 900, 100, "old"), calls(30, 700, 100, "new", first=100))
    assert (found.word, found.is_paired, found.calls) == ("quicker", False, 30)
    assert found.high_ms is not None
    assert found.high_ms < -100


def test_chance_is_rarely_called_a_change() -> None:
    verdicts = [verdict(calls(10, 800, 100, f"{n}/old"), calls(10, 800, 100, f"{n}/new", 100)) for n in range(12)]
    assert sum(found.is_significant for found in verdicts) <= 2


def test_the_same_input_gives_the_same_verdict() -> None:
    old, new = calls(20, 800, 100, "old"), calls(20, 850, 100, "new")
    assert verdict(old, new) == verdict(old, new)


@settings(max_examples=30)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_many_tests_make_each_stricter_and_keep_their_order(ps: list[float]) -> None:
    stricter = adjusted(ps)
    assert all(p <= more <= 1 for p, more in zip(ps, stricter, strict=True))
    assert min(stricter) == min(1.0, min(ps) * len(ps))
    by_p = [more for _, more in sorted(zip(ps, stricter, strict=True))]
    assert by_p == sorted(by_p)
