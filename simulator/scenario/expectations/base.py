"""What expectations have in common: whose call they are about."""

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.runs.evidence import CallEvidence, Evidence
from simulator.runs.outcome import Violation


@dataclass(frozen=True, slots=True)
class OfCall:
    """Something that holds of each call, or with `caller` of that one's."""

    caller: str = ""

    def __call__(self, evidence: Evidence) -> Iterator[Violation]:
        """What does not hold."""
        for call in self.calls(evidence):
            yield from self.judge(call)

    def calls(self, evidence: Evidence) -> list[CallEvidence]:
        """The calls it is about."""
        return [call for call in evidence.calls if self.caller in ("", call.name)]

    def judge(self, call: CallEvidence) -> Iterator[Violation]:
        """What does not hold of one call."""
        raise NotImplementedError

    def violation(self, name: str, what: str, call: CallEvidence, at_ms: int | None = None) -> Violation:
        """Of the expectation `name`."""
        return Violation(f"expect.{name}", what, at_ms, call.name)


def end_ms(call: CallEvidence) -> int | None:
    """When the call was over."""
    ended_at = call.simulated.ended_at
    return None if ended_at is None else call.ms(ended_at)
