"""A call that is over, in the words of a report: turns, spans of a timeline, latencies, silences."""

from collections.abc import Iterable, Iterator
from typing import Any

from agent.ledger import ledger_of
from fsm.state import Mode
from simulator.runs.evidence import CallEvidence, Line
from simulator.runs.outcome import CallOutcome, Lane, Span, Turn


def call_outcome(call: CallEvidence, struck: Iterable[tuple[int, str]] = (), trace: str = "") -> CallOutcome:
    """How a call went."""
    ended_at = call.simulated.ended_at or max((word.ended_at for word in call.caller.heard), default=0)
    duration_ms = max(0, call.ms(ended_at)) if ended_at else 0
    turns = tuple(turns_of(call))
    return CallOutcome(
        caller=call.name,
        call_id=call.twilio.record.sid,
        duration_ms=duration_ms,
        mode=str(call.agent.state.mode) if call.agent is not None else "",
        ended_by=ended_by(call),
        turns=turns,
        spans=tuple(spans_of(call, duration_ms, struck)),
        latencies_ms=tuple(turn.voice_to_voice_ms for turn in turns if turn.voice_to_voice_ms is not None),
        longest_silence_ms=longest_silence_ms(call),
        interruptions=len(list(moves(call.events, Mode.BARGE_IN, Mode.LISTENING))),
        resumed=len(list(moves(call.events, Mode.BARGE_IN, Mode.SPEAKING))),
        trace=trace,
        trace_began_ms=call.ms(call.trace_began_at),
    )


def moves(events: Iterable[Line], before: Mode, after: Mode) -> Iterator[Line]:
    """The decisions that led from one mode to another."""
    return (line for line in events if line["mode"] == before and line["to"] == after)


def ended_by(call: CallEvidence) -> str:
    """Who ended the call: "agent", "caller" or "network"; empty if it never had a stream."""
    if not call.lines:
        return ""
    if any(name == "EndCall" for _, name, _ in call.effects):
        return "agent"
    return "caller" if call.caller.has_hung_up or call.twilio.was_hung_up else "network"


# --- turns ---------------------------------------------------------------------------------------------------------


def turns_of(call: CallEvidence) -> Iterator[Turn]:
    """Every turn that the model was asked about, answered audibly or not."""
    ledgers = {ledger.turn: ledger for ledger in ledger_of(call.lines)}
    replies: dict[int, set[int]] = {}
    for _, name, data in call.effects:
        if name == "StartReply":
            replies.setdefault(data["turn"], set()).add(data["reply"])
    for number, numbers in replies.items():
        ledger = ledgers.get(number)
        yield Turn(
            number=number,
            caller=_understood(call, number),
            agent=_answered(call, numbers),
            voice_to_voice_ms=None if ledger is None else ledger.voice_to_voice_ms,
            parts_ms={} if ledger is None else ledger.parts_ms(),
        )


def _understood(call: CallEvidence, turn: int) -> str:
    notes = call.notes(f"turn {turn}")
    return str(notes[-1]["data"]["text"]) if notes else ""


def _answered(call: CallEvidence, replies: set[int]) -> str:
    """What of these replies was heard, as the agent believes."""
    heard = ""
    for line in call.events:
        data = line["data"]
        if data.get("reply") in replies:
            finished = data["text"] if line["event"] == "PlayoutFinished" else ""
            heard = str(data.get("heard") or finished or heard)
    return heard


# --- silence -------------------------------------------------------------------------------------------------------


def longest_silence_ms(call: CallEvidence) -> int:
    """The longest time in which neither side sounded; what a caller waits before they hang up is their own affair."""
    begins = [phone.started_at for phone in call.twilio.phones if phone.started_at is not None]
    if not begins or call.simulated.ended_at is None:
        return 0
    sounds = [(one.started_at, one.ended_at) for one in call.caller.agent_speech]
    sounds += [(one.started_at, one.ended_at) for one in call.caller.said]
    if ended_by(call) != "caller":
        sounds.append((call.simulated.ended_at, call.simulated.ended_at))
    longest, last_end = 0, min(begins)
    for started_at, ended_at in sorted(sounds):
        longest = max(longest, started_at - last_end)
        last_end = max(last_end, ended_at)
    return longest // 1_000_000


# --- the timeline --------------------------------------------------------------------------------------------------


def spans_of(call: CallEvidence, duration_ms: int, struck: Iterable[tuple[int, str]]) -> Iterator[Span]:
    """The timeline: lane by lane, each in order."""
    for said in call.caller.said:
        yield Span(Lane.CALLER, call.ms(said.started_at), call.ms(said.ended_at), said.text or said.kind, said.kind)
    for utterance in call.caller.agent_speech:
        yield Span(Lane.HEARD, call.ms(utterance.started_at), call.ms(utterance.ended_at), utterance.text)
    yield from _modes(call, duration_ms)
    for line in call.events:
        if line["event"] == "WordsHeard" and line["data"]["text"]:
            at_ms, data = call.line_ms(line), line["data"]
            yield Span(Lane.WORDS, at_ms, at_ms, data["text"], "final" if data["is_final"] else "interim")
    yield from _tools(call, duration_ms)
    for at, what in struck:
        yield Span(Lane.FAULT, call.ms(at), call.ms(at), what, "struck")
    for line in call.notes("fault"):
        yield Span(Lane.FAULT, call.line_ms(line), call.line_ms(line), str(line["data"]["fault"]), "noticed")


def _modes(call: CallEvidence, duration_ms: int) -> Iterator[Span]:
    since_ms, mode = 0, str(Mode.CONNECTING)
    for line in call.events:
        if line["to"] != mode:
            at_ms = call.line_ms(line)
            yield Span(Lane.MODE, since_ms, at_ms, mode)
            since_ms, mode = at_ms, line["to"]
    if call.events:
        yield Span(Lane.MODE, since_ms, max(since_ms, duration_ms), mode)


def _tools(call: CallEvidence, duration_ms: int) -> Iterator[Span]:
    """Tools from the order to run them to their result."""
    running: dict[str, tuple[int, dict[str, Any]]] = {}
    for line in call.events:
        if line["event"] == "ToolReturned" and line["data"]["call_id"] in running:
            since_ms, tool = running.pop(line["data"]["call_id"])
            yield Span(Lane.TOOL, since_ms, call.line_ms(line), _tool_text(tool, line["data"]["result"]), "returned")
        for name, data in line["effects"]:
            if name == "RunTool":
                running[data["call"]["call_id"]] = (call.line_ms(line), data["call"])
    for since_ms, tool in running.values():
        yield Span(Lane.TOOL, since_ms, max(since_ms, duration_ms), _tool_text(tool, "no result"), "lost")


def _tool_text(tool: dict[str, Any], result: str) -> str:
    return f"{tool['name']}({tool['arguments']}) -> {result}"
