"""What the model is told of cuts, where several callers ask at a time."""

from simulator.brain.answers import CannedBrain
from simulator.rehearsal import Cast
from simulator.runs.plan import CallerPlan, Plan
from simulator.script import AfterAgentFinished, HangUp, IntoAgentSpeech, Say
from simulator.strategies import hold

ASKS = Say("Are you open on Tuesday?", AfterAgentFinished())


def test_an_answer_that_one_caller_heard_whole_may_be_cut_by_another() -> None:
    patient = CallerPlan(script=(ASKS, ASKS, HangUp(AfterAgentFinished())))
    hasty = CallerPlan("hasty", (ASKS, HangUp(IntoAgentSpeech(300))), arrives_ms=500)
    hold(Plan("the same word", cast=Cast(brain=CannedBrain(["Yes."])), callers=(patient, hasty)))
