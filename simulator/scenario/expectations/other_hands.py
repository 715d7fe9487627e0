"""What must have become of a call while it was in other hands: a person's, or a payment form's."""

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.runs.evidence import CallEvidence
from simulator.runs.outcome import Violation
from simulator.scenario.expectations.base import OfCall


@dataclass(frozen=True, slots=True)
class OtherHands(OfCall):
    """Each of `wanted` is in what the telephone network knows as `fact` of the call."""

    fact: str = ""
    wanted: tuple[str, ...] = ()

    def judge(self, call: CallEvidence) -> Iterator[Violation]:
        """What does not hold of one call."""
        happened: list[str] = getattr(call.twilio, self.fact)
        for one in self.wanted:
            if not any(one.lower() in each.lower() for each in happened):
                yield self.violation(
                    self.fact, f'expected "{one}", there was: {"; ".join(happened) or "nothing"}', call
                )
