"""The whole of a call as one value. Modes say who has the floor; all else is a field."""

from dataclasses import dataclass, field, fields
from enum import StrEnum

from fsm.answerer import Answerer
from fsm.changes import LanguageChanged
from fsm.english import ENGLISH
from fsm.events import Occupation, ToolCall
from fsm.expectations import ANYTHING, Expected
from fsm.language import Language
from fsm.languages import language_of
from fsm.profile import Phrases, Profile
from fsm.transcript import Message
from fsm.utterance import Utterance
from fsm.values import replace


class Mode(StrEnum):
    """Who has the floor."""

    CONNECTING = "CONNECTING"
    LISTENING = "LISTENING"
    THINKING = "THINKING"
    SPEAKING = "SPEAKING"
    BARGE_IN = "BARGE_IN"
    ENDED = "ENDED"


@dataclass(frozen=True)  # without slots: see `fsm.values.replace`
class Deadlines:
    """Instants (ns) at which a `Tick` matters. Each belongs to one mode and is cleared on leaving it."""

    connect_at: int | None = None
    """CONNECTING: the stream never started."""
    turn_end_at: int | None = None
    """LISTENING: the caller has been silent long enough."""
    draft_at: int | None = None
    """LISTENING: prepare the answer to the words that are known."""
    idle_at: int | None = None
    """LISTENING: nobody says anything."""
    meet_at: int | None = None
    """LISTENING: who picked up is known by then, or a machine's greeting is over."""
    filler_at: int | None = None
    """THINKING: say that we are at it."""
    reply_at: int | None = None
    """THINKING: the answer is overdue."""
    retry_at: int | None = None
    """THINKING: the provider that had too much to do may be asked again."""
    release_at: int | None = None
    """THINKING: the caller's sound was not words; audio that is ready may leave."""
    speaking_at: int | None = None
    """SPEAKING: this reply takes absurdly long."""
    duck_at: int | None = None
    """BARGE_IN: the phone has been silent long enough; go on quietly."""
    verdict_at: int | None = None
    """BARGE_IN: decide now."""
    call_end_at: int | None = None
    """Any mode: the call takes absurdly long."""

    def earliest(self) -> int | None:
        """The next instant at which something is due, None if nothing is."""
        return min((at for at in self.__dict__.values() if at is not None), default=None)

    def only(self, mode: Mode) -> "Deadlines":
        """These deadlines without those of other modes."""
        return NO_DEADLINES if mode is Mode.ENDED else replace(self, **NONE_BUT[mode])


DEADLINES_OF: dict[Mode, tuple[str, ...]] = {
    Mode.CONNECTING: ("connect_at",),
    Mode.LISTENING: ("turn_end_at", "draft_at", "idle_at", "meet_at", "call_end_at"),
    Mode.THINKING: ("filler_at", "reply_at", "retry_at", "release_at", "call_end_at"),
    Mode.SPEAKING: ("speaking_at", "call_end_at"),
    Mode.BARGE_IN: ("duck_at", "verdict_at", "call_end_at"),
    Mode.ENDED: (),
}
"""The deadlines that may be set in each mode."""

NO_DEADLINES = Deadlines()
NONE_BUT: dict[Mode, dict[str, None]] = {
    mode: {f.name: None for f in fields(Deadlines) if f.name not in kept} for mode, kept in DEADLINES_OF.items()
}
"""Cleared on entering each mode."""


@dataclass(frozen=True, slots=True)
class PendingTool:
    """A tool that has not returned yet; `reply` is who asked for it."""

    reply: int
    call_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A reply that is prepared and heard by nobody: its number, and the words it answers, as `tokens` has them."""

    reply: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Occupied:
    """What the caller does meanwhile, by a tool of reply `reply`, and until when (ns) at most."""

    kind: Occupation
    reply: int
    until: int


@dataclass(frozen=True)  # without slots: see `fsm.values.replace`
class CallState:
    """Everything the machine knows of a call. Instants in ns."""

    profile: Profile = field(default_factory=Profile)
    phrases: Phrases = field(default_factory=Phrases)
    language: str = ENGLISH.code
    """What the caller and we speak."""
    language_before: LanguageChanged | None = None
    """What we go back to where that cannot be heard."""
    owes_word: bool = False
    """We went back, and did not say so yet."""
    mode: Mode = Mode.CONNECTING
    now: int = 0
    deadlines: Deadlines = field(default_factory=Deadlines)

    is_talking: bool = False
    onset_at: int | None = None
    """When the caller's present or last sound began."""
    last_voiced_at: int | None = None
    """When the caller's last sound ended; None while none ended yet."""
    is_deaf: bool = False
    """The transcriber is gone."""
    has_missed_words: bool = False
    """It was gone at some time since it last heard words: a caller may have said some that it did not hear."""
    utterance: Utterance = field(default_factory=Utterance)
    keyed_at: int = 0
    """When its last key was pressed."""
    is_finalizing: bool = False
    """The transcriber was asked to settle this utterance."""
    overheard_at: int = 0
    """When something was first kept apart of it, as said to somebody else."""
    is_aside_open: bool = False
    """Nobody asked yet whether that was meant for us after all."""
    words_to: int = 0
    """The instant (ns) up to which the transcriber had listened when it last told words; 0 if it never says."""
    guess_percent: int | None = None
    """How sure the transcriber is that this turn is over; None while it does not think so."""
    score_percent: int | None = None
    """How likely a model thinks that; None while none did."""
    scored_to: int = 0
    """The end (ns) of the sound that this was judged by."""
    pauses_ms: tuple[int, ...] = ()
    """This caller's latest pauses within a turn after words that looked complete."""
    pause_ms: int = 0
    """The silence before a sound that came when we had taken the turn as over already."""
    expected: Expected = ANYTHING
    """The answer that our last question asks for."""
    told_to_expect: Expected | None = None
    """The answer that a tool of the present reply said will be asked for."""

    answerer: Answerer = Answerer.CALLER
    """Who is at the other end."""
    answerer_by: str = ""
    """What tells so."""
    is_meeting: bool = False
    """Who picked up is not known, or a machine's greeting goes on: what is said is no turn of a conversation."""
    picked_up_at: int = 0
    """When that began."""
    greeting_ms: int = 0
    """How long they have sounded since, the present sound not counted."""
    was_screened: bool = False
    """We told a machine who we are, and it fetches a person."""
    has_beeped: bool = False
    reported: Answerer = Answerer.UNKNOWN
    """Who the telephone network says it is."""
    voicemail: str = ""
    """What a machine is to be told; empty for nothing."""
    messages: int = 0
    """How often that was begun."""

    draft: Draft | None = None
    """The reply that is prepared for the words as they are known."""
    drafts: int = 0
    """How many were made in this turn."""
    drafted_words: tuple[str, ...] = ()
    """The words that the last one was for: one draft each."""
    numbered: int = 0
    """The highest number that a draft was given."""

    turn: int = 0
    transcript: tuple[Message, ...] = ()
    asked: Utterance = field(default_factory=Utterance)
    """The utterance that the present reply answers."""
    asked_at: int = 0
    """When it was taken as complete."""

    reply: int = 0
    """Number of the latest reply; late results of lower ones are stale."""
    is_recital: bool = False
    """The present reply is fixed text."""
    is_apology: bool = False
    """The present reply says sorry: if that fails too, no other words of ours will be heard either."""
    is_farewell: bool = False
    """The present reply is the fixed text that ends a call: no other comes after it."""
    reply_from: int = 0
    """Where in the transcript the present reply's messages begin."""
    heard: str | None = None
    """What the caller heard of the reply when it was last silenced or ran dry; None while it sounds."""
    heard_before: str = ""
    """What they had heard of it when the sound began that disputes the floor."""
    is_faint: bool = False
    """What they say now was said more quietly than they usually speak, as to somebody else."""
    is_claimed: bool = False
    """The caller has the floor as soon as the phone is silent."""
    hushed_at: int | None = None
    """When the phone was silenced because they sound for so long; None while it was not."""
    is_protected: bool = False
    """A passage sounds that nobody may interrupt; what the caller says meanwhile is kept."""
    false_alarms: int = 0
    """Sounds over our speech that were no bid for the floor; each reply forgets half of them, a real bid all."""
    agreed: str = ""
    """What the caller last agreed with while the present reply sounded: "yeah", "mm-hmm"."""
    agreed_after: str = ""
    """What they had heard of it when they began to."""
    finished_at: int = 0
    """When the caller had heard our last words."""
    yielded_at: int = 0
    """When we last fell silent in mid-reply because the floor was theirs."""
    failure: str = ""
    """Why the present reply will get no further, empty if it may."""
    can_retry: bool = True
    """Whether asking again may mend that failure."""
    retry_not_before: int = 0
    """When (ns) that makes sense at the earliest."""
    pending_tools: tuple[PendingTool, ...] = ()
    held_calls: tuple[ToolCall, ...] = ()
    """Tools asked for while the floor was in dispute; run when the reply goes on, never if it is cancelled."""
    held_said: str = ""
    is_round_open: bool = False
    """The present reply asked for tools and was not continued since."""

    occupied: Occupied | None = None
    """The caller does something else than talk with us."""
    has_music: bool = False
    """There is some for who waits."""
    is_music: bool = False
    """It plays, as far as nothing else of the present reply sounds."""

    attempts: int = 0
    """Failures in this turn that were met by asking again."""
    apologies: int = 0
    """Apologies since something last went well."""
    rounds: int = 0
    """Tool rounds in this turn."""
    fillers: int = 0
    """Times that a caller who waits was told that we are at it, since something of the answer was last heard."""
    reprompts: int = 0
    """How often in a row nobody answered."""
    ending: str = ""
    """Why the call ends once the present reply was heard; empty while it goes on."""
    is_last_word: bool = False
    """It ends whatever the caller says: the present reply, a goodbye, cannot be interrupted."""

    @property
    def tables(self) -> Language:
        """What words mean in the language of the call."""
        return language_of(self.language)

    def set_deadlines(self, **instants: int | None) -> "CallState":
        """The state with some deadlines changed."""
        return replace(self, deadlines=replace(self.deadlines, **instants))


def is_due(at: int | None, now: int) -> bool:
    """Whether a deadline is set and over."""
    return at is not None and at <= now
