"""The latency ledger: its parts add up to the whole, and its instants go forwards."""

from collections.abc import Iterator

from agent.ledger import ledger_of
from fsm.units import NS_PER_MS
from simulator.caller import Said
from simulator.checkers.base import Finding
from simulator.checkers.facts import facts_of
from simulator.peers.deepgram_behaviour import DeepgramBehaviour
from simulator.runs.evidence import CallEvidence, Evidence

TRUE_WITHIN_MS = 120
"""Frames, and a voice detector that wants to be sure."""

HARMLESS = ("frames_burst", "marks_late", "mark_lost")
"""Faults that change nothing of when the caller was heard."""


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


def untrue(evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Turns whose latency is not what the caller had to wait, between their last word and the first that they heard."""
    if not _is_plain(evidence, call):
        return
    way_ns = facts_of(evidence, call).way_ns
    for turn in ledger_of(call.lines):
        began_at = call.trace_began_at + turn.begins_at
        said_until = began_at - way_ns
        ends = [end for said in call.caller.said if said.kind == "say" for end in _ends_of(said)]
        if not ends or turn.ends_at is None or any(said.kind == "press" for said in call.caller.said):
            continue
        late_ms = min((said_until - end for end in ends), key=abs) // NS_PER_MS
        if abs(late_ms) > TRUE_WITHIN_MS:
            yield f"turn {turn.turn} counts from {late_ms} ms after the caller's last sound", began_at


def _ends_of(said: Said) -> list[int]:
    """Where a contribution, or a word of it, ended."""
    return [said.ended_at, *(word.ended_at for word in said.words)]


def _is_plain(evidence: Evidence, call: CallEvidence) -> bool:
    """Whether silence is silence: no noise on the line, no other sounds, nobody who cannot hear or is far away."""
    faults_on = [fault.name for fault in evidence.plan.faults if fault.name not in HARMLESS]
    noises = [said for said in call.caller.said if said.kind not in ("say", "press")]
    ears = evidence.rehearsal.cast.deepgram == DeepgramBehaviour()
    has_noise = any(caller.line_noise_level for caller in evidence.plan.callers)
    return call.agent is not None and ears and not (faults_on or noises or has_noise) and len(call.twilio.phones) == 1


def backward_instants(_evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Decisions and notes that were written down later than what comes after them."""
    last = 0
    for line in call.lines:
        if line["kind"] == "stage":
            continue  # a stage may be known only afterwards
        if line["at_ns"] < last:
            yield f"{line['kind']} at {line['at_ns']} ns comes after one at {last} ns", call.trace_began_at + last
        last = line["at_ns"]
