"""Whatever a caller says, whatever fails, in any order: what holds in every call."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from fsm.units import NS_PER_MS
from simulator.brain.answers import BrainAnswer, CannedBrain
from simulator.peers.deepgram_behaviour import DeepgramBehaviour
from simulator.peers.elevenlabs_behaviour import ElevenLabsBehaviour, VoiceFault
from simulator.peers.groq_behaviour import GroqBehaviour, GroqRefusal, GroqStreamFault
from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.rehearsal import DEEPGRAM, ELEVENLABS, GROQ, Cast, Rehearsal
from simulator.script import (
    AfterAgentFinished,
    At,
    AtOnce,
    Backchannel,
    Cough,
    HangUp,
    IfLate,
    IntoAgentSpeech,
    Mumble,
    Pause,
    Press,
    Say,
    Step,
)
from tests.calls.scene import HOURS, Scene

BOOK = BrainAnswer("Let me look.", (("find_free_slots", '{"date": "2026-11-24"}'),))
BYE = BrainAnswer("Goodbye.", (("hang_up", '{"reason": "done"}'),))
ANSWERS: tuple[str | BrainAnswer, ...] = (
    HOURS,
    "Yes.",
    BOOK,
    "We open at nine, every day. Which day suits you?",
    "",
    BYE,
)

MOMENTS = st.one_of(
    st.builds(IntoAgentSpeech, st.integers(100, 4_000), timeout_ms=st.just(8_000)),
    st.builds(
        AfterAgentFinished, gap_ms=st.integers(0, 500), silence_ms=st.integers(200, 900), timeout_ms=st.just(9_000)
    ),
    st.builds(AtOnce, st.integers(0, 2_500)),
)
TEXTS = st.sampled_from(["Stop.", "Yes.", "I need an appointment on Tuesday.", "No wait, and um", "What did you say?"])
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.builds(Say, TEXTS, MOMENTS),
    st.builds(Backchannel, st.sampled_from(["mm-hmm", "okay"]), MOMENTS),
    st.builds(Cough, MOMENTS),
    st.builds(Mumble, st.integers(100, 2_500), MOMENTS),
    st.builds(Pause, st.integers(50, 1_500)),
    st.builds(Press, st.sampled_from(["1", "42#"]), MOMENTS),
)
PHONES = {
    "near": TwilioBehaviour(),
    "far": TwilioBehaviour(one_way_ms=75),
    "uneven": TwilioBehaviour(one_way_ms=75, jitter_ms=40),
    "forgetful": TwilioBehaviour(one_way_ms=20, lost_mark_rate=0.3, sends_stop=False),
}
EARS = {
    "good": DeepgramBehaviour(),
    "breaking": DeepgramBehaviour(drop_after_ms=9_000),
    "never final": DeepgramBehaviour(finals_missing=True, ignore_finalize=True),
    "late": DeepgramBehaviour(late_finals_ms=700),
    "refused": DeepgramBehaviour(refuse_status=429, refuse_times=5),
    "wavering": DeepgramBehaviour(jitter_ms=200, revise_interims=True),
}
MODELS = {
    "good": GroqBehaviour(),
    "failing": GroqBehaviour(refuse=GroqRefusal.SERVER_ERROR, fail_first_n=2),
    "breaking": GroqBehaviour(stream_fault=GroqStreamFault.RESET, fault_after_tokens=24, fail_first_n=1),
    "limited": GroqBehaviour(refuse=GroqRefusal.RATE_LIMITED_TOKENS, retry_after_s=1.0, fail_first_n=1),
    "slow": GroqBehaviour(first_token_jitter_ms=1_500, tokens_per_s=80),
}
VOICES = {
    "good": ElevenLabsBehaviour(),
    "breaking": ElevenLabsBehaviour(fault=VoiceFault.CLOSE, fault_after_ms=900, fail_first_n=3),
    "endless": ElevenLabsBehaviour(fault=VoiceFault.NO_FINAL),
    "uneven": ElevenLabsBehaviour(first_byte_jitter_ms=400, frame_max_ms=200),
    "wordless": ElevenLabsBehaviour(null_alignment_share=0.5),
}
BREAKS = st.sampled_from([DEEPGRAM, GROQ, ELEVENLABS, "stream"])
TROUBLE = st.lists(st.tuples(st.integers(0, 20_000), BREAKS), max_size=2)


@dataclass(frozen=True)
class Story:
    """A caller, an agent, what works badly, and when what breaks."""

    seed: int
    script: list[Step]
    answers: list[int]
    phone: str
    ears: str
    model: str
    voice: str
    trouble: list[tuple[int, str]]


STORIES = st.builds(
    Story,
    seed=st.integers(0, 2**32),
    script=st.lists(STEPS, max_size=7),
    answers=st.lists(st.integers(0, len(ANSWERS) - 1), min_size=1, max_size=5),
    phone=st.sampled_from(sorted(PHONES)),
    ears=st.sampled_from(sorted(EARS)),
    model=st.sampled_from(sorted(MODELS)),
    voice=st.sampled_from(sorted(VOICES)),
    trouble=TROUBLE,
)


@settings(max_examples=20, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(STORIES)
def test_every_call_ends_with_its_books_in_order(story: Story) -> None:
    with TemporaryDirectory() as name:
        data = Path(name)
        render(data)
        scene = Scene(
            data,
            brain=CannedBrain([ANSWERS[index] for index in story.answers]),
            seed=story.seed,
            deepgram=EARS[story.ears],
            groq=MODELS[story.model],
            elevenlabs=VOICES[story.voice],
        )
        call = scene.call(*story.script, HangUp(At(30_000, if_late=IfLate.HANG_UP)), behaviour=PHONES[story.phone])
        for at_ms, where in story.trouble:
            cut = call.twilio.drop_stream if where == "stream" else scene.rehearsal.link(where).cut
            scene.rehearsal.at(at_ms, cut)
        scene.rehearsal.finish()
        scene.world.run_until(call.simulated.started_at + 20_000 * NS_PER_MS)
        scene.run(may_be_silent=True)


def render(data: Path) -> None:
    """Have the phrases on disk, whatever the voice is like later."""
    rehearsal = Rehearsal(data, Cast())
    rehearsal.prepare()
    assert rehearsal.close() == []
