"""The fingerprint of a run: of everything that happened in it, to the nanosecond."""

import hashlib
from collections.abc import Iterable, Iterator

import orjson

from simulator.runs.evidence import CallEvidence, Evidence


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


def records_of(evidence: Evidence) -> Iterator[bytes]:
    """Everything that happened in a run, one JSON text each, call by call: what two runs are compared by."""
    for call in evidence.calls:
        yield _json("call", call.name, call.twilio.record.sid, call.simulated.started_at, call.simulated.ended_at)
        yield from (_json("trace", line) for line in call.lines)
        yield from _truth(call)
    for at, what in evidence.struck:
        yield _json("struck", at, what)
    yield _json("end", evidence.trouble, list(evidence.leftovers))


def _truth(call: CallEvidence) -> Iterator[bytes]:
    for said in call.caller.said:
        yield _json("said", said.kind, said.text, said.started_at, said.ended_at, said.over_agent)
    for word in call.caller.heard:
        yield _json("heard", word.text, word.started_at, word.ended_at)
    for phone in call.twilio.phones:
        sound = phone.playback
        yield _json("phone", sound.received_samples, sound.played_samples, sound.cleared_samples, phone.clears)
    yield _json("twilio", str(call.twilio.record.status), list(call.twilio.said_by_twilio))


def _json(*record: object) -> bytes:
    return orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
