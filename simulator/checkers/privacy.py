"""Traces that are to hide words hide them, and no trace holds a card number."""

from collections.abc import Iterator

import orjson

from agent.scrubbing import FEWEST, MOST, VISIBLE, figures, passes_check
from simulator.checkers.base import Finding
from simulator.checkers.word_order import keeps_lengths_only
from simulator.runs.evidence import CallEvidence, Evidence

TELLING_WORDS = 3
"""So many words in a row are somebody's own: fewer may be in anything."""


def told_words(_evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """What the caller said or heard, or their number, in a trace that is to keep lengths only."""
    if not keeps_lengths_only(call):
        return
    texts = [said.text for said in call.caller.said] + [speech.text for speech in call.caller.agent_speech]
    telling = [call.twilio.record.from_number, *(part for text in texts for part in _parts(text))]
    for line in call.lines[1:]:  # the first line has the agent's fixed phrases, which are nobody's secret
        written = orjson.dumps(line).decode()
        found = next((part for part in telling if part in written), None)
        if found is not None:
            yield f'the trace is to hide words, and says "{found}"', call.trace_began_at + line["at_ns"]
            return


def card_numbers(_evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """More than the first digits of a card number that the caller said or keyed, in whatever pieces, in the trace."""
    given = "".join(figure.digits for said in call.caller.said for figure in figures(said.text))
    numbers = _cards_in(given)
    if not numbers or keeps_lengths_only(call):
        return
    for line in call.events:
        written = "".join(figure.digits for figure in figures(" ".join(_texts(line))))
        if any(number[: VISIBLE + 1] in written for number in numbers):
            yield "a card number stands in the trace", call.trace_began_at + line["at_ns"]
            return


def _texts(value: object) -> Iterator[str]:
    """All texts in a line of a trace."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _cards_in(digits: str) -> list[str]:
    lengths = range(FEWEST, MOST + 1)
    return [
        digits[begin : begin + length]
        for begin in range(len(digits))
        for length in lengths
        if begin + length <= len(digits) and passes_check(digits[begin : begin + length])
    ]


def _parts(text: str) -> Iterator[str]:
    words = text.split()
    for begin in range(len(words) - TELLING_WORDS + 1):
        yield " ".join(words[begin : begin + TELLING_WORDS])
