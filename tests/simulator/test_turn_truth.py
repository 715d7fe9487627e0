from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.metrics.derived import derive
from agent.metrics.score import Score
from agent.metrics.turn_trace import AgentKind, CallerKind, EndedBy, StoppedBy, TurnTrace, read_turn_trace
from fsm.units import NS_PER_MS, NS_PER_SAMPLE
from simulator.played import played_by
from simulator.runs.evidence import Evidence
from simulator.runs.plan import CallerPlan, Plan
from simulator.runs.run import gathered
from simulator.scenario import load
from simulator.script import Backchannel, Cough, HangUp, IntoAgentSpeech, Music, Press, Say
from simulator.turn_truth import turn_traces, write_turn_traces

HANG_UP = HangUp()
INTERRUPT = Say("Wait, I meant Friday.", IntoAgentSpeech(after_ms=1_500))


@contextmanager
def held(*script: object) -> Iterator[tuple[Evidence, TurnTrace]]:
    """One call of this script, and its turn-trace."""
    with gathered(Plan("call", callers=(CallerPlan(script=tuple(script)),)), 3) as evidence:  # type: ignore[arg-type]  # steps
        (trace,) = turn_traces(evidence)
        yield evidence, trace


def kinds(trace: TurnTrace) -> list[tuple[int | None, AgentKind, StoppedBy]]:
    return [(one.turn, one.kind, one.stopped_by) for one in trace.agent]


def test_a_plain_call_is_told_as_it_was() -> None:
    with held(Say("What times do you have?"), HANG_UP) as (_, trace):
        assert [(one.kind, one.text) for one in trace.caller] == [(CallerKind.TURN, "What times do you have?")]
        assert kinds(trace) == [
            (0, AgentKind.GREETING, StoppedBy.FINISHED),
            (1, AgentKind.REPLY, StoppedBy.FINISHED),
        ]
        assert trace.ended_by is EndedBy.CALLER_HANGUP
        assert (trace.seed, trace.domain, trace.derived) == (3, "appointments", "")


def test_what_the_phone_played_is_in_it_to_the_sample() -> None:
    with held(Say("What times do you have?"), INTERRUPT, Cough(), Say("Goodbye."), HANG_UP) as (evidence, trace):
        (call,) = evidence.calls
        (phone,) = call.twilio.phones
        played = played_by(evidence, call)
        assert sum(one.ended_at - one.started_at for one in played) == phone.playback.played_samples * NS_PER_SAMPLE
        assert phone.started_at is not None
        for word in call.caller.heard:
            at_ms = (word.started_at - phone.started_at) // NS_PER_MS
            assert any(one.start_ms - 1 <= at_ms <= one.end_ms for one in trace.agent), word


def test_a_true_interruption_hushes_then_clears_and_a_cough_holds() -> None:
    with held(Say("What times do you have?"), INTERRUPT, HANG_UP) as (_, trace):
        assert kinds(trace)[1:] == [
            (1, AgentKind.REPLY, StoppedBy.HELD),  # hushed at once; then it goes on quietly until the verdict
            (1, AgentKind.REPLY, StoppedBy.CLEARED),
            (2, AgentKind.REPLY, StoppedBy.FINISHED),
        ]
    with held(Say("What times do you have?"), Cough(), HANG_UP) as (_, trace):
        first, *rest = trace.agent[1:]
        assert {one.turn for one in rest} <= {first.turn}
        assert not rest or first.stopped_by is StoppedBy.HELD


def test_each_sound_has_its_kind_and_keys_have_none() -> None:
    said = Say("Well [cough] on [400 ms] Tuesday."), Backchannel("mm-hmm"), Press("1"), Music(2_000)
    with held(*said, HANG_UP) as (_, trace):
        assert [one.kind for one in trace.caller] == [CallerKind.TURN, CallerKind.BACKCHANNEL, CallerKind.NOISE]
        turn = trace.caller[0]
        (cough,) = turn.inserts
        assert cough.text == "cough"
        assert any(start <= cough.start_ms and cough.end_ms <= end for start, end in turn.voiced_ms)
        gaps = [after[0] - before[1] for before, after in zip(turn.voiced_ms, turn.voiced_ms[1:], strict=False)]
        assert max(gaps) >= 400


def test_fillers_and_tools_are_told_apart_from_the_answer() -> None:
    with gathered(load("tool_slow"), 1) as evidence:
        (trace,) = turn_traces(evidence)
        assert [one.kind for one in trace.agent[1:]] == [AgentKind.FILLER, AgentKind.FILLER, AgentKind.REPLY]
        assert trace.agent[2].end_ms == trace.agent[3].start_ms  # the filler gave way without a gap
        assert [one.turn for one in trace.turns if one.tool] == [1]


def test_what_the_agent_can_tell_of_a_filler_that_gave_way_is_the_truth() -> None:
    with gathered(load("tool_slow"), 1) as evidence:
        (truth,) = turn_traces(evidence)
        told = derive(evidence.calls[0].lines)
        assert [one.kind for one in told.agent] == [one.kind for one in truth.agent]
        for ours, true in zip(told.agent, truth.agent, strict=True):
            assert abs(ours.start_ms - true.start_ms) <= 60
            assert abs(ours.end_ms - true.end_ms) <= 60


def test_an_agent_that_nobody_answers_ends_an_inactive_call() -> None:
    with gathered(load("greeting_deaf"), 1) as evidence:
        for trace in turn_traces(evidence):
            assert all(one.kind is not AgentKind.FILLER for one in trace.agent)
    with held(Say("What times do you have?")) as (_, trace):
        assert AgentKind.REPROMPT in {one.kind for one in trace.agent}
        assert trace.ended_by is EndedBy.INACTIVITY
        assert not any(turn.fallback for turn in trace.turns)


def test_a_call_whose_stream_was_replaced_is_one_call() -> None:
    with gathered(load("stream_lost"), 1) as evidence:
        (trace,) = turn_traces(evidence)
        assert StoppedBy.CALL_ENDED in {one.stopped_by for one in trace.agent[:-1]}
        assert trace.agent[-1].end_ms <= trace.end_ms


@pytest.mark.parametrize("script", ["double_interrupt", "many_coughs", "quick_yes"])
def test_every_trace_can_be_written_read_and_scored(script: str, tmp_path: Path) -> None:
    with gathered(load(script), 1) as evidence:
        write_turn_traces(evidence, tmp_path)
        (path,) = tmp_path.iterdir()
        assert path.name == f"{script}-1-caller.json"
        trace = read_turn_trace(path.read_bytes(), path)
        assert [trace] == turn_traces(evidence)
        score = Score()
        score.add(trace)
        assert score.values()["counts"]["n_simulations"] == 1
