"""What answer the agent's last question asks for, and how near the caller's words come to it.

Read off the words of ours that were heard, by a table of phrases; an agent's file or a tool may say it outright. What
is expected only ever moves a wait within its bounds: an answer of another kind is taken as it comes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from fsm.english import ENGLISH
from fsm.language import Language
from fsm.sentences import digits_in, is_answer, is_introduction, leaning_of
from fsm.words import tokens


class Kind(StrEnum):
    """Kinds of answers."""

    OPEN = "open"
    YES_NO = "yes_no"
    DIGITS = "digits"
    DATE_TIME = "date_time"
    NAME = "name"
    ADDRESS = "address"


MOST_DIGITS = 40
"""No number that is read out on the telephone has more."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The answer that a question asks for; `digits`: how many, 0 where nobody knows."""

    kind: Kind = Kind.OPEN
    digits: int = 0

    def __str__(self) -> str:
        return f"{self.kind}({self.digits})" if self.digits else str(self.kind)

    @classmethod
    def parse(cls, told: str) -> "Expected":
        """From "yes_no", "digits(10)". Raises ValueError that says what may stand there."""
        found = re.fullmatch(r"([a-z_]+)(?:\((\d+)\))?", told.strip())
        kinds = [str(kind) for kind in Kind]
        if found is None or found[1] not in kinds or (found[2] is not None and found[1] != Kind.DIGITS):
            raise ValueError(f'expected one of {", ".join(kinds)}, or digits(10), got "{told}"')
        digits = int(found[2] or 0)
        if digits > MOST_DIGITS:
            raise ValueError(f"digits: expected at most {MOST_DIGITS}, got {digits}")
        return cls(Kind(found[1]), digits)


ANYTHING = Expected()

Hint = tuple[str, Expected]
"""A phrase of ours, and the answer that a sentence with it asks for."""


def expected_after(heard: str, hints: Sequence[Hint] = (), language: Language = ENGLISH) -> Expected:
    """What an answer to `heard`, words of ours, is expected to be; by `hints` before everything else."""
    sentence = _last_sentence(heard)
    for phrase, expected in hints:
        if phrase.lower() in sentence:
            return expected
    is_question = sentence.endswith("?")
    if not is_question and re.search(language.reports, sentence):
        return ANYTHING
    if re.search(language.tag, sentence):
        return Expected(Kind.YES_NO)
    for pattern, told in language.questions:
        if re.search(pattern, sentence):
            return Expected.parse(told)
    is_choice = re.search(language.choice, sentence) is not None
    if is_question and re.search(language.opens_closed, sentence) and not is_choice:
        return Expected(Kind.YES_NO)
    return ANYTHING


def _last_sentence(heard: str) -> str:
    sentences = [part for part in re.split(r"(?<=[.!?])\s+", heard.strip().lower()) if part]
    return sentences[-1] if sentences else ""


# --- how near the words come -------------------------------------------------------------------------------------

ENOUGH, SHORT = -100, 200
"""Leanings beyond what words alone can say: the answer is whole, or visibly not yet."""

ADD_A_SURNAME, ADD_A_TOWN, ADD_A_TIME = 30, 60, 15
"""After a name, the first line of an address or a mere day people often add to it."""

LONGEST_FIRST_NAME = 4
"""Words in which a surname may still lack: "my name is Susan"."""

MERE_DAY_WORDS = 2
"""Of an answer without a figure: "next Monday", to which "at ten" may be added."""

_ADDRESS_BEGUN = re.compile(r"\bat\b|@|\bdot\b|\bwww\b")
_ADDRESS_WHOLE = re.compile(
    r"(?:\bdot |\.)(com|org|net|edu|gov|info|io|co|uk|de|fr|es|it|nl|ch|at|ca|au|us|co dot uk)\W*$"
)


def leaning_for(expected: Expected, text: str, keys: str = "", language: Language = ENGLISH) -> int | None:
    """What `text` and `keys` pressed lean to as an answer to what is expected; None: no more than the words alone."""
    own = leaning_of(text, language) if text else 0
    match expected.kind:
        case Kind.DIGITS:
            return _of_digits(expected.digits, digits_in(text, language), re.sub(r"\D", "", keys), own)
        case Kind.YES_NO if is_answer(text, language) and own <= 0:
            return ENOUGH
        case Kind.NAME:
            return _of_name(text, own, language)
        case Kind.DATE_TIME if 0 < len(tokens(text)) <= MERE_DAY_WORDS and not digits_in(text, language):
            return own + ADD_A_TIME
        case Kind.ADDRESS:
            return _of_address(text.lower(), own)
        case _:
            return None


FEWEST_DIGITS = 2
"""A single one is as often a word as a number: "that one", "two of them"."""


def _of_digits(wanted: int, spoken: str, keys: str, own: int) -> int | None:
    came = spoken + keys
    if not keys and len(came) < FEWEST_DIGITS:
        return None  # it may be "I don't have one"
    if not wanted:
        return max(own, ADD_A_TOWN)
    return SHORT if len(came) < wanted else ENOUGH if len(came) == wanted else None


def _of_name(text: str, own: int, language: Language) -> int | None:
    """As for `leaning_for`; who was asked for their name and says it has nothing else to say."""
    may_go_on = 0 < len(tokens(text)) <= LONGEST_FIRST_NAME
    if is_introduction(text, language):
        return ADD_A_SURNAME if may_go_on else 0
    return own + ADD_A_SURNAME if may_go_on else None


def _of_address(text: str, own: int) -> int | None:
    if _ADDRESS_WHOLE.search(text):
        return min(own, 0)
    if _ADDRESS_BEGUN.search(text):
        return SHORT
    return own + ADD_A_TOWN if text else None
