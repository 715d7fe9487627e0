"""The circuit to one host: what it lets through, whatever happens in whatever order."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tools.breaker import FAILURES, OPEN_S, WITHIN_S, Breaker, Circuit


def opened() -> Breaker:
    breaker = Breaker()
    for number in range(FAILURES):
        assert breaker.admits(number)
        breaker.failed(number)
    return breaker


def test_a_row_of_failures_opens_it() -> None:
    breaker = opened()
    assert breaker.state is Circuit.OPEN
    assert not breaker.admits(FAILURES)


def test_failures_far_apart_are_no_row() -> None:
    breaker = Breaker()
    for number in range(3 * FAILURES):
        breaker.failed(number * (WITHIN_S + 1))
    assert breaker.state is Circuit.CLOSED


def test_an_answer_ends_the_row() -> None:
    breaker = Breaker()
    for _ in range(3 * FAILURES):
        breaker.failed(1)
        breaker.succeeded()
    assert breaker.state is Circuit.CLOSED


def test_one_probe_at_a_time_decides() -> None:
    breaker = opened()
    later = FAILURES + OPEN_S
    assert breaker.admits(later)
    assert not breaker.admits(later)
    breaker.failed(later)
    assert not breaker.admits(later + 1)
    assert breaker.admits(later + OPEN_S)
    breaker.succeeded()
    assert breaker.admits(later + OPEN_S)


def test_a_probe_that_nobody_waited_for_is_followed_by_another() -> None:
    breaker = opened()
    later = FAILURES + OPEN_S
    assert breaker.admits(later)
    breaker.abandoned()
    assert breaker.admits(later)


class Traffic(RuleBasedStateMachine):
    """Requests that are admitted, take their time, and end somehow."""

    @initialize()
    def begin(self) -> None:
        self.breaker = Breaker()
        self.now = 0.0
        self.under_way = 0
        self.failed_in_a_row = 0

    @rule(seconds=st.floats(0, 2 * OPEN_S))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def somebody_asks(self) -> None:
        was = self.breaker.state
        if self.breaker.admits(self.now):
            assert was is not Circuit.HALF_OPEN, "a second probe"
            self.under_way += 1

    @rule(how=st.sampled_from(["succeeded", "failed", "abandoned"]))
    def one_ends(self, how: str) -> None:
        if not self.under_way:
            return
        self.under_way -= 1
        if how == "failed":
            self.breaker.failed(self.now)
            self.failed_in_a_row += 1
        elif how == "succeeded":
            self.breaker.succeeded()
            self.failed_in_a_row = 0
            assert self.breaker.admits(self.now)
            self.under_way += 1
        else:
            self.breaker.abandoned()

    @invariant()
    def it_opens_for_a_row_of_failures_only(self) -> None:
        if self.breaker.state is not Circuit.CLOSED:
            assert self.failed_in_a_row >= FAILURES

    @invariant()
    def it_never_stays_shut(self) -> None:
        if self.breaker.state is Circuit.OPEN:
            copy = Breaker()
            copy.__dict__.update(self.breaker.__dict__)
            assert copy.admits(self.now + OPEN_S)


TestTraffic = Traffic.TestCase
