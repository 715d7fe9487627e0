"""The caller's turns on record: what belongs to one, when another tuning would have answered, what nobody can tell."""

from dataclasses import replace
from pathlib import Path

import pytest

from fsm.barge_in import PATIENCE_NS
from fsm.endpointing import BREATH_NS
from fsm.profile import Profile
from fsm.units import ms_to_ns, ns_to_ms
from simulator.replay.core import replay_core
from simulator.replay.recorded import read_recorded
from simulator.tuner.deciding import CUT_OFF, CallTurns, Verdict, decide, decide_all
from simulator.tuner.turns import UNANSWERED, recorded_turns
from tests.simulator.tuner.recorded_calls import FINAL_MS, LATENCY_MS, WHOLE, WORDS_MS, RecordedCall, paused, record

PATIENT = Profile(wait_ms=900, unfinished_wait_ms=1_200, drafts=0)


def turns_in(path: Path) -> CallTurns:
    return recorded_turns("a call", replay_core(read_recorded(path)), is_for_test=False)


def waiting(wait_ms: int, drafts: int = 0) -> Profile:
    quick, unfinished = min(200, wait_ms), max(1_000, wait_ms)
    return Profile(wait_ms=wait_ms, quick_wait_ms=quick, unfinished_wait_ms=unfinished, drafts=drafts)


def answered_after(wait_ms: int, wasted: int = 0) -> Verdict:
    return Verdict(wait_ms + LATENCY_MS, wasted)


def test_a_turn_is_answered_once_the_wait_is_over(tmp_path: Path) -> None:
    (turn,) = turns_in(record(tmp_path, "CA1", [WHOLE], PATIENT)).turns
    assert decide(turn, waiting(300)) == answered_after(300)
    assert decide(turn, waiting(700)) == answered_after(700)
    assert decide(turn, PATIENT) == answered_after(900)


def test_words_that_come_late_are_waited_for_by_any_tuning(tmp_path: Path) -> None:
    (turn,) = turns_in(record(tmp_path, "CA1", [WHOLE], PATIENT)).turns
    assert decide(turn, waiting(100)) == answered_after(FINAL_MS)


@pytest.mark.parametrize("wait_ms", [300, 1_400])
def test_a_pause_is_no_end_whether_it_was_recorded_as_one_or_not(tmp_path: Path, wait_ms: int) -> None:
    (turn,) = turns_in(record(tmp_path, "CA1", [paused(900)], waiting(wait_ms))).turns
    assert decide(turn, waiting(400)) == Verdict(CUT_OFF)
    assert decide(turn, waiting(1_000)) == answered_after(1_000)


def test_an_answer_that_the_caller_overtakes_is_never_heard_and_wasted(tmp_path: Path) -> None:
    (turn,) = turns_in(record(tmp_path, "CA1", [paused(600)], PATIENT)).turns
    assert decide(turn, waiting(400)) == answered_after(400, wasted=1)
    assert decide(turn, waiting(800)) == answered_after(800)


def test_an_answer_that_was_drafted_sounds_sooner(tmp_path: Path) -> None:
    (turn,) = turns_in(record(tmp_path, "CA1", [WHOLE], PATIENT)).turns
    assert decide(turn, waiting(800, drafts=3)) == Verdict(800), "it was ready by then"
    assert decide(turn, waiting(300, drafts=3)) == Verdict(FINAL_MS + LATENCY_MS), "it was not"


def test_an_answer_that_was_drafted_took_its_time_from_the_draft_on(tmp_path: Path) -> None:
    (turn,) = turns_in(record(tmp_path, "CA1", [WHOLE], replace(PATIENT, drafts=3))).turns
    assert turn.answer_ns == ms_to_ns(900 - FINAL_MS + LATENCY_MS)


def test_words_that_begin_as_our_answer_begins_were_under_way(tmp_path: Path) -> None:
    begins_with_us = turns_in(record(tmp_path, "CA1", [paused(300 + LATENCY_MS + 200)], waiting(300)))
    assert len(begins_with_us.turns) == 1
    assert decide_all(begins_with_us, waiting(300)) == (Verdict(CUT_OFF),)
    assert decide_all(begins_with_us, waiting(1_000)) == (answered_after(1_000),)


def test_words_that_come_later_may_answer_us_and_are_another_turn(tmp_path: Path) -> None:
    interrupting = turns_in(record(tmp_path, "CA1", [paused(300 + LATENCY_MS + 600)], waiting(300)))
    yielded_ms = 300 + ns_to_ms(PATIENCE_NS) - WORDS_MS  # after their last sound: "or" alone is no bid for a while
    answered_with_a_breath = answered_after(yielded_ms + ns_to_ms(BREATH_NS))
    assert decide_all(interrupting, waiting(300)) == (answered_after(300), answered_with_a_breath)


def test_once_our_answer_sounded_nobody_knows_what_more_would_have_come(tmp_path: Path) -> None:
    (turn,) = turns_in(record(tmp_path, "CA1", [WHOLE], waiting(300))).turns
    assert turn.seen_to == turn.ended_at + ms_to_ns(300 + LATENCY_MS + 300)
    assert turn.is_seen(1_000)
    assert not turn.is_seen(1_001)


def test_each_turn_of_a_call_is_judged_by_itself(tmp_path: Path) -> None:
    call = turns_in(record(tmp_path, "CA1", [WHOLE, paused(900), WHOLE], PATIENT))
    assert decide_all(call, waiting(400)) == (answered_after(400), Verdict(CUT_OFF), answered_after(400))
    assert decide_all(call, waiting(1_000)) == (answered_after(1_000),) * 3


def test_unfinished_words_are_waited_for_by_their_own_value(tmp_path: Path) -> None:
    parts = (("I would like to come on, um,", 1_200), ("Tuesday.", 0))
    (turn,) = turns_in(record(tmp_path, "CA1", [parts], PATIENT)).turns
    assert decide(turn, Profile(wait_ms=400, unfinished_wait_ms=700, drafts=0)) == Verdict(CUT_OFF)
    assert decide(turn, Profile(wait_ms=400, unfinished_wait_ms=1_300, drafts=0)) == answered_after(400)


def test_a_turn_that_nobody_answered_tells_nothing(tmp_path: Path) -> None:
    call = RecordedCall(tmp_path, "CA1", PATIENT)
    call.say(call.listen() + 500, WHOLE)
    told = turns_in(call.end())
    assert told.turns == ()
    assert told.left_out == (UNANSWERED,)
