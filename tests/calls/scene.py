"""A call in virtual time with the whole server behind it, and what every call must pass, whatever happens in it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agent.call import Call
from agent.ledger import ledger_of
from agent.playout import LEAD_MS
from agent.trace_view import read_trace
from fsm.effects import Effect
from fsm.events import Event
from fsm.state import CallState, Mode
from fsm.transcript import Transcript, is_valid
from fsm.units import FRAME_MS, NS_PER_MS, ms_to_samples
from simulator.brain.answers import Brain, BrainAnswer, CannedBrain
from simulator.peers.twilio_stream import TwilioPhone
from simulator.rehearsal import Cast, Rehearsal, SimulatedCall, trace_of
from simulator.script import AfterAgentFinished, AfterWords, HangUp, IfLate, Step
from tests.calls.silence import unexplained_silences

Line = dict[str, Any]

GREETING_WORDS = "Which day would suit you?"
HOURS = "I have nine in the morning, ten thirty, half past eleven, and in the afternoon two, three and four o'clock."
"""An answer of about eight seconds: long enough to be interrupted."""

BYE = HangUp(AfterAgentFinished(silence_ms=1_500, timeout_ms=30_000, if_late=IfLate.HANG_UP))
"""The caller hangs up once the agent has said what it had to say."""


def after(words: str, delay_ms: int = 600) -> AfterWords:
    """A caller who waits for these words, however long it takes."""
    return AfterWords(words, delay_ms=delay_ms, timeout_ms=40_000, if_late=IfLate.HANG_UP)


def after_greeting(delay_ms: int = 500) -> AfterWords:
    """A caller who lets the agent finish its greeting."""
    return after(GREETING_WORDS, delay_ms)


class Watch:
    """Writes down each decision: when, the mode before, the event, the state after, the orders."""

    def __init__(self) -> None:
        self.decisions: list[tuple[int, Mode, Event, CallState, tuple[Effect, ...]]] = []

    def on_decision(
        self, at_ns: int, before: Mode, event: Event, after: CallState, effects: tuple[Effect, ...]
    ) -> None:
        self.decisions.append((at_ns, before, event, after, effects))

    def at_ms(self, wanted: Callable[[Event, tuple[Effect, ...]], bool]) -> list[int]:
        """When (ns) something was decided."""
        return [at for at, _, event, _, effects in self.decisions if wanted(event, effects)]


class Scene:
    """One agent and its callers. `run` lets all calls happen and checks what no call may break."""

    def __init__(
        self,
        data: Path,
        *answers: str | BrainAnswer,
        brain: Brain | None = None,
        is_prepared: bool = True,
        **cast: Any,  # noqa: ANN401 - the fields of `Cast`
    ) -> None:
        self.data = data
        self.watch = Watch()
        if brain is not None or answers:
            cast["brain"] = brain or CannedBrain(answers)
        self.rehearsal = Rehearsal(data, Cast(**cast), self.watch)
        if is_prepared:
            self.rehearsal.prepare()
        self.world = self.rehearsal.world

    def call(self, *script: Step, **options: Any) -> "Told":  # noqa: ANN401 - those of `Rehearsal.call`
        """Place a call."""
        return Told(self, self.rehearsal.call(script, **options))

    def run(self, *, may_be_silent: bool = False) -> None:
        """Let all calls come to their end, and check them."""
        self.rehearsal.finish()
        told = [Told(self, call) for call in self.rehearsal.calls]
        for call in told:
            call.check(may_be_silent=may_be_silent)
        assert self.rehearsal.close() == [], "not everything was released within two seconds"
        assert self.rehearsal.deepgram.counts.open_now == 0
        assert self.rehearsal.groq.open_count == 0

    @property
    def asked(self) -> list[list[Mapping[str, Any]]]:
        """The messages of each request to the model, oldest first; the system prompt left out."""
        bodies: list[Mapping[str, Any]] = list(self.rehearsal.groq.seen)
        return [[message for message in body["messages"] if message["role"] != "system"] for body in bodies]

    @property
    def user_texts(self) -> list[str]:
        """What the model was told last that the caller said, turn by turn."""
        return [message["content"] for message in self.asked[-1] if message["role"] == "user"]


class Told:
    """One call, as its caller, its phone and its trace tell it. Times are ms since it was placed."""

    def __init__(self, scene: Scene, simulated: SimulatedCall) -> None:
        self.scene = scene
        self.simulated = simulated
        self.caller = simulated.caller
        self.twilio = simulated.twilio

    # --- what was heard

    @property
    def agent(self) -> list[str]:
        """What the caller heard, utterance by utterance."""
        return [utterance.text for utterance in self.caller.agent_speech]

    @property
    def heard(self) -> str:
        """All that the caller heard."""
        return " ".join(word.text for word in self.caller.heard)

    @property
    def by_twilio(self) -> list[str]:
        """What Twilio's own voice said."""
        return list(self.twilio.said_by_twilio)

    def ms(self, at_ns: int) -> float:
        """An instant of the world as ms since this call was placed."""
        return (at_ns - self.simulated.started_at) / NS_PER_MS

    def began_ms(self, words: str) -> float:
        """When the caller began to hear the utterance that holds `words`."""
        (utterance,) = (one for one in self.caller.agent_speech if words in one.text)
        return self.ms(utterance.started_at)

    def said_ms(self, index: int) -> tuple[float, float]:
        """When the caller's sound number `index` began and ended."""
        said = self.caller.said[index]
        return self.ms(said.started_at), self.ms(said.ended_at)

    # --- what was written down

    @property
    def lines(self) -> list[Line]:
        """The trace."""
        return read_trace(trace_of(self.scene.data, self.simulated))

    def events(self, name: str) -> list[Line]:
        """The decisions on events of this name."""
        return [line for line in self.lines if line["kind"] == "event" and line["event"] == name]

    def effects(self, name: str) -> list[Line]:
        """The orders of this name."""
        orders = [effect for line in self.lines if line["kind"] == "event" for effect in line["effects"]]
        return [data for effect, data in orders if effect == name]

    def notes(self, name: str) -> list[str]:
        """The notes of this name, each in one text."""
        found = [line for line in self.lines if line["kind"] == "note" and line["note"] == name]
        return [" ".join(map(str, line["data"].values())) for line in found]

    @property
    def server_side(self) -> Call:
        """The call as the agent has it."""
        return self.scene.rehearsal.answered[self.twilio.record.sid]

    @property
    def transcript(self) -> Transcript:
        """The conversation at its end, as the model would be told it."""
        return self.server_side.state.transcript

    @property
    def phone(self) -> TwilioPhone:
        """The phone of its last stream."""
        phone = self.twilio.phone
        assert phone is not None, "the call never got a stream"
        return phone

    # --- what every call must pass

    def check(self, *, may_be_silent: bool = False) -> None:
        """The call ended, told Twilio nothing wrong, lost no sample, left no silence unexplained."""
        assert self.simulated.ended_at is not None
        for phone in self.twilio.phones:
            assert phone.warnings == []
            sound = phone.playback
            waiting = sound.cleared_samples + sound.buffered_samples
            assert sound.received_samples == sound.played_samples + waiting
            assert sound.overflow_samples == 0
        if self.twilio.record.sid not in self.scene.rehearsal.answered:
            return
        assert self.server_side.state.mode is Mode.ENDED or self.notes("our_mistake")
        assert is_valid(self.transcript)
        for turn in ledger_of(self.lines):
            assert sum(turn.parts_ms().values()) == turn.voice_to_voice_ms
        if not may_be_silent:
            assert unexplained_silences(self) == []

    def check_samples(self, *, ends_anywhere: bool = False) -> None:
        """Every sample that was sent arrived, but for those under way at the end: on a call with one stream."""
        (phone,) = self.twilio.phones
        counters, behaviour = self.server_side._line.phone.counters, phone._behaviour
        under_way = counters.bytes_out - phone.playback.received_samples
        longest_ms = 2 * (behaviour.one_way_ms + behaviour.jitter_ms)
        if longest_ms or ends_anywhere:
            longest_ms += LEAD_MS + FRAME_MS
        assert 0 <= under_way <= ms_to_samples(longest_ms)
        assert phone.clears <= counters.clears <= phone.clears + 1, "the last one may meet a closed stream"
