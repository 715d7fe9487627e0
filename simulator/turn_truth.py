"""A simulated call as a turn-trace: the truth, from the caller's own record and the phone's loudspeaker."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from agent.metrics.openings import INACTIVE, OPENINGS
from agent.metrics.ticks import InsertType
from agent.metrics.turn_trace import (
    AgentEntry,
    CallerEntry,
    CallerKind,
    EndedBy,
    InsertEntry,
    TurnEntry,
    TurnTrace,
)
from fsm.units import NS_PER_MS
from simulator.checkers.heard_text import heard_errors
from simulator.played import Played, played_by
from simulator.runs.evidence import CallEvidence, Evidence
from simulator.runs.telling import ended_by
from simulator.said import Said, SaidMark
from simulator.script_marks import MarkKind

KINDS = {
    "say": CallerKind.TURN,
    "backchannel": CallerKind.BACKCHANNEL,
    "hesitation": CallerKind.VOCAL_TIC,
    "cough": CallerKind.VOCAL_TIC,
    "laugh": CallerKind.VOCAL_TIC,
    "sneeze": CallerKind.VOCAL_TIC,
    "throat": CallerKind.VOCAL_TIC,
    "mumble": CallerKind.VOCAL_TIC,
    "aside": CallerKind.NON_DIRECTED,
    "background": CallerKind.NOISE,
    "noise": CallerKind.NOISE,
    "music": CallerKind.NOISE,
    "beep": CallerKind.NOISE,
}
"""What each sound of a script counts as. Voices of others are a noise: a caller who speaks aside is somebody else."""

TICS = frozenset({MarkKind.COUGH, MarkKind.LAUGH, MarkKind.SNEEZE, MarkKind.THROAT})
"""Sounds within a sentence that flag it as one with a tic."""

ENDS = {"agent": EndedBy.AGENT_HANGUP, "caller": EndedBy.CALLER_HANGUP, "network": EndedBy.NETWORK}
Span = tuple[int, int]


def turn_traces(evidence: Evidence) -> list[TurnTrace]:
    """The calls of a run that had a media stream."""
    return [trace for call in evidence.calls if (trace := turn_trace(evidence, call)) is not None]


def turn_trace(evidence: Evidence, call: CallEvidence) -> TurnTrace | None:
    """One call; None if it never had a media stream. Times count from its first stream's start, at the phone."""
    began = [phone.started_at for phone in call.twilio.phones if phone.started_at is not None]
    if not began:
        return None
    clock = _Clock(min(began), call.simulated.ended_at or evidence.ended_at)
    played = played_by(evidence, call)
    return TurnTrace(
        call=call.twilio.record.sid,
        domain=evidence.rehearsal.cast.agent,
        seed=evidence.seed,
        end_ms=clock.end_ms,
        ended_by=_ended_by(call),
        caller=tuple(_caller(call, clock)),
        agent=tuple(_agent(call, played, clock)),
        turns=tuple(_turns(evidence, call, played)),
    )


def write_turn_traces(evidence: Evidence, folder: Path) -> None:
    """Write the turn-trace of each call that had a media stream into `folder`, a file each."""
    folder.mkdir(parents=True, exist_ok=True)
    for call in evidence.calls:
        trace = turn_trace(evidence, call)
        if trace is not None:
            path = folder / f"{evidence.plan.name}-{evidence.seed}-{call.name}.json"
            path.write_text(trace.to_json(), encoding="utf-8")


class _Clock:
    """From instants of the world (ns) to ms since the media began; nothing lasts beyond the end of the call."""

    def __init__(self, began_at: int, ended_at: int) -> None:
        self.began_at = began_at
        self.end_ms = max(0, -(-(ended_at - began_at) // NS_PER_MS))

    def span(self, started_at: int, ended_at: int) -> Span | None:
        """The ms that an interval covers; None if that is nothing."""
        start_ms = max(0, (started_at - self.began_at + NS_PER_MS // 2) // NS_PER_MS)
        end_ms = min(self.end_ms, (ended_at - self.began_at + NS_PER_MS // 2) // NS_PER_MS)
        return (start_ms, end_ms) if start_ms < end_ms else None

    def within(self, spans: Iterable[tuple[int, int]], whole: Span) -> tuple[Span, ...]:
        """Those of some intervals, in order, as far as they lie in `whole`; what touches is one."""
        found: list[Span] = []
        for started_at, ended_at in sorted(spans):
            span = self.span(started_at, ended_at)
            start_ms, end_ms = (0, 0) if span is None else (max(span[0], whole[0]), min(span[1], whole[1]))
            if found and start_ms <= found[-1][1] < end_ms:
                found[-1] = (found[-1][0], end_ms)
            elif start_ms < end_ms and not (found and end_ms <= found[-1][1]):
                found.append((start_ms, end_ms))
        return tuple(found)


# --- the caller ----------------------------------------------------------------------------------------------------


def _caller(call: CallEvidence, clock: _Clock) -> Iterator[CallerEntry]:
    """What the caller did with their voice, as they know it themselves; keys make no sound."""
    for number, said in enumerate(sorted(call.caller.said, key=lambda one: one.started_at), 1):
        span = clock.span(said.started_at, said.ended_at)
        if span is None or said.kind == "press":
            continue
        kind = _kind_of(said)
        sounds = [*((word.started_at, word.ended_at) for word in said.words), *_sounds(said.marks)]
        yield CallerEntry(
            id=number,
            kind=kind,
            text=said.text or said.kind,
            start_ms=span[0],
            end_ms=span[1],
            complete=said.ended_at <= clock.began_at + clock.end_ms * NS_PER_MS,
            voiced_ms=clock.within(sounds or [(said.started_at, said.ended_at)], span),
            inserts=tuple(_inserts(said, clock, span)),
        )


def _kind_of(said: Said) -> CallerKind:
    known = KINDS.get(said.kind)
    if known is not None:
        return known
    return CallerKind.TURN if said.takes_floor else CallerKind.NOISE


def _sounds(marks: Sequence[SaidMark]) -> Iterator[tuple[int, int]]:
    return ((mark.started_at, mark.ended_at) for mark in marks if mark.kind is not MarkKind.SILENCE)


def _inserts(said: Said, clock: _Clock, whole: Span) -> Iterator[InsertEntry]:
    for mark in said.marks:
        if mark.kind in TICS:
            for start_ms, end_ms in clock.within([(mark.started_at, mark.ended_at)], whole):
                yield InsertEntry(type=InsertType.VOCAL_TIC, text=mark.kind.value, start_ms=start_ms, end_ms=end_ms)


# --- the agent -----------------------------------------------------------------------------------------------------


def _agent(call: CallEvidence, played: Iterable[Played], clock: _Clock) -> Iterator[AgentEntry]:
    """What the phone played, stretch by stretch."""
    words = [(word.started_at, word.ended_at) for word in call.caller.heard]
    sounds = words or [(one.started_at, one.ended_at) for one in call.caller.agent_speech]
    for one in played:
        span = clock.span(one.started_at, one.ended_at)
        if span is None:
            continue
        inside = (sound for sound in sounds if sound[0] < one.ended_at and sound[1] > one.started_at)
        yield AgentEntry(
            turn=one.turn,
            kind=one.kind,
            start_ms=span[0],
            end_ms=span[1],
            stopped_by=one.stopped_by,
            voiced_ms=clock.within(inside, span),
            tool=one.has_tool,
        )


# --- the turns -----------------------------------------------------------------------------------------------------


def _turns(evidence: Evidence, call: CallEvidence, played: Sequence[Played]) -> Iterator[TurnEntry]:
    """What the trace of the agent tells of each turn that it answered."""
    turn_of = {data["reply"]: data["turn"] for _, name, data in call.effects if name in OPENINGS}
    errors: dict[int, list[int]] = {}
    for error in heard_errors(evidence, call):
        if error.is_whole:
            continue
        errors.setdefault(turn_of[error.reply], []).append(abs(error.words))
    tools = {turn_of[data["reply"]] for _, name, data in call.effects if name == "RunTool"}
    drafted_for = {data["reply"]: data["turn"] for _, name, data in call.effects if name == "DraftReply"}
    dropped = [drafted_for[data["reply"]] for _, name, data in call.effects if name == "DropDraft"]
    for turn in sorted(set(turn_of.values())):
        yield TurnEntry(
            turn=turn,
            fallback=any(one.turn == turn and one.is_fallback for one in played),
            tool=turn in tools,
            drafts_dropped=dropped.count(turn),
            heard_error_words=tuple(errors.get(turn, ())),
        )


def _ended_by(call: CallEvidence) -> EndedBy:
    reasons = [data["reason"] for _, name, data in call.effects if name == "EndCall"]
    return EndedBy.INACTIVITY if INACTIVE in reasons else ENDS.get(ended_by(call), EndedBy.UNKNOWN)
