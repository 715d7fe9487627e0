"""Who answers a call that we placed, as far as their words tell: tables a person can read, and a question on them."""

from enum import StrEnum

from fsm.words import tokens


class Answerer(StrEnum):
    """Who is at the other end."""

    CALLER = "caller"
    """Somebody who called us, or whom nobody asked about."""
    UNKNOWN = "unknown"
    HUMAN = "human"
    MACHINE = "machine"
    SCREENER = "screener"
    """A machine that asks who is calling, and fetches a person if it likes the answer."""


FULL_WORDS = (("mailbox", "full"), ("mail", "box", "full"), ("not", "accepting", "messages"), ("cannot", "accept"))
"""All of them, of a machine that takes no message, whatever is said to it."""

PERSON_PHRASES = (
    "can i help",
    "may i help",
    "can i take",
    "who is this",
    "who's this",
    "would you like to",
    "do you want to",
    "what can i do for you",
    "this is he",
    "this is she",
)
"""What people say who answer, machines hardly ever; where they stand, the rest is what a receptionist says."""

SCREENER_PHRASES = (
    "screening",
    "see if this person",
    "see if they are available",
    "see if they're available",
    "try to connect",
    "connecting you",
    "say your name",
    "state your name",
    "record your name and reason",
    "stay on the line",
    "why you're calling",
    "why you are calling",
)
"""What assistants say that answer for somebody; none of them takes a message."""

MACHINE_PHRASES = (
    "leave a message",
    "leave me a message",
    "leave us a message",
    "leave your message",
    "leave a brief message",
    "leave a detailed message",
    "leave your name",
    "record your message",
    "record your name and message",
    "after the tone",
    "after the beep",
    "at the tone",
    "at the beep",
    "the sound of the tone",
    "voicemail",
    "voice mail",
    "voice messaging",
    "mailbox",
    "you've reached",
    "you have reached",
    "can't come to the phone",
    "cannot come to the phone",
    "can't take your call",
    "cannot take your call",
    "unable to take your call",
    "unable to answer",
    "get back to you",
    "call you back as soon",
    "is not available to take",
    "isn't available to take",
    "finished recording",
    "automated voice",
)
"""What answering machines say and people hardly ever."""

HELLOS = frozenset("hello hallo hi hey yes yeah yep speaking".split())
"""The first word of somebody who has just picked up and will wait now."""

LONGEST_HELLO_WORDS = 8
"""With more words it is no hello any more: "Hello, this is Maria at Willow Street" has seven."""


def answerer_by(words: str) -> Answerer:
    """Who says that, UNKNOWN where the words would suit anybody."""
    said = tokens(words)
    text = f" {' '.join(said)} "
    if takes_no_message(words):
        return Answerer.MACHINE
    for who, phrases in _BY_PHRASE:
        if any(f" {phrase} " in text for phrase in phrases):
            return who
    is_hello = 0 < len(said) <= LONGEST_HELLO_WORDS and (said[0] in HELLOS or said[-1] in HELLOS)
    return Answerer.HUMAN if is_hello else Answerer.UNKNOWN


def takes_no_message(words: str) -> bool:
    """Whether a machine says that nothing can be left with it."""
    said = tokens(words)
    return any(all(word in said for word in full) for full in FULL_WORDS)


_BY_PHRASE = (
    (Answerer.HUMAN, PERSON_PHRASES),
    (Answerer.SCREENER, SCREENER_PHRASES),
    (Answerer.MACHINE, MACHINE_PHRASES),
)
"""The first that has a phrase decides: Google Voice asks for a name "after the tone", and still takes no message."""
