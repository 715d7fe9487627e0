"""Orders to the shell, in the imperative. Performing one never decides anything.

`reply` numbers rise by one each time somebody of ours opens the mouth; late results are fenced by them.
"""

from dataclasses import dataclass

from fsm.events import ToolCall


@dataclass(frozen=True, slots=True)
class StartReply:
    """Ask the model to answer the transcript and speak what it says.

    `is_drafted`: that was done already; what the draft of this number has ready is spoken at once.
    """

    reply: int
    turn: int
    is_drafted: bool = False


@dataclass(frozen=True, slots=True)
class DraftReply:
    """Ask the model to answer the transcript and `text`, and keep what it says: nothing of it may be heard or done."""

    reply: int
    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class DropDraft:
    """Forget a draft as if it had never been made."""

    reply: int


@dataclass(frozen=True, slots=True)
class ContinueReply:
    """Ask the model again, after its tools returned; more text of the same reply."""

    reply: int
    turn: int


@dataclass(frozen=True, slots=True)
class FinishReply:
    """Nothing more will be said in this reply, although its last round asked for tools."""

    reply: int


@dataclass(frozen=True, slots=True)
class Recite:
    """Speak fixed `text`, which takes the floor: greeting, "are you still there", apology, goodbye."""

    reply: int
    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class Fill:
    """Speak a short phrase while reply `reply` is awaited; it gives way to the reply at a word."""

    reply: int
    text: str


@dataclass(frozen=True, slots=True)
class PlayMusic:
    """Play music for `duration_ms` while reply `reply` is awaited; it gives way to whatever else is to sound."""

    reply: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class HoldPlayout:
    """Silence the phone at once and keep the reply; answered by `PlayoutHeld`."""

    reply: int


@dataclass(frozen=True, slots=True)
class DuckPlayout:
    """Go on, `by_db` quieter from the next audio that is sent; answered by `PlayoutDucked`.

    A held reply goes on from the last word boundary the caller heard. Its end is told once it is resumed.
    """

    reply: int
    by_db: int


@dataclass(frozen=True, slots=True)
class ResumePlayout:
    """Go on with the held or ducked reply as before, if held from the last word boundary the caller heard."""

    reply: int


@dataclass(frozen=True, slots=True)
class CancelReply:
    """Silence the phone if it still sounds, then drop the reply: tokens, voice, audio."""

    reply: int


@dataclass(frozen=True, slots=True)
class RunTool:
    """Run one tool; answered by exactly one `ToolReturned`."""

    reply: int
    call: ToolCall


@dataclass(frozen=True, slots=True)
class FinalizeTranscript:
    """Ask the transcriber to settle the words it still holds back."""


@dataclass(frozen=True, slots=True)
class ChangeLanguage:
    """Hear and speak `language` from here on: other ears for what is not settled yet, another voice for what is next.

    Where the transcriber cannot be had in it, that is answered by `LanguageRefused`.
    """

    language: str


@dataclass(frozen=True, slots=True)
class EndCall:
    """Close the stream and hang up; `failed`: the caller is owed an apology by other means."""

    reason: str
    failed: bool = False


Effect = (
    StartReply
    | DraftReply
    | DropDraft
    | ContinueReply
    | FinishReply
    | Recite
    | Fill
    | PlayMusic
    | HoldPlayout
    | DuckPlayout
    | ResumePlayout
    | CancelReply
    | RunTool
    | FinalizeTranscript
    | ChangeLanguage
    | EndCall
)
EFFECTS: tuple[type[Effect], ...] = Effect.__args__
