"""When the agent sounded, from its own trace: from audio that left to what silenced it, or to its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agent.metrics.openings import OPENINGS, kind_of
from agent.metrics.turn_trace import AgentKind, StoppedBy
from fsm.units import NS_PER_MS

Line = Mapping[str, Any]


CONFIRMED = frozenset({StoppedBy.FINISHED, StoppedBy.UNDERRUN, StoppedBy.CALL_ENDED})


@dataclass(frozen=True, slots=True)
class Stretch:
    """Audio of one reply, or of a filler before it; instants in ns since the call began, on our clock."""

    reply: int
    turn: int
    kind: AgentKind
    begin_ns: int
    end_ns: int
    stopped_by: StoppedBy
    has_tool: bool = False

    @property
    def is_end_confirmed(self) -> bool:
        """Whether its end was known here by a mark, or by the end of the stream: after it had happened."""
        return self.kind is not AgentKind.FILLER and self.stopped_by in CONFIRMED


@dataclass(slots=True)
class _Reply:
    turn: int
    kind: AgentKind
    has_tool: bool = False


@dataclass(slots=True)
class _Sounding:
    """What sounds now; `filler_until` (ns): when a filler ends if nothing ends it sooner."""

    reply: int
    since: int
    filler_until: int | None = None


ENDINGS = {
    "PlayoutFinished": StoppedBy.FINISHED,
    "PlayoutHeld": StoppedBy.CLEARED,
    "PlayoutDrained": StoppedBy.UNDERRUN,
    "CallEnded": StoppedBy.CALL_ENDED,
}
"""What each event means for the audio that sounded; one that was held and went on is told apart afterwards."""

GOING_ON = frozenset({"DuckPlayout", "ResumePlayout"})
"""With these a held reply goes on, quietly or as before; one that sounds only changes its loudness."""


def stretches_of(lines: Sequence[Line], way_ns: int = 0) -> list[Stretch]:
    """All of the agent's stretches, in order; `way_ns` to the phone tell when what was heard left here."""
    reader = _Reader(lines[0].get("phrases", {}), way_ns)
    for line in lines:
        reader.read(line)
    return reader.found


@dataclass(slots=True)
class _Reader:
    """Goes through a trace from its first line to its last."""

    phrases: Mapping[str, object]
    way_ns: int = 0
    found: list[Stretch] = field(default_factory=list)
    replies: dict[int, _Reply] = field(default_factory=dict)
    _sounding: _Sounding | None = None
    _awaited: int = 0
    """The latest reply: the one that a filler fills the wait for."""

    def read(self, line: Line) -> None:
        """Take the next line."""
        at: int = line["at_ns"]
        if line["kind"] == "note" and line["note"] == "filler":
            self._end(at, StoppedBy.FINISHED)
            until = at + line["data"]["duration_ms"] * NS_PER_MS
            self._sounding = _Sounding(self._awaited, at, until)
        if line["kind"] == "stage" and line["stage"] == "heard":
            self._read_first_sound(line["reply"], at - self.way_ns)
        if line["kind"] != "event":
            return
        if line["event"] == "ReplyAudioStarted":
            self._end(at, StoppedBy.FINISHED)
            self._sounding = _Sounding(line["data"]["reply"], at)
        elif line["event"] in ENDINGS:
            self._end(at, ENDINGS[line["event"]])
        for name, data in line["effects"]:
            self._read_order(at, name, data)

    def _read_first_sound(self, reply: int, at: int) -> None:
        """What was under way of a filler sounded first."""
        sounding, filler = self._sounding, self.found[-1] if self.found else None
        if sounding is None or filler is None or filler.kind is not AgentKind.FILLER or sounding.reply != reply:
            return
        if filler.end_ns == sounding.since < at:
            self.found[-1] = replace(filler, end_ns=at)
            sounding.since = at

    def _read_order(self, at: int, name: str, data: Line) -> None:
        if name in OPENINGS:
            self._awaited = data["reply"]
            kind = kind_of(name, data.get("text"), self.phrases, is_first=not self.replies)
            self.replies[data["reply"]] = _Reply(data["turn"], kind)
        elif name == "CancelReply":
            self._end(at, StoppedBy.CLEARED)
        elif name in GOING_ON and (self._sounding is None or self._sounding.reply != data["reply"]):
            self._mark_held(data["reply"])
            self._end(at, StoppedBy.FINISHED)
            self._sounding = _Sounding(data["reply"], at)
        elif name == "RunTool" and data["reply"] in self.replies:
            self.replies[data["reply"]].has_tool = True

    def _end(self, at: int, why: StoppedBy) -> None:
        """What sounds ends now; a filler that was over before ended then."""
        sounding, self._sounding = self._sounding, None
        if sounding is None or sounding.reply not in self.replies:
            return
        reply = self.replies[sounding.reply]
        until, kind = at, reply.kind
        if sounding.filler_until is not None:
            kind = AgentKind.FILLER
            why = StoppedBy.FINISHED if sounding.filler_until <= at else why
            until = min(at, sounding.filler_until)
        elif why is StoppedBy.UNDERRUN and reply.has_tool:
            why = StoppedBy.FINISHED  # it said all it had to say until its tools return
        if until > sounding.since:
            self.found.append(Stretch(sounding.reply, reply.turn, kind, sounding.since, until, why, reply.has_tool))

    def _mark_held(self, reply: int) -> None:
        """The reply goes on: what ended its last stretch was no end."""
        if self.found and self.found[-1].reply == reply and self.found[-1].stopped_by is StoppedBy.CLEARED:
            self.found[-1] = replace(self.found[-1], stopped_by=StoppedBy.HELD)
