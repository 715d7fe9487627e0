"""The fingerprint of a run: of everything that happened in it, to the nanosecond."""

import hashlib
from collections.abc import Iterable, Iterator

import orjson

from simulator.runs.evidence import CallEvidence, Evidence

Record = tuple[int, str, str, tuple[object, ...]]
"""Instant (ns), whose call, what it is, and all that is to be said of it."""


def digest_of(evidence: Evidence) -> str:
    """SHA-256 of all records of a run, in hexadecimal digits: the same for the same script and seed, everywhere."""
    hashed = hashlib.sha256()
    for record in records_of(evidence):
        hashed.update(record)
        hashed.update(b"\n")
    return hashed.hexdigest()


def combined(digests: Iterable[str]) -> str:
    """One digest for several runs, in their order; of a single run its own."""
    given = list(digests)
    return given[0] if len(given) == 1 else hashlib.sha256("\n".join(given).encode()).hexdigest()


def records_of(evidence: Evidence) -> list[bytes]:
    """Everything that happened in a run, one JSON text each, in the order of time: what two runs are compared by."""
    timed = [record for call in evidence.calls for record in _records(call)]
    timed += [(at, "", "struck", (what,)) for at, what in evidence.struck]
    timed.sort(key=_instant)  # a stable sort: at one instant, call by call
    ends = [(evidence.ended_at, "", "end", (evidence.trouble, list(evidence.leftovers)))]
    return [orjson.dumps(record, option=orjson.OPT_SORT_KEYS) for record in [*timed, *ends]]


def _instant(record: Record) -> int:
    return record[0]


def _records(call: CallEvidence) -> Iterator[Record]:
    """What is known of one call, each with its instant."""
    name = call.name
    yield call.simulated.started_at, name, "placed", (call.twilio.record.sid,)
    for line in call.lines:
        yield call.trace_began_at + line["at_ns"], name, "trace", (line,)
    for said in call.caller.said:
        yield said.started_at, name, "said", (said.kind, said.text, said.ended_at, said.over_agent)
    for word in call.caller.heard:
        yield word.started_at, name, "heard", (word.text, word.ended_at)
    ended_at = call.simulated.ended_at
    for phone in call.twilio.phones:
        sound = phone.playback
        samples = (sound.received_samples, sound.played_samples, sound.cleared_samples, phone.clears)
        yield ended_at or phone.started_at or call.simulated.started_at, name, "phone", samples
    if ended_at is not None:
        yield ended_at, name, "ended", (str(call.twilio.record.status), list(call.twilio.said_by_twilio))
