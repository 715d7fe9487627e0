"""The accounts of samples: nothing is lost, doubled or invented between the voice and the ear."""

from collections.abc import Iterator, Sequence

from agent.phrases import RenderedPhrase
from agent.tongues import Phrasebook
from fsm.units import NS_PER_MS, NS_PER_SAMPLE, ms_to_ns, ns_to_samples
from simulator.checkers.base import Finding
from simulator.checkers.facts import Facts, facts_of
from simulator.checkers.word_order import hides_words
from simulator.runs.evidence import CallEvidence, Evidence

LEAD_LIMIT_NS = ms_to_ns(240)
"""The 200 ms that are kept ahead of the ear, and what a beat that comes a frame early adds."""

FRAME_SAMPLES = 160

BEAT_NS = ms_to_ns(50)
LOSS_NOTICED_NS = ms_to_ns(4_000)
"""A stream whose end was lost is written to until somebody notices."""


def unbalanced(evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Accounts that do not add up, at the phone, on the wire or in the agent."""
    facts = facts_of(evidence, call)
    yield from _at_the_phone(call)
    if call.agent is None or call.notes("our_mistake"):
        return
    yield from _on_the_wire(facts, call)
    playout = call.agent._mouth.playout
    told = playout.pushed_samples + playout.repeated_samples
    now = evidence.ended_at
    kept = playout.played_samples(now) + playout.in_flight_samples(now) + playout.queued_samples
    if told != kept + playout.cleared_samples:
        yield f"{told} samples were to be played, but {kept} + {playout.cleared_samples} are known of", None
    if not hides_words(call):
        yield from _of_the_voice(facts, call)


def _at_the_phone(call: CallEvidence) -> Iterator[Finding]:
    for phone in call.twilio.phones:
        sound = phone.playback
        kept = sound.played_samples + sound.cleared_samples + sound.buffered_samples
        if sound.received_samples != kept:
            yield f"the phone got {sound.received_samples} samples and has {kept}", None
        if sound.overflow_samples:
            yield f"the phone had to drop {sound.overflow_samples} samples", None


def _on_the_wire(facts: Facts, call: CallEvidence) -> Iterator[Finding]:
    """What left arrived, but for what was under way when the stream ended."""
    assert call.agent is not None
    for phone, stream in zip(call.twilio.phones, facts.sent, strict=True):
        left = sum(sent.samples for sent in stream)
        lost = left - phone.playback.received_samples
        ends = [*(sent.at for sent in stream if sent.kind == "close"), *_ends_of(call)]
        under_way = sum(sent.samples for sent in stream if sent.at >= min(ends) - _reach_ns(facts))
        if not 0 <= lost <= under_way:
            yield f"{left} samples left for the phone, {phone.playback.received_samples} arrived", None
        clears = [sent.at for sent in stream if sent.kind == "clear"]
        lost_clears = len(clears) - phone.clears
        if not 0 <= lost_clears <= sum(at >= min(ends) - _reach_ns(facts) for at in clears):
            yield f"{len(clears)} clears left for the phone, {phone.clears} arrived", None
    ours = call.agent._line.phone  # not the last stream, where that one was refused
    ids = [phone.leg.stream_sid for phone in call.twilio.phones]
    last = sum(sent.samples for sent in facts.sent[ids.index(ours.stream_id)]) if ours.stream_id in ids else 0
    if ours.counters.bytes_out != last:
        yield f"{ours.counters.bytes_out} samples were counted as sent, {last} left", None


def _ends_of(call: CallEvidence) -> list[int]:
    """When the call, or one of its streams, was over: whoever ended it, before the other side knew."""
    replaced = (call.trace_began_at + line["at_ns"] for line in call.notes("stream_replaced"))
    return [call.twilio.record.ended_at or 0, *replaced]


def _went_on_ns(call: CallEvidence) -> int:
    """For how long the agent did not know that the caller had hung up: what it sends meanwhile is never heard."""
    known = (call.trace_began_at + line["at_ns"] for line in call.events if line["event"] == "CallEnded")
    return max(0, next(known, 0) - (call.twilio.record.ended_at or 0))


def _reach_ns(facts: Facts) -> int:
    """How long before the end of a stream something may have left and yet not have arrived."""
    is_steady = facts.has_one_stream and facts.is_way_even
    return facts.way_ns + (BEAT_NS if is_steady else LOSS_NOTICED_NS)


def _of_the_voice(facts: Facts, call: CallEvidence) -> Iterator[Finding]:
    """All that the voice delivered for a reply while it was the present one was to be played, and nothing else."""
    assert call.agent is not None
    playout = call.agent._mouth.playout
    voiced = last = 0
    for at, number, samples in facts.seen.voiced:
        reply = facts.replies.get(number)
        if reply is not None and at == reply.over_at:  # in the very instant in which it ended: before that, or after
            last += samples
        if reply is not None and (reply.over_at is None or at < reply.over_at):
            voiced += samples if reply.cancelled_at is None or at <= reply.cancelled_at else 0
    voiced += sum(line["data"]["samples"] for line in call.notes("opening"))
    voiced -= sum(line["data"]["samples"] for line in call.notes("draft_failed"))
    services = call.agent._services
    books = (services.phrasebook, *(tongue.phrasebook for tongue in services.tongues.values()))
    for _, name, data in call.effects:
        if name in ("Recite", "Fill") and data.get("reply") not in facts.seen.said:
            phrase = _rendered(books, data["text"])
            voiced += len(phrase.audio) if phrase is not None and name == "Recite" else 0
    fillers = sum(
        len(phrase.audio)
        for _, name, data in call.effects
        if name == "Fill" and (phrase := _rendered(books, data["text"])) is not None
    )
    fillers += sum(line["data"]["samples"] for note in ("tones", "music") for line in call.notes(note))
    taken = playout.pushed_samples + playout.overflow_samples + playout.stale_samples
    if not voiced <= taken <= voiced + last + fillers:
        yield f"the voice delivered {voiced} samples (and {fillers} of fillers), {taken} were to be played", None


def _rendered(books: Sequence[Phrasebook], text: str) -> RenderedPhrase | None:
    """The sound of a phrase, in whichever language it is one."""
    return next((phrase for book in books if (phrase := book.get(text)) is not None), None)


def too_far_ahead(evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """More audio sent ahead of the ear than is given up lightly when the caller interrupts."""
    for stream in facts_of(evidence, call).sent:
        ends_at = 0
        for sent in stream:
            if sent.kind == "clear":
                ends_at = sent.at
            elif sent.kind == "media":
                ends_at = max(ends_at, sent.at) + sent.samples * NS_PER_SAMPLE
                if ends_at - sent.at > LEAD_LIMIT_NS:
                    yield f"{(ends_at - sent.at) // NS_PER_MS} ms of audio were ahead of the ear", sent.at
                    break


def wrong_clock(evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """A belief of how much was played that the phone does not confirm."""
    facts = facts_of(evidence, call)
    if call.agent is None or not (facts.has_one_stream and facts.is_way_even):
        return
    (phone,) = call.twilio.phones
    ours = call.agent._mouth.playout.played_samples(evidence.ended_at)
    truth = phone.playback.played_samples
    clears = sum(sent.kind == "clear" for sent in facts.sent[0])
    unknown_ns = facts.way_ns + _went_on_ns(call) + ms_to_ns(phone.behaviour.mark_delay_ms)
    most = ns_to_samples(unknown_ns) + FRAME_SAMPLES * (clears + 1)
    if abs(ours - truth) > most:
        yield f"we believe {ours} samples were played, the phone played {truth}", None
