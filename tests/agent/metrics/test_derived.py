"""A turn-trace from the agent's own trace, against the truth of the same simulated call."""

from collections.abc import Iterator
from typing import Any

import pytest

from agent.metrics.derived import DERIVED, derive
from agent.metrics.turn_trace import AgentKind, CallerKind, EndedBy, StoppedBy, TurnTrace
from fsm.barge_in import MOST_HUSHES
from fsm.units import NS_PER_MS
from simulator.runs.run import gathered
from simulator.scenario import load
from simulator.turn_truth import turn_trace

SLACK_MS = 45
"""A voice edge is known to a frame of 20 ms, and so is the end of a reply."""


def both(script: str) -> Iterator[tuple[TurnTrace, TurnTrace]]:
    """The truth of each call of a bundled script, and what is derived from its trace."""
    with gathered(load(script), 1) as evidence:
        for call in evidence.calls:
            truth = turn_trace(evidence, call)
            assert truth is not None
            yield truth, derive(call.lines)


@pytest.mark.parametrize("script", ["booking", "double_interrupt", "fault_phone_far", "stt_stall", "wrong_order"])
def test_turns_and_replies_are_derived_to_within_a_frame_or_two(script: str) -> None:
    for truth, derived in both(script):
        ours = [(one.turn, one.kind, one.stopped_by) for one in derived.agent]
        assert ours == [(one.turn, one.kind, one.stopped_by) for one in truth.agent]
        for one, other in zip(derived.agent, truth.agent, strict=True):
            assert abs(one.start_ms - other.start_ms) <= SLACK_MS
            assert abs(one.end_ms - other.end_ms) <= SLACK_MS
        for said in truth.caller_turns:
            assert any(
                one.start_ms - SLACK_MS <= said.start_ms and said.end_ms - SLACK_MS <= one.end_ms
                for one in derived.caller_turns
            )
        assert derived.ended_by is truth.ended_by


def test_coughs_that_were_noticed_are_tics_and_the_first_of_them_hold_the_reply() -> None:
    for truth, derived in both("many_coughs"):
        coughs = [one.start_ms for one in derived.caller if one.kind is CallerKind.VOCAL_TIC]
        assert len(coughs) == 6  # one of the seven was too short
        true = [one.start_ms for one in truth.caller if one.kind is CallerKind.VOCAL_TIC]
        assert all(any(abs(at - other) <= SLACK_MS for other in true) for at in coughs)
        stops = [(one.turn, one.stopped_by) for one in derived.agent]
        assert stops == [(one.turn, one.stopped_by) for one in truth.agent]
        assert sum(why is StoppedBy.HELD for _, why in stops) == MOST_HUSHES  # the later ones are only ducked


def test_words_that_did_not_take_the_floor_are_a_backchannel() -> None:
    for truth, derived in both("mhm_kills_reply"):
        assert CallerKind.BACKCHANNEL in {one.kind for one in truth.caller}
        assert [one.kind for one in derived.caller] == [one.kind for one in truth.caller]


def test_fillers_have_their_length_from_the_trace() -> None:
    for truth, derived in both("tool_slow"):
        ours = [one for one in derived.agent if one.kind is AgentKind.FILLER]
        true = [one for one in truth.agent if one.kind is AgentKind.FILLER]
        assert abs(ours[0].start_ms - true[0].start_ms) <= SLACK_MS
        assert abs(ours[0].end_ms - true[0].end_ms) <= SLACK_MS
        assert [one.turn for one in derived.turns if one.tool] == [1]


def test_dropped_drafts_are_counted_as_the_truth_counts_them() -> None:
    for truth, derived in both("draft_of_half_a_sentence"):
        assert [(one.turn, one.drafts_dropped) for one in derived.turns] == [
            (one.turn, one.drafts_dropped) for one in truth.turns
        ]
        assert sum(one.drafts_dropped or 0 for one in derived.turns) > 0


def test_it_says_that_it_is_derived() -> None:
    for _, derived in both("quick_yes"):
        assert derived.derived == DERIVED


Line = dict[str, Any]
INSTANTS = ("at", "last_voiced_at")

# --- by hand -------------------------------------------------------------------------------------------------------


def line(at_ms: int, event: str, *effects: tuple[str, dict[str, Any]], mode: str = "LISTENING", **data: object) -> Line:
    instants = {key: value * NS_PER_MS for key, value in data.items() if isinstance(value, int) and key in INSTANTS}
    orders = [[name, order] for name, order in effects]
    at_ns = at_ms * NS_PER_MS
    return {
        "at_ns": at_ns,
        "kind": "event",
        "event": event,
        "mode": mode,
        "to": mode,
        "data": data | instants,
        "effects": orders,
    }


HEAD = {"at_ns": 0, "kind": "call", "call_id": "CA1", "agent": "appointments", "phrases": {}, "began_at_ns": 0}


def stage(at_ms: int, name: str) -> dict[str, Any]:
    return {"at_ns": at_ms * NS_PER_MS, "kind": "stage", "stage": name, "turn": 0, "reply": 1}


def test_the_way_that_marks_told_puts_both_sides_on_the_clock_of_the_phone() -> None:
    trace = derive(
        [
            HEAD,
            line(10, "CallStarted", ("Recite", {"reply": 1, "turn": 0, "text": "Hello."})),
            stage(100, "sent"),
            line(100, "ReplyAudioStarted", reply=1),
            stage(175, "heard"),
            line(900, "PlayoutFinished", reply=1, text="Hello."),
            line(2_000, "SpeechStarted", at=2_000),
            line(2_300, "WordsHeard", text="Hi.", is_final=True),
            line(2_600, "SpeechStopped", last_voiced_at=2_500),
            line(4_000, "CallEnded", reason="stopped", heard=""),
        ]
    )
    assert [(one.start_ms, one.end_ms, one.text) for one in trace.caller] == [(2_000, 2_500, "Hi.")]
    assert [(one.start_ms, one.end_ms, one.kind) for one in trace.agent] == [(250, 900, AgentKind.GREETING)]
    assert trace.ended_by is EndedBy.CALLER_HANGUP


def test_a_reply_that_is_hushed_sounds_again_from_its_ducking_on_until_the_verdict() -> None:
    def stretches(*verdict: Line) -> list[tuple[int, int, StoppedBy]]:
        trace = derive(
            [
                HEAD,
                line(10, "CallStarted", ("Recite", {"reply": 1, "turn": 0, "text": "Hello."})),
                line(100, "ReplyAudioStarted", reply=1),
                line(500, "SpeechStarted", ("HoldPlayout", {"reply": 1}), at=480),
                line(500, "PlayoutHeld", reply=1, heard="Hel"),
                *verdict,
                line(4_000, "CallEnded", reason="stopped", heard=""),
            ]
        )
        return [(one.start_ms, one.end_ms, one.stopped_by) for one in trace.agent]

    ducks = line(680, "Tick", ("DuckPlayout", {"reply": 1, "by_db": 12}))
    cancels = line(1_300, "PlayoutHeld", ("CancelReply", {"reply": 1}), reply=1, heard="Hello")
    resumes = line(1_300, "WordsHeard", ("ResumePlayout", {"reply": 1}), text="mm-hmm", is_final=True)
    ends = line(2_000, "PlayoutFinished", reply=1, text="Hello.")
    held, cleared, finished = StoppedBy.HELD, StoppedBy.CLEARED, StoppedBy.FINISHED
    assert stretches(cancels) == [(100, 500, cleared)]
    assert stretches(ducks, cancels) == [(100, 500, held), (680, 1_300, cleared)]
    assert stretches(ducks, resumes, ends) == [(100, 500, held), (680, 2_000, finished)]
    assert stretches(resumes, ends) == [(100, 500, held), (1_300, 2_000, finished)]


def test_a_sentence_in_two_parts_is_one_turn_until_the_machine_took_it_as_over() -> None:
    def parts(*between: Line) -> list[tuple[int, int]]:
        trace = derive(
            [
                HEAD,
                line(1_000, "SpeechStarted", at=1_000),
                line(1_500, "WordsHeard", text="It is", is_final=True),
                line(1_600, "SpeechStopped", last_voiced_at=1_500),
                *between,
                line(2_500, "SpeechStarted", at=2_500),
                line(3_000, "WordsHeard", text="five five.", is_final=True),
                line(3_100, "SpeechStopped", last_voiced_at=3_000),
                line(9_000, "CallEnded", reason="stopped", heard=""),
            ]
        )
        assert all(one.kind is CallerKind.TURN for one in trace.caller)
        return [(one.start_ms, one.end_ms) for one in trace.caller]

    assert parts() == [(1_000, 3_000)]
    assert parts(line(2_000, "Tick", ("StartReply", {"reply": 1, "turn": 1}))) == [(1_000, 1_500), (2_500, 3_000)]


def test_a_call_that_was_never_spoken_in_is_empty() -> None:
    trace = derive([HEAD])
    assert (trace.caller, trace.agent, trace.turns, trace.ended_by) == ((), (), (), EndedBy.UNKNOWN)
