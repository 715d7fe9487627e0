"""What several checkers need to know of a call: its replies, its fillers, and how long its sound is on the way."""

from dataclasses import dataclass, field
from typing import Any

from fsm.units import NS_PER_SAMPLE, ms_to_ns
from simulator.rehearsal import AGENT_ORIGIN
from simulator.runs.evidence import CallEvidence, Evidence, Line
from simulator.speech import words_of
from simulator.wires import LinkModel
from simulator.witness import Seen, Sent

LEAD_NS = ms_to_ns(200)
"""Audio that may be on its way or wait at the phone: what left so long ago sounds now."""

FRAME_NS = ms_to_ns(20)

HOLE_NS = ms_to_ns(100)
"""A pause between two pieces of audio that is none of the voice's own, which are audio as well."""

FOR_EVER = 1 << 62

OPENINGS = frozenset({"StartReply", "Recite"})


@dataclass(slots=True)
class SpokenReply:
    """One reply of the agent's, from the order to open the mouth to its end; instants in ns of the world."""

    number: int
    born_at: int
    is_recital: bool
    words: tuple[str, ...] = ()
    """What it says, as it is pronounced."""
    over_at: int | None = None
    """When the next one was begun."""
    cancelled_at: int | None = None
    failed_at: int | None = None
    finished_at: int | None = None
    """When the agent took it as heard to its end."""
    held_at: list[int] = field(default_factory=list)
    resumed_at: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SpokenFiller:
    """A phrase that was to fill a wait."""

    born_at: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """A call, sorted out. `way_ns`: from our wire to the phone's loudspeaker, at most, or None if nobody can tell."""

    replies: dict[int, SpokenReply]
    fillers: tuple[SpokenFiller, ...]
    seen: Seen
    sent: tuple[tuple[Sent, ...], ...]
    """Of each of its streams."""
    way_ns: int
    is_way_even: bool
    """Whether everything takes exactly that long."""

    def audible_spans(self) -> list[tuple[int, int]]:
        """From when until when (ns) something of ours sounded at the phone without a hole, by what left for it."""
        spans: list[tuple[int, int]] = []
        for sent in (one for stream in self.sent for one in stream):
            at = sent.at + self.way_ns
            if sent.kind == "clear" and spans:
                spans[-1] = (spans[-1][0], min(spans[-1][1], at))
            elif sent.kind == "media" and (not spans or at - spans[-1][1] > HOLE_NS):
                spans.append((at, at + sent.samples * NS_PER_SAMPLE))
            elif sent.kind == "media":
                spans[-1] = (spans[-1][0], max(spans[-1][1], at) + sent.samples * NS_PER_SAMPLE)
        return spans

    @property
    def has_one_stream(self) -> bool:
        """Whether the call never went on over another stream."""
        return len(self.sent) == 1


def has_fault(evidence: Evidence, *names: str) -> bool:
    """Whether one of these faults is on in the run."""
    return any(fault.name in names for fault in evidence.plan.faults)


def facts_of(evidence: Evidence, call: CallEvidence) -> Facts:
    """The facts, found once a call."""
    kept: dict[str, Any] = vars(call)
    if "_facts" not in kept:
        kept["_facts"] = _find(evidence, call)
    facts: Facts = kept["_facts"]
    return facts


def _find(evidence: Evidence, call: CallEvidence) -> Facts:
    witness = evidence.rehearsal.witness
    seen = witness.of_call(call.agent) if call.agent is not None else Seen()
    link = evidence.rehearsal.cast.links.get(AGENT_ORIGIN, LinkModel())
    phone_ms = max((phone.behaviour.one_way_ms for phone in call.twilio.phones), default=0)
    extra_ms = link.down.jitter_ms + link.down.burst_ms
    return Facts(
        replies=_replies(call, seen),
        fillers=tuple(
            SpokenFiller(call.trace_began_at + line["at_ns"], words_of(data["text"]))
            for line, name, data in call.effects
            if name == "Fill"
        ),
        seen=seen,
        sent=tuple(witness.sent_to(phone.leg.stream_sid) for phone in call.twilio.phones),
        way_ns=ms_to_ns(link.down.delay_ms + extra_ms + phone_ms),
        is_way_even=link.down.is_even and not link.stalls_ms,
    )


def _replies(call: CallEvidence, seen: Seen) -> dict[int, SpokenReply]:
    replies: dict[int, SpokenReply] = {}
    for line in call.events:
        at = call.trace_began_at + line["at_ns"]
        _note_event(replies, line, at)
        for name, data in line["effects"]:
            _note_effect(replies, name, data, at)
    openings: dict[int, list[str]] = {}
    for line in call.notes("opening"):
        openings.setdefault(line["data"]["reply"], []).append(line["data"]["text"])
    for number, reply in replies.items():
        said = [*openings.get(number, []), *seen.said.get(number, [])]
        if said:
            reply.words = tuple(word for clause in said for word in words_of(clause))
    return replies


def _note_event(replies: dict[int, SpokenReply], line: Line, at: int) -> None:
    reply = replies.get(line["data"].get("reply", -1))
    if reply is None:
        return
    if line["event"] == "PlayoutFinished" and reply.finished_at is None:
        reply.finished_at = at
    elif line["event"] == "ReplyFailed":
        reply.failed_at = at


def _note_effect(replies: dict[int, SpokenReply], name: str, data: Line, at: int) -> None:
    number = data.get("reply", -1)
    if name in OPENINGS:
        for earlier in replies.values():
            earlier.over_at = at if earlier.over_at is None else earlier.over_at
        replies[number] = SpokenReply(number, at, name == "Recite", words_of(data.get("text", "")))
    elif number in replies:
        reply = replies[number]
        if name == "CancelReply" and reply.cancelled_at is None:
            reply.cancelled_at = at
        elif name == "HoldPlayout":
            reply.held_at.append(at)
        elif name in ("ResumePlayout", "DuckPlayout"):
            reply.resumed_at.append(at)
