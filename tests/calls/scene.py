"""A call in virtual time with the whole server behind it, judged by the checkers of every simulated call."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.call import Call
from agent.trace_view import read_trace
from fsm.effects import Effect
from fsm.events import Event
from fsm.state import CallState, Mode
from fsm.transcript import Transcript
from fsm.units import NS_PER_MS
from simulator.brain.answers import Brain, BrainAnswer, CannedBrain
from simulator.checkers import check_all
from simulator.peers.twilio_stream import TwilioPhone
from simulator.rehearsal import Cast, Rehearsal, trace_of
from simulator.runs.evidence import CallEvidence, Evidence
from simulator.runs.plan import Plan
from simulator.script import AfterAgentFinished, AfterWords, HangUp, IfLate, Step
from simulator.simulated_call import SimulatedCall

Line = dict[str, Any]

GREETING_WORDS = "Which day would suit you?"
HOURS = "I have nine in the morning, ten thirty, half past eleven, and in the afternoon two, three and four o'clock."
"""An answer of about eight seconds: long enough to be interrupted."""

BYE = HangUp(AfterAgentFinished(silence_ms=1_500, timeout_ms=30_000, if_late=IfLate.HANG_UP))
"""The caller hangs up once the agent has said what it had to say."""


BREAKING = ("no-own-mistake", "no-error-log")
"""Checkers that a planted mistake of ours alarms."""


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

    def run(self, *waives: str, may_be_silent: bool = False, may_break: bool = False) -> None:
        """Let all calls come to their end, and check them; `may_break`: a mistake of ours was planted.

        `waives` are checkers that the story breaks on purpose.
        """
        waived = [*waives, *(["silence"] if may_be_silent else []), *(BREAKING if may_break else [])]
        found = check_all(self.finished(waived))
        assert found == [], "\n".join(map(str, found))

    def finished(self, waived: Sequence[str] = ()) -> Evidence:
        """Let all calls come to their end; what is known then. `waived` checkers are broken on purpose."""
        began_at = self.world.now()
        self.rehearsal.finish()
        leftovers = self.rehearsal.close()
        return Evidence(
            plan=Plan("story", cast=self.rehearsal.cast, waives=dict.fromkeys(waived, "the story is about that")),
            seed=self.rehearsal.cast.seed,
            data=self.data,
            rehearsal=self.rehearsal,
            calls=tuple(self.evidence(call) for call in self.rehearsal.calls),
            began_at=began_at,
            ended_at=self.world.now(),
            leftovers=tuple(leftovers),
        )

    def evidence(self, call: SimulatedCall) -> CallEvidence:
        """What is known of a call."""
        call_id = call.twilio.record.sid
        path = trace_of(self.data, call)
        return CallEvidence(
            name=call_id,
            simulated=call,
            agent=self.rehearsal.answered.get(call_id),
            lines=tuple(read_trace(path)) if path.is_file() else (),
            trace_began_at=self.rehearsal.answered_at.get(call_id, call.started_at),
        )

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
