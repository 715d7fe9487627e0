"""What words tell about the floor: tables a person can read, and questions on them."""

import re

BACKCHANNELS = frozenset(
    "m mm mmm mhm hm hmm mm-hmm mmhmm mm-mm uh-huh uhhuh aha ah oh okay ok k right yeah yep yup yes sure alright "
    "cool great good nice fine gotcha really wow".split()
)
"""Single words that say "go on" rather than "let me"."""

BACKCHANNEL_PHRASES = frozenset(
    {"uh huh", "mm hmm", "mm hm", "i see", "got it", "all right", "of course", "sounds good", "that's right", "go on"}
)
"""The same in several words."""

HESITATIONS = frozenset("uh um er erm eh uhm hmm like well so".split())
"""Sounds of somebody thinking: neither a claim to the floor nor the end of a turn."""

_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


def tokens(text: str) -> tuple[str, ...]:
    """The words of `text` in lower case, without punctuation; hyphens and apostrophes inside words stay."""
    return tuple(_WORD.findall(text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")))


def is_backchannel(text: str) -> bool:
    """Whether `text` only says that the caller listens ("mm-hmm", "yeah, okay") or hesitates."""
    words = tokens(text)
    if not words or len(words) > 4:
        return not words
    joined = " ".join(words)
    if joined in BACKCHANNEL_PHRASES:
        return True
    return all(word in BACKCHANNELS or word in HESITATIONS for word in words)


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
