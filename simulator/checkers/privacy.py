"""Traces that are to hide words hide them."""

from collections.abc import Iterator

import orjson

from simulator.checkers.base import Finding
from simulator.checkers.word_order import hides_words
from simulator.runs.evidence import CallEvidence, Evidence

TELLING_WORDS = 3
"""So many words in a row are somebody's own: fewer may be in anything."""


def told_words(_evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """What the caller said or heard, or their number, in a trace that is to keep lengths only."""
    if not hides_words(call):
        return
    texts = [said.text for said in call.caller.said] + [speech.text for speech in call.caller.agent_speech]
    telling = [call.twilio.record.from_number, *(part for text in texts for part in _parts(text))]
    for line in call.lines[1:]:  # the first line has the agent's fixed phrases, which are nobody's secret
        written = orjson.dumps(line).decode()
        found = next((part for part in telling if part in written), None)
        if found is not None:
            yield f'the trace is to hide words, and says "{found}"', call.trace_began_at + line["at_ns"]
            return


def _parts(text: str) -> Iterator[str]:
    words = text.split()
    for begin in range(len(words) - TELLING_WORDS + 1):
        yield " ".join(words[begin : begin + TELLING_WORDS])
