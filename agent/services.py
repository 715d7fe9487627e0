"""What a call is given: who answers, and everything that all calls of a process share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from agent.clock import Clock
from agent.handover import Handover
from agent.manners import Manners
from agent.own_voice import OwnVoice
from agent.pacer import Pacer
from agent.ports import LanguageModel, SpeechToText, TextToSpeech, ToolSchema
from agent.tongues import Phrasebook, Tongue
from agent.trace import Observer, Trace
from agent.turn_scores import TurnOwner
from agent.voice_activity import VoiceActivity
from fsm.events import SpeechStarted, SpeechStopped
from fsm.profile import Phrases, Profile
from tools.call_line import CallLine


class ToolOutcome(Protocol):
    """How a tool ended."""

    @property
    def result(self) -> str:
        """What the model is told."""
        ...

    @property
    def failed(self) -> bool:
        """Whether it did not do what was asked."""
        ...

    @property
    def ends_call(self) -> bool:
        """Whether the call is to end once the reply was heard."""
        ...

    @property
    def ends_round(self) -> bool:
        """Whether the model is to ask for no more tools in this turn."""
        ...

    @property
    def profile(self) -> str:
        """The name of the profile that holds from here on; empty: as before."""
        ...

    @property
    def language(self) -> str:
        """The tag of the language that is spoken from here on; empty: as before."""
        ...

    @property
    def expects(self) -> str:
        """What the caller will be asked for, as `Expected.parse` reads it; empty: the words tell."""
        ...


class ToolRunner(Protocol):
    """Runs the tools of one call."""

    async def run(self, name: str, arguments_json: str) -> ToolOutcome:
        """The one outcome of a tool; never raises."""
        ...


class TurnScorer(Protocol):
    """Has a model listen to the silences of one call, and tells the call how likely each ends the turn."""

    def hear(self, audio: bytes, ended_at: int) -> None:
        """The next mu-law audio of the caller, which ends at `ended_at` (ns); whether it is voice was judged before."""


class Unscored:
    """There is no model."""

    def hear(self, audio: bytes, ended_at: int) -> None:
        """Nobody asks."""


class VoiceDetector(Protocol):
    """Tells the edges of one caller's speech."""

    def push(self, frame: bytes, at: int) -> SpeechStarted | SpeechStopped | None:
        """Judge the next mu-law frame, which ends at `at` (ns); an edge that is known now, if any."""
        ...

    def vouch(self) -> None:
        """The transcriber takes for a voice what sounds now."""
        ...


@dataclass(frozen=True, slots=True)
class Character:
    """Who answers: what every call of one agent has in common.

    `prompt(caller, today, openings)` is the system prompt; `openings` are what an answer may begin with.
    """

    name: str
    prompt: Callable[[str, datetime, Sequence[str]], str]
    profile: Profile
    phrases: Phrases
    tools: tuple[ToolSchema, ...]
    protected: tuple[str, ...] = ()
    """Passages that nobody may interrupt, wherever they are said."""
    voicemail: str = ""
    """What a machine is told that picks up a call of ours; empty for nothing."""
    music: bytes = field(default=b"", repr=False)
    """Mu-law audio for who waits, played again and again; empty for none."""
    language: str = "en"
    """What its calls begin in, a tag such as `en-US`."""
    manners: Manners = field(default_factory=Manners)
    """How else its calls may go on once a tool says so."""


@dataclass(frozen=True, slots=True)
class Services:
    """What all calls of a process share."""

    clock: Clock
    wall_clock: Callable[[], datetime]
    pacer: Pacer
    ears: SpeechToText
    model: LanguageModel
    voices: TextToSpeech
    phrasebook: Phrasebook
    new_runner: Callable[[str, str, CallLine], ToolRunner]
    """From call id, caller's number, and what can be done with the call's line."""
    new_trace: Callable[[str, int], Trace]
    """From call id and start (ns)."""
    handover: Callable[[], Handover | None] = lambda: None
    """What hands calls over to others, where the house can."""
    pronounce: Callable[[str], str] = str
    """What the voice is told to say for a written clause; few read numbers, dates and money well by themselves."""
    tongues: Mapping[str, Tongue] = field(default_factory=dict)
    """The languages that a call may change to, by their tags."""
    observer: Observer | None = None
    new_voice_detector: Callable[[OwnVoice], VoiceDetector] = VoiceActivity
    """From what of ours the call's phone plays."""
    new_turn_scores: Callable[[str, TurnOwner], TurnScorer] = lambda _call_id, _owner: Unscored()
    """From call id and whom to tell."""

    @property
    def home(self) -> Tongue:
        """What every call begins to speak with."""
        return Tongue(self.voices, self.phrasebook, self.pronounce)
