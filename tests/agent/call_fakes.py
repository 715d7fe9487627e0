"""Stand-ins for everything a call consists of and stands on, each driven by the test."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from agent.errors import Fault, FaultKind, Whose
from agent.fence import Owner
from agent.pacer import Pacer
from agent.phrases import RenderedPhrase
from agent.ports import Alignment, GenerationListener, SpeechListener, ToolSchema, Usage, VoiceListener
from agent.services import Services
from agent.trace import Trace
from agent.twilio import Phone, Started, StreamCounters
from fsm.events import Event, ToolCall
from fsm.transcript import Message
from fsm.units import ms_to_samples
from tests.fakes import ManualClock

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def fault(kind: FaultKind = FaultKind.CLOSED, retry_after_ms: int | None = None) -> Fault:
    return Fault(Whose.PROVIDER, "fake", kind, "it broke", retry_after_ms)


@dataclass
class FakeOwner:
    """A call that only writes down what its parts tell it."""

    clock: ManualClock
    fed: list[Event] = field(default_factory=list)
    stamps: list[str] = field(default_factory=list)
    stamped_at: dict[str, int] = field(default_factory=dict)
    notes: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    mistakes: list[Exception] = field(default_factory=list)
    on_fed: Callable[[], None] = lambda: None

    def feed(self, event: Event) -> None:
        self.fed.append(event)
        self.on_fed()

    def stamp(self, stage: str, at: int | None = None) -> None:
        self.stamps.append(stage)
        self.stamped_at[stage] = self.clock.now() if at is None else at

    def note(self, note: str, **data: object) -> None:
        self.notes.append((note, data))

    def note_fault(self, fault: Fault) -> None:
        self.notes.append(("fault", {"fault": str(fault)}))

    def on_mistake(self, error: Exception) -> None:
        self.mistakes.append(error)


@dataclass
class FakeGeneration:
    """One request to the model; the test answers it."""

    messages: Sequence[Message]
    tools: Sequence[ToolSchema]
    listener: GenerationListener
    is_cancelled: bool = False

    def cancel(self) -> None:
        self.is_cancelled = True

    def says(self, *tokens: str) -> None:
        for token in tokens:
            self.listener.on_token(token)

    def ends(self, *calls: ToolCall, used: Usage | None = None) -> None:
        self.listener.on_generated(calls, used or Usage())

    def fails(self, why: Fault) -> None:
        self.listener.on_generation_failed(why)


class FakeModel:
    """A language model with nothing to say of its own."""

    def __init__(self) -> None:
        self.generations: list[FakeGeneration] = []
        self.warmed = 0

    def generate(
        self, messages: Sequence[Message], tools: Sequence[ToolSchema], listener: GenerationListener
    ) -> FakeGeneration:
        self.generations.append(FakeGeneration(messages, tools, listener))
        return self.generations[-1]

    def warm(self) -> None:
        self.warmed += 1

    def close(self) -> None:
        """Nothing is held."""


class FakeVoice:
    """A voice that speaks when the test says so."""

    def __init__(self, listener: VoiceListener) -> None:
        self.listener = listener
        self.orders: list[tuple[str, int, str]] = []
        self.is_closed = False

    def say(self, utterance: int, text: str) -> None:
        self.orders.append(("say", utterance, text))

    def finish(self, utterance: int) -> None:
        self.orders.append(("finish", utterance, ""))

    def drop(self, utterance: int) -> None:
        self.orders.append(("drop", utterance, ""))

    def close(self) -> None:
        self.is_closed = True

    def speaks(self, utterance: int, text: str, ms: int) -> None:
        """Deliver `text` as audio of that length, evenly spread."""
        samples = ms_to_samples(ms)
        starts = tuple(samples * index // len(text) for index in range(len(text)))
        self.listener.on_audio(utterance, b"\x07" * samples, Alignment(text, starts))

    def ends(self, utterance: int) -> None:
        self.listener.on_spoken(utterance)


class FakeVoices:
    """Makes voices."""

    fingerprint = "fake"

    def __init__(self) -> None:
        self.opened: list[FakeVoice] = []

    def open_voice(self, listener: VoiceListener) -> FakeVoice:
        self.opened.append(FakeVoice(listener))
        return self.opened[-1]

    def warm(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing is held."""


class FakeEars:
    """Ears that hear what the test says."""

    def __init__(self, listener: SpeechListener) -> None:
        self.listener = listener
        self.audio = b""
        self.finalized = 0
        self.turns_ended = 0
        self.languages: list[str] = []
        self.is_closed = False

    def send(self, audio: bytes) -> None:
        self.audio += audio

    def finalize(self) -> None:
        self.finalized += 1

    def end_turn(self) -> None:
        self.turns_ended += 1

    def change_language(self, language: str) -> None:
        self.languages.append(language)

    def close(self) -> None:
        self.is_closed = True


class FakeHearing:
    """Makes ears."""

    def __init__(self) -> None:
        self.opened: list[FakeEars] = []

    def listen(self, listener: SpeechListener) -> FakeEars:
        self.opened.append(FakeEars(listener))
        return self.opened[-1]

    def warm(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True)
class Outcome:
    """How a tool ended."""

    result: str = "done"
    failed: bool = False
    ends_call: bool = False
    ends_round: bool = False
    expects: str = ""
    profile: str = ""
    language: str = ""


class FakeRunner:
    """Tools that end at once."""

    async def run(self, name: str, arguments_json: str) -> Outcome:
        return Outcome(f"{name} {arguments_json}")


class FakeWire:
    """The stream's websocket: what was sent on it."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.is_open = True

    def send(self, message: str | bytes) -> None:
        self.sent.append(str(message))

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.is_open = False

    @property
    def kinds(self) -> list[str]:
        """What was sent, by kind, repetitions left out."""
        kinds = [message.split('"')[3] for message in self.sent]
        return [kind for index, kind in enumerate(kinds) if not index or kinds[index - 1] != kind]


class Stage:
    """A clock and all fakes, as services."""

    def __init__(self, new_trace: Callable[[str, int], Trace] | None = None) -> None:
        self.clock = ManualClock(1_000_000_000)
        self.model = FakeModel()
        self.voices = FakeVoices()
        self.hearing = FakeHearing()
        self.phrases: dict[str, RenderedPhrase] = {}
        self.errors: list[Exception] = []
        self.owner: Owner = FakeOwner(self.clock)
        self.wire = FakeWire()
        self.hung_up: list[bool] = []
        self.phone = self.new_phone(self.wire)
        self.services = Services(
            clock=self.clock,
            wall_clock=lambda: MONDAY,
            pacer=Pacer(self.clock, lambda _beat, error: self.errors.append(error)),
            ears=self.hearing,
            model=self.model,
            voices=self.voices,
            phrasebook=self.phrases,
            new_runner=lambda _call_id, _caller, _line: FakeRunner(),
            new_trace=new_trace or (lambda _call_id, at: Trace(None, at)),
        )

    def new_phone(self, wire: FakeWire, stream_id: str = "MZ1") -> Phone:
        started = Started(stream_id, "CA1", "AC1", {}, "audio/x-mulaw", 8_000, 1)
        return Phone(wire, started, self.hung_up.append, StreamCounters())

    def knows(self, text: str, ms: int) -> None:
        """`text` is rendered already."""
        self.phrases[text] = RenderedPhrase(b"\x05" * ms_to_samples(ms))
