"""The lines to the providers: kept open, and closed by nobody for a neglect of ours."""

from collections.abc import Iterator

from simulator.runs.evidence import Evidence


def neglected(evidence: Evidence) -> Iterator[str]:
    """Streams that the transcriber closed because it heard nothing of us, on a network that carries messages."""
    if any(fault.name.startswith("net_") for fault in evidence.plan.faults):
        return  # what we sent may have been held on its way
    closed = evidence.rehearsal.deepgram.counts.idle_closed
    if closed:
        yield f"the transcriber closed {closed} streams on which nothing came for too long"
