"""What was done on a day: counted from the journal of effects and businesses' rows, against what callers wanted."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from simulator.day.callers import Errand
from simulator.runs.evidence import CallEvidence
from simulator.scene import plain_words
from tools.journal import FILE, Entry, FileJournal
from tools.outcome import Fate
from tools.store import rows_of


@dataclass(slots=True)
class Count:
    """Sums over calls.

    `calls` reached the agent, `agreed` are callers who gave their consent. `intents` are the wishes that were done by
    the journal, or of which a caller heard that they are; `effects` the deeds in the databases. `duplicates` are deeds
    and rows beyond one for an intent; `lost` are intents without a deed, and those of which nobody knows what became.
    `refused` could not be had (no unit was free), and were told so. `not_served`: who agreed, but whose call broke
    before anything was begun; they heard of nothing done.
    """

    calls: int = 0
    agreed: int = 0
    intents: int = 0
    effects: int = 0
    duplicates: int = 0
    lost: int = 0
    not_served: int = 0
    refused: int = 0
    talk_ms: int = 0
    faults: int = 0
    broken: int = 0
    """Shifts that did not come to their end by a mistake of ours: what they say is worth nothing."""

    def add(self, other: "Count") -> None:
        """Add another's sums to these."""
        for each in fields(Count):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


@dataclass(frozen=True, slots=True)
class Told:
    """What one caller said and heard, and how long the call was."""

    call_id: str
    agreed: bool
    heard_done: bool
    talk_ms: int
    was_answered: bool


def told_of(call: CallEvidence, errand: Errand, number: int) -> Told:
    """What is kept of a call until the day is over."""
    said = [said.text for said in call.caller.said]
    heard = " ".join(word for each in call.caller.heard for word in plain_words(each.text))
    ended_at = call.simulated.ended_at
    return Told(
        call_id=call.twilio.record.sid,
        agreed=errand.says(number)[errand.agreed] in said,
        heard_done=errand.told in heard,
        talk_ms=0 if ended_at is None else call.ms(ended_at),
        was_answered=call.agent is not None,
    )


def count_day(data: Path, errand: Errand, calls: Iterable[Told]) -> Count:
    """The sums over the calls of one agent, whose databases lie in `data`."""
    business = errand.business
    entries = [entry for entry in FileJournal(data / FILE).entries() if entry.tool == errand.tool]
    deeds = rows_of(business, data, f"{errand.agent}_deeds")
    rows = Counter(str(row["call_id"]) for row in rows_of(business, data, errand.table))
    sums = Count()
    for call in calls:
        sums.add(
            _count(
                call,
                [entry for entry in entries if entry.call_id == call.call_id],
                [str(deed["key"]) for deed in deeds if deed["call_id"] == call.call_id and deed["tool"] == errand.tool],
                rows[call.call_id],
            )
        )
    return sums


def _count(call: Told, entries: list[Entry], deeds: list[str], rows: int) -> Count:
    done = {entry.intent for entry in entries if entry.fate is Fate.DONE}
    unknown = {entry.intent for entry in entries if not entry.is_settled} - done
    undone = [entry for entry in entries if entry.fate is Fate.DONE and entry.key not in deeds]
    intents = len(done | unknown) or int(call.heard_done)
    lost = len(undone) + len(unknown) + int(call.heard_done and not deeds)
    refused = not intents and bool(entries)
    return Count(
        calls=int(call.was_answered),
        agreed=int(call.agreed),
        intents=intents,
        effects=len(deeds),
        duplicates=max(0, len(deeds) - intents, rows - intents),
        lost=lost,
        not_served=int(call.agreed and not intents and not refused),
        refused=int(refused),
        talk_ms=call.talk_ms,
    )
