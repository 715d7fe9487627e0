import audioop
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsm.units import FRAME_SAMPLES, NS_PER_MS, NS_PER_SAMPLE
from simulator.caller import Caller, Said
from simulator.ears import EnergyEar, voiced_span
from simulator.script import (
    AfterAgentFinished,
    AfterWords,
    At,
    AtOnce,
    Backchannel,
    Cough,
    HangUp,
    IfLate,
    IntoAgentSpeech,
    Mumble,
    Pause,
    Play,
    Press,
    Say,
    Script,
    Step,
)
from simulator.speech import SpeechReader, speak
from tests.fakes import ManualClock
from tests.simulator.peers.twilio_fakes import seeded

SILENCE = b"\xff"


class Booth:
    """A caller on a line, and an agent that speaks when it is told to."""

    def __init__(self, script: Script, *, start_ms: int = 1_000, **more: Any) -> None:  # noqa: ANN401 - passed on
        self.clock = ManualClock(start_ms * NS_PER_MS)
        self.start_ms = start_ms
        self.pressed: list[tuple[int, str]] = []
        self.hung_up_at_ms: int | None = None
        self.agent = b""
        self.microphone = b""
        self.caller = Caller(self.clock, seeded(), script, **more)
        self.caller.attach(self)

    def press(self, digit: str) -> None:
        self.pressed.append((self.now_ms - 20, digit))

    def hang_up(self) -> None:
        assert self.hung_up_at_ms is None, "hangs up once"
        self.hung_up_at_ms = self.now_ms - 20

    @property
    def now_ms(self) -> int:
        """Since the first frame began."""
        return self.clock.now() // NS_PER_MS - self.start_ms

    def says(self, text: str) -> "Booth":
        """The agent begins to say something now."""
        self.agent += speak(text).audio
        return self

    def falls_silent(self) -> "Booth":
        self.agent = b""
        return self

    def run(self, duration_ms: int) -> "Booth":
        for _ in range(duration_ms // 20):
            if self.hung_up_at_ms is not None:
                break
            self.clock.advance(20)
            self.microphone += self.caller.next_frame()
            frame, self.agent = self.agent[:FRAME_SAMPLES], self.agent[FRAME_SAMPLES:]
            self.caller.on_audible(frame.ljust(FRAME_SAMPLES, SILENCE), self.clock.now() - 20 * NS_PER_MS)
        return self

    def said(self) -> list[tuple[str, str, int]]:
        return [(said.kind, said.text, self.ms(said.started_at)) for said in self.caller.said]

    def ms(self, instant: int) -> int:
        return instant // NS_PER_MS - self.start_ms

    def understood(self) -> list[str]:
        reader = SpeechReader()
        return [word.text for word in reader.push(self.microphone) + reader.finish()]


def agent_ends_ms(booth: Booth) -> int:
    return booth.ms(booth.caller.agent_speech[-1].ended_at)


# --- moments ------------------------------------------------------------------------------------------------


def test_the_person_answers_when_the_agent_has_finished() -> None:
    booth = Booth([Say("Hello there.")]).says("How can I help?").run(8_000)
    ((kind, text, at_ms),) = booth.said()
    assert (kind, text) == ("say", "Hello there.")
    assert 0 <= at_ms - (agent_ends_ms(booth) + 700) <= 20
    assert booth.understood() == ["Hello", "there."]
    assert [word.text for word in booth.caller.heard] == ["How", "can", "I", "help?"]


def test_a_pause_in_the_agents_speech_is_not_its_end() -> None:
    booth = Booth([Say("Yes.")]).says("One moment.").run(1_240).says("Here it is.").run(5_000)
    assert booth.said()[0][2] > agent_ends_ms(booth)
    assert [utterance.text for utterance in booth.caller.agent_speech] == ["One moment.", "Here it is."]


def test_the_gap_comes_on_top() -> None:
    booth = Booth([Say("Yes.", AfterAgentFinished(gap_ms=400, silence_ms=300))]).says("Ready?").run(5_000)
    assert 0 <= booth.said()[0][2] - (agent_ends_ms(booth) + 700) <= 20


def test_the_next_contribution_waits_for_an_answer_to_the_one_before() -> None:
    booth = Booth([Say("First."), Say("Second.")]).says("Hi.").run(5_000)
    assert [text for _, text, _ in booth.said()] == ["First."]
    booth.says("I see.").run(5_000)
    assert [text for _, text, _ in booth.said()] == ["First.", "Second."]


def test_the_tail_of_an_interrupted_agent_is_not_an_answer() -> None:
    script: list[Step] = [Say("Stop.", IntoAgentSpeech(500)), Say("Next.")]
    booth = Booth(script).says("This is a very long explanation of nothing much at all").run(1_300)
    assert booth.said()[0][1:] == ("Stop.", 500)
    booth.falls_silent().run(3_000)
    assert len(booth.said()) == 1
    booth.says("Yes?").run(3_000)
    assert booth.said()[1][1] == "Next."


def test_an_agent_that_takes_no_notice_counts_as_having_answered() -> None:
    script: list[Step] = [Say("Stop.", IntoAgentSpeech(500)), Say("Next.")]
    booth = Booth(script).says("This is a very long explanation of nothing much at all").run(8_000)
    assert booth.said()[1][1] == "Next."
    assert booth.said()[1][2] >= agent_ends_ms(booth) + 700


def test_words_of_the_agent_are_a_cue() -> None:
    script: list[Step] = [Say("Tuesday!", AfterWords("which day", delay_ms=100))]
    booth = Booth(script).says("So, which DAY, would you prefer to come in?").run(6_000)
    ((_, _, at_ms),) = booth.said()
    day = next(word for word in booth.caller.heard if word.text == "DAY,")
    assert 100 <= at_ms - booth.ms(day.ended_at) <= 180
    assert booth.caller.said[0].over_agent


def test_words_from_before_the_persons_last_contribution_are_no_cue() -> None:
    script: list[Step] = [Say("One."), Say("Two.", AfterWords("number"))]
    booth = Booth(script).says("Your number?").run(6_000)
    assert len(booth.said()) == 1
    booth.says("Another number, please.").run(3_000)
    assert len(booth.said()) == 2


def test_a_backchannel_falls_into_the_agents_speech() -> None:
    script: list[Step] = [Backchannel("mm-hmm", IntoAgentSpeech(600)), Say("Fine.")]
    booth = Booth(script).run(2_000).says("Let me tell you all about the free appointments we have").run(9_000)
    backchannel, fine = booth.caller.said
    assert booth.ms(backchannel.started_at) == 2_600
    assert (backchannel.kind, backchannel.over_agent, backchannel.takes_floor) == ("backchannel", True, False)
    assert (fine.over_agent, fine.takes_floor) == (False, True)
    assert fine.started_at > booth.caller.agent_speech[0].ended_at


def test_two_sounds_into_one_utterance() -> None:
    script: list[Step] = [
        Backchannel(when=IntoAgentSpeech(500)),
        Cough(IntoAgentSpeech(2_000)),
        Mumble(400, IntoAgentSpeech(100)),
    ]
    booth = Booth(script).says("This is a very long explanation of nothing much at all").run(7_000)
    assert [(kind, at_ms) for kind, _, at_ms in booth.said()] == [("backchannel", 500), ("cough", 2_000)]
    booth.says("And on it goes.").run(2_000)
    assert booth.said()[2][0] == "mumble", "too young a moment in an old utterance waits for the next one"


def test_fixed_moments_pauses_and_sounds_at_once() -> None:
    script: list[Step] = [Say("My number is", At(500)), Pause(600), Say("five five five", AtOnce())]
    booth = Booth(script).run(5_000)
    first, second = booth.caller.said
    assert booth.ms(first.started_at) == 500
    assert 600 <= (second.started_at - first.ended_at) // NS_PER_MS <= 640
    assert booth.understood() == ["My", "number", "is", "five", "five", "five"]


# --- deeds --------------------------------------------------------------------------------------------------


def test_keys_are_pressed_one_after_the_other() -> None:
    booth = Booth([Press("12#", At(300), gap_ms=100), HangUp(At(1_000))]).run(2_000)
    assert booth.pressed == [(300, "1"), (400, "2"), (500, "#")]
    assert [(said.kind, said.text) for said in booth.caller.said] == [("press", "1"), ("press", "2"), ("press", "#")]
    assert booth.hung_up_at_ms == 1_000


def test_given_audio_is_played_as_it_is() -> None:
    audio = speak("recorded words").audio
    booth = Booth([Play(audio, "recorded words", At(100))]).run(3_000)
    first, past = voiced_span(audio) or (0, 0)
    (said,) = booth.caller.said
    assert booth.microphone[800 : 800 + past] == audio[:past]
    assert said.ended_at - said.started_at == (past - first) * 125_000
    assert booth.understood() == ["recorded", "words"]


def test_what_was_said_is_told_with_its_words_and_instants() -> None:
    told: list[Said] = []
    booth = Booth([Say("Good morning.", At(100))], on_said=told.append).run(3_000)
    (said,) = booth.caller.said
    assert told == [said]
    assert [word.text for word in said.words] == ["Good", "morning."]
    assert said.words[0].started_at == said.started_at
    assert said.words[1].ended_at == said.ended_at
    span = voiced_span(booth.microphone)
    assert span is not None
    assert span[1] * 125_000 == said.ended_at - booth.start_ms * NS_PER_MS


def test_a_quiet_line_has_noise_where_asked_for() -> None:
    booth = Booth([Say("Hello.", At(500)), Pause(300)], line_noise_level=40).run(3_000)
    assert len(set(booth.microphone[:4_000])) > 10
    assert voiced_span(booth.microphone[:4_000]) is None
    assert booth.understood() == ["Hello."]
    assert set(Booth([]).run(500).microphone) == {0xFF}


def test_a_noisy_line_is_noisy_between_the_words_too() -> None:
    quiet, noisy = (Booth([Say("One, two, three.", At(500))], line_noise_level=level).run(3_000) for level in (0, 40))
    (said,) = noisy.caller.said
    gap = slice(*(at // NS_PER_SAMPLE for at in (said.words[0].ended_at, said.words[1].started_at)))
    start = noisy.start_ms * NS_PER_MS // NS_PER_SAMPLE
    gaps = [booth.microphone[gap.start - start : gap.stop - start] for booth in (quiet, noisy)]
    quiet_level, noisy_level = (audioop.rms(audioop.ulaw2lin(piece, 2), 2) for piece in gaps)
    assert quiet_level < 10
    assert 30 <= noisy_level <= 60
    assert noisy.understood() == ["One,", "two,", "three."]


def test_real_speech_is_followed_by_its_energy() -> None:
    booth = Booth([Say("Yes.")], ear=EnergyEar()).says("any sound at all").run(6_000)
    assert 0 <= booth.said()[0][2] - (agent_ends_ms(booth) + 700) <= 20
    assert booth.caller.heard == []


# --- moments that do not come ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("if_late", "said", "hung_up_at_ms"),
    [(IfLate.GO_AHEAD, ["A", "B"], None), (IfLate.SKIP, ["B"], None), (IfLate.HANG_UP, [], 2_000)],
)
def test_a_moment_that_does_not_come_is_recorded_and_waited_for_no_longer(
    if_late: IfLate, said: list[str], hung_up_at_ms: int | None
) -> None:
    step = Say("A", AfterAgentFinished(timeout_ms=2_000, if_late=if_late))
    booth = Booth([step, Say("B", AtOnce())]).run(4_000)
    assert [text for _, text, _ in booth.said()] == said
    (missed,) = booth.caller.missed
    assert (missed.step, booth.ms(missed.at), missed.then) == (step, 2_000, if_late)
    assert booth.hung_up_at_ms == hung_up_at_ms


def test_hanging_up_is_never_skipped() -> None:
    booth = Booth([HangUp(AfterWords("goodbye", timeout_ms=1_000))]).run(5_000)
    assert booth.hung_up_at_ms == 1_000


def test_a_person_whose_script_is_over_does_not_stay_forever() -> None:
    booth = Booth([Say("Hello.", At(0))], patience_ms=3_000).run(10_000)
    assert booth.hung_up_at_ms is not None
    assert 3_000 <= booth.hung_up_at_ms - booth.ms(booth.caller.said[0].ended_at) <= 3_020
    assert booth.caller.missed[-1].step is None
    assert booth.caller.has_finished


def test_a_late_timer_does_not_shift_the_truth_and_a_new_stream_does() -> None:
    booth = Booth([Say("Hello.", At(500))])
    booth.run(200)
    booth.clock._now += 60 * NS_PER_MS  # three frames late, then all of them at once
    for _ in range(4):
        booth.caller.next_frame()
    booth.clock._now += 20 * NS_PER_MS
    booth.clock._now += 10_000 * NS_PER_MS  # the stream was away
    booth.run(20)
    assert booth.ms(booth.caller.said[0].started_at) == 10_280


# --- any script -----------------------------------------------------------------------------------------------

WHENS: Any = st.one_of(
    st.builds(AfterAgentFinished, timeout_ms=st.integers(0, 3_000), if_late=st.sampled_from(IfLate)),
    st.builds(AfterWords, st.just("free"), timeout_ms=st.integers(0, 3_000), if_late=st.sampled_from(IfLate)),
    st.builds(IntoAgentSpeech, st.integers(0, 3_000), timeout_ms=st.integers(0, 3_000)),
    st.builds(At, st.integers(0, 5_000), timeout_ms=st.integers(0, 3_000)),
    st.builds(AtOnce, st.integers(0, 1_000)),
)
STEPS: Any = st.lists(
    st.one_of(
        st.builds(Say, st.sampled_from(["yes", "no, thanks"]), WHENS),
        st.builds(Backchannel, when=WHENS),
        st.builds(Cough, WHENS),
        st.builds(Mumble, st.integers(50, 900), WHENS),
        st.builds(Press, st.sampled_from(["1", "23"]), WHENS),
        st.builds(Pause, st.integers(0, 800)),
        st.builds(HangUp, WHENS),
    ),
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(script=STEPS, level=st.sampled_from([0, 40]))
def test_every_script_comes_to_an_end_and_every_sound_is_in_the_microphone(script: list[Step], level: int) -> None:
    booth = Booth(script, patience_ms=500, line_noise_level=level)
    booth.run(1_000).says("There are some free hours.").run(45_000)
    assert booth.hung_up_at_ms is not None
    loud = [said for said in booth.caller.said if said.kind != "press"]
    for earlier, later in pairwise(loud):
        assert earlier.ended_at <= later.started_at, "one mouth, one sound at a time"
    for said in loud:
        first, past = (((at // NS_PER_MS) - booth.start_ms) * 8 for at in (said.started_at, said.ended_at))
        piece = booth.microphone[first : past + 8]
        assert voiced_span(piece) is not None
        assert (
            voiced_span(booth.microphone[:first][-160:] if first else b"") is None or first < 160 or said is not loud[0]
        )
