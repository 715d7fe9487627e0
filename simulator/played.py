"""What a simulated phone's loudspeaker gave of the agent: which reply, from when to when, and why it ended."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise

from agent.metrics.openings import OPENINGS, kind_of
from agent.metrics.turn_trace import AgentKind, StoppedBy
from fsm.units import NS_PER_SAMPLE
from simulator.peers.twilio_playback import CutBy, Stretch
from simulator.peers.twilio_stream import TwilioPhone
from simulator.runs.evidence import CallEvidence, Evidence
from simulator.witness import Sent


@dataclass(frozen=True, slots=True)
class Played:
    """A stretch of gapless audio of one reply, or of a filler before it; instants in ns of the world.

    `is_fallback`: it asks whether anybody is there although the caller had spoken last.
    """

    reply: int
    turn: int
    kind: AgentKind
    started_at: int
    ended_at: int
    stopped_by: StoppedBy = StoppedBy.FINISHED
    has_tool: bool = False
    is_fallback: bool = False


@dataclass(slots=True)
class _Spoken:
    """What the agent's trace tells of a reply."""

    turn: int
    kind: AgentKind
    has_tool: bool = False
    is_over: bool = False
    """Heard to its end."""
    is_broken: bool = False
    """Cancelled, or failed."""


@dataclass(slots=True)
class _Told:
    """The agent's trace: its replies, and whose audio leaves from which instant (ns) on, fillers apart."""

    replies: dict[int, _Spoken] = field(default_factory=dict)
    owners: list[tuple[int, int, bool]] = field(default_factory=list)

    def owner_at(self, at: int) -> tuple[int, bool] | None:
        """The reply whose audio left at an instant, and whether it was a filler."""
        index = bisect_right(self.owners, at, key=lambda owner: owner[0]) - 1
        return self.owners[index][1:] if index >= 0 else None


def played_by(evidence: Evidence, call: CallEvidence) -> list[Played]:
    """What sounded at the caller's ear, in order."""
    told = _read(call)
    found: list[Played] = []
    for phone in call.twilio.phones:
        if phone.started_at is not None:
            sent = evidence.rehearsal.witness.sent_to(phone.leg.stream_sid)
            found += _of_phone(phone, phone.started_at, sent, told)
    return [_noticed(call, found, index) for index in range(len(found))]


# --- what the trace tells ------------------------------------------------------------------------------------------


def _read(call: CallEvidence) -> _Told:
    told = _Told()
    for line in call.events:
        at, data = call.trace_began_at + line["at_ns"], line["data"]
        reply = told.replies.get(data.get("reply", -1))
        if line["event"] == "ReplyAudioStarted":
            told.owners.append((at, data["reply"], False))
        elif reply is not None:
            reply.is_over |= line["event"] == "PlayoutFinished" or bool(data.get("is_whole"))
            reply.is_broken |= line["event"] == "ReplyFailed"
        for name, order in line["effects"]:
            _note_order(told, call, name, order, at)
    return told


def _note_order(told: _Told, call: CallEvidence, name: str, order: dict[str, object], at: int) -> None:
    number = order.get("reply")
    if not isinstance(number, int):
        return
    if name in OPENINGS:
        turn = order["turn"]
        assert isinstance(turn, int)
        kind = kind_of(name, order.get("text"), call.lines[0]["phrases"], is_first=not told.replies)
        told.replies[number] = _Spoken(turn, kind)
    elif name in ("Fill", "PlayMusic"):
        told.owners.append((at, number, True))
    elif number in told.replies:
        reply = told.replies[number]
        reply.has_tool |= name == "RunTool"
        reply.is_broken |= name == "CancelReply"


# --- what the phone played -----------------------------------------------------------------------------------------


def _of_phone(phone: TwilioPhone, began_at: int, sent: Sequence[Sent], told: _Told) -> list[Played]:
    """The stretches of one stream; audio that was received is that which was sent, in order."""
    media = [piece for piece in sent if piece.kind == "media"]
    ends = list(accumulate(piece.samples for piece in media))
    stretches = phone.playback.stretches
    pieces = [(stretch, part) for stretch in stretches for part in _parts(stretch, media, ends, began_at, told)]
    found: list[Played] = []
    for index, (stretch, part) in enumerate(pieces):
        later = [one for _, one in pieces[index + 1 :]]
        is_last_of_stretch = index + 1 == len(pieces) or pieces[index + 1][0] is not stretch
        cut_by = stretch.cut_by if is_last_of_stretch else None
        found.append(replace(part, stopped_by=_stopped_by(told.replies[part.reply], part, later, cut_by)))
    return found


def _stopped_by(reply: _Spoken, part: Played, later: Sequence[Played], cut_by: CutBy | None) -> StoppedBy:
    """Why a part ended, by the phone's buffer and by what came of its reply."""
    goes_on = part.kind is not AgentKind.FILLER and any(one.reply == part.reply for one in later)
    if cut_by is CutBy.STREAM_END:
        return StoppedBy.CALL_ENDED
    if cut_by is CutBy.CLEAR:
        return StoppedBy.HELD if goes_on else StoppedBy.CLEARED
    if goes_on:
        return StoppedBy.FINISHED if reply.has_tool else StoppedBy.UNDERRUN
    is_whole = part.kind is AgentKind.FILLER or reply.is_over or not reply.is_broken
    return StoppedBy.FINISHED if is_whole else StoppedBy.UNDERRUN


def _parts(
    stretch: Stretch, media: Sequence[Sent], ends: Sequence[int], began_at: int, told: _Told
) -> Iterator[Played]:
    """A stretch, split where another reply begins, or the reply after a filler."""
    end = stretch.position + stretch.samples
    first = bisect_right(ends, stretch.position)
    cuts: list[tuple[int, tuple[int, bool]]] = []
    for index in range(first, len(media)):
        begin = max(stretch.position, ends[index] - media[index].samples)
        if begin >= end:
            break
        owner = told.owner_at(media[index].at)
        if owner is not None and owner[0] in told.replies and (not cuts or cuts[-1][1] != owner):
            cuts.append((begin, owner))
    for (begin, (number, is_filler)), (until, _) in pairwise([*cuts, (end, (0, False))]):
        reply = told.replies[number]
        at = began_at + (stretch.at_samples - stretch.position) * NS_PER_SAMPLE
        yield Played(
            number,
            reply.turn,
            AgentKind.FILLER if is_filler else reply.kind,
            at + begin * NS_PER_SAMPLE,
            at + until * NS_PER_SAMPLE,
            has_tool=reply.has_tool,
        )


def _noticed(call: CallEvidence, played: Sequence[Played], index: int) -> Played:
    """The same, with whether it overlooked what the caller had said."""
    one = played[index]
    turns = [said.ended_at for said in call.caller.said if said.takes_floor and said.ended_at <= one.started_at]
    if one.kind is not AgentKind.REPROMPT or not turns:
        return one
    is_answered = any(before.started_at >= turns[-1] for before in played[:index])
    return replace(one, is_fallback=not is_answered)
