"""Whether what was heard of us had just asked for something: then even an "mm-hmm", or a soft word, is an answer."""

import re

from fsm.english import ENGLISH
from fsm.expectations import Kind, expected_after
from fsm.language import Language
from fsm.words import tokens

WORDS_SINCE = 2
"""We may have said so many words more when the answer begins: it was on its way before they were heard."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def ends_in_question(heard: str) -> bool:
    """Whether the last sentence that was `heard` whole asks for something, and little was said since."""
    return _last_whole(heard).endswith("?")


def ends_in_closed_question(heard: str, language: Language = ENGLISH) -> bool:
    """The same of a question that asks for a yes or a no."""
    return ends_in_question(heard) and expected_after(_last_whole(heard), language=language).kind is Kind.YES_NO


def _last_whole(heard: str) -> str:
    sentences = _SENTENCE_END.split(heard.strip())
    if len(sentences) > 1 and not sentences[-1].endswith("?") and len(tokens(sentences[-1])) <= WORDS_SINCE:
        sentences.pop()
    return sentences[-1]


def last_sentence(said: str) -> str:
    """The last sentence of a whole reply."""
    return _SENTENCE_END.split(said.strip())[-1]
