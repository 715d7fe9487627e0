"""Silences with a cause: nobody answers what reached nobody."""

from simulator.brain.answers import CannedBrain
from simulator.rehearsal import Cast
from simulator.runs.plan import CallerPlan, FaultPlan, Moment, Plan
from simulator.script import AfterAgentFinished, At, HangUp, Say
from simulator.strategies import hold


def test_what_is_said_into_a_muted_microphone_is_answered_by_nobody() -> None:
    script = (Say("Are you open on Tuesday?", AfterAgentFinished()), HangUp(At(18_000)))
    muted = FaultPlan("caller_muted", 6_000, Moment("LISTENING", delay_ms=100))
    hold(Plan("muted", cast=Cast(brain=CannedBrain(["Yes."])), callers=(CallerPlan(script=script),), faults=(muted,)))
