"""`turn-trace/1`: who spoke when in one call, as intervals on the clock of the caller's ear and mouth.

All times are whole ms, 0 is the media's start; intervals are half-open. Traces of simulated calls hold the truth, those
derived from the agent's own trace what the agent could know (`derived` says how).
"""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from agent.metrics.ticks import InsertType

FORMAT = "turn-trace/1"


class CallerKind(StrEnum):
    """What a sound of the caller's is: the first two set who speaks, the next two are effects out of turn."""

    TURN = "turn"
    BACKCHANNEL = "backchannel"
    VOCAL_TIC = "vocal_tic"
    NON_DIRECTED = "non_directed"
    NOISE = "noise"


class AgentKind(StrEnum):
    """What a stretch of the agent's speech is."""

    GREETING = "greeting"
    REPLY = "reply"
    FILLER = "filler"
    RECITAL = "recital"
    REPROMPT = "reprompt"


class StoppedBy(StrEnum):
    """Why a stretch of the agent's speech ended: the first is a natural end."""

    FINISHED = "finished"
    CLEARED = "cleared"
    HELD = "held"
    UNDERRUN = "underrun"
    CALL_ENDED = "call_ended"


class EndedBy(StrEnum):
    """Who or what ended the call."""

    CALLER_HANGUP = "caller_hangup"
    AGENT_HANGUP = "agent_hangup"
    INACTIVITY = "inactivity"
    NETWORK = "network"
    UNKNOWN = "unknown"


def _in_order(spans: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    previous = 0
    for start, end in spans:
        if not previous <= start < end:
            raise ValueError(f"expected stretches [start, end) in order and apart, got {[start, end]}")
        previous = end
    return spans


Ms = Annotated[int, Field(ge=0)]
Spans = Annotated[tuple[tuple[Ms, Ms], ...], AfterValidator(_in_order)]
"""Stretches [start, end) in order."""


class _Value(BaseModel):
    """What every part of the format is: frozen, without coercion; keys that are not known are left alone."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class _Interval(_Value):
    """Something that lasts."""

    start_ms: Ms
    end_ms: Ms

    @model_validator(mode="after")
    def _lasts(self) -> "_Interval":
        if self.start_ms >= self.end_ms:
            raise ValueError(f"expected end_ms after start_ms, got {self.start_ms} to {self.end_ms}")
        return self


class InsertEntry(_Interval):
    """A tic or an aside within the caller's turn: it flags the whole turn."""

    type: InsertType
    text: str = ""


class CallerEntry(_Interval):
    """One sound of the caller's, hesitations inside it included; `voiced_ms`: where it was really voiced."""

    id: int | None = None
    kind: CallerKind
    text: str = ""
    complete: bool = True
    voiced_ms: Spans = ()
    inserts: tuple[InsertEntry, ...] = ()

    @property
    def voiced(self) -> tuple[tuple[int, int], ...]:
        """The voiced stretches; the whole, where none are told."""
        return self.voiced_ms or ((self.start_ms, self.end_ms),)


class AgentEntry(_Interval):
    """A stretch of gapless audio of the agent's that the caller's ear got; ducked audio counts, padding does not."""

    turn: int | None = None
    kind: AgentKind = AgentKind.REPLY
    stopped_by: StoppedBy = StoppedBy.FINISHED
    voiced_ms: Spans = ()
    tool: bool = False

    @property
    def voiced(self) -> tuple[tuple[int, int], ...]:
        """The voiced stretches; the whole, where none are told."""
        return self.voiced_ms or ((self.start_ms, self.end_ms),)


class TurnEntry(_Value):
    """What is known of a turn by its number; `heard_error_words`: one for each time we were cut short.

    `fallback`: we spoke up because we had not noticed the caller; `drafts_dropped`: replies prepared for nothing, None
    where nobody counted them.
    """

    turn: int
    fallback: bool = False
    tool: bool = False
    drafts_dropped: Ms | None = None
    heard_error_words: tuple[Ms, ...] = ()


class TurnTrace(_Value):
    """One call. `derived`: empty for the truth of a simulation, else what the intervals were derived from."""

    format: Literal["turn-trace/1"] = "turn-trace/1"
    call: str = ""
    domain: str = ""
    seed: int | None = None
    end_ms: Ms
    ended_by: EndedBy = EndedBy.UNKNOWN
    derived: str = ""
    caller: tuple[CallerEntry, ...]
    agent: tuple[AgentEntry, ...]
    turns: tuple[TurnEntry, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> "TurnTrace":
        for name, entries in (("caller", self.caller), ("agent", self.agent)):
            _check_fit(name, entries, self.end_ms)
        return self

    @property
    def caller_turns(self) -> tuple[CallerEntry, ...]:
        """The caller's contributions."""
        return tuple(entry for entry in self.caller if entry.kind is CallerKind.TURN)

    def to_json(self) -> str:
        """The value as it lies in a file."""
        return self.model_dump_json(indent=1) + "\n"


class TurnTraceError(ValueError):
    """A file that should hold a turn-trace and does not; the message names it, and what was expected."""


def read_turn_trace(text: bytes | str, path: Path) -> TurnTrace:
    """The turn-trace in `text`, the content of `path`. Raises TurnTraceError."""
    try:
        return TurnTrace.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).lstrip(".")
        what = first["msg"].removeprefix("Value error, ")
        where = f"{path}: {place}" if place else str(path)
        raise TurnTraceError(f"{where}: {what} (expected {FORMAT})") from None


def _check_fit(name: str, entries: Iterable[CallerEntry | AgentEntry], end_ms: int) -> None:
    previous = 0
    for index, entry in enumerate(entries):
        where = f"{name}[{index}]"
        if entry.start_ms < previous:
            raise ValueError(f"{where}: expected entries in order of start_ms, got {entry.start_ms} after {previous}")
        if entry.end_ms > end_ms:
            raise ValueError(f"{where}: expected its end within the call's {end_ms} ms, got {entry.end_ms}")
        spans = list(entry.voiced_ms)
        if isinstance(entry, CallerEntry):
            spans += [(insert.start_ms, insert.end_ms) for insert in entry.inserts]
        for start, end in spans:
            if not entry.start_ms <= start < end <= entry.end_ms:
                raise ValueError(
                    f"{where}: expected what is in it within {entry.start_ms} to {entry.end_ms}, got {start} to {end}"
                )
        previous = entry.start_ms
