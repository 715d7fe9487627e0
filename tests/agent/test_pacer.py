from collections.abc import Callable
from itertools import pairwise

from agent.pacer import Beat, Pacer
from fsm.units import ms_to_ns
from tests.fakes import ManualClock, _Pending


class Band:
    """A pacer, its clock, and what was called when."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.errors: list[tuple[Beat, Exception]] = []
        self.pacer = Pacer(self.clock, lambda beat, error: self.errors.append((beat, error)))
        self.calls: list[tuple[str, int]] = []

    def beat(self, name: str) -> Beat:
        return lambda now: self.calls.append((name, now // ms_to_ns(1)))


def test_it_beats_every_20_ms_in_the_order_of_registration() -> None:
    band = Band()
    band.pacer.add(band.beat("b"))
    band.pacer.add(band.beat("a"))
    band.clock.advance(45)
    assert band.calls == [("b", 20), ("a", 20), ("b", 40), ("a", 40)]


def test_it_rests_while_nothing_is_registered() -> None:
    band = Band()
    beat = band.beat("a")
    assert band.clock.pending_count == 0
    band.pacer.add(beat)
    band.pacer.add(beat)
    assert len(band.pacer) == 1
    band.clock.advance(20)
    band.pacer.remove(beat)
    band.pacer.remove(beat)
    assert band.clock.pending_count == 0
    band.clock.advance(100)
    assert band.calls == [("a", 20)]
    band.pacer.add(beat)
    band.clock.advance(20)
    assert band.calls[-1] == ("a", 140)


def test_a_beat_may_remove_itself_and_add_others() -> None:
    band = Band()
    later = band.beat("later")

    def once(now: int) -> None:
        band.calls.append(("once", now // ms_to_ns(1)))
        band.pacer.remove(once)
        band.pacer.add(later)

    band.pacer.add(once)
    band.clock.advance(60)
    assert band.calls[0] == ("once", 20)
    assert [name for name, _ in band.calls[1:]] == ["later", "later"]


def test_a_beat_that_is_removed_in_a_tick_is_not_called_in_it() -> None:
    band = Band()
    victim = band.beat("victim")
    band.pacer.add(lambda now: band.pacer.remove(victim))
    band.pacer.add(victim)
    band.clock.advance(40)
    assert band.calls == []


def test_one_that_raises_is_reported_and_hurts_nobody() -> None:
    band = Band()

    def broken(now: int) -> None:
        raise ValueError("off beat")

    band.pacer.add(broken)
    band.pacer.add(band.beat("a"))
    band.clock.advance(40)
    assert band.calls == [("a", 20), ("a", 40)]
    assert [(beat, str(error)) for beat, error in band.errors] == [(broken, "off beat")] * 2


def test_beats_that_begin_apart_are_spread_over_the_period() -> None:
    band = Band()
    for name in "abcd":
        band.pacer.add(band.beat(name))
        band.clock.advance(7)
    band.clock.advance(40)
    times = {name: [at for called, at in band.calls if called == name] for name in "abcd"}
    assert len({at % 20 for ats in times.values() for at in ats}) > 1
    for begun, (name, ats) in zip(range(0, 28, 7), times.items(), strict=True):
        assert 15 <= ats[0] - begun <= 20, f"{name} waits about a period"
        assert {later - earlier for earlier, later in pairwise(ats)} == {20}


class EarlyClock(ManualClock):
    """Timers fire before their instant, as those of an event loop that counts whole milliseconds."""

    def call_at(self, when: int, callback: Callable[[], None]) -> _Pending:
        return super().call_at(when - ms_to_ns(1) // 2, callback)


def test_a_tick_that_comes_early_counts_as_on_time() -> None:
    clock = EarlyClock()
    calls: list[int] = []
    Pacer(clock, lambda beat, error: None).add(lambda at: calls.append(at // ms_to_ns(1)))
    clock.advance(100)
    assert calls == [20, 40, 60, 80, 100]


class LateClock(ManualClock):
    """Timers fire late by as much as was told."""

    late_ms = 0

    def now(self) -> int:
        return super().now() + ms_to_ns(self.late_ms)


def test_lateness_neither_adds_up_nor_piles_up_nor_shows() -> None:
    clock = LateClock()
    calls: list[int] = []
    pacer = Pacer(clock, lambda beat, error: None)
    pacer.add(lambda now: calls.append(now // ms_to_ns(1)))
    clock.late_ms = 7
    clock.advance(40)
    assert calls == [20, 40]
    clock.late_ms = 55
    clock.advance(20)
    assert calls[2:] == [100]
    clock.late_ms = 0
    clock.advance(80)
    assert calls[3:] == [120, 140]
    assert pacer.late_ticks == 2
