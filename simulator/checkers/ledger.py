"""The latency ledger: its parts add up to the whole, and its instants go forwards."""

from collections.abc import Iterator

from agent.ledger import ledger_of
from simulator.checkers.base import Finding
from simulator.runs.evidence import CallEvidence, Evidence


def wrong_sums(_evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Turns whose parts are not the whole, or one of whose parts is negative."""
    for turn in ledger_of(call.lines):
        parts = turn.parts_ms()
        began_at = call.trace_began_at + turn.begins_at
        if sum(parts.values()) != turn.voice_to_voice_ms:
            yield f"turn {turn.turn}: parts of {sum(parts.values())} ms, in all {turn.voice_to_voice_ms} ms", began_at
        for name, part_ms in parts.items():
            if part_ms < 0:
                yield f"turn {turn.turn}: {name} took {part_ms} ms", began_at


def backward_instants(_evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Decisions and notes that were written down later than what comes after them."""
    last = 0
    for line in call.lines:
        if line["kind"] == "stage":
            continue  # a stage may be known only afterwards
        if line["at_ns"] < last:
            yield f"{line['kind']} at {line['at_ns']} ns comes after one at {last} ns", call.trace_began_at + last
        last = line["at_ns"]
