"""Manners: the agent does not begin to speak while the caller does."""

from collections.abc import Iterator

from fsm.units import ms_to_ns
from simulator.caller import Said
from simulator.checkers.base import Finding
from simulator.checkers.facts import SpokenReply, facts_of
from simulator.peers.deepgram_behaviour import DeepgramBehaviour
from simulator.runs.evidence import CallEvidence, Evidence

NOTICED_NS = ms_to_ns(160)
"""From the caller's first sound until it is known to be one."""

UNDER_WAY_NS = ms_to_ns(100)
"""So much of the caller's word was still to come."""


def talks_over(evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Answers that began while the caller was saying something that was noticed before."""
    if call.agent is None or not _hears_well(evidence, call):
        return
    facts = facts_of(evidence, call)
    answers = [reply for reply in facts.replies.values() if not reply.is_recital]
    for utterance in call.caller.agent_speech:
        reply = _speaking_at(answers, utterance.started_at - facts.way_ns)
        if reply is None:
            continue
        for said in call.caller.said:
            is_withheld = reply.born_at < said.started_at  # what sounded before was listened to, and answered
            if is_withheld and _is_amid_words(said, utterance.started_at - 2 * facts.way_ns, utterance.started_at):
                yield f'the agent began to speak while the caller said "{said.text}"', utterance.started_at


def _hears_well(evidence: Evidence, call: CallEvidence) -> bool:
    """Whether the agent can know when the caller speaks: on an even line, with nothing in between that fails."""
    is_even = all(not (phone.behaviour.jitter_ms or phone.behaviour.stall_ms) for phone in call.twilio.phones)
    has_noise = any(caller.line_noise_level for caller in evidence.plan.callers)
    is_healthy = evidence.rehearsal.cast.deepgram == DeepgramBehaviour() and not evidence.plan.faults
    return is_even and is_healthy and not has_noise and len(call.twilio.phones) == 1


def _speaking_at(answers: list[SpokenReply], at: int) -> SpokenReply | None:
    alive = [one for one in answers if one.born_at <= at and (one.over_at is None or at < one.over_at)]
    return alive[-1] if alive else None


def _is_amid_words(said: Said, known_at: int, until: int) -> bool:
    """Whether a word of this contribution was under way at `until`, and known to be so at `known_at`."""
    if said.kind != "say" or said.over_agent:
        return False
    return any(word.started_at + NOTICED_NS < known_at and until + UNDER_WAY_NS < word.ended_at for word in said.words)
