"""Phrases by what they mean: small regular expressions on normalised speech, tried as whole words."""

import re
from collections.abc import Mapping
from enum import StrEnum


class Intent(StrEnum):
    """What an utterance may mean besides days, times and names."""

    YES = "yes"
    PRAISE = "praise"
    """Agrees to an offer, asks for nothing: "great"."""
    NO = "no"
    BYE = "bye"
    DONE = "done"
    THANKS = "thanks"
    HELLO = "hello"
    BACKCHANNEL = "backchannel"
    BOOK = "book"
    SOONEST = "soonest"
    OTHER = "other"
    """None of the times offered."""
    ABANDON = "abandon"
    REPEAT = "repeat"
    WAIT = "wait"
    GO_ON = "go_on"
    HOURS = "hours"
    ADDRESS = "address"
    PRICE = "price"
    ROBOT = "robot"
    HUMAN = "human"
    CHANGE = "change"
    HOW_ARE_YOU = "how_are_you"


_GOOD = r"(?:fine|good|ok|okay|great|perfect)"
_NICE = r"(?:nice|good|great|lovely)"
_MACHINE = r"(?:real|human|person|machine|bot|robot|computer|recording|a ?i)"
_STAFF = r"(?:human|person|someone|somebody|agent|doctor|receptionist|operator|manager|(?:some|any)(?:one|body))"

_WHOLE: Mapping[Intent, tuple[str, ...]] = {
    Intent.BACKCHANNEL: (r"mm+", "mhm", "mm ?hmm?", "hm+", "uh huh", "uh", "um", "ah", "oh", "right", "i see"),
    Intent.REPEAT: ("sorry", "what", "huh", "excuse me", "hello"),
}
"""Meant only when nothing else is said."""

_PHRASES: Mapping[Intent, tuple[str, ...]] = {
    Intent.YES: (
        *("yes", "yeah", "sure", "correct", "right", "exactly", "absolutely", "definitely", "of course", "please"),
        *("go ahead", "i do", "i'll take", "i will take", "take it", "sounds good", "that works", "works for me"),
        *(f"(?:is|be|are|that's|sounds) {_GOOD}", "that'?ll do", "suits", "go for it", "let's do"),
    ),
    Intent.PRAISE: (
        *("great", "perfect", "wonderful", "lovely", "excellent", "good", "fine", "ok", "okay", "alright"),
        *("all right", "super", "cool"),
    ),
    Intent.NO: (
        r"(?<!.)(?:(?:uh|um|oh|well|actually|sorry) )*(?:no|nope|nah)",
        "no (?:thanks|thank you)",
        "not really",
    ),
    Intent.BYE: ("bye", "goodbye", "see you", "see ya", "talk to you (?:later|soon)", "hang up", f"have an? {_NICE}"),
    Intent.DONE: (
        *(
            "that's (?:all|it|everything)",
            "that is (?:all|it)",
            "that'?(?:ll| will) be (?:all|it)",
            "nothing (?:else|more)",
        ),
        *("i'm done", "i'm good", "we're done", "all set"),
    ),
    Intent.THANKS: ("thanks", "thank you", "cheers", "thank"),
    Intent.HELLO: ("hello", "hi", "hey", "good (?:morning|afternoon|evening)"),
    Intent.BOOK: (
        *("appointments?", "book", "booking", "schedule", "reserve", "slot", "come in"),
        "see (?:the|a) (?:doctor|dentist)",
    ),
    Intent.SOONEST: (
        *("soon as (?:possible|you can)", "asap", "earliest", "soonest", "(?:first|next) (?:available|free)"),
        *("any ?(?:day|time)", "whenever", "(?:doesn't|does not) matter", "don't (?:mind|care)", "no preference"),
        *("up to you", "you choose", "either"),
    ),
    Intent.OTHER: (
        *("(?:something|anything|any|what) (?:else|other|later|earlier)", "(?:an)?other (?:time|option|slot|day)s?"),
        *("another one", "different (?:time|day|slot|one)", "neither", "none of", "(?<!the )(?:later|earlier)(?! one)"),
        "(?:can't|cannot|don't|doesn't|won't|not) (?:make|do|work|suit|good|possible|possibly|available)",
        "too (?:early|late)",
    ),
    Intent.ABANDON: (
        *("never ?mind", "forget it", "cancel (?:that|it|this)", "don't book", "changed my mind", "stop"),
    ),
    Intent.REPEAT: (
        *("repeat", "say (?:that|it) again", "say again", "pardon", "sorry what", "what did you say", "what was that"),
        *("come again", "once more", "didn't (?:catch|hear|get|understand)", "(?:can't|couldn't) hear"),
    ),
    Intent.WAIT: (
        "(?:one|just a|a) (?:moment|second|sec|minute)",
        "(?:hold|hang) on",
        "wait",
        "let me (?:think|see|check)",
    ),
    Intent.GO_ON: ("go on", "continue", "carry on", "keep going", "you were saying", "i'm listening"),
    Intent.HOURS: (
        *("opening (?:hours|times)", "your hours", "office hours", "are you open", "when you (?:open|close)"),
        *("(?:what time|when) (?:do|are|is) (?:you|it) (?:open|close)", "open (?:on|at|today|tomorrow)"),
    ),
    Intent.ADDRESS: (
        *("where (?:are you|is it|is the|is your|do i)", "(?:your|the) address", "located", "location", "directions"),
        *("how do i get", "find you", "parking"),
    ),
    Intent.PRICE: ("how much", "prices?", "costs?", "charge", "fees?", "expensive"),
    Intent.ROBOT: (
        *("robot", f"are you (?:an? )?{_MACHINE}", f"(?:talking|speaking) (?:to|with) (?:an? )?{_MACHINE}"),
        *(f"is this (?:an? )?{_MACHINE}", "who (?:are you|am i (?:talking|speaking))"),
    ),
    Intent.HUMAN: (
        *(f"(?:speak|talk) (?:to|with) (?:an? |the )?(?:real )?{_STAFF}", "operator", "(?:human|real person) please"),
    ),
    Intent.CHANGE: (
        *(
            "(?:cancel|move|change|postpone) (?:my|an|the|an existing|my existing) (?:appointment|booking)",
            "reschedule",
        ),
    ),
    Intent.HOW_ARE_YOU: ("how are you",),
}

_PATTERNS = {intent: re.compile(rf"\b(?:{'|'.join(phrases)})(?!\w)") for intent, phrases in _PHRASES.items()}
_WHOLE_PATTERNS = {intent: re.compile("|".join(phrases)) for intent, phrases in _WHOLE.items()}
_PLEASANTRY = re.compile(rf"\b(?:good (?:morning|afternoon|evening)|have an? {_NICE} \w+)\b")
"""Names a part of the day without wishing for it."""

SLIPS = tuple(
    (re.compile(pattern), mended)
    for pattern, mended in (
        (r"\b(?:two'?s|chews|tues|choose) day\b", "tuesday"),
        (r"\b(?:wed nes|wends|when's|wens|winds) ?day\b", "wednesday"),
        (r"\b(?:thirsty|thurs|thirst) ?day\b", "thursday"),
        (r"\b(?:fry|fri) day\b", "friday"),
        (r"\b(?:mon|man) day\b", "monday"),
        (r"\b(?:satur|sat her) day\b", "saturday"),
        (r"\bsun day\b", "sunday"),
        (r"\b(?:to|two|too) ?morrow\b|\btomm?orr?ow\b", "tomorrow"),
        (r"\b(?:a )?point ?ments?\b|\ba point meant\b|\bappointements?\b", "appointment"),
        (r"\b(?:good|could) ?(?:bye|buy|by)\b", "goodbye"),
        (r"\b(?:bye|buy|by) (?:bye|buy|by)\b", "bye"),
        (r"\b(?:oh|o'|o|a) ?clock\b", "o'clock"),
        (r"(?<=\d) ?a ?m\b|\ba m\b", " am"),
        (r"(?<=\d) ?p ?m\b|\bp m\b", " pm"),
        (r"\bafter noon\b", "afternoon"),
        (r"\bmid day\b", "midday"),
        (r"\b(?:yas|yess|yup|yep|yeh|ya|yah|aye)\b", "yes"),
        (r"^know\b", "no"),
        (r"\bthats\b", "that's"),
        (r"\bcheck up\b", "checkup"),
        (r"\bfollow up\b", "followup"),
    )
)
"""What transcribers make of phone audio, and what was said."""


def find_intents(text: str) -> frozenset[Intent]:
    """All that normalised speech may mean."""
    calm = without_pleasantries(text)
    found = {intent for intent, pattern in _PATTERNS.items() if pattern.search(text if intent in _POLITE else calm)}
    found |= {intent for intent, pattern in _WHOLE_PATTERNS.items() if pattern.fullmatch(text)}
    return frozenset(found)


_POLITE = (Intent.HELLO, Intent.BYE)


def without_pleasantries(text: str) -> str:
    """`text` without "good morning" and its like."""
    return _PLEASANTRY.sub("", text)
