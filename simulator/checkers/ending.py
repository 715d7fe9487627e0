"""How calls end: always, with everything released, and never by a mistake of ours."""

from collections.abc import Iterator

from fsm.state import Mode
from simulator.checkers.base import Finding
from simulator.runs.evidence import CallEvidence, Evidence


def leftovers(evidence: Evidence) -> Iterator[str]:
    """What is still held two seconds after the last call."""
    if evidence.is_partial or evidence.trouble:
        return
    for what in evidence.leftovers:
        yield f"still held at the end: {what}"
    if evidence.rehearsal.deepgram.counts.open_now:
        yield f"{evidence.rehearsal.deepgram.counts.open_now} streams to the transcriber are open at the end"
    if evidence.rehearsal.groq.open_count:
        yield f"{evidence.rehearsal.groq.open_count} answers of the model are under way at the end"


def unended(evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Calls that did not come to their end, or did so more than once."""
    if evidence.trouble:
        return
    if call.simulated.ended_at is None:
        yield "the call never ended", None
    if call.agent is None or call.notes("our_mistake"):
        return
    if call.agent.state.mode is not Mode.ENDED:
        yield f"the call is over and the machine still in {call.agent.state.mode}", None
    if call.agent.errands.under_way:
        yield f"{call.agent.errands.under_way} tools still run for a call that is over", None
    endings = [line for line in call.events if line["event"] == "CallEnded"]
    if len(endings) != 1:
        yield f"the end of the call was told {len(endings)} times", None
    released = call.notes("released")
    if call.lines and (len(released) != 1 or call.lines[-1] is not released[0]):
        yield "the trace does not end with the release of all that the call held", None


def own_mistakes(_evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Calls that ended by an exception nobody expected."""
    for line in call.notes("our_mistake"):
        yield f"{line['data']['error']}: {line['data']['text']}", call.trace_began_at + line["at_ns"]


def logged_errors(evidence: Evidence) -> Iterator[str]:
    """Errors that the agent logged."""
    yield from evidence.rehearsal.witness.logged
