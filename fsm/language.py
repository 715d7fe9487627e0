"""What words mean in one language, as far as turn-taking goes: the tables, one value a language.

The tables themselves are in `fsm.english`, `fsm.spanish` and `fsm.german`; what is asked of them in `fsm.floor_words`,
`fsm.sentences`, `fsm.expectations` and `fsm.words`. Words are as `fsm.words.tokens` has them: lower case, no marks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

Words = frozenset[str]


def words(text: str) -> Words:
    """A table of single words, from a text of them."""
    return frozenset(text.split())


def phrases(text: str) -> Words:
    """A table of phrases, from a text with commas between them."""
    return frozenset(" ".join(phrase.split()) for phrase in text.split(","))


@dataclass(frozen=True, eq=False)
class Language:
    """One language; a table that is empty tells nothing. There is one value of each, so they are compared by it."""

    code: str

    # --- who has the floor ---
    backchannels: Words = frozenset()
    """Single words that say "go on" rather than "let me"."""
    backchannel_phrases: Words = frozenset()
    """The same in several words, and words that claim nothing in the company of others."""
    hesitations: Words = frozenset()
    """Sounds of somebody who thinks, coughs, laughs or sneezes: no claim to the floor, and no answer."""
    delays: Words = frozenset()
    """Bids for the floor that are said as often to others in the room: "just a second, I'm on the phone"."""
    interruptions: Words = frozenset()
    """What somebody begins with who wants the floor. Whatever follows, and if nothing does, it is theirs."""
    asides: Words = frozenset()
    """What is said to somebody else in the room, or of somebody there: no bid, whatever it begins with."""
    addresses: Words = frozenset()
    """What callers begin with who speak to us, however softly."""
    names_of_others: Words = frozenset()
    """Whom it is said to, where one of these stands first or last and is nobody's: not "for my mom"."""
    before_a_noun: Words = frozenset()
    """After one of these a name is somebody who is spoken of."""

    # --- how finished a sentence is ---
    thinking: Words = frozenset()
    """Sounds of somebody thinking."""
    conjunctions: Words = frozenset()
    """Another clause follows."""
    articles: Words = frozenset()
    """A noun follows."""
    prepositions: Words = frozenset()
    """What it is about follows; a question that ends in one has its mark."""
    openers: Words = frozenset()
    """Words that more often introduce something than end it."""
    address_parts: Words = frozenset()
    """Said only within an e-mail or web address."""
    greetings: Words = frozenset()
    """Said alone they are the beginning of a turn."""
    introductions: Words = frozenset()
    """What callers begin with who say who they are; what they want comes after it."""
    bid: str = "(?!)"
    """What somebody says who wants to speak, and what they want to say comes after it: a regular expression."""
    closings: Words = frozenset()
    """Nothing comes after them; also at the end of more words."""
    answers: Words = frozenset()
    """Whole answers to a closed question."""
    courtesies: Words = frozenset()
    """Said after a request they change nothing of it."""
    digit_words: Mapping[str, str] = field(default_factory=dict)
    """The digit of each word that means one."""
    repeats: Mapping[str, int] = field(default_factory=dict)
    """Said before a digit: "double five"."""

    # --- what a question of ours asks for; regular expressions on the last sentence, in lower case ---
    questions: tuple[tuple[str, str], ...] = ()
    """Phrases of a question or a request, and what it asks for, as `Expected.parse` reads it; the first counts."""
    reports: str = "(?!)"
    """A sentence that tells rather than asks, unless it has its question mark."""
    opens_closed: str = "(?!)"
    """What a question begins with that asks for a yes or a no."""
    tag: str = "(?!)"
    """What makes a question of any sentence that it ends."""
    choice: str = "(?!)"
    """What a question with more than one answer to choose from has in it."""


def digit_words(text: str) -> dict[str, str]:
    """From "zero oh o nought, one, two, ...": the words of each digit, from nought on."""
    return {word: str(digit) for digit, said in enumerate(text.split(",")) for word in said.split()}
