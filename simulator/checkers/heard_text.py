"""What the agent believes was heard of a reply, against what the phone really played."""

from collections.abc import Iterator
from dataclasses import dataclass

from agent.speakable import speakable
from simulator.checkers.base import Finding
from simulator.checkers.facts import facts_of
from simulator.checkers.word_order import hides_words, listener_of
from simulator.runs.evidence import CallEvidence, Evidence, Line
from simulator.speech import words_of

MOST_WORDS = 1
MOST_WORDS_UNALIGNED = 2
"""Where the voice tells the times of only some of its words, those of the others are an estimate between them."""

HEARD_FIELDS = {
    "PlayoutHeld": "heard",
    "PlayoutDucked": "heard",
    "PlayoutDrained": "heard",
    "PlayoutFinished": "text",
    "CallEnded": "heard",
}


@dataclass(frozen=True, slots=True)
class HeardError:
    """What the agent took for heard of a reply, `told`, against the truth; `words`: how many too many, or too few.

    `torn_words`: how many may have come in pieces, so that nobody can tell.
    """

    reply: int
    at: int
    told: str
    truth: str
    words: int
    torn_words: int
    is_whole: bool
    """It was taken as heard to its end."""


def heard_errors(evidence: Evidence, call: CallEvidence) -> Iterator[HeardError]:
    """Each belief of what was heard of a reply, where the truth can be told."""
    facts, listener = facts_of(evidence, call), listener_of(evidence, call)
    if listener is None or not (facts.has_one_stream and facts.is_way_even):
        return
    for line in call.events:
        number = line["data"].get("reply", -1)
        if line["event"] not in ("PlayoutHeld", "PlayoutDucked", "PlayoutFinished") or number not in facts.replies:
            continue
        at = call.trace_began_at + line["at_ns"]
        told = line["data"][HEARD_FIELDS[line["event"]]]
        ours = words_of(speakable(told) if number in facts.seen.said else told)
        until = at + facts.way_ns
        heard = [(since, position) for since, reply, position in listener.progress if reply == number and since < until]
        last_at, position = heard[-1] if heard else (facts.replies[number].born_at, 0)
        truth = facts.replies[number].words[:position]
        torn = listener.torn_words(last_at, until)
        is_whole = line["event"] == "PlayoutFinished"
        yield HeardError(number, at, told, " ".join(truth), len(ours) - position, torn, is_whole)


def wrong_beliefs(evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Replies of which the caller heard more or less than the agent takes for heard."""
    most = MOST_WORDS_UNALIGNED if evidence.rehearsal.cast.elevenlabs.null_alignment_share else MOST_WORDS
    for error in heard_errors(evidence, call):
        if not -most <= error.words <= most + error.torn_words:
            yield f'we believe "{error.told}" of reply {error.reply} was heard; it was "{error.truth}"', error.at


def wrong_transcript(_evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """A transcript that has other words of ours than those that count as heard."""
    if call.agent is None or hides_words(call) or call.notes("our_mistake"):
        return
    told = [message.content for message in call.agent.state.transcript if message.role == "assistant"]
    ours = " ".join(told).split()
    heard = " ".join(_heard_of(call.events).values()).split()
    if ours != heard:
        at = next((place for place, (a, b) in enumerate(zip(ours, heard, strict=False)) if a != b), -1)
        here = slice(max(0, at - 2), at + 4) if at >= 0 else slice(min(len(ours), len(heard)) - 2, None)
        yield f'the transcript says "… {" ".join(ours[here])}", heard was "… {" ".join(heard[here])}"', None


def _heard_of(events: tuple[Line, ...]) -> dict[int, str]:
    """What counts as heard of each reply, by the last that was told of it."""
    heard: dict[int, str] = {}
    current = 0
    for line in events:
        data = line["data"]
        for name, order in line["effects"]:
            if name in ("StartReply", "Recite"):
                current = order["reply"]
        number = data.get("reply", current)
        if line["event"] in HEARD_FIELDS and number <= current:
            heard[number] = data[HEARD_FIELDS[line["event"]]] or heard.get(number, "")
    return heard
