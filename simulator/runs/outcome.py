"""How a run went: plain values, comparable, serialisable, the same for the same (script, seed)."""

from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """How a run ended; from FAILED on, somebody has to look at it."""

    PASSED = "passed"
    XFAILED = "xfailed"
    """It failed, as its script says it must for now."""
    FAILED = "failed"
    XPASSED = "xpassed"
    """It held, although its script says that it cannot: the script is to be corrected."""
    WRONG = "wrong"
    """The script is wrong in itself: it never ends, or the model was never asked for an answer that it gives."""
    BROKEN = "broken"
    """The run itself could not be brought to its end: stuck, or a mistake of ours."""

    @property
    def is_failure(self) -> bool:
        """Whether somebody has to look at it."""
        return self not in (Status.PASSED, Status.XFAILED)


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that does not hold. `checker` names who found it; `at_ms` since that caller's call was placed."""

    checker: str
    what: str
    at_ms: int | None = None
    caller: str = ""


class Lane(StrEnum):
    """What the timeline of a call shows, from top to bottom."""

    CALLER = "caller"
    """What the caller said, and other sounds of theirs (`kind`: say, backchannel, cough, mumble, noise, press ...)."""
    HEARD = "heard"
    """What the caller heard of the agent."""
    MODE = "mode"
    """Who had the floor."""
    WORDS = "words"
    """What the transcriber said; `kind`: interim, final."""
    TOOL = "tool"
    """Tools from request to result."""
    FAULT = "fault"
    """What was done to the call, and which faults the agent noticed (`kind`: struck, noticed)."""


@dataclass(frozen=True, slots=True)
class Span:
    """Something that lasted from `start_ms` to `end_ms` since the call was placed; instants have both equal."""

    lane: Lane
    start_ms: int
    end_ms: int
    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: what the caller said as the model was told it, what they heard in answer, and how long that took.

    `parts_ms` is the latency ledger: its values add up to `voice_to_voice_ms`, which is None where nothing was heard.
    """

    number: int
    caller: str
    agent: str
    voice_to_voice_ms: int | None
    parts_ms: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """One caller's call. `ended_by`: "caller", "agent", "network" or "" if it never had a stream."""

    caller: str
    call_id: str
    duration_ms: int
    mode: str
    """The machine's last mode; empty for a call that never reached it."""
    ended_by: str
    turns: tuple[Turn, ...]
    spans: tuple[Span, ...]
    latencies_ms: tuple[int, ...]
    """Voice to voice, of every audibly answered turn."""
    longest_silence_ms: int
    interruptions: int
    resumed: int
    """Interruptions that were none: the reply went on."""
    trace: str = ""
    """Where the trace was kept; empty if it was not."""
    trace_began_ms: int = 0
    """The instant from which the trace counts, since the call was placed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run of one script with one seed."""

    script: str
    seed: int
    status: Status
    digest: str
    """Of everything that happened: traces, what each caller said and heard, with their instants (ns)."""
    violations: tuple[Violation, ...]
    calls: tuple[CallOutcome, ...]
    faults: tuple[str, ...]
    """Which were on, as "name=strength@moment"."""
    simulated_ms: int
    rerun: str
    """One command that repeats this run, up to the moment of its first violation."""
    about: str = ""
    xfail: str = ""
    events: int = 0
    """How many events the machines decided on."""
