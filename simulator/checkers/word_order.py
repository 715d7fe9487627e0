"""Whose words the caller heard, one after the other: each belongs to the reply or filler that may speak just then."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agent.trace import DIGITS_MASKED
from fsm.units import NS_PER_SAMPLE, ms_to_ns
from simulator.checkers.base import Finding
from simulator.checkers.facts import FRAME_NS, LEAD_NS, Facts, SpokenFiller, SpokenReply, facts_of
from simulator.ears import HeardWord
from simulator.peers.elevenlabs_behaviour import ElevenLabsBehaviour
from simulator.peers.twilio_stream import TwilioPhone
from simulator.runs.evidence import CallEvidence, Evidence

SLACK_NS = 2 * FRAME_NS
"""A frame under way when the phone is silenced, and the grid of 20 ms on which its sound is told."""

GIVES_WAY_NS = ms_to_ns(1_000)
"""A filler sounds on to the end of its word, and what was sent of it, while the reply is there already."""


MOST_WORDS_AGAIN = 2


def is_readable(evidence: Evidence, call: CallEvidence) -> bool:
    """Whether anything can be said about words: they are in the trace, and nothing on the way scrambles them."""
    return call.agent is not None and not hides_words(call) and evidence.rehearsal.cast.elevenlabs.frame_min_ms > 0


def hides_words(call: CallEvidence) -> bool:
    """Whether the trace has other words than those that were said: only their length, or masks for digits."""
    return keeps_lengths_only(call) or bool(call.notes(DIGITS_MASKED))


def keeps_lengths_only(call: CallEvidence) -> bool:
    """Whether the trace keeps only how long texts were."""
    return bool(call.lines) and call.lines[0].get("words") == "hidden"


def one_voice(evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Words out of their order, of nobody, or of two speakers at a time."""
    for finding in _listened(evidence, call):
        if not finding.is_dead:
            yield finding.what, finding.at


def dead_words(evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Words of a reply that was cancelled before."""
    for finding in _listened(evidence, call):
        if finding.is_dead:
            yield finding.what, finding.at


@dataclass(frozen=True, slots=True)
class _Heard:
    what: str
    at: int
    is_dead: bool = False


def _listened(evidence: Evidence, call: CallEvidence) -> list[_Heard]:
    listener = listener_of(evidence, call)
    return [] if listener is None else listener.found


def listener_of(evidence: Evidence, call: CallEvidence) -> "Listener | None":
    """Somebody who heard the whole call and knows its texts; None where nothing can be said about words."""
    kept: dict[str, Any] = vars(call)
    if "_listener" not in kept:
        kept["_listener"] = None
        if is_readable(evidence, call):
            kept["_listener"] = listener = Listener(evidence, call)
            for word in call.caller.heard:
                if word.started_at >= call.trace_began_at:  # before, it was a call that was given up and begun anew
                    listener.hear(word)
            listener.finish()
    found: Listener | None = kept["_listener"]
    return found


class Listener:
    """Follows the words at the phone along the texts of replies and fillers."""

    def __init__(self, evidence: Evidence, call: CallEvidence) -> None:
        self.found: list[_Heard] = []
        self._facts: Facts = facts_of(evidence, call)
        self._replaced_at = [call.trace_began_at + line["at_ns"] for line in call.notes("stream_replaced")]
        self._lost_at = [_end_of(phone) for phone in call.twilio.phones[:-1]]
        self._gaps = _gaps(self._facts)
        self._is_voice_sound = evidence.rehearsal.cast.elevenlabs.fault == ElevenLabsBehaviour().fault
        self._position: dict[int, int] = {}
        self._last_at: dict[int, int] = {}
        self._reply: SpokenReply | None = None
        self._filler = -1
        self._filler_position = 0
        self.progress: list[tuple[int, int, int]] = []
        """When which reply was heard up to which word."""

    def hear(self, word: HeardWord) -> None:
        """The next word that sounded."""
        if self._goes_on(word) or self._fills(word) or self._begins(word) or self._repeats(word):
            return
        if not word.whole and self._is_cut(word):
            return
        self._complain(word)

    # --- whose word it is --------------------------------------------------------------------------------------------

    def _goes_on(self, word: HeardWord) -> bool:
        """The next word of the reply that sounds; not of one that is over where another one begins with it."""
        reply = self._reply
        if reply is None or not _is_next(reply.words, self._position[reply.number], word):
            return False
        if self._is_over(reply, word) and any(not self._is_over(one, word) for one in self._beginning_with(word)):
            return False
        self._take(reply, self._position[reply.number] + 1, word)
        return True

    def _fills(self, word: HeardWord) -> bool:
        """The next word of a filler; one that gave way is not gone on with."""
        fillers = self._facts.fillers
        newest_first = range(len(fillers) - 1, self._filler, -1)
        for index in (self._filler, *newest_first) if self._filler >= 0 else newest_first:
            filler: SpokenFiller = fillers[index]
            position = self._filler_position if index == self._filler else 0
            if filler.born_at <= word.started_at and _is_next(filler.words, position, word):
                self._filler, self._filler_position = index, position + 1
                self._expect_no_reply(filler, word)
                return True
        return False

    def _begins(self, word: HeardWord) -> bool:
        """The first word of a later reply: of one that may sound, if there is one."""
        later = self._beginning_with(word)
        alive = [reply for reply in later if not self._is_over(reply, word)]
        for reply in (alive or later)[:1]:
            self._reply = reply
            self._take(reply, 1, word)
        return bool(later)

    def _beginning_with(self, word: HeardWord) -> list[SpokenReply]:
        """Replies after the present one that were ordered by then and have it as their first word."""
        number = -1 if self._reply is None else self._reply.number
        return [
            reply
            for reply in self._facts.replies.values()
            if reply.number > number and reply.born_at <= word.started_at and _is_next(reply.words, 0, word)
        ]

    def _repeats(self, word: HeardWord) -> bool:
        """A word that is said again: after the reply was silenced for a while, or after the stream was replaced."""
        reply = self._reply
        if reply is None:
            return False
        last_at, way_ns = self._last_at[reply.number], self._facts.way_ns
        again = [at for at in (*reply.resumed_at, *self._replaced_at) if last_at - way_ns - LEAD_NS - SLACK_NS <= at]
        if not any(at <= word.started_at for at in again):
            return False
        heard = reply.words[: self._position[reply.number]]
        for index in range(len(heard) - 1, -1, -1):
            if heard[index] == word.text:
                self._expect_few_again(reply, len(heard) - index, word)
                self._take(reply, index + 1, word)
                return True
        return False

    def _take(self, reply: SpokenReply, position: int, word: HeardWord) -> None:
        last_at = self._last_at.get(reply.number, word.started_at)
        self._position[reply.number] = position
        self._last_at[reply.number] = word.ended_at
        self.progress.append((word.started_at, reply.number, position))
        if not word.whole and not self._is_cut(word) and not self._is_dry(last_at - SLACK_NS, word.started_at):
            self.found.append(_Heard(f'"{word.text}" of reply {reply.number} sounded damaged', word.started_at))
        self._expect_alive(reply, word)

    # --- what is wrong -----------------------------------------------------------------------------------------------

    def _expect_alive(self, reply: SpokenReply, word: HeardWord) -> None:
        if self._is_over(reply, word):
            what = f'"{word.text}" of reply {reply.number} sounded after the reply was over'
            self.found.append(_Heard(what, word.started_at, is_dead=True))

    def _is_over(self, reply: SpokenReply, word: HeardWord) -> bool:
        """Whether nothing of the reply may sound any more, wherever it was on its way when it ended."""
        if not self._facts.is_way_even:
            return False
        dead_at = reply.cancelled_at
        if dead_at is None and reply.over_at is not None:
            dead_at = reply.over_at + LEAD_NS + SLACK_NS
        return dead_at is not None and word.ended_at > dead_at + self._facts.way_ns + SLACK_NS

    def _expect_no_reply(self, filler: SpokenFiller, word: HeardWord) -> None:
        """A filler may end its word when the reply begins to come, and says no more."""
        voiced = [at for at, _, _ in self._facts.seen.voiced if filler.born_at < at]
        if voiced and word.started_at > voiced[0] + self._facts.way_ns + GIVES_WAY_NS:
            self.found.append(_Heard(f'the filler "{word.text}" sounded although the reply was there', word.started_at))

    def _expect_few_again(self, reply: SpokenReply, words: int, word: HeardWord) -> None:
        """After a false alarm the word in progress is said again, and perhaps the one before, but no more."""
        if words > MOST_WORDS_AGAIN and not self._replaced_at:
            what = f'{words} words of reply {reply.number} were said again, from "{word.text}" on'
            self.found.append(_Heard(what, word.started_at))

    def _complain(self, word: HeardWord) -> None:
        reply = self._reply
        if reply is not None and word.text in reply.words[self._position[reply.number] :]:
            position = self._position[reply.number]
            index = reply.words.index(word.text, position)
            lost = " ".join(reply.words[position:index])
            is_torn = self.torn_words(self._last_at[reply.number], word.started_at) >= index - position
            self._take(reply, index + 1, word)
            if self._is_voice_sound and not is_torn:
                self.found.append(_Heard(f'"{lost}" of reply {reply.number} never sounded', word.started_at))
            return
        if self._begins_torn(word):
            return
        owners = [one for one in self._facts.replies.values() if word.text in one.words and one is not reply]
        if owners and reply is not None:
            what = f'"{word.text}" of reply {owners[-1].number} sounded within reply {reply.number}'
            is_dead = any(one.number < reply.number for one in owners)
            self.found.append(_Heard(what, word.started_at, is_dead=is_dead))
        else:
            self.found.append(_Heard(f'"{word.text}" sounded, which nobody was to say then', word.started_at))

    def _is_cut(self, word: HeardWord) -> bool:
        """Whether something that cuts words happened while this one sounded."""
        facts = self._facts
        early, late = word.started_at - facts.way_ns - LEAD_NS - SLACK_NS, word.ended_at + SLACK_NS
        cuts = [*self._replaced_at, *self._lost_at, *(filler.born_at for filler in facts.fillers)]
        for reply in facts.replies.values():
            cuts += [*reply.held_at, *reply.resumed_at]
            ran_out_at = None if reply.failed_at is None else reply.over_at
            cuts += [at for at in (reply.cancelled_at, reply.failed_at, ran_out_at) if at is not None]
        return any(early <= at <= late for at in cuts) or self._is_dry(early, late)

    def _begins_torn(self, word: HeardWord) -> bool:
        """A word of a later reply whose first words came in pieces that nobody can make out."""
        number = -1 if self._reply is None else self._reply.number
        for reply in self._facts.replies.values():
            is_due = reply.number > number and reply.born_at <= word.started_at and not self._is_over(reply, word)
            index = reply.words.index(word.text) if is_due and word.text in reply.words else 0
            if index and index <= self.torn_words(reply.born_at, word.started_at):
                self._reply = reply
                self._take(reply, index + 1, word)
                return True
        return False

    def _is_dry(self, since: int, until: int) -> bool:
        """Whether the phone had nothing to play for a moment, because the voice was slower than speech."""
        return any(since <= at and ends_at <= until for ends_at, at in self._gaps)

    def torn_words(self, since: int, until: int) -> int:
        """How many words can have come in pieces with pauses between, because the voice was slower than speech."""
        way_ns = self._facts.way_ns + SLACK_NS
        return sum(since - way_ns <= at and ends_at <= until for ends_at, at in self._gaps[:-1])

    def finish(self) -> None:
        """No more words come: what was taken as heard to its end was heard to its end."""
        for reply in self._facts.replies.values():
            position = self._position.get(reply.number, 0)
            is_cut = reply.cancelled_at or reply.failed_at or reply.held_at or not self._is_voice_sound
            if reply.finished_at is None or position == len(reply.words) or is_cut or self._replaced_at:
                continue
            missing = reply.words[position:]
            if self.torn_words(self._last_at.get(reply.number, reply.born_at), reply.finished_at) < len(missing):
                what = f'"{" ".join(missing)}" of reply {reply.number} never sounded'
                self.found.append(_Heard(what, reply.finished_at))


def _end_of(phone: TwilioPhone) -> int:
    """When (ns) a phone's stream was over, to a frame."""
    return (phone.started_at or 0) + phone._chunk * FRAME_NS


def _gaps(facts: Facts) -> list[tuple[int, int]]:
    """From when until when (ns) a phone had nothing to play, by what left for it; the last one has no end."""
    gaps, ends_at = [], 0
    for sent in (one for stream in facts.sent for one in stream if one.kind == "media"):
        if ends_at and sent.at > ends_at:
            gaps.append((ends_at, sent.at))
        ends_at = max(ends_at, sent.at) + sent.samples * NS_PER_SAMPLE
    return [*gaps, (ends_at, 1 << 62)]


def _is_next(words: tuple[str, ...], position: int, word: HeardWord) -> bool:
    return position < len(words) and words[position] == word.text
