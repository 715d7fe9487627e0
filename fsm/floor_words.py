"""What words of a caller say about the floor while we speak: questions on the tables of their language."""

import re
from enum import StrEnum

from fsm.english import ENGLISH
from fsm.language import Language
from fsm.words import tokens

_DRAWN_OUT = re.compile(r"u+h+|u+m+|u+h+m+|e+r+m*|[eäö]+h+m*|e+m+|a+h+|o+h+|h+m+|m+h*m+|(?:ha|he|ja|je){2,}[hj]?")
"""Hesitations as transcribers write them down when they last, in whatever language: "umm", "ähhm", "hahaha"."""

LONGEST_PHRASE = 5
"""Words of the longest entry of a table."""


class Bid(StrEnum):
    """What words want with the floor."""

    NOTHING = "nothing"
    """No words, a backchannel, a hesitation."""
    ASIDE = "aside"
    """They are meant for somebody else."""
    PERHAPS = "perhaps"
    """What comes next decides: one word that may change, or one that may be meant for others."""
    FLOOR = "floor"


def bid_of(text: str, *, is_settled: bool, language: Language = ENGLISH) -> Bid:
    """What `text`, all that was said so far, wants; `is_settled`: its words will not change, or have had the time to.

    Backchannels and hesitations before other words say nothing: "yeah, but" is a bid. A word that is not settled may be
    half of another, and a comma says that what it belongs to is still to come.
    """
    rest = _beyond_agreement(tokens(text), language)
    if not rest:
        return Bid.NOTHING
    if _is_aside(rest, language):
        return Bid.ASIDE
    opener = _leading(rest, language.interruptions)
    if is_settled or len(rest) > max(opener, 1):
        return Bid.FLOOR
    is_open = not opener or text.rstrip().endswith(",") or " ".join(rest) in language.delays
    return Bid.PERHAPS if is_open else Bid.FLOOR


def is_backchannel(text: str, language: Language = ENGLISH) -> bool:
    """Whether `text` only says that the caller listens ("mm-hmm", "yeah, okay") or hesitates."""
    return not _beyond_agreement(tokens(text), language)


def is_plain_interruption(text: str, language: Language = ENGLISH) -> bool:
    """Whether `text` interrupts and says nothing else: "stop", "hold on"."""
    rest = _beyond_agreement(tokens(text), language)
    return bool(rest) and _leading(rest, language.interruptions) == len(rest)


def is_aside(text: str, language: Language = ENGLISH) -> bool:
    """Whether `text` is meant for somebody else, by its words."""
    return bid_of(text, is_settled=True, language=language) is Bid.ASIDE


def is_for_us(text: str, language: Language = ENGLISH) -> bool:
    """Whether `text` begins as only those do who speak to us, or says nothing but that it interrupts."""
    rest = _beyond_agreement(tokens(text), language)
    if not rest or _is_aside(rest, language):
        return False
    return bool(_leading(rest, language.addresses)) or is_plain_interruption(text, language)


def is_assent(text: str, language: Language = ENGLISH) -> bool:
    """Whether `text` is a backchannel that answers a closed question: "yeah", "mm-hmm", not "um"."""
    words = tokens(text)
    return is_backchannel(text, language) and any(not _is_hesitation(word, language) for word in words)


def _is_hesitation(word: str, language: Language) -> bool:
    return word in language.hesitations or _DRAWN_OUT.fullmatch(word) is not None


def _beyond_agreement(words: tuple[str, ...], language: Language) -> tuple[str, ...]:
    """The words from the first on that is neither a backchannel nor a hesitation."""
    while words:
        phrase = _leading(words, language.backchannel_phrases)
        if not phrase and words[0] not in language.backchannels and not _is_hesitation(words[0], language):
            break
        words = words[phrase or 1 :]
    return words


def _leading(words: tuple[str, ...], table: frozenset[str]) -> int:
    """How many words the longest entry of the table has that they begin with; 0: none."""
    lengths = range(min(LONGEST_PHRASE, len(words)), 0, -1)
    return next((length for length in lengths if " ".join(words[:length]) in table), 0)


def names_somebody_else(text: str, language: Language = ENGLISH) -> bool:
    """Whether `text` is said to somebody by name who is not on the line: "come here, sweetie"."""
    rest = _beyond_agreement(tokens(text), language)
    return bool(rest) and _has_name(rest, language)


def _has_name(words: tuple[str, ...], language: Language) -> bool:
    if words[0] in language.names_of_others:
        return True
    return words[-1] in language.names_of_others and words[-2] not in language.before_a_noun


def _is_aside(words: tuple[str, ...], language: Language) -> bool:
    return _has_name(words, language) or any(_leading(words[begin:], language.asides) for begin in range(len(words)))
