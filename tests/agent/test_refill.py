"""A voice slower than speech: what is gathered before it sounds again."""

from itertools import pairwise

from agent.refill import REFILL_MS, REFILL_WAIT_MS, Refill
from fsm.units import NS_PER_MS, ms_to_samples, samples_to_ns
from tests.agent.booth import Booth

CRUMB = ms_to_samples(100)


def slow() -> Refill:
    refill = Refill()
    refill.note_gap()
    refill.note_gap()
    return refill


def test_one_gap_is_forgiven() -> None:
    refill = Refill()
    assert refill.until(CRUMB, 0) is None
    refill.note_gap()
    assert refill.until(CRUMB, 0) is None


def test_after_another_gap_crumbs_wait_for_more_but_not_for_ever() -> None:
    refill = slow()
    due = REFILL_WAIT_MS * NS_PER_MS
    assert refill.until(CRUMB, 0) == due
    assert refill.until(2 * CRUMB, due - 1) == due, "the wait counts from the first crumb"
    assert refill.until(2 * CRUMB, due) is None
    assert refill.until(2 * CRUMB, due + 1) is None


def test_enough_to_be_understood_sounds_at_once() -> None:
    assert slow().until(ms_to_samples(REFILL_MS), 0) is None


def test_nothing_waits_for_nothing() -> None:
    assert slow().until(0, 0) is None


def test_each_gap_is_gathered_for_anew() -> None:
    refill = slow()
    refill.until(CRUMB, 0)
    refill.note_gap()
    later = 5_000 * NS_PER_MS
    assert refill.until(CRUMB, later) == later + REFILL_WAIT_MS * NS_PER_MS


def test_a_slow_voice_sounds_in_longer_pieces_and_to_its_end() -> None:
    booth = Booth()
    booth.playout.begin(1)
    for _ in range(20):
        booth.say("one", each_ms=140)
        booth.clock.advance(200)
    booth.finish()
    booth.clock.advance(3_000)
    assert len(booth.phone.heard()) == 20 * ms_to_samples(140), "every sample"
    soundings = booth.phone.soundings
    gaps = [later.at > one.at + samples_to_ns(len(one.audio)) for one, later in pairwise(soundings)]
    assert 1 <= sum(gaps) <= 8, "of twenty crumbs"
