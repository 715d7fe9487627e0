"""Small plans that tests share: an ordinary call, and one in which nothing can be understood without a brain."""

from simulator.brain.answers import CannedBrain
from simulator.rehearsal import Cast
from simulator.runs.plan import CallerPlan, Plan
from simulator.script import AfterAgentFinished, AfterWords, Backchannel, HangUp, IntoAgentSpeech, Say, Step

GREETING_END = AfterWords("which day would suit you", delay_ms=500)
LONG_ANSWER = "I have nine in the morning, half past eleven, and in the afternoon two, three and four o'clock."
ASKS: tuple[Step, ...] = (Say("What times do you have?", GREETING_END),)
BYE = HangUp(AfterAgentFinished(silence_ms=1_500))


def plan(*steps: Step, answers: tuple[str, ...] = (LONG_ANSWER,), **more: object) -> Plan:
    """A call in which the caller does `steps` and hangs up, and the model gives `answers`."""
    caller = CallerPlan(script=(*steps, BYE))
    return Plan("story", cast=Cast(brain=CannedBrain(answers)), callers=(caller,), **more)  # type: ignore[arg-type] # fields of a Plan


INTERRUPTED = plan(*ASKS, Say("Stop.", IntoAgentSpeech(1_500)), answers=(LONG_ANSWER, "All right."))
ENCOURAGED = plan(*ASKS, Backchannel("mm-hmm", IntoAgentSpeech(1_500)))
