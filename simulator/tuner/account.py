"""The account of a tuning: from which calls, what was counted how, what came of it; for machines and for files."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from simulator.tuner.choice import of_calls, percent
from simulator.tuner.deciding import CallTurns
from simulator.tuner.judging import Measured
from simulator.tuner.search import CANNOT_TELL
from simulator.tuner.tuned import Row, Tuned, row_values, values_of

DELAY = (
    "The delay is from that sound to the first audio of the answer, which takes the model and the voice as long as it "
    "did in that call. An answer is wasted where the caller goes on before it sounds: it is dropped unheard."
)
COUNTED_SCRIPTED = (
    "A turn is what a script lets the caller say at once, pauses and all. It is cut off where an answer sounds before "
    f"the caller's last sound arrived. {DELAY}"
)
COUNTED_RECORDED = (
    "A turn is what a caller said without an answer between, and what they went on to say before our answer sounded or "
    "within 300 ms of its beginning: that soon it is no reaction to it. It is cut off where an answer sounds before "
    f"its last sound. {DELAY} What callers would have said had our answer not come is on no record: rates are those of "
    "what was seen, and a tuning that would answer later than that is no choice (not seen)."
)


@dataclass(frozen=True, slots=True)
class Account:
    """All that is told. `source`: which calls, in words; `broken`: why some tell nothing; `known`: named profiles."""

    source: str
    is_recorded: bool
    calls: Sequence[CallTurns]
    broken: Sequence[str]
    tuned: Sequence[Tuned]
    known: Mapping[str, Row]
    seed: int
    day: date
    command: str

    @property
    def turns(self) -> int:
        """Of all calls."""
        return sum(len(call.turns) for call in self.calls)

    @property
    def left_out(self) -> Counter[str]:
        """Turns that tell nothing, by the reason."""
        return Counter(why for call in self.calls for why in call.left_out)

    @property
    def counted(self) -> str:
        """How turns are counted."""
        return COUNTED_RECORDED if self.is_recorded else COUNTED_SCRIPTED

    def values(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {
            "source": self.source,
            "calls": len(self.calls),
            "turns": self.turns,
            "left_out": dict(sorted(self.left_out.items())),
            "broken": list(self.broken),
            "seed": self.seed,
            "date": self.day.isoformat(),
            "command": self.command,
            "counted": self.counted,
            "cannot_tell": dict(CANNOT_TELL),
            "named": {name: row_values(row) for name, row in self.known.items()},
            "profiles": {one.start.name: values_of(one, self.seed) for one in self.tuned},
        }


def figures_text(measured: Measured, seed: int) -> str:
    """What a tuning comes to, in a line, with how sure that is."""
    if measured.cut_off_rate is None or measured.delay_ms is None:
        return f"nothing can be told of {len(measured.verdicts)} calls"
    intervals = measured.intervals(seed)
    rates = means = ""
    if intervals is not None:
        (low, high), (quick, slow) = intervals
        rates, means = f" ({percent(low)} to {percent(high)})", f" ({quick:.0f} to {slow:.0f})"
    return (
        f"{measured.cut_offs} of {of_calls(len(measured.told), len(measured.verdicts))} cut off, "
        f"{percent(measured.cut_off_rate)}{rates}; answered after {measured.delay_ms:.0f} ms{means} in the mean, "
        f"{measured.delay_ms_at(50)} p50, {measured.delay_ms_at(95)} p95"
    )
