"""What a simulated person did, as they know it themselves."""

from dataclasses import dataclass

from simulator.ears import HeardWord
from simulator.script import IfLate, Step
from simulator.script_marks import MarkKind


@dataclass(frozen=True, slots=True)
class SaidMark:
    """A sound within what was said; instants in ns."""

    kind: MarkKind
    started_at: int
    ended_at: int


@dataclass(frozen=True, slots=True)
class Said:
    """A sound the person made; the instants (ns) are of its first and past its last voiced sample.

    `over_agent`: the agent was audible when it began; `words` with their instants, where they are known, and the
    sounds between them.
    """

    kind: str
    text: str
    started_at: int
    ended_at: int
    takes_floor: bool
    over_agent: bool
    words: tuple[HeardWord, ...] = ()
    marks: tuple[SaidMark, ...] = ()


@dataclass(frozen=True, slots=True)
class Missed:
    """A step whose moment did not come; `at` (ns) is when the person gave up waiting, `then` what it did."""

    step: Step | None
    at: int
    then: IfLate
