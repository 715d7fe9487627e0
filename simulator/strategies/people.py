"""Random callers: what they say and do, and when; the simplest first."""

from hypothesis import strategies as st

from simulator.runs.plan import CallerPlan
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
    Script,
    Step,
    When,
)
from simulator.strategies.providers import phones

LATEST_MS = 8_000
"""How long a caller waits for a moment before they go ahead, or leave it."""

LAST_MS = 30_000
"""When a caller has had enough, whatever became of the call."""

SAYINGS = (
    "Yes.",
    "Tuesday at ten.",
    "I need an appointment on Tuesday.",
    "Stop.",
    "No, wait, and um",
    "What did you say?",
    "My number is five five five, one two, three four.",
)
SIGNS_OF_LISTENING = ("mm-hmm", "okay", "right", "yeah")
KEYS = ("1", "42#", "*")


def moments() -> st.SearchStrategy[When]:
    """When a caller does something: after the agent, at once, or in the midst of its words."""
    return st.one_of(
        st.builds(
            AfterAgentFinished,
            gap_ms=st.integers(0, 500),
            silence_ms=st.integers(200, 900),
            timeout_ms=st.just(LATEST_MS),
        ),
        st.builds(AtOnce, st.integers(0, 2_500)),
        interruptions(),
    )


def interruptions() -> st.SearchStrategy[When]:
    """Moments in the midst of the agent's words."""
    return st.builds(IntoAgentSpeech, st.integers(100, 4_000), timeout_ms=st.just(LATEST_MS))


def steps(sayings: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[Step]:
    """One thing a caller does; `sayings` are what they may say."""
    said = st.sampled_from(SAYINGS) if sayings is None else sayings
    return st.one_of(
        st.builds(Say, said, moments()),
        st.builds(Backchannel, st.sampled_from(SIGNS_OF_LISTENING), moments()),
        st.builds(Cough, moments()),
        st.builds(Mumble, st.integers(100, 2_500), moments()),
        st.builds(Pause, st.integers(50, 1_500)),
        st.builds(Press, st.sampled_from(KEYS), moments()),
    )


def scripts(
    sayings: st.SearchStrategy[str] | None = None, *, max_steps: int = 7, last_ms: int = LAST_MS
) -> st.SearchStrategy[Script]:
    """What a caller does in a call, at most `max_steps` things; they hang up by `last_ms` at the latest."""
    at_last = HangUp(At(last_ms, if_late=IfLate.HANG_UP))
    ends = st.one_of(st.just(()), st.builds(HangUp, moments()).map(lambda step: (step,)))
    return st.builds(
        lambda done, end: (*done, *end, at_last), st.lists(steps(sayings), max_size=max_steps).map(tuple), ends
    )


def callers(
    script: st.SearchStrategy[Script] | None = None, *, name: str = "caller", arrives_ms: int = 0
) -> st.SearchStrategy[CallerPlan]:
    """A person, what they do, and the phone they do it with; now and then on a noisy line."""
    return st.builds(
        CallerPlan,
        name=st.just(name),
        script=scripts() if script is None else script,
        arrives_ms=st.just(arrives_ms),
        line_noise_level=st.sampled_from([0, 0, 40]),
        phone=phones(),
    )
