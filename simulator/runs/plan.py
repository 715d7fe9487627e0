"""What a script means: plain values, so that a run can be described, repeated, shrunk and sent to another process."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.outgoing import Outgoing
from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.rehearsal import Cast
from simulator.script import Script

if TYPE_CHECKING:
    from simulator.runs.evidence import Evidence
    from simulator.runs.outcome import Violation

LONGEST_MS = 10 * 60_000
"""A script that says nothing of its length ends by then."""

Check = Callable[["Evidence"], Iterable["Violation"]]
"""A checker, or an expectation of a script: looks at a run that is over and tells what does not hold."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When something strikes: so long after the first caller's call was placed, or after something came about.

    `cue` is empty, or a mode ("THINKING", "SPEAKING", "BARGE_IN", "LISTENING"), "tool" (one begins to run), "greeting"
    (the agent begins to speak at all); `nth` says which occurrence of it. `delay_ms` counts from there.
    """

    cue: str = ""
    nth: int = 1
    delay_ms: int = 0

    @property
    def text(self) -> str:
        """As an option of the command says it: "8000", "SPEAKING#2+300"."""
        if not self.cue:
            return str(self.delay_ms)
        return self.cue + (f"#{self.nth}" if self.nth > 1 else "") + (f"+{self.delay_ms}" if self.delay_ms else "")


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """A named fault of the catalogue that is on in a run; `strength` in its own unit, None for its default.

    It strikes at `at`, or, with a `rate_per_min`, again and again at random moments of that mean frequency; with
    neither, it is there from the beginning.
    """

    name: str
    strength: float | None = None
    at: Moment | None = None
    rate_per_min: float | None = None

    @property
    def text(self) -> str:
        """As an option of the command says it: "stt_stall=4000@8000", "mark_lost", "frames_burst*2"."""
        strength = "" if self.strength is None else f"={self.strength:g}"
        rate = "" if self.rate_per_min is None else f"*{self.rate_per_min:g}"
        return f"{self.name}{strength}{rate}{f'@{self.at.text}' if self.at is not None else ''}"


@dataclass(frozen=True, slots=True)
class CallerPlan:
    """One caller: when they call (ms after the world is ready), what they do, what their phone is like.

    With `outgoing` it is the agent that calls them.
    """

    name: str = "caller"
    script: Script = ()
    arrives_ms: int = 0
    number: str = "+15550001111"
    line_noise_level: int = 0
    patience_ms: int = 60_000
    outgoing: Outgoing | None = None
    phone: TwilioBehaviour = field(default_factory=TwilioBehaviour)


@dataclass(frozen=True, slots=True)
class Expectation:
    """Something that must hold in a run of one script; `text` is how the script says it, `check` finds out."""

    text: str
    check: Check


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a run needs but its seed; the networks to the providers are `cast.links`.

    `xfail`: why this cannot hold yet; a run that holds all the same is then a failure. `waives`: names of checkers
    that this script breaks on purpose, each with its reason. `is_strict`: a scripted answer that the model is never
    asked for is a mistake of the script. `options` are those of the command that made this plan out of its script.
    """

    name: str
    about: str = ""
    path: Path | None = None
    cast: Cast = field(default_factory=Cast)
    callers: tuple[CallerPlan, ...] = ()
    faults: tuple[FaultPlan, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    longest_ms: int = LONGEST_MS
    xfail: str = ""
    waives: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    is_strict: bool = True
    options: tuple[str, ...] = ()

    def with_faults(self, *faults: FaultPlan) -> "Plan":
        """The same with these faults as well."""
        return replace(self, faults=(*self.faults, *faults))
