"""Facts that reach the machine, in the past tense. Audio, tokens and frames are never events."""

from dataclasses import dataclass
from enum import StrEnum

from fsm.changes import LanguageChanged, LanguageRefused, ProfileChanged


class Stage(StrEnum):
    """The part of a reply in which something went wrong."""

    MODEL = "model"
    VOICE = "voice"
    TOOL = "tool"


class Occupation(StrEnum):
    """What a caller does for a while instead of talking with us."""

    KEYS = "keys"
    """They press keys that we do not get to see."""
    HOLD = "hold"
    """They asked for a moment; we wait, and say now and then that we are there."""
    AWAY = "away"
    """They are with somebody else: a person, a payment form. There is no stream meanwhile."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool the model asked for; `arguments` is the model's JSON text, unchecked."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class CallStarted:
    """The stream is open. `is_placed`: by us; `voicemail`: for a machine; `has_music`: there is some to wait with."""

    caller: str
    called: str
    is_placed: bool = False
    voicemail: str = ""
    has_music: bool = False


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """A voice edge: the caller began to make a voiced sound at instant `at` (ns)."""

    at: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """A voice edge: the caller's last voiced sound ended at instant `last_voiced_at` (ns)."""

    last_voiced_at: int


@dataclass(frozen=True, slots=True)
class WordsHeard:
    """Words of the current segment of speech; an interim one replaces the interim before it.

    `is_final`: this segment will not change, the next words belong to a new one.
    `speech_final`: the transcriber itself noticed a pause after these words.
    `until`: the instant (ns) up to which it had listened for them; 0 where it does not say.
    `is_faint`: said clearly more quietly than this caller usually speaks.
    """

    text: str
    is_final: bool = False
    speech_final: bool = False
    until: int = 0
    is_faint: bool = False


@dataclass(frozen=True, slots=True)
class NothingHeard:
    """The transcriber has listened up to instant `until` (ns), and found no word in what sounds now."""

    until: int


@dataclass(frozen=True, slots=True)
class TurnLikelyEnded:
    """The transcriber guesses that the turn, `text`, is over, and may take it back; how sure it is, 0: not told."""

    text: str
    confidence_percent: int = 0


@dataclass(frozen=True, slots=True)
class TurnResumed:
    """The transcriber takes its guess back: the caller goes on."""


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The transcriber says that the turn is over; `text` is the whole turn, empty for "as heard so far"."""

    text: str


@dataclass(frozen=True, slots=True)
class EndOfTurnScored:
    """How likely a model thinks the turn over, by the sound up to instant `heard_to` (ns); it may judge it anew."""

    probability_percent: int
    heard_to: int


@dataclass(frozen=True, slots=True)
class EarsFailed:
    """The transcriber is gone or deaf; `kind` is a fault kind for the trace."""

    kind: str


@dataclass(frozen=True, slots=True)
class EarsRestored:
    """The transcriber listens again."""


@dataclass(frozen=True, slots=True)
class ReplyAudioStarted:
    """The first audio of the reply, or of its next part after it ran dry, went to the phone."""

    reply: int


@dataclass(frozen=True, slots=True)
class PlayoutHeld:
    """The phone was silenced; `heard` is what the caller heard of the reply, cut at a word; `is_whole`: all of it."""

    reply: int
    heard: str
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class PlayoutDucked:
    """The phone goes on quietly; `heard` is what the caller heard of the reply by now; `is_whole`: all of it."""

    reply: int
    heard: str
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class PassageReached:
    """The caller came to a passage of the reply that may not be interrupted, or (not `is_protected`) has heard it."""

    reply: int
    is_protected: bool


@dataclass(frozen=True, slots=True)
class PlayoutDrained:
    """All audio so far was heard, `heard` in words, and more is still to come (a tool runs, a provider is slow)."""

    reply: int
    heard: str


@dataclass(frozen=True, slots=True)
class PlayoutFinished:
    """The caller heard the whole reply, `text`."""

    reply: int
    text: str


@dataclass(frozen=True, slots=True)
class ToolsRequested:
    """The model asked for tools; `said` is the text of the reply that came before, in this round."""

    reply: int
    calls: tuple[ToolCall, ...]
    said: str = ""


@dataclass(frozen=True, slots=True)
class ToolReturned:
    """A tool ended, exactly once a call; `ends_call`: hang up once the reply was heard.

    `ends_round`: a mistake was made twice, so no more tools in this turn. `expects`: the answer that is asked for next.
    """

    reply: int
    call_id: str
    result: str
    failed: bool = False
    ends_call: bool = False
    ends_round: bool = False
    expects: str = ""


@dataclass(frozen=True, slots=True)
class ReplyFailed:
    """A provider failed this reply; `retryable`: the same request may succeed, not before `retry_after_ms` from now."""

    reply: int
    stage: Stage
    kind: str
    retryable: bool = True
    retry_after_ms: int = 0


@dataclass(frozen=True, slots=True)
class DigitPressed:
    """The caller pressed a key: one of `0-9*#A-D`."""

    digit: str


@dataclass(frozen=True, slots=True)
class BeepHeard:
    """A steady tone, such as answering machines make before they record, ended at instant `ended_at` (ns)."""

    ended_at: int


@dataclass(frozen=True, slots=True)
class AnswererReported:
    """The telephone network says who picked up; `has_beeped`: and that the machine records now."""

    is_machine: bool
    has_beeped: bool = False


@dataclass(frozen=True, slots=True)
class CallerOccupied:
    """A tool of reply `reply` gave the caller something to do, for `at_most_ms`."""

    kind: Occupation
    reply: int
    at_most_ms: int


@dataclass(frozen=True, slots=True)
class CallerReturned:
    """That is over, or was never begun: the caller is ours again."""


@dataclass(frozen=True, slots=True)
class HangUpRequested:
    """Somebody other than the caller wants the call over, politely: a drain, an operator."""

    reason: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A deadline in the state is due."""


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The stream is closed; nothing more can be said or heard. `heard`: how far the reply came that sounded then."""

    reason: str
    heard: str = ""


Event = (
    CallStarted
    | SpeechStarted
    | SpeechStopped
    | WordsHeard
    | NothingHeard
    | TurnLikelyEnded
    | TurnResumed
    | TurnEnded
    | EndOfTurnScored
    | EarsFailed
    | EarsRestored
    | ReplyAudioStarted
    | PassageReached
    | PlayoutHeld
    | PlayoutDucked
    | PlayoutDrained
    | PlayoutFinished
    | ToolsRequested
    | ToolReturned
    | ReplyFailed
    | DigitPressed
    | CallerOccupied
    | CallerReturned
    | ProfileChanged
    | LanguageChanged
    | LanguageRefused
    | BeepHeard
    | AnswererReported
    | HangUpRequested
    | Tick
    | CallEnded
)
EVENTS: tuple[type[Event], ...] = Event.__args__
