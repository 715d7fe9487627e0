"""What is counted of runs, and what is kept of them."""

import gc
import tracemalloc
from hashlib import sha256

from simulator.report.results import FAILURES_KEPT, OTHER_TIMELINES, Results, without_spans
from simulator.runs.outcome import Status
from tests.simulator.report.outcomes import NO_ROW, TWO_VOICES, call, failed, outcome, xfailed


def results(*outcomes: object, with_timelines: bool = False) -> Results:
    made = Results(with_timelines=with_timelines)
    for one in outcomes:
        made.add(one)  # type: ignore[arg-type]  # outcomes, all of them
    return made


def test_each_run_counts_for_its_script_and_for_all() -> None:
    found = results(outcome(seed=0), outcome(seed=1), failed(), xfailed())
    assert list(found.scripts) == ["booking", "barge_in", "fail_over"]
    assert found.scripts["booking"].counts()["passed"] == 2
    assert found.total.counts() == {
        "runs": 4, "passed": 2, "xfailed": 1, "failed": 1, "xpassed": 0, "wrong": 0, "broken": 0,
    }  # fmt: skip
    assert (found.total.failures, found.total.calls, found.total.interruptions) == (1, 4, 4)
    assert found.total.simulated_ms == 36_000
    assert found.total.latencies.count == 8


def test_the_longest_silence_is_that_of_the_worst_call() -> None:
    found = results(outcome(calls=(call(longest_silence_ms=900), call(longest_silence_ms=2_400), call())))
    assert found.total.longest_silence_ms == 2_400


def test_one_run_has_its_own_digest_several_have_one_over_theirs_in_order() -> None:
    one, two = outcome(seed=0), outcome(seed=1)
    assert results(one).digest == one.digest
    assert results(one, two).digest == sha256(f"{one.digest}\n{two.digest}\n".encode()).hexdigest()
    assert results(two, one).digest != results(one, two).digest


def test_runs_come_back_from_disk_in_order_without_their_timelines() -> None:
    found = results(outcome(seed=3), failed())
    first, second = found.runs
    assert (first["script"], first["seed"], first["calls"][0]["latencies_ms"]) == ("booking", 3, [703, 903])
    assert "spans" not in first["calls"][0]
    assert [violation["checker"] for violation in second["violations"]] == [TWO_VOICES.checker, NO_ROW.checker]
    assert list(found.runs) == [first, second]  # again


def test_failures_are_kept_up_to_a_number_and_without_timelines() -> None:
    found = results(*(failed(seed=seed) for seed in range(FAILURES_KEPT + 5)))
    assert len(found.failures) == FAILURES_KEPT
    assert found.failures[0] == without_spans(failed(seed=0))
    assert found.total.failures == FAILURES_KEPT + 5


def test_timelines_are_those_of_failures_and_of_the_first_others() -> None:
    passed = [outcome(seed=seed) for seed in range(OTHER_TIMELINES + 3)]
    found = results(*passed, failed(), with_timelines=True)
    places = [place for place, _ in found.timelines]
    assert places == [*range(OTHER_TIMELINES), OTHER_TIMELINES + 3]
    assert results(*passed).timelines.count == 0


def test_memory_does_not_grow_with_the_number_of_runs() -> None:
    found = results(*(outcome(seed=seed % 50) for seed in range(100)))
    tracemalloc.start()
    try:
        for seed in range(1_000):
            found.add(outcome(seed=seed % 50))
        gc.collect()
        grown_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.total.runs == 1_100
    assert grown_bytes < 10_000


def test_of_each_wrong_script_the_first_run_is_kept() -> None:
    found = results(*(outcome("a", seed, Status.WRONG) for seed in range(3)), outcome("b", 0, Status.WRONG))
    assert [(one.script, one.seed) for one in found.wrong.values()] == [("a", 0), ("b", 0)]


def test_wall_time_makes_the_real_time_factor() -> None:
    found = results(outcome())
    assert found.realtime_factor == 0
    found.wall_s = 0.5
    assert found.realtime_factor == 18


def test_what_is_broken_before_it_began_is_a_run_too() -> None:
    found = results(outcome(status=Status.BROKEN, calls=(), digest=""))
    assert (found.total.failures, found.total.calls, found.digest) == (1, 0, "")
