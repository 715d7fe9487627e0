"""Silences that a caller has to sit through, from what they heard and what the machine was doing."""

from collections.abc import Iterator
from dataclasses import dataclass

from fsm.state import Mode
from fsm.units import NS_PER_MS
from simulator.checkers.base import Finding
from simulator.checkers.facts import facts_of
from simulator.faults.base import Kind
from simulator.faults.catalogue import fault_named
from simulator.runs.evidence import CallEvidence, Evidence

LONGEST_MS = 2_000
"""Nobody waits longer than this without a word, unless it is they who have the floor."""

MUTED = "caller_muted"
"""What the caller says meanwhile reaches nobody: they wait for an answer that nobody can give."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Neither side sounded from `began_at` to `ended_at` (ns); `by_caller`: what sounded last was for us to answer."""

    began_at: int
    ended_at: int
    by_caller: bool

    @property
    def length_ms(self) -> int:
        """How long."""
        return (self.ended_at - self.began_at) // NS_PER_MS


def unexplained(evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Silences of more than two seconds while the caller waits, with nothing in the trace that says why."""
    if call.agent is None or not call.lines:
        return
    slack_ms = _slack_ms(evidence, call)
    for silence in silences(call):
        if silence.length_ms <= LONGEST_MS + slack_ms:
            continue
        if silence.by_caller:
            why = "the caller waits for an answer"
        elif (busy_ms := _busy_ms(call, silence)) > LONGEST_MS:
            why = f"the agent has the floor for {busy_ms} ms of it"
        else:
            continue
        if not cause_of(evidence, call, silence):
            yield f"{silence.length_ms} ms of silence: {why}", silence.began_at


def longest_ms(call: CallEvidence) -> int:
    """The longest silence, of whatever cause."""
    return max((silence.length_ms for silence in silences(call)), default=0)


def cause_of(evidence: Evidence, call: CallEvidence, silence: Silence) -> str:
    """Why nobody is to blame for a silence, by what is on record; empty where nothing is."""
    if len(call.twilio.phones) > 1:
        return "the stream was lost and came again"
    if call.notes("our_mistake"):
        return "a mistake of ours ended the call, which another checker tells"
    return (
        _failed_provider(call, silence)
        or _struck_by(evidence, silence)
        or _rest_of_an_answer(call, silence)
        or _awaited_beep(call, silence)
        or _occupation(call, silence)
    )


def _occupation(call: CallEvidence, silence: Silence) -> str:
    """What the caller was given time for."""
    began_at, what = 0, ""
    for line in call.events:
        at = call.trace_began_at + line["at_ns"]
        if line["event"] == "CallerOccupied" and not what:
            began_at, what = at, line["data"]["kind"]
        elif what and line["event"] in ("CallerReturned", "CallEnded"):
            if began_at < silence.ended_at and at > silence.began_at:
                return f"the caller was given time: {what}"
            what = ""
    return ""


def _awaited_beep(call: CallEvidence, silence: Silence) -> str:
    """The machine that was given time to beep."""
    for line in call.notes("answered_by"):
        if line["data"]["who"] != "human" and call.trace_began_at + line["at_ns"] <= silence.ended_at:
            return f"a {line['data']['who']} answered, by {line['data']['by']}"
    return ""


def _rest_of_an_answer(call: CallEvidence, silence: Silence) -> str:
    """The answer that was asked for and did not come whole: its rest was waited for."""
    patience_ms = call.agent.state.profile.patient_wait_ms if call.agent is not None else 0
    for line in call.lines:
        expected = line.get("data", {}).get("expected") if line["kind"] == "note" else None
        at = call.trace_began_at + line["at_ns"]
        if expected and silence.began_at < at <= silence.ended_at and silence.length_ms <= LONGEST_MS + patience_ms:
            return f"the rest of an answer was waited for: {expected}"
    return ""


def _failed_provider(call: CallEvidence, silence: Silence) -> str:
    """The failure of a provider that the trace tells of."""
    for line in call.notes("fault"):
        if _is_close(call.trace_began_at + line["at_ns"], silence):
            return f"a provider failed: {line['data']['fault']}"
    return ""


def _struck_by(evidence: Evidence, silence: Silence) -> str:
    """The fault of the simulation that struck something between the caller and our answer."""
    for at, told in evidence.struck:
        fault = fault_named(told.split(",")[0])
        is_deadly = fault.is_fatal and fault.kind is Kind.PHONE and at <= silence.ended_at
        is_ours = fault.kind is not Kind.CALLER and _is_close(at, silence)
        if is_deadly or is_ours or (fault.name == MUTED and _is_close(at + _length_ns(told), silence)):
            return f"struck by {told}"
    return ""


def _length_ns(told: str) -> int:
    """How long what struck lasts, by what is told of it: "caller_muted, 2000 ms"."""
    return round(float(told.split()[1]) * NS_PER_MS)


def _is_close(at: int, silence: Silence) -> bool:
    """Whether what happened then may be why: during the silence, or not long before."""
    return silence.began_at - LONGEST_MS * NS_PER_MS <= at <= silence.ended_at


def silences(call: CallEvidence) -> list[Silence]:
    """When neither sounded, from the stream's start to its end."""
    phones = [phone for phone in call.twilio.phones if phone.started_at is not None]
    if not phones or not call.lines:
        return []
    sounds = [(one.started_at, one.ended_at, False) for one in call.caller.agent_speech]
    sounds += [(one.started_at, one.ended_at, one.takes_floor) for one in call.caller.said]
    sounds.sort()
    ended_at = call.trace_began_at + max(line["at_ns"] for line in call.lines)
    found = []
    last_end, by_caller = phones[0].started_at or 0, False
    for started_at, sound_ended_at, takes_floor in [*sounds, (ended_at, ended_at, False)]:
        if started_at > last_end:
            found.append(Silence(last_end, started_at, by_caller))
        if sound_ended_at >= last_end:
            last_end, by_caller = sound_ended_at, takes_floor
    return found


def _slack_ms(evidence: Evidence, call: CallEvidence) -> int:
    """What the way to the agent and back adds, and a stall of it."""
    way_ms = facts_of(evidence, call).way_ns // NS_PER_MS
    behaviours = [phone.behaviour for phone in call.twilio.phones]
    return 2 * way_ms + max((2 * told.jitter_ms + told.stall_ms for told in behaviours), default=0)


def _busy_ms(call: CallEvidence, silence: Silence) -> int:
    """How much of that time the agent had the floor, or was disputing it."""
    busy_ns, since, mode = 0, call.trace_began_at, Mode.CONNECTING
    moves = [(call.trace_began_at + line["at_ns"], Mode(line["to"])) for line in call.events]
    for at, to in [*moves, (silence.ended_at, Mode.ENDED)]:
        if mode not in (Mode.LISTENING, Mode.ENDED):
            busy_ns += max(0, min(at, silence.ended_at) - max(since, silence.began_at))
        since, mode = at, to
    return busy_ns // NS_PER_MS
