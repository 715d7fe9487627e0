"""A run made twice and compared event by event: the same script and seed must give the same bytes."""

from dataclasses import dataclass
from itertools import zip_longest

from simulator.runs.digest import records_of
from simulator.runs.plan import Plan
from simulator.runs.run import gathered

CONTEXT_RECORDS = 3


@dataclass(frozen=True, slots=True)
class Divergence:
    """Where two runs of one script and seed differ for the first time; `one` or `two` is empty where a run was over."""

    number: int
    before: tuple[str, ...]
    one: str
    two: str

    def __str__(self) -> str:
        """What a person reads: what both did last, and then each of them."""
        lines = [f"the two runs differ at record {self.number}:"]
        lines += [f"    both   {record}" for record in self.before]
        lines += [f"    first  {self.one or '(over)'}", f"    second {self.two or '(over)'}"]
        return "\n".join(lines)


def divergence(plan: Plan, seed: int) -> Divergence | None:
    """The first difference between two runs; None if there is none."""
    one, two = (_records(plan, seed) for _ in range(2))
    for number, (first, second) in enumerate(zip_longest(one, two, fillvalue=b"")):
        if first != second:
            before = tuple(record.decode() for record in one[max(0, number - CONTEXT_RECORDS) : number])
            return Divergence(number, before, first.decode(), second.decode())
    return None


def _records(plan: Plan, seed: int) -> list[bytes]:
    with gathered(plan, seed) as evidence:
        return records_of(evidence)
