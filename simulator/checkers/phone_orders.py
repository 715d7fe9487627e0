"""What left for the phone, against what the machine ordered: silence means silence, and the phone is told first."""

from collections.abc import Iterator

from fsm.units import NS_PER_SAMPLE
from simulator.checkers.base import Finding
from simulator.checkers.facts import FOR_EVER, OPENINGS, facts_of
from simulator.runs.evidence import CallEvidence, Evidence
from simulator.witness import Sent

SILENCING = frozenset({"HoldPlayout", "CancelReply"})
GOING_ON = frozenset({"ResumePlayout", "DuckPlayout"})
SOUNDING = frozenset({*GOING_ON, "Fill", "PlayMusic", *OPENINGS})


def audio_while_silent(evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Audio that left while the machine wanted the phone silent, or after it had ended the call."""
    spans = list(_silent_spans(call))
    for stream in facts_of(evidence, call).sent:
        media = (sent for sent in stream if sent.kind == "media")
        span = 0
        for sent in media:
            while span < len(spans) and spans[span][1] <= sent.at:
                span += 1
            if span < len(spans) and spans[span][0] < sent.at:
                yield f"{sent.samples} samples left for the phone although {spans[span][2]}", sent.at
                break


def _silent_spans(call: CallEvidence) -> Iterator[tuple[int, int, str]]:
    """From when until when (ns) nothing may leave, and why."""
    silent_since: int | None = None
    why = ""
    is_held = False
    for line, name, data in call.effects:
        at = call.trace_began_at + line["at_ns"]
        if name in SILENCING or name == "EndCall":
            is_held = name == "HoldPlayout"
            if silent_since is None:
                silent_since = at
            why = "the call was ended" if name == "EndCall" else f"reply {data['reply']} was silenced"
        elif (
            name in SOUNDING and silent_since is not None and (not is_held or name in ("ResumePlayout", "DuckPlayout"))
        ):
            yield silent_since, at, why
            silent_since, is_held = None, False
    if silent_since is not None:
        yield silent_since, FOR_EVER, why


def late_clears(evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Verdicts against a sounding phone that `clear` did not follow in the same instant, before all clean-up."""
    facts = facts_of(evidence, call)
    if not facts.has_one_stream or any(call.notes("stream_replaced")):
        return
    (stream,) = facts.sent
    for line, name, data in call.effects:
        at = call.trace_began_at + line["at_ns"]
        if name not in SILENCING or not sounds_at(stream, at):
            continue
        clears = [sent for sent in stream if sent.kind == "clear" and sent.at == at]
        if not clears:
            yield f"reply {data['reply']} was silenced while the phone sounded, and no clear left in that instant", at
            continue
        for dropped in facts.seen.dropped:
            if dropped.at == at and dropped.order < clears[0].order:
                yield f"the voice of reply {dropped.reply} was dropped before the phone was told to be silent", at


def sounds_at(stream: tuple[Sent, ...], at: int) -> bool:
    """Whether the phone has something left to play at `at`, by what was sent until before then."""
    ends_at = 0
    for sent in stream:
        if sent.at >= at:
            break
        if sent.kind == "media":
            ends_at = max(ends_at, sent.at) + sent.samples * NS_PER_SAMPLE
        elif sent.kind == "clear":
            ends_at = min(ends_at, sent.at)
    return ends_at > at


def warnings(_evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Messages of ours that Twilio had to drop."""
    for phone in call.twilio.phones:
        for warning in phone.warnings:
            yield f"Twilio dropped a message of ours ({warning.code}): {warning.reason}", warning.at
