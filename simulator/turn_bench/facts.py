"""What is kept of one call of the corpus: plain values, so that it can come from another process."""

from dataclasses import dataclass
from shlex import join

from agent.metrics.turn_trace import TurnTrace


@dataclass(frozen=True, slots=True)
class Which:
    """A call: the variation `seed` of a situation, answered under a profile (empty: the agent's own tuning).

    `folder`: where the situations lie; empty for the bundled ones.
    """

    name: str
    seed: int
    profile: str = ""
    folder: str = ""

    @property
    def command(self) -> str:
        """What shows this call alone."""
        words = ["offhook", "bench", "turns", "--only", self.name, "--seed", str(self.seed)]
        options = {"--profile": self.profile, "--situations": self.folder}
        return join([*words, *(word for option, value in options.items() if value for word in (option, value))])


@dataclass(frozen=True, slots=True)
class Broken:
    """A call that could not be brought to its end, and why."""

    which: Which
    what: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a checker found violated."""

    checker: str
    what: str
    at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class CallFacts:
    """A call that is over.

    `way_ms`: of the leg between the telephone and us, one way. `body_sounds_ms`: when coughs and their like began, in
    the turn-trace's time. `adopted_turns`: whose answer was a draft. `clear_ms`: from each order to silence the phone
    to the `clear` that followed. `parts_ms`: the latency ledger of each answered turn. `missed`: steps of the caller
    whose moment never came.
    """

    which: Which
    trace: TurnTrace
    way_ms: int
    body_sounds_ms: tuple[int, ...] = ()
    adopted_turns: frozenset[int] = frozenset()
    opening_turns: frozenset[int] = frozenset()
    drafts_made: int = 0
    drafts_adopted: int = 0
    clear_ms: tuple[int, ...] = ()
    findings: tuple[Finding, ...] = ()
    parts_ms: tuple[tuple[tuple[str, int], ...], ...] = ()
    missed: int = 0
    simulated_ms: int = 0
