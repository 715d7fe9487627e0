"""The one timer of a call: at the instant it is set to, however often that changes and however early clocks ring."""

from agent.alarm import Alarm
from fsm.units import NS_PER_MS
from tests.fakes import ManualClock


class Bed:
    """A clock and an alarm that notes when it rings (ms)."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.rang: list[int] = []
        self.alarm = Alarm(self.clock, lambda: self.rang.append(self.clock.now() // NS_PER_MS))

    def set(self, at_ms: int | None) -> "Bed":
        self.alarm.set(None if at_ms is None else at_ms * NS_PER_MS)
        return self


def test_it_rings_once_at_its_instant() -> None:
    bed = Bed().set(300)
    bed.clock.advance(299)
    assert bed.rang == []
    bed.clock.advance(1_000)
    assert bed.rang == [300]


def test_the_last_setting_counts_sooner_or_later() -> None:
    bed = Bed().set(300).set(100).set(500)
    bed.clock.advance(1_000)
    assert bed.rang == [500]


def test_set_to_nothing_it_is_silent() -> None:
    bed = Bed().set(300).set(None)
    bed.clock.advance(1_000)
    assert bed.rang == []


def test_a_timer_that_fires_early_decides_nothing_and_is_set_again() -> None:
    bed = Bed().set(300)
    assert bed.alarm._timer is not None
    bed.alarm._timer.cancel()  # as fired: it is not pending any more
    bed.alarm._ring()
    assert bed.rang == []
    bed.clock.advance(300)
    assert bed.rang == [300]


def test_after_it_rang_it_can_be_set_to_the_same_instant_again() -> None:
    bed = Bed().set(300)
    bed.clock.advance(300)
    bed.set(300)
    bed.clock.advance(1)
    assert len(bed.rang) == 2
