"""Whatever a caller says, whatever fails, in any order: what holds in every call."""

from hypothesis import example, given

from simulator.brain.answers import BrainAnswer, CannedBrain
from simulator.peers.elevenlabs_behaviour import ElevenLabsBehaviour
from simulator.peers.groq_behaviour import GroqBehaviour, GroqStreamFault
from simulator.rehearsal import Cast
from simulator.runs.plan import CallerPlan, Plan
from simulator.script import AfterAgentFinished, At, HangUp, IfLate, IntoAgentSpeech, Press, Say
from simulator.strategies import CallMachine, hold, plans, seeds
from tests.soak import examples

AT_LAST = HangUp(At(30_000, if_late=IfLate.HANG_UP))

A_KEY_AND_NO_ANSWER = Plan(
    "a key, and a model that hangs",
    cast=Cast(groq=GroqBehaviour(stream_fault=GroqStreamFault.HANG, fail_first_n=1), brain=CannedBrain(["Yes."])),
    callers=(CallerPlan(script=(Press("1", AfterAgentFinished()), AT_LAST)),),
    is_strict=False,
)
GOODBYE_WITHOUT_A_VOICE = Plan(
    "a goodbye that no voice speaks",
    cast=Cast(
        elevenlabs=ElevenLabsBehaviour(refuse_status=503),
        brain=CannedBrain([BrainAnswer("Goodbye.", (("hang_up", '{"reason": "done"}'),))]),
    ),
    callers=(CallerPlan(script=(Say("Bye.", AfterAgentFinished()), AT_LAST)),),
    is_strict=False,
)
AN_APOLOGY_CUT_BY_A_KEY = Plan(
    "the same apology twice, the first one cut",
    cast=Cast(groq=GroqBehaviour(starve=True), brain=CannedBrain(["Yes."])),
    callers=(CallerPlan(script=(Say("Hello?", AfterAgentFinished()), Press("1", IntoAgentSpeech(400)), AT_LAST)),),
    is_strict=False,
)


@examples(14)
@given(plans(), seeds())
@example(A_KEY_AND_NO_ANSWER, 0)
@example(GOODBYE_WITHOUT_A_VOICE, 0)
@example(AN_APOLOGY_CUT_BY_A_KEY, 0)
def test_every_call_holds_whatever_happens_in_it(plan: Plan, seed: int) -> None:
    hold(plan, seed)


TestACallThatIsImprovised = CallMachine.TestCase
TestACallThatIsImprovised.settings = examples(6, steps=15)
