"""What is kept of a call when it is over: outcome, summary and structured fields, by rules or by a language model.

It is made off the hot path, in a thread of its own, from the trace and the journal of effects; the rules always give
one, and the model, where there is a key, puts it into better words. What the trace hides stays hidden.
"""

import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from agent.scrubbing import SAID_AT_VAPI
from agent.trace_view import TraceError, read_trace
from tools.journal import FILE, Entry, FileJournal, JournalError
from tools.outcome import Fate

log = logging.getLogger(__name__)

FOLDER = "calls"
"""Within the data directory: a JSON file for each call."""

ENDS_CALL = "hang_up"
"""An effect of every call, and no outcome of any."""

HAND_OVERS = ("hand_over", "transfer_call", "transfer")
"""Tools after which a person takes care."""

SAID_CHARS = 120
"""So much of what the caller said first stands in a summary by rules."""


class CallOutcome(StrEnum):
    """What came of a call."""

    DONE = "done"
    """Something was done that the caller wanted."""
    HANDED_OVER = "handed over"
    REFUSED = "refused"
    """What the caller wanted could not be had."""
    UNSURE = "unsure"
    """It is not known what became of something that was begun: somebody must look."""
    ANSWERED = "answered"
    """Nothing was to be done, or nothing was agreed; questions were answered."""
    SILENT = "silent"
    """The caller said nothing."""
    BROKEN = "broken"
    """The call ended by a mistake of ours."""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call that is over. `fields` are what was done by name of tool, `by` who wrote the summary."""

    call_id: str
    agent: str
    started_at: str
    duration_ms: int
    turns: int
    outcome: CallOutcome
    summary: str
    fields: dict[str, Any] = field(default_factory=dict)
    by: str = "rules"


Improve = Callable[[CallRecord, str], CallRecord]
"""Puts a record into better words, given the conversation; raises whatever it likes."""


def make_record(data: Path, call_id: str, improve: Improve | None = None) -> CallRecord:
    """Make the record of a call and keep it. Raises TraceError where the call has no trace that can be read."""
    lines = read_trace(data / "traces" / f"{call_id}.jsonl")
    record = record_by_rules(lines, entries_of(data, call_id))
    if improve is not None and record.turns and lines[0].get("words") != "hidden":
        try:
            record = improve(record, conversation(lines))
        except Exception as error:  # whatever a model or its network does: the rules' record stands
            log.warning("call %s: the summary is by rules: %s", call_id, type(error).__name__)
    if any(line.get("note") == "released" for line in lines):  # else it goes on, or broke off: not the last word
        keep(data, record)
    return record


def record_by_rules(lines: list[dict[str, Any]], entries: Iterable[Entry]) -> CallRecord:
    """The record of a call from its trace and its entries in the journal."""
    if not lines or lines[0].get("kind") != "call":
        raise TraceError("expected the trace of a call, whose first line tells which")
    head = lines[0]
    said = [str(line["data"].get("text", "")) for line in lines if _is_turn(line)]
    effects = [entry for entry in entries if entry.tool != ENDS_CALL]
    outcome = _outcome(lines, effects, len(said))
    done = {entry.tool: _arguments(entry) for entry in effects if entry.fate is Fate.DONE}
    return CallRecord(
        call_id=head["call_id"],
        agent=head["agent"],
        started_at=head["started_at"],
        duration_ms=max(line["at_ns"] for line in lines) // 1_000_000,
        turns=len(said),
        outcome=outcome,
        summary=_summary(outcome, said, done),
        fields=done,
    )


def entries_of(data: Path, call_id: str) -> list[Entry]:
    """The call's effects; none where the journal cannot be read."""
    try:
        return [entry for entry in FileJournal(data / FILE).entries() if entry.call_id == call_id]
    except JournalError as error:
        log.warning("%s", error)
        return []


def conversation(lines: list[dict[str, Any]]) -> str:
    """Who said what, a line each, as the trace tells it."""
    told = []
    for line in lines:
        if _is_turn(line):
            told.append(f"Caller: {line['data'].get('text', '')}")
        elif line.get("event") == "PlayoutFinished" or line.get("note") == SAID_AT_VAPI:
            told.append(f"Agent: {line['data'].get('text', '')}")
        elif line.get("event") == "ToolReturned":
            told.append(f"Tool: {line['data'].get('result', '')}")
    return "\n".join(told)


def _is_turn(line: dict[str, Any]) -> bool:
    """Whether the caller contributed something: in a call of ours, or in one that Vapi held."""
    note = str(line.get("note", ""))
    return note.startswith("turn ") or (note == SAID_AT_VAPI and line["data"]["role"] == "user")


def keep(data: Path, record: CallRecord) -> None:
    """Write it down, whole or not at all."""
    folder = data / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(record), file, ensure_ascii=False, indent=1)
    Path(name).replace(folder / f"{record.call_id}.json")


def kept_record(data: Path, call_id: str) -> CallRecord | None:
    """What was written down; None where nothing was, or nothing that can be read."""
    try:
        told = json.loads((data / FOLDER / f"{call_id}.json").read_text(encoding="utf-8"))
        return replace(CallRecord(**told), outcome=CallOutcome(told["outcome"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _outcome(lines: list[dict[str, Any]], effects: list[Entry], turns: int) -> CallOutcome:
    done = [entry.tool for entry in effects if entry.fate is Fate.DONE]
    found = (
        (any(line.get("note") == "our_mistake" for line in lines), CallOutcome.BROKEN),
        (any(not entry.is_settled for entry in effects), CallOutcome.UNSURE),
        (any(tool in HAND_OVERS for tool in done), CallOutcome.HANDED_OVER),
        (bool(done), CallOutcome.DONE),
        (bool(effects), CallOutcome.REFUSED),
        (turns > 0, CallOutcome.ANSWERED),
    )
    return next((outcome for is_so, outcome in found if is_so), CallOutcome.SILENT)


def _arguments(entry: Entry) -> Any:  # noqa: ANN401 - whatever the tool was given
    try:
        return json.loads(entry.arguments)
    except ValueError:
        return entry.arguments


def _summary(outcome: CallOutcome, said: list[str], done: dict[str, Any]) -> str:
    first = next((text for text in said if text), "")
    asked = f'The caller said: "{first[:SAID_CHARS]}".' if first else "The caller said nothing."
    tools = ", ".join(name.replace("_", " ") for name in done)
    return f"{asked} Done: {tools}." if tools else f"{asked} Outcome: {outcome}."
