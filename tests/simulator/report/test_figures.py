"""Percentiles and histograms of latencies that are only counted."""

from hypothesis import given
from hypothesis import strategies as st

from simulator.report.figures import Latencies

TIMES = st.lists(st.integers(0, 20_000), min_size=1, max_size=60)


def of(*latencies_ms: int) -> Latencies:
    latencies = Latencies()
    latencies.add(latencies_ms)
    return latencies


def test_percentiles_are_latencies_that_came() -> None:
    latencies = of(*range(1, 101))
    assert [latencies.percentile(share) for share in (1, 50, 95, 100)] == [1, 50, 95, 100]
    assert latencies.values() == {"count": 100, "p50": 50, "p90": 90, "p95": 95, "p99": 99, "max": 100}


def test_of_nothing_nothing_is_said() -> None:
    assert of().values() == {"count": 0, "p50": None, "p90": None, "p95": None, "p99": None, "max": None}
    assert of().histogram(40)[1] == []


@given(TIMES, st.integers(1, 100))
def test_a_percentile_is_the_smallest_that_covers_its_share(times: list[int], share: int) -> None:
    found = of(*times).percentile(share)
    assert found in times
    assert sum(time <= found for time in times) * 100 >= share * len(times)
    assert all(sum(time <= less for time in times) * 100 < share * len(times) for less in times if less < found)


@given(TIMES, st.integers(1, 40))
def test_a_histogram_counts_each_once_in_its_bin(times: list[int], bins: int) -> None:
    width_ms, counts = of(*times).histogram(bins)
    assert len(counts) <= bins
    assert counts[-1] > 0
    assert counts == [sum(time // width_ms == index for time in times) for index in range(len(counts))]


def test_memory_is_that_of_different_latencies() -> None:
    latencies = of(*[700] * 10_000, *[900] * 10_000)
    assert (latencies.count, len(latencies.times)) == (20_000, 2)
