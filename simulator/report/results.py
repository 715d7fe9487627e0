"""What is known of the runs so far: counted as they come, the runs themselves kept on disk."""

from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from typing import Any

from simulator.report.figures import Latencies
from simulator.report.spool import Spool
from simulator.runs.outcome import CallOutcome, Outcome, Status, Violation

FAILURES_KEPT = 20
"""Failing runs that the terminal tells in full; all are in the files."""

FAILING_TIMELINES = 200
OTHER_TIMELINES = 200
"""Timelines on the page: of failing runs, and of the first others."""


@dataclass(slots=True)
class Tally:
    """The runs of one script, or all runs, counted."""

    script: str
    about: str = ""
    runs: int = 0
    statuses: Counter[Status] = field(default_factory=Counter)
    latencies: Latencies = field(default_factory=Latencies)
    calls: int = 0
    interruptions: int = 0
    resumed: int = 0
    longest_silence_ms: int = 0
    simulated_ms: int = 0
    events: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count this one as well."""
        self.runs += 1
        self.statuses[outcome.status] += 1
        self.simulated_ms += outcome.simulated_ms
        self.events += outcome.events
        for call in outcome.calls:
            self.calls += 1
            self.latencies.add(call.latencies_ms)
            self.interruptions += call.interruptions
            self.resumed += call.resumed
            self.longest_silence_ms = max(self.longest_silence_ms, call.longest_silence_ms)

    @property
    def failures(self) -> int:
        """Runs that somebody has to look at."""
        return sum(count for status, count in self.statuses.items() if status.is_failure)

    def counts(self) -> dict[str, int]:
        """Runs, and how many ended how."""
        return {"runs": self.runs, **{str(status): self.statuses[status] for status in Status}}

    def values(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {
            "counts": self.counts(),
            "calls": self.calls,
            "voice_to_voice_ms": self.latencies.values(),
            "interruptions": self.interruptions,
            "resumed": self.resumed,
            "longest_silence_ms": self.longest_silence_ms,
            "simulated_ms": self.simulated_ms,
            "events": self.events,
        }


class Results:
    """All runs so far, in order.

    `is_interrupted`: not all that were asked for ran. `wall_s`, how long it took, is set by whoever knows.
    """

    def __init__(self, *, with_timelines: bool = False) -> None:
        self.total = Tally("all")
        self.scripts: dict[str, Tally] = {}
        self.failures: list[Outcome] = []
        self.wrong: dict[str, Outcome] = {}
        """The first run of each script that is wrong in itself."""
        self.is_interrupted = False
        self.wall_s = 0.0
        self.runs = Spool()
        self.timelines = Spool()
        self._with_timelines = with_timelines
        self._failing_timelines = self._other_timelines = 0
        self._digests = sha256()
        self._only_digest = ""

    def add(self, outcome: Outcome) -> None:
        """Take in the next run."""
        self.total.add(outcome)
        if outcome.script not in self.scripts:
            self.scripts[outcome.script] = Tally(outcome.script, outcome.about)
        self.scripts[outcome.script].add(outcome)
        if outcome.status.is_failure and len(self.failures) < FAILURES_KEPT:
            self.failures.append(without_spans(outcome))
        if outcome.status is Status.WRONG:
            self.wrong.setdefault(outcome.script, without_spans(outcome))
        if self._with_timelines and self._is_drawn(outcome):
            self.timelines.append([self.runs.count, [_spans(call) for call in outcome.calls]])
        self.runs.append(run_values(outcome))
        self._only_digest = outcome.digest
        self._digests.update(f"{outcome.digest}\n".encode())

    @property
    def digest(self) -> str:
        """Of a single run its own, of several one over all, in order."""
        return self._only_digest if self.total.runs == 1 else self._digests.hexdigest()

    @property
    def realtime_factor(self) -> float:
        """How many times quicker than real calls all of it was."""
        return self.total.simulated_ms / 1_000 / self.wall_s if self.wall_s else 0.0

    def _is_drawn(self, outcome: Outcome) -> bool:
        if outcome.status.is_failure:
            self._failing_timelines += 1
            return self._failing_timelines <= FAILING_TIMELINES
        self._other_timelines += 1
        return self._other_timelines <= OTHER_TIMELINES

    def close(self) -> None:
        """Let the kept runs vanish."""
        self.runs.close()
        self.timelines.close()


def without_spans(outcome: Outcome) -> Outcome:
    """The same without its timelines: what most reports need."""
    return replace(outcome, calls=tuple(replace(call, spans=()) for call in outcome.calls))


def run_values(outcome: Outcome) -> dict[str, Any]:
    """A run for JSON, without its timelines."""
    return {
        "script": outcome.script,
        "seed": outcome.seed,
        "status": str(outcome.status),
        "digest": outcome.digest,
        "violations": [asdict(violation) for violation in in_order(outcome.violations)],
        "faults": list(outcome.faults),
        "xfail": outcome.xfail,
        "rerun": outcome.rerun,
        "simulated_ms": outcome.simulated_ms,
        "events": outcome.events,
        "calls": [_call_values(call) for call in outcome.calls],
    }


def in_order(violations: tuple[Violation, ...]) -> list[Violation]:
    """Violations by their moment; those without one, about the whole call, come last."""
    return sorted(violations, key=lambda violation: (violation.at_ms is None, violation.at_ms or 0))


def _call_values(call: CallOutcome) -> dict[str, Any]:
    return {
        "caller": call.caller,
        "call_id": call.call_id,
        "duration_ms": call.duration_ms,
        "mode": call.mode,
        "ended_by": call.ended_by,
        "interruptions": call.interruptions,
        "resumed": call.resumed,
        "longest_silence_ms": call.longest_silence_ms,
        "latencies_ms": list(call.latencies_ms),
        "turns": [asdict(turn) for turn in call.turns],
        "trace": call.trace,
    }


def _spans(call: CallOutcome) -> list[list[Any]]:
    return [[str(span.lane), span.start_ms, span.end_ms, span.kind, span.text] for span in call.spans]
