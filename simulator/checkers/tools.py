"""Tools: each call of one ends exactly once, and nothing is done twice, or for a reply that is over."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson

from fsm.units import ms_to_ns
from simulator.checkers.base import Finding
from simulator.checkers.facts import Facts, facts_of, has_fault
from simulator.runs.evidence import CallEvidence, Evidence
from tools.appointments.tools import DATABASE, booking_rows
from tools.tool import PEOPLE_LIMIT_MS, Kind

DONE = ("booked", "moved", "cancelled", "changed", "sent", "paid", "handed_over")
"""Under one of these an effect says whether it changed anything."""

LONGEST_TOOL_NS = ms_to_ns(PEOPLE_LIMIT_MS + 2_000)


def unsettled(evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Tool calls that did not end exactly once."""
    ordered: Counter[str] = Counter()
    returned: Counter[str] = Counter()
    for line in call.events:
        at = call.trace_began_at + line["at_ns"]
        if line["event"] == "ToolReturned":
            call_id = line["data"]["call_id"]
            returned[call_id] += 1
            if returned[call_id] > ordered[call_id] and not has_fault(evidence, "tool_answers_twice"):
                yield f"tool call {call_id} returned more often than it was made", at
        for name, data in line["effects"]:
            if name == "RunTool":
                call_id = data["call"]["call_id"]
                ordered[call_id] += 1
                if ordered[call_id] > 1:
                    yield f"tool call {call_id} was made twice", at
    open_calls = sorted((ordered - returned).elements())
    if open_calls and call.agent is not None and not evidence.is_partial and not _ended_meanwhile(call, open_calls):
        yield f"tool calls never returned: {', '.join(open_calls)}", None


def _ended_meanwhile(call: CallEvidence, open_calls: list[str]) -> bool:
    """Whether the call was over before its tools: what they answer then, nobody hears."""
    if call.notes("our_mistake"):
        return True
    last = next((line for line in reversed(call.events) if line["to"] == "ENDED"), None)
    made = [
        line["at_ns"]
        for line, name, data in call.effects
        if name == "RunTool" and data["call"]["call_id"] in open_calls
    ]
    limit_ns = 32_000_000_000  # the longest that a tool may take
    return last is not None and all(last["at_ns"] - at < limit_ns for at in made)


def of_dead_replies(evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Tools that were run for a reply that was over."""
    replies = facts_of(evidence, call).replies
    for line, name, data in call.effects:
        if name != "RunTool" or data["reply"] not in replies:
            continue
        reply = replies[data["reply"]]
        at = call.trace_began_at + line["at_ns"]
        over_at = min((over for over in (reply.cancelled_at, reply.over_at) if over is not None), default=None)
        if over_at is not None and over_at < at:
            yield f"{data['call']['name']} was run for reply {reply.number}, which was over", at


def done_twice(evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Effects that happened more than once, and functions that ran although nobody asked."""
    facts = facts_of(evidence, call)
    seen: Counter[tuple[str, str]] = Counter()
    asked = Counter(data["call"]["name"] for _, name, data in call.effects if name == "RunTool")
    asked += Counter(line["data"]["tool"] for line in call.notes("tool_ran_ahead"))
    ran: Counter[str] = Counter()
    for one in facts.seen.ran:
        ran[one.name] += 1
        if ran[one.name] > asked[one.name] and not has_fault(evidence, "tool_doubled"):
            yield f"{one.name} ran {ran[one.name]} times, asked for were {asked[one.name]}", one.at
        if one.kind == Kind.EFFECT:
            seen[one.name, one.arguments] += 1
            if seen[one.name, one.arguments] > 1 + _tries_that_changed_nothing(facts, call, one.name):
                yield f"{one.name} was done {seen[one.name, one.arguments]} times with {one.arguments}", one.at
    yield from _bookings(evidence, call)


def too_soon(evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Tools that ran before they were ordered, although they do more than read: for a draft that may be dropped."""
    orders = [
        (call.trace_began_at + line["at_ns"], data["call"]["name"])
        for line, name, data in call.effects
        if name == "RunTool"
    ]
    ran: Counter[str] = Counter()
    for one in facts_of(evidence, call).seen.ran:
        ran[one.name] += 1
        ordered = sum(name == one.name and at <= one.at for at, name in orders)
        if one.kind != Kind.PURE and ran[one.name] > ordered and not has_fault(evidence, "tool_doubled"):
            yield f"{one.name} ran before it was ordered", one.at


def _tries_that_changed_nothing(_facts: Facts, call: CallEvidence, _name: str) -> int:
    """How often a tool answered that it did nothing, or failed: then it may be tried again."""
    results = (line["data"] for line in call.events if line["event"] == "ToolReturned")
    return sum(data["failed"] or _says_no(data["result"]) for data in results)


def _says_no(result: str) -> bool:
    answer = _read(result)
    return answer is None or any(answer.get(done) is False for done in DONE)


def _read(result: str) -> dict[str, Any] | None:
    """What a tool answered; None where it is no JSON object, as of one that babbles."""
    try:
        answer: Any = orjson.loads(result)
    except orjson.JSONDecodeError:
        return None
    return answer if isinstance(answer, dict) else {}


def _bookings(evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Appointments of this call in the business's own database that no answer of a tool told of."""
    if not call.lines or call.lines[0].get("words") == "hidden" or evidence.is_partial:
        return
    rows = [row for row in booking_rows(evidence.data / DATABASE) if row["call_id"] == call.twilio.record.sid]
    told: dict[int, str] = {}
    for line in call.events:
        answer = _read(line["data"]["result"]) if line["event"] == "ToolReturned" else None
        if answer is not None and answer.get("booked") is True:
            told[answer["appointment_id"]] = answer["slot_id"]
    asked = sum(name == "RunTool" and data["call"]["name"] == "book_appointment" for _, name, data in call.effects)
    if len(rows) > asked:
        yield f"{len(rows)} appointments stand in the database, {asked} were asked for", None
    kept = {row["id"] for row in rows}  # it may have been moved since, or cancelled: its row stays
    for slot in (slot for number, slot in told.items() if number not in kept):
        yield f"the appointment at {slot} was told of and is not in the database", None
