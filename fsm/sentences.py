"""How finished the caller's words look: a table that a person can read, and extend.

A leaning is a percentage. +100: surely more is to come. 0: nothing speaks for or against an end. -100: surely complete.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from fsm.english import ENGLISH
from fsm.language import Language, Words
from fsm.words import tokens

NUMBER_DIGITS = 10
"""Digits of a telephone number in full."""

FEW_DIGITS = 3
"""So many digits in a row are the beginning of a number; fewer are a time, an age, a choice."""

_ENDS = (".", "!", "?")
_GOES_ON = (",", "-", ":", "\N{EM DASH}", "\N{EN DASH}", "...", "\N{HORIZONTAL ELLIPSIS}")


def digits_in(text: str, language: Language = ENGLISH) -> str:
    """The digits of `text`, spoken or written, in their order: "double five, 12" has 5512."""
    found, times = "", 1
    for word in tokens(text):
        if word in language.repeats:
            times = language.repeats[word]
            continue
        one = language.digit_words.get(word) or re.sub(r"\D", "", word)
        found, times = found + one * times, 1
    return found


def _is_number_under_way(text: str, language: Language) -> bool:
    """Whether `text` ends with some single digits or longer numbers, of a number that has more."""
    count = 0
    for word in reversed(tokens(text)):
        digits = language.digit_words.get(word) or (word if word.replace("-", "").isdigit() else "")
        if not digits and word not in language.repeats:
            break
        count += len(digits.replace("-", "")) or 1
    return FEW_DIGITS <= count < NUMBER_DIGITS


Test = Callable[[str, Language], bool]
Table = Callable[[Language], Words]


def _last(table: Table, *, trusts: tuple[str, ...] = _ENDS) -> Test:
    """Whether the last word is one of a table, and none of the marks that are trusted stands behind it."""

    def applies(text: str, language: Language) -> bool:
        said = tokens(text)
        return bool(said) and said[-1] in table(language) and not text.rstrip().endswith(trusts)

    return applies


_MEANT = ("!", "?")
"""A transcriber that is told to settle its words ends them with a full stop, whatever they are."""


def _is_spelling(text: str, _language: Language) -> bool:
    said = tokens(text)[-2:]
    return len(said) == 2 and all(len(word) == 1 and word.isalpha() for word in said)


def _ends_with_closing(text: str, language: Language) -> bool:
    said = tokens(text)
    return any(" ".join(said[-size:]) in language.closings for size in (1, 2, 3))


def _is_greeting(text: str, language: Language) -> bool:
    said = tokens(text)
    return 0 < len(said) <= 3 and said[-1] in language.greetings


def _is_bare_bid(text: str, language: Language) -> bool:
    said = " ".join(word for word in tokens(text) if word not in language.thinking)
    return re.fullmatch(language.bid, said) is not None


_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")

LONGEST_INTRODUCTION_WORDS = 7
"""With more words somebody says what they want in the same breath: "my name is Ada and I have lost my card"."""


def is_introduction(text: str, language: Language = ENGLISH) -> bool:
    """Whether the last sentence of `text` says who the caller is, and no more."""
    said = [word for word in tokens(_SENTENCE_END.split(text.strip())[-1]) if word not in language.thinking]
    begins = any(" ".join(said[:size]) in language.introductions for size in (2, 3, 4))
    return begins and len(said) <= LONGEST_INTRODUCTION_WORDS


_DRAWN_OUT = re.compile(r"u+h+m*|u+m+|e+h+m*|e+r+m*|h+m+|[äö]+h+m*")
"""Sounds of somebody thinking, as transcribers write them down when they last."""


def is_thinking(text: str, language: Language = ENGLISH) -> bool:
    """Whether `text` is nothing but a sound of somebody who thinks: "um", not "um, no", nor the "hm?" of a question."""
    said = tokens(text)
    if not said or text.rstrip().endswith("?"):
        return False
    return all(word in language.thinking or _DRAWN_OUT.fullmatch(word) for word in said)


def is_answer(text: str, language: Language = ENGLISH) -> bool:
    """Whether `text` is nothing but an answer to a closed question: "yes", "yeah, sure", "no thanks"."""
    said = [word for word in tokens(text) if word not in language.thinking]
    answers = language.answers
    return bool(said) and (" ".join(said) in answers or (len(said) <= 3 and all(word in answers for word in said)))


@dataclass(frozen=True, slots=True)
class Rule:
    """What is seen in the words, how much they lean then, and an English example. The first that applies decides."""

    sees: str
    leaning: int
    applies: Test
    example: str


RULES = (
    Rule("a hesitation", 100, _last(lambda its: its.thinking, trusts=()), "I would like, um."),
    Rule("a comma, a dash, dots", 100, lambda text, _: text.rstrip().endswith(_GOES_ON), "On Tuesday,"),
    Rule("part of an e-mail or web address", 100, _last(lambda its: its.address_parts), "anna dot"),
    Rule("letters, one by one", 70, _is_spelling, "S M"),
    Rule("a number under way", 80, _is_number_under_way, "five five five"),
    Rule("a conjunction without its clause", 100, _last(lambda its: its.conjunctions, trusts=_MEANT), "Tuesday or."),
    Rule("an article without its noun", 100, _last(lambda its: its.articles, trusts=_MEANT), "I need the."),
    Rule("a preposition without its object", 100, _last(lambda its: its.prepositions), "I would like to come on"),
    Rule("a word that introduces another", 70, _last(lambda its: its.openers), "Maybe I could"),
    Rule("a greeting, whatever mark follows it", 0, _is_greeting, "Hello?"),
    Rule("a bid for the floor, and nothing else yet", 50, _is_bare_bid, "Wait, wait."),
    Rule("who they are, and not yet what they want", 50, is_introduction, "My name is Susan Clark."),
    Rule("a question", -25, lambda text, _: text.rstrip().endswith("?"), "Do you have anything on Friday?"),
    Rule("thanks or a goodbye", -25, _ends_with_closing, "No, that's all, thank you."),
    Rule("a bare yes or no", -25, is_answer, "Yes, please."),
    Rule("anything else: a full stop tells little, people say several sentences", 0, lambda *_: True, "I am ill."),
)
"""From the surest sign to the weakest."""


@lru_cache(maxsize=64)  # a silence is judged again and again by the same words
def rule_for(text: str, language: Language = ENGLISH) -> Rule:
    """The rule that decides on `text`."""
    return next(rule for rule in RULES if rule.applies(text, language))


def leaning_of(text: str, language: Language = ENGLISH) -> int:
    """How much `text` leans towards more to come (above 0) or towards its end (below)."""
    return rule_for(text, language).leaning
