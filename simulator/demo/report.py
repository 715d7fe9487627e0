"""What came of the demonstration call: turns and their latency, interruptions, heard words, the booking."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.draft_record import drafts_of
from agent.ledger import ledger_of
from agent.trace_view import read_trace
from fsm.words import tokens
from simulator.demo.story import Performance, story_of
from simulator.ears import HeardWord
from simulator.scenario.expectations.counts import Rows
from tools.business import KNOWN
from tools.store import rows_of

NOTHING_DONE = "nothing was done"
"""The outcome of a call that left nothing in the business's database."""


RowsByTable = dict[str, list[dict[str, object]]]


@dataclass(frozen=True, slots=True)
class Interruption:
    """The caller took the floor: the words the transcript says were heard of the reply, and those that were."""

    at_ms: int
    believed: str
    heard: str

    @property
    def error_words(self) -> int:
        """By how many words the transcript is wrong."""
        return edit_distance(tokens(self.believed), tokens(self.heard))


def report(performance: Performance) -> dict[str, Any]:
    """Everything about the call as one JSON object."""
    lines = read_trace(performance.trace)
    interruptions = interruptions_of(lines, performance)
    rows = rows_of_call(performance)
    main = next(iter(rows.values()), [])
    adopted = turns_with_drafts(lines)
    turns = [
        {
            "turn": ledger.turn,
            "caller": said_in(lines, ledger.turn),
            "agent": answered_in(lines, ledger.turn),
            "voice_to_voice_ms": ledger.voice_to_voice_ms,
            "ledger": ledger.parts_ms(),
            "was_drafted": ledger.turn in adopted,
        }
        for ledger in ledger_of(lines)
    ]
    return {
        "outcome": outcome_of(performance, lines, rows),
        "duration_ms": (performance.ended_at - performance.started_at) // 1_000_000,
        "turns": turns,
        "drafts": drafts_of(lines).values(),
        "interruptions": len(interruptions),
        "heard_error_words": sum(i.error_words for i in interruptions) if performance.caller.heard else None,
        "resumed_after_false_alarm": sum(1 for line in moves(lines, "BARGE_IN", "SPEAKING")),
        "agent": performance.agent,
        "booking": main[-1] if main else None,
        "rows": rows,
        "said_by_caller": [said.text or said.kind for said in performance.caller.said],
        "heard_by_caller": [utterance.text for utterance in performance.caller.agent_speech],
        "twilio_warnings": [str(warning) for phone in performance.call.phones for warning in phone.warnings],
        "notes": list(performance.notes),
        "trace": str(performance.trace),
        "recording": str(performance.recording),
        "database": str(next(iter(databases_of(performance)), performance.data)),
    }


def rows_of_call(performance: Performance) -> RowsByTable:
    """What the call left in the databases of businesses, by table."""
    found: RowsByTable = {}
    for business in KNOWN.values():
        for table in business.tables.sorted_tables:
            if "call_id" in table.columns and not table.name.endswith("_deeds"):
                rows = rows_of(business, performance.data, table.name)
                if own := [row for row in rows if row["call_id"] == performance.call.record.sid]:
                    found[str(table.name)] = own
    return found


def databases_of(performance: Performance) -> list[Path]:
    """The databases that there are."""
    paths = (performance.data / business.file for business in KNOWN.values())
    return [path for path in paths if path.exists()]


def outcome_of(performance: Performance, lines: list[dict[str, Any]], rows: RowsByTable) -> str:
    """`completed`, or in a few words what did not happen."""
    if lines[-1]["kind"] != "note" or lines[-1]["note"] != "released":
        return "the call was not released"
    if performance.call.errors:
        return f"the telephone network reported an error: {performance.call.errors[0].message}"
    if not rows:
        return NOTHING_DONE
    for expectation in story_of(performance.agent).plan.expectations:
        if isinstance(expectation.check, Rows) and (wrong := list(expectation.check.wrong_in(performance.data))):
            return wrong[0].what
    if performance.caller.missed and performance.caller.missed[0].step is not None:
        return f"a moment in the script did not come: {performance.caller.missed[0].step}"
    return "completed"


def moves(lines: list[dict[str, Any]], before: str, after: str) -> list[dict[str, Any]]:
    """The decisions that led from one mode to another."""
    return [line for line in lines if line["kind"] == "event" and line["mode"] == before and line["to"] == after]


def said_in(lines: list[dict[str, Any]], turn: int) -> str:
    """The caller's words of a turn, as they were understood."""
    texts = [line["data"]["text"] for line in lines if line["kind"] == "note" and line["note"] == f"turn {turn}"]
    return str(texts[-1]) if texts else ""


def answered_in(lines: list[dict[str, Any]], turn: int) -> str:
    """What of the agent's answer in a turn was heard, as the transcript says."""
    replies = {
        data["reply"]
        for line in lines
        if line["kind"] == "event"
        for name, data in line["effects"]
        if name == "StartReply" and data["turn"] == turn
    }
    heard = ""
    for line in lines:
        if line["kind"] == "event" and line["data"].get("reply") in replies:
            heard = line["data"].get("heard") or (line["event"] == "PlayoutFinished" and line["data"]["text"]) or heard
    return str(heard)


def turns_with_drafts(lines: list[dict[str, Any]]) -> set[int]:
    """The turns whose answer had been prepared before they were over."""
    orders = [effect for line in lines if line["kind"] == "event" for effect in line["effects"]]
    return {data["turn"] for name, data in orders if name == "StartReply" and data["is_drafted"]}


def interruptions_of(lines: list[dict[str, Any]], performance: Performance) -> list[Interruption]:
    """Each time the caller took the floor from a reply that sounded."""
    found = []
    for line in moves(lines, "BARGE_IN", "LISTENING"):
        reply = next(data["reply"] for name, data in line["effects"] if name == "CancelReply")
        held = [
            e for e in lines if e["kind"] == "event" and e["event"] == "PlayoutHeld" and e["data"]["reply"] == reply
        ]
        sent_at = min(
            e["at_ns"] for e in lines if e["kind"] == "stage" and e["stage"] == "sent" and e["reply"] == reply
        )
        answered_at = performance.call.phones[0].started_at
        begin, end = answered_at + sent_at, answered_at + line["at_ns"]
        resumed = [begin - sent_at + at for at in resumes(lines)]
        heard = once_each([w for w in performance.caller.heard if begin <= w.ended_at <= end], resumed)
        found.append(Interruption(line["at_ns"] // 1_000_000, held[-1]["data"]["heard"], " ".join(heard)))
    return found


def resumes(lines: list[dict[str, Any]]) -> list[int]:
    """When (ns) a reply that had been silenced went on, from the start of the word in progress."""
    return [
        line["at_ns"]
        for line in lines
        if line["kind"] == "event" and any(name in ("ResumePlayout", "DuckPlayout") for name, _ in line["effects"])
    ]


def once_each(heard: Sequence[HeardWord], resumed: Sequence[int]) -> list[str]:
    """The words that were heard, without the one that each resume repeats."""
    words: list[str] = []
    last_at = 0
    for word in heard:
        is_repeated = bool(words) and word.text == words[-1] and any(last_at <= at <= word.ended_at for at in resumed)
        if not is_repeated:
            words.append(word.text)
        last_at = word.ended_at
    return words


def edit_distance(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """Words to change, add or leave out to make one the other."""
    row = list(range(len(other) + 1))
    for i, word in enumerate(one, 1):
        previous, row[0] = row[0], i
        for j, candidate in enumerate(other, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (word != candidate))
    return row[-1]
