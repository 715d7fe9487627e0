"""What words of a caller say about the floor while we speak: tables a person can read, and questions on them."""

import re
from enum import StrEnum

from fsm.words import tokens

BACKCHANNELS = frozenset(
    "m mm mmm mhm hm hmm mm-hmm mmhmm mm-mm uh-huh uhhuh aha ah oh okay ok k right yeah yep yup yes sure alright "
    "cool great good nice fine gotcha really wow exactly true understood perfect lovely".split()
)
"""Single words that say "go on" rather than "let me"."""

BACKCHANNEL_PHRASES = frozenset(
    {
        "uh huh",
        "mm hmm",
        "mm hm",
        "i see",
        "i know",
        "got it",
        "got you",
        "all right",
        "of course",
        "sounds good",
        "makes sense",
        "that's right",
        "that's fine",
        "that's good",
        "that's great",
        "no problem",
        "no worries",
        "fair enough",
        "very good",
        "go on",
        "go ahead",
        "thank you",
        "thanks",
    }
)
"""The same in several words, and words that claim nothing in the company of others."""

HESITATIONS = frozenset("uh um er erm eh ehm uhm hmm like well so ahem achoo ha haha hah hehe ugh phew oops".split())
"""Sounds of somebody who thinks, coughs, laughs or sneezes: no claim to the floor, and no answer."""

_DRAWN_OUT = re.compile(r"u+h+|u+m+|u+h+m+|e+r+m*|e+h+m*|a+h+|o+h+|h+m+|m+h*m+|(?:ha|he){2,}h?")
"""The same as transcribers write them down when they last: "umm", "hmmmm", "hahaha"."""

DELAYS = frozenset(
    {
        "one second",
        "one sec",
        "one moment",
        "one minute",
        "just a second",
        "just a sec",
        "just a moment",
        "just a minute",
        "give me a second",
        "give me a minute",
    }
)
"""Bids for the floor that are said as often to others in the room: "just a second, I'm on the phone"."""

INTERRUPTIONS = DELAYS | frozenset(
    {
        "stop",
        "wait",
        "no",
        "nope",
        "nah",
        "hold on",
        "hang on",
        "hold up",
        "hey",
        "hello",
        "actually",
        "sorry",
        "excuse me",
        "pardon",
        "pardon me",
        "i'm sorry",
        "what",
        "but",
        "listen",
        "look",
        "enough",
        "quiet",
        "cancel",
        "help",
        "operator",
        "agent",
        "repeat",
        "again",
        "slow down",
        "let me",
        "never mind",
        "forget it",
        "question",
    }
)
"""What somebody begins with who wants the floor. Whatever follows, and if nothing does, it is theirs."""

ASIDES = frozenset(
    {
        "on the phone",
        "on a call",
        "be right there",
        "be there in a",
        "put it down",
        "put it back",
        "put it on the",
        "put that down",
        "put that back",
        "put that on the",
        "leave it alone",
        "leave that alone",
        "leave him alone",
        "leave her alone",
        "turn it down",
        "turn it off",
        "turn that down",
        "turn that off",
        "turn the music",
        "turn the radio",
        "turn the tv",
        "come here",
        "go outside",
        "go to your room",
        "get down from",
        "get off the",
        "sit down",
        "be quiet",
        "close the door",
        "close the window",
        "open the door",
        "shut the door",
        "at the door",
        "who is it",
        "who's there",
        "dinner is",
        "dinner's ready",
        "your shoes",
        "your homework",
        "good boy",
        "good girl",
        "shh",
        "shush",
    }
)
"""What is said to somebody else in the room, or of somebody there: no bid, whatever it begins with."""

ADDRESSES = frozenset(
    {
        "can i",
        "could i",
        "may i",
        "could you",
        "would you",
        "can you repeat",
        "can you say",
        "can you tell me",
        "can you hear me",
        "do you have",
        "do you know",
        "do i",
        "how much",
        "how long",
        "how do i",
        "what about",
        "is it possible",
        "i was wondering",
        "i would like",
        "i'd like",
        "i want to",
        "i need to",
        "i have a question",
        "i meant",
        "my name",
        "excuse me",
        "sorry",
        "bye",
        "goodbye",
    }
)
"""What callers begin with who speak to us, however softly."""

NAMES_OF_OTHERS = frozenset(
    "honey sweetie sweetheart darling babe baby mom mommy mum mummy dad daddy kids kiddo guys buddy".split()
)
"""Whom it is said to, where one of these stands first or last and is nobody's: not "for my mom"."""

BEFORE_A_NOUN = frozenset("my your his her our their the a an for to with and of from is it's or".split())
"""After one of these a name is somebody who is spoken of."""

LONGEST_PHRASE = 4
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


def bid_of(text: str, *, is_settled: bool) -> Bid:
    """What `text`, all that was said so far, wants; `is_settled`: its words will not change, or have had the time to.

    Backchannels and hesitations before other words say nothing: "yeah, but" is a bid. A word that is not settled may be
    half of another, and a comma says that what it belongs to is still to come.
    """
    rest = _beyond_agreement(tokens(text))
    if not rest:
        return Bid.NOTHING
    if _is_aside(rest):
        return Bid.ASIDE
    opener = _leading(rest, INTERRUPTIONS)
    if is_settled or len(rest) > max(opener, 1):
        return Bid.FLOOR
    is_open = not opener or text.rstrip().endswith(",") or " ".join(rest) in DELAYS
    return Bid.PERHAPS if is_open else Bid.FLOOR


def is_backchannel(text: str) -> bool:
    """Whether `text` only says that the caller listens ("mm-hmm", "yeah, okay") or hesitates."""
    return not _beyond_agreement(tokens(text))


def is_plain_interruption(text: str) -> bool:
    """Whether `text` interrupts and says nothing else: "stop", "hold on"."""
    rest = _beyond_agreement(tokens(text))
    return bool(rest) and _leading(rest, INTERRUPTIONS) == len(rest)


def is_aside(text: str) -> bool:
    """Whether `text` is meant for somebody else, by its words."""
    return bid_of(text, is_settled=True) is Bid.ASIDE


def is_for_us(text: str) -> bool:
    """Whether `text` begins as only those do who speak to us, or says nothing but that it interrupts."""
    rest = _beyond_agreement(tokens(text))
    return bool(rest) and not _is_aside(rest) and bool(_leading(rest, ADDRESSES) or is_plain_interruption(text))


def is_assent(text: str) -> bool:
    """Whether `text` is a backchannel that answers a closed question: "yeah", "mm-hmm", not "um"."""
    words = tokens(text)
    return is_backchannel(text) and any(not _is_hesitation(word) for word in words)


def _is_hesitation(word: str) -> bool:
    return word in HESITATIONS or _DRAWN_OUT.fullmatch(word) is not None


def _beyond_agreement(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words from the first on that is neither a backchannel nor a hesitation."""
    while words:
        phrase = _leading(words, BACKCHANNEL_PHRASES)
        if not phrase and words[0] not in BACKCHANNELS and not _is_hesitation(words[0]):
            break
        words = words[phrase or 1 :]
    return words


def _leading(words: tuple[str, ...], table: frozenset[str]) -> int:
    """How many words the longest entry of the table has that they begin with; 0: none."""
    lengths = range(min(LONGEST_PHRASE, len(words)), 0, -1)
    return next((length for length in lengths if " ".join(words[:length]) in table), 0)


def names_somebody_else(text: str) -> bool:
    """Whether `text` is said to somebody by name who is not on the line: "come here, sweetie"."""
    rest = _beyond_agreement(tokens(text))
    return bool(rest) and _has_name(rest)


def _has_name(words: tuple[str, ...]) -> bool:
    if words[0] in NAMES_OF_OTHERS:
        return True
    return words[-1] in NAMES_OF_OTHERS and words[-2] not in BEFORE_A_NOUN


def _is_aside(words: tuple[str, ...]) -> bool:
    return _has_name(words) or any(_leading(words[begin:], ASIDES) for begin in range(len(words)))
