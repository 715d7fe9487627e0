"""How finished the caller's words look: a table that a person can read, and extend.

A leaning is a percentage. +100: surely more is to come. 0: nothing speaks for or against an end. -100: surely complete.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from fsm.words import tokens

HESITATIONS = frozenset("um uh uhm umm er erm hmm hm".split())
"""Sounds of somebody thinking."""

CONJUNCTIONS = frozenset("and or but because if while although unless than".split())
"""Another clause follows."""

ARTICLES = frozenset("the a an my your our their".split())
"""A noun follows."""

PREPOSITIONS = frozenset("to of for with at in on from about by as between until before after around under".split())
"""What it is about follows; a question that ends in one has its mark."""

OPENERS = frozenset(
    "so when then which who where this these those some another next is are was were am i i'm i'd i'll we we're you "
    "they it's there's can could would will like well".split()
)
"""Words that more often introduce something than end it."""

ADDRESS_PARTS = frozenset("dot underscore dash hyphen slash www".split())
"""Said only within an e-mail or web address."""

GREETINGS = frozenset("hello hi hey there morning afternoon evening".split())
"""Said alone they are the beginning of a turn."""

BID = re.compile(
    r"(?:(?:no|please|sorry|okay|so)? ?(?:stop|wait|hold (?:on|up)|hang on|listen|excuse me)"
    r"(?: (?:just )?(?:one|a) (?:second|sec|moment|minute))? ?(?:please)? ?)+"
)
"""What somebody says who wants to speak; what they want to say comes after it."""

CLOSINGS = frozenset(
    {"thanks", "thank you", "thanks a lot", "bye", "goodbye", "bye bye", "that's all", "that's it", "that is all"}
)
"""Nothing comes after them; also at the end of more words."""

ANSWERS = frozenset(
    {
        *"yes yeah yep yup no nope nah sure correct right exactly absolutely definitely okay ok".split(),
        *("yes please", "no thanks", "no thank you", "of course", "that's right", "that's correct", "sounds good"),
        *("please do", "go ahead", "that works", "not really", "i do", "i don't", "it is", "it isn't", "that's fine"),
    }
)
"""Whole answers to a closed question."""

DIGIT_WORDS = {
    word: digits
    for digits, words in {
        "0": "zero oh o nought",
        "1": "one",
        "2": "two",
        "3": "three",
        "4": "four",
        "5": "five",
        "6": "six",
        "7": "seven",
        "8": "eight",
        "9": "nine",
    }.items()
    for word in words.split()
}
REPEATS = {"double": 2, "triple": 3}
"""Said before a digit: "double five"."""

NUMBER_DIGITS = 10
"""Digits of a telephone number in full."""

FEW_DIGITS = 3
"""So many digits in a row are the beginning of a number; fewer are a time, an age, a choice."""

_ENDS = (".", "!", "?")
_GOES_ON = (",", "-", ":", "\N{EM DASH}", "\N{EN DASH}", "...", "\N{HORIZONTAL ELLIPSIS}")


def digits_in(text: str) -> str:
    """The digits of `text`, spoken or written, in their order: "double five, 12" has 5512."""
    found, times = "", 1
    for word in tokens(text):
        if word in REPEATS:
            times = REPEATS[word]
            continue
        one = DIGIT_WORDS.get(word) or re.sub(r"\D", "", word)
        found, times = found + one * times, 1
    return found


def _trailing_digits(text: str) -> int:
    """How many single digits or longer numbers end `text`, in digits."""
    count = 0
    for word in reversed(tokens(text)):
        digits = DIGIT_WORDS.get(word) or (word if word.isdigit() or word.replace("-", "").isdigit() else "")
        if not digits and word not in REPEATS:
            break
        count += len(digits.replace("-", "")) or 1
    return count


def _last(words: frozenset[str], *, trusts: tuple[str, ...] = _ENDS) -> Callable[[str], bool]:
    """Whether the last word is one of `words`, and none of the marks that are trusted stands behind it."""

    def applies(text: str) -> bool:
        said = tokens(text)
        return bool(said) and said[-1] in words and not text.rstrip().endswith(trusts)

    return applies


_MEANT = ("!", "?")
"""A transcriber that is told to settle its words ends them with a full stop, whatever they are."""


def _is_spelling(text: str) -> bool:
    said = tokens(text)[-2:]
    return len(said) == 2 and all(len(word) == 1 and word.isalpha() for word in said)


def _ends_with_closing(text: str) -> bool:
    said = tokens(text)
    return any(" ".join(said[-size:]) in CLOSINGS for size in (1, 2, 3))


def _is_greeting(text: str) -> bool:
    said = tokens(text)
    return 0 < len(said) <= 3 and said[-1] in GREETINGS


def _is_bare_bid(text: str) -> bool:
    return BID.fullmatch(" ".join(word for word in tokens(text) if word not in HESITATIONS)) is not None


def is_answer(text: str) -> bool:
    """Whether `text` is nothing but an answer to a closed question: "yes", "yeah, sure", "no thanks"."""
    said = [word for word in tokens(text) if word not in HESITATIONS]
    return bool(said) and (" ".join(said) in ANSWERS or (len(said) <= 3 and all(word in ANSWERS for word in said)))


@dataclass(frozen=True, slots=True)
class Rule:
    """What is seen in the words, how much they lean then, and an example. The first rule that applies decides."""

    sees: str
    leaning: int
    applies: Callable[[str], bool]
    example: str


RULES = (
    Rule("a hesitation", 100, _last(HESITATIONS, trusts=()), "I would like, um."),
    Rule("a comma, a dash, dots", 100, lambda text: text.rstrip().endswith(_GOES_ON), "On Tuesday,"),
    Rule("part of an e-mail or web address", 100, _last(ADDRESS_PARTS), "anna dot"),
    Rule("letters, one by one", 70, _is_spelling, "S M"),
    Rule("a number under way", 80, lambda text: FEW_DIGITS <= _trailing_digits(text) < NUMBER_DIGITS, "five five five"),
    Rule("a conjunction without its clause", 100, _last(CONJUNCTIONS, trusts=_MEANT), "Tuesday or."),
    Rule("an article without its noun", 100, _last(ARTICLES, trusts=_MEANT), "I need the."),
    Rule("a preposition without its object", 100, _last(PREPOSITIONS), "I would like to come on"),
    Rule("a word that introduces another", 70, _last(OPENERS), "Maybe I could"),
    Rule("a greeting, whatever mark follows it", 0, _is_greeting, "Hello?"),
    Rule("a bid for the floor, and nothing else yet", 50, _is_bare_bid, "Wait, wait."),
    Rule("a question", -25, lambda text: text.rstrip().endswith("?"), "Do you have anything on Friday?"),
    Rule("thanks or a goodbye", -25, _ends_with_closing, "No, that's all, thank you."),
    Rule("a bare yes or no", -25, is_answer, "Yes, please."),
    Rule("anything else: a full stop tells little, people say several sentences", 0, lambda _text: True, "I am ill."),
)
"""From the surest sign to the weakest."""


@lru_cache(maxsize=64)  # a silence is judged again and again by the same words
def rule_for(text: str) -> Rule:
    """The rule that decides on `text`."""
    return next(rule for rule in RULES if rule.applies(text))


def leaning_of(text: str) -> int:
    """How much `text` leans towards more to come (above 0) or towards its end (below)."""
    return rule_for(text).leaning
