"""A turn-trace from the agent's own trace of a call: what it could know of the caller, and what it played.

Its caller is what voice edges, words and verdicts tell: a sound over our speech for which the floor was not given up is
a backchannel if it had words; any sound without words is a tic; all else is a turn, which lasts until the machine took
it as over. Where the caller really was silent, or aside, nobody can tell.

The clock of the caller's ear and mouth began one way before ours, as marks told the way. So what the caller says has on
theirs the instant at which it came here; what leaves here sounds two ways later; and an end that a mark confirmed was
one way before it was known, which is the same instant again.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agent.metrics.derived_agent import Stretch, stretches_of
from agent.metrics.derived_caller import Heard, sounds_of
from agent.metrics.openings import INACTIVE, OPENINGS
from agent.metrics.spans import Span
from agent.metrics.turn_trace import AgentEntry, CallerEntry, EndedBy, TurnEntry, TurnTrace
from fsm.units import ns_to_ms

Line = Mapping[str, Any]

DERIVED = "call trace: the caller is what the agent's voice edges, words and verdicts tell"


def derive(lines: Sequence[Line]) -> TurnTrace:
    """The turn-trace of a call trace, whose first line is that of the call."""
    events = [line for line in lines if line["kind"] == "event"]
    way_ns = _way_ns(lines)
    end_ns = max([line["at_ns"] for line in events], default=0)
    end_ms = ns_to_ms(end_ns) + 1
    stretches = stretches_of(lines, way_ns)
    return TurnTrace(
        call=str(lines[0].get("call_id", "")),
        domain=str(lines[0].get("agent", "")),
        end_ms=end_ms,
        ended_by=_ended_by(events),
        derived=DERIVED,
        caller=tuple(_caller_entries(sounds_of(lines, stretches), end_ms)),
        agent=tuple(_agent_entries(stretches, way_ns, end_ms)),
        turns=tuple(_turns(events)),
    )


def _way_ns(lines: Sequence[Line]) -> int:
    """From our wire to the caller's ear, by the marks that came back soonest; 0 if none did."""
    sent: dict[int, int] = {}
    ways: list[int] = []
    for line in lines:
        if line["kind"] == "stage" and line["stage"] == "sent":
            sent[line["reply"]] = line["at_ns"]
        elif line["kind"] == "stage" and line["stage"] == "heard" and line["reply"] in sent:
            ways.append(line["at_ns"] - sent[line["reply"]])
    return max(0, min(ways, default=0))


def _caller_entries(sounds: Sequence[Heard], end_ms: int) -> Iterator[CallerEntry]:
    for number, sound in enumerate(sounds, 1):
        whole = _in_ms(sound.begin_ns, sound.end_ns, end_ms)
        voiced = [span for one in sound.voiced_ns if (span := _in_ms(*one, end_ms)) is not None]
        if whole is not None:
            yield CallerEntry(
                id=number,
                kind=sound.kind,
                text=" ".join(sound.words),
                start_ms=whole[0],
                end_ms=whole[1],
                voiced_ms=tuple(voiced),
            )


def _agent_entries(stretches: Sequence[Stretch], way_ns: int, end_ms: int) -> Iterator[AgentEntry]:
    for stretch in stretches:
        later_ns = 0 if stretch.is_end_confirmed else 2 * way_ns
        span = _in_ms(stretch.begin_ns + 2 * way_ns, stretch.end_ns + later_ns, end_ms)
        if span is not None:
            yield AgentEntry(
                turn=stretch.turn,
                kind=stretch.kind,
                start_ms=span[0],
                end_ms=span[1],
                stopped_by=stretch.stopped_by,
                tool=stretch.has_tool,
            )


def _in_ms(begin_ns: int, until_ns: int, call_ends_ms: int) -> Span | None:
    start_ms, end_ms = ns_to_ms(begin_ns), min(call_ends_ms, ns_to_ms(until_ns))
    return (start_ms, end_ms) if start_ms < end_ms else None


def _turns(events: Sequence[Line]) -> Iterator[TurnEntry]:
    effects = [effect for line in events for effect in line["effects"]]
    turn_of = {data["reply"]: data["turn"] for name, data in effects if name in OPENINGS}
    drafted_for = {data["reply"]: data["turn"] for name, data in effects if name == "DraftReply"}
    tools = {turn_of[data["reply"]] for name, data in effects if name == "RunTool" and data["reply"] in turn_of}
    dropped = [drafted_for.get(data["reply"]) for name, data in effects if name == "DropDraft"]
    for turn in sorted(set(turn_of.values())):
        yield TurnEntry(turn=turn, tool=turn in tools, drafts_dropped=dropped.count(turn))


def _ended_by(events: Sequence[Line]) -> EndedBy:
    reasons = [data["reason"] for line in events for name, data in line["effects"] if name == "EndCall"]
    if reasons:
        return EndedBy.INACTIVITY if reasons[-1] == INACTIVE else EndedBy.AGENT_HANGUP
    ended = [line["data"]["reason"] for line in events if line["event"] == "CallEnded"]
    if not ended:
        return EndedBy.UNKNOWN
    return EndedBy.CALLER_HANGUP if ended[0] == "stopped" else EndedBy.NETWORK
