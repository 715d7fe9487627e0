"""What words tell about whether more of them come: questions on them, and on the tables of their language."""

import re
from functools import lru_cache

from fsm.english import ENGLISH
from fsm.language import Language

_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


@lru_cache(maxsize=64)  # one decision asks many questions of the same words
def tokens(text: str) -> tuple[str, ...]:
    """The words of `text` in lower case, without punctuation; hyphens and apostrophes inside words stay."""
    return tuple(_WORD.findall(text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")))


def adds_words(known: str, text: str) -> bool:
    """Whether `text` says something that `known` does not end with, or contain as its last words, already.

    A transcriber repeats itself: the late final of words that were accepted as interim ones, an interim that arrives
    after its final. Compared without case and punctuation.
    """
    new, old = tokens(text), tokens(known)
    if not new:
        return False
    tail = old[-2 * len(new) :]
    return not any(tail[i : i + len(new)] == new for i in range(len(tail)))


def ask_the_same(one: tuple[str, ...], other: tuple[str, ...], language: Language = ENGLISH) -> bool:
    """Whether two utterances, as `tokens` has them, want the same answer: but for politeness at the end of one."""
    shorter, longer = sorted((one, other), key=len)
    rest = longer[len(shorter) :]
    return longer[: len(shorter)] == shorter and (not rest or (bool(shorter) and " ".join(rest) in language.courtesies))
