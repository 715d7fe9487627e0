"""When faults strike, and on whom."""

from dataclasses import replace

import pytest

from simulator.brain.answers import BrainAnswer, CannedBrain
from simulator.faults.strikes import FaultError, prepared
from simulator.runs.evidence import Evidence
from simulator.runs.plan import FaultPlan, Moment, Plan
from simulator.runs.run import gathered
from tests.simulator.runs.stories import ASKS, plan

CALL = plan(*ASKS)
"""The agent greets from 0.5 s on, is asked at about 7.6 s, and speaks again from about 9.6 s on."""


def struck(*faults: FaultPlan, of: Plan = CALL, seed: int = 0) -> list[tuple[int, str]]:
    """When (ms since the first call was placed) what struck."""
    with gathered(of.with_faults(*faults), seed) as evidence:
        return times(evidence)


def times(evidence: Evidence) -> list[tuple[int, str]]:
    return [(evidence.calls[0].ms(at), text) for at, text in evidence.struck]


def test_from_the_beginning_at_an_instant_and_with_its_usual_strength() -> None:
    found = struck(
        FaultPlan("stray_mark"), FaultPlan("unknown_event", 7, Moment(delay_ms=3_000)), FaultPlan("mark_lost")
    )
    assert found == [(0, "stray_mark, 3 marks"), (0, "mark_lost, 100 % of marks"), (3_000, "unknown_event, 7 messages")]


def test_cues_are_counted_from_the_calls_first_decision_on() -> None:
    def spoke_at(call_plan: Plan) -> list[int]:
        with gathered(call_plan, 0) as evidence:
            call = evidence.calls[0]
            return [call.line_ms(line) for line in call.events if line["to"] == "SPEAKING" != line["mode"]]

    greeting_ms, answer_ms = spoke_at(CALL)
    moments = [Moment("SPEAKING"), Moment("SPEAKING", 2, 300), Moment("greeting"), Moment("SPEAKING", 3)]
    found = struck(*(FaultPlan("stray_mark", index + 1, at) for index, at in enumerate(moments)))
    assert [at for at, _ in found] == [greeting_ms, greeting_ms, answer_ms + 300]
    assert [text for _, text in found] == ["stray_mark, 1 marks", "stray_mark, 3 marks", "stray_mark, 2 marks"]


def test_a_tool_that_begins_to_run_is_a_cue() -> None:
    looks = BrainAnswer("One moment.", (("find_free_slots", '{"date": "2026-11-24"}'),))
    looking = replace(CALL, cast=replace(CALL.cast, brain=CannedBrain([looks, "I have nine and ten."])))
    ((at, _),) = struck(FaultPlan("stray_mark", at=Moment("tool")), of=looking)
    assert 9_000 < at < 10_500


def test_what_comes_again_and_again_has_its_own_random_stream_and_ends_with_the_call() -> None:
    often = FaultPlan("stray_mark", 1, rate_per_min=60)
    alone = struck(often)
    other = struck(often, FaultPlan("unknown_event", 1, rate_per_min=20))
    assert len(alone) > 5
    assert [at for at, text in other if text.startswith("stray")] == [at for at, _ in alone]
    assert struck(often, seed=1) != alone
    with gathered(CALL.with_faults(often), 0) as evidence:
        assert evidence.leftovers == ()
        ended_at = evidence.calls[0].simulated.ended_at or 0
        assert all(at <= ended_at for at, _ in evidence.struck)


def test_only_the_first_callers_call_is_struck() -> None:
    first = CALL.callers[0]
    second = replace(first, name="second", arrives_ms=700, number="+15550002222")
    both = replace(CALL, callers=(first, second))
    with gathered(both.with_faults(FaultPlan("frames_gap", 50, Moment("SPEAKING", 2))), 0) as evidence:
        lost = [call.twilio.phones[0].warning_counts[31930] for call in evidence.calls]
    assert lost == [50, 0]


def test_what_is_prepared_changes_cast_and_first_phone_and_leaves_the_rest() -> None:
    first = CALL.callers[0]
    both = replace(CALL, callers=(first, replace(first, name="second")))
    ready = prepared(both.with_faults(FaultPlan("phone_far", 90), FaultPlan("key_wrong", 2), FaultPlan("stt_drop")))
    assert [caller.phone.one_way_ms for caller in ready.callers] == [90, 0]
    assert (ready.cast.groq.api_key, ready.cast.deepgram.api_key, ready.cast.elevenlabs.api_key) == (
        "another",
        "another",
        None,
    )
    assert prepared(both) == both


def test_of_two_faults_that_set_the_same_the_later_wins() -> None:
    ready = prepared(CALL.with_faults(FaultPlan("phone_far", 90), FaultPlan("phone_far", 30)))
    assert ready.callers[0].phone.one_way_ms == 30


def test_a_fault_that_cannot_be_is_refused_before_anything_happens() -> None:
    with pytest.raises(FaultError, match="no fault 'nothing_such'"):
        struck(FaultPlan("nothing_such"))
