"""The tunable policy of a use case, and its fixed phrases: tables of an agent's TOML file, checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any

from fsm.expectations import Expected, Hint
from fsm.words import tokens


def _ms(default: int, low: int, high: int) -> Any:  # noqa: ANN401 - `field` has the type of what it describes
    return field(default=default, metadata={"low": low, "high": high})


class ProfileError(ValueError):
    """A profile that cannot be; `key` is the value to blame."""

    def __init__(self, key: str, what: str) -> None:
        super().__init__(f"profile: {what}")
        self.key = key


@dataclass(frozen=True, slots=True)
class Profile:
    """How patient, how quick to yield. Every value trades one annoyance of the caller for another.

    Raises ProfileError where a value is out of its range or one wait contradicts another.
    """

    quick_wait_ms: int = _ms(200, 100, 1_000)
    """Silence that ends an answer that is certainly whole: yes or no, the last of ten digits. Less answers before
    somebody who goes on after their "yes" gets to it."""
    wait_ms: int = _ms(400, 100, 3_000)
    """Silence that ends a turn of which nothing more is known. Less answers sooner and cuts more people off."""
    unfinished_wait_ms: int = _ms(1_000, 200, 6_000)
    """The same when the words end in "and", "um", a comma: thinking pauses survive, slow speakers wait longer."""
    patient_wait_ms: int = _ms(1_500, 300, 8_000)
    """The same when what was asked for is not all there: digits of a number, the end of an e-mail address."""
    adapt_ms: int = _ms(300, 0, 2_000)
    """The most that this caller's own pauses add to a wait. More spares slow speakers, who then wait longer for us."""
    draft_ms: int = _ms(120, 0, 2_000)
    """Silence after which an answer is drafted, to be there once the turn is over. Less drafts more for nothing."""
    drafts: int = _ms(3, 0, 3)
    """The most drafts of one turn. Each that is dropped costs its tokens and characters; 0: none is made."""
    final_grace_ms: int = _ms(350, 0, 3_000)
    """Further wait for the final transcript once the silence is long enough; then the interim words must do."""
    stuck_ms: int = _ms(2_500, 500, 20_000)
    """Words stopped coming although sound goes on (music, a car): the turn ends all the same."""
    digit_wait_ms: int = _ms(1_500, 300, 10_000)
    """Silence after a key press before the digits count as the answer."""
    hush_ms: int = _ms(180, 0, 2_000)
    """Silence at once when the caller sounds while we speak; then we go on, quietly, until it is decided whose floor it
    is. Less than 200 is felt by who interrupts and hardly noticed by who only agrees; 0: no silence at all."""
    duck_db: int = _ms(12, 0, 30)
    """How much quieter we go on while that is open. 0: as loud as before."""
    confirm_ms: int = _ms(1_200, 100, 3_000)
    """By then after the first sound it is decided. Less gives up sooner on a caller whose words come late."""
    sustained_ms: int = _ms(1_200, 200, 5_000)
    """Voice this long, of which nobody says that it has no words, is no cough: we are silent until it ends. Sound that
    has none withholds an answer for no longer."""
    late_words_ms: int = _ms(500, 0, 2_000)
    """After a sound ended, the wait for its words before it counts as none. Covers the transcriber's delay."""
    keys_interrupt: int = _ms(1, 0, 1)
    """1: a key pressed while we speak takes the floor at once. 0: it is answered when we have finished."""
    filler_ms: int = _ms(1_400, 300, 10_000)
    """Silence while thinking before "one moment"; also between two such phrases."""
    hold_word_ms: int = _ms(20_000, 5_000, 120_000)
    """A caller who asked for a moment hears so often that we are still there."""
    reply_timeout_ms: int = _ms(7_000, 1_000, 60_000)
    """No audio of an answer after this long: ask again, then apologise."""
    tool_timeout_ms: int = _ms(12_000, 500, 120_000)
    """The longest a tool may keep a caller waiting."""
    aside_wait_ms: int = _ms(4_000, 1_000, 60_000)
    """Silence after words to somebody else, as it seems, before "was that for me?"."""
    idle_ms: int = _ms(9_000, 1_000, 120_000)
    """Nobody says anything for this long: "are you still there?"."""
    noise_idle_ms: int = _ms(20_000, 2_000, 300_000)
    """The same while there is sound without words, such as hold music."""
    reprompts: int = _ms(2, 0, 10)
    """How often to ask before a polite goodbye."""
    retries: int = _ms(1, 0, 5)
    """Silent attempts to get an answer after a failure, before the apology."""
    apologies: int = _ms(2, 0, 5)
    """Apologies in a row before the call is given up."""
    tool_rounds: int = _ms(3, 1, 20)
    """How often in one turn the model may ask for tools."""
    max_reply_ms: int = _ms(120_000, 5_000, 600_000)
    """The longest one reply may sound."""
    max_call_ms: int = _ms(1_800_000, 10_000, 14_400_000)
    """The longest call: two machines talking to each other end some day."""

    def __post_init__(self) -> None:
        for f in fields(self):
            value, low, high = getattr(self, f.name), f.metadata["low"], f.metadata["high"]
            if isinstance(value, bool) or not isinstance(value, int):
                wanted = f"a whole number between {low} and {high}"
                raise ProfileError(f.name, f"{f.name} must be {wanted}, got {value!r}")
            if not low <= value <= high:
                raise ProfileError(f.name, f"{f.name} must lie between {low} and {high}, got {value}")
        for longer, shorter in LONGER_THAN:
            value, least = getattr(self, longer), getattr(self, shorter)
            if value < least:
                raise ProfileError(longer, f"{longer} must not be less than {shorter} ({least}), got {value}")

    @classmethod
    def from_table(cls, table: Mapping[str, object]) -> "Profile":
        """A profile from a TOML table; what the table leaves out keeps its default. Raises ProfileError."""
        for key in table:
            if key not in cls.__slots__:
                raise ProfileError(key, f'unknown key "{key}"{_nearest_value(key)}')
        return cls(**table)  # type: ignore[arg-type]  # __post_init__ checks the values


LONGER_THAN = (
    ("wait_ms", "quick_wait_ms"),
    ("unfinished_wait_ms", "wait_ms"),
    ("patient_wait_ms", "unfinished_wait_ms"),
    ("confirm_ms", "hush_ms"),
)
"""Waits that contradict each other unless the first is at least as long as the second; the shortest come first."""


def _nearest_value(key: str) -> str:
    near = get_close_matches(key, Profile.__slots__, n=1)
    if not near:
        return f"; known are {', '.join(Profile.__slots__)}"
    limits = next(f.metadata for f in fields(Profile) if f.name == near[0])
    return f'; did you mean "{near[0]}" ({limits["low"]} to {limits["high"]})?'


@dataclass(frozen=True, slots=True)
class Phrases:
    """What the agent says without asking the model; short enough to be rendered ahead and kept."""

    greeting: str = "Hello, how can I help you?"
    filler: str = "One moment, please."
    still_at_it: str = "I'm still on it, just a moment longer."
    holding: str = "Take your time, I'm still here."
    overdue: str = "I'm sorry, this takes longer than it should. Is there anything else that I can do meanwhile?"
    still_there: str = "Are you still there?"
    was_that_for_me: str = "Sorry, was that for me?"
    pardon: str = "Sorry, I did not catch that. Could you say it again?"
    apology: str = "I'm sorry, I'm having some trouble right now. Could you say that again?"
    goodbye: str = "Thank you for calling. Goodbye."
    language_refused: str = "I'm sorry, I cannot follow that language right now. Let us go on in English."
    openings: tuple[str, ...] = ()
    """What answers may begin with, whatever they say: "Sure.", "Let me see."; it sounds while the rest is made."""
    tools: Mapping[str, str] = field(default_factory=dict)
    """By a tool's name: what is said instead of the filler while it runs."""
    expect: Mapping[str, str] = field(default_factory=dict)
    """By words of a question of ours: the answer that it asks for, as `Expected.parse` reads it."""

    def __post_init__(self) -> None:
        _check_openings(self.openings)
        told = {**self._named(), **{f"tools.{name}": text for name, text in self.tools.items()}}
        for name, value in told.items():
            if not isinstance(value, str) or not value.strip():
                raise ValueError(f"phrases: {name} must be a text that can be spoken, got {value!r}")
        for words, answer in self.expect.items():
            try:
                Expected.parse(str(answer))
            except ValueError as error:
                raise ValueError(f'phrases: expect: "{words}": {error}') from None
            if not tokens(words):
                raise ValueError(f'phrases: expect: "{words}" must have words of a question that the agent asks')

    @property
    def hints(self) -> tuple[Hint, ...]:
        """What `expect` tells, as the machine asks for it."""
        return tuple((words, Expected.parse(answer)) for words, answer in self.expect.items())

    @classmethod
    def texts(cls) -> tuple[str, ...]:
        """The names of those phrases that every agent has."""
        return tuple(f.name for f in fields(cls) if f.name not in NO_TEXTS)

    def _named(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.texts()}

    @classmethod
    def from_table(cls, table: Mapping[str, object]) -> "Phrases":
        """Phrases from a TOML table; what the table leaves out keeps its default. Raises ValueError."""
        _check_keys("phrases", table, [f.name for f in fields(cls)])
        for key, what in (("tools", "phrases by tool"), ("expect", "answers by words of a question")):
            if not isinstance(table.get(key, {}), Mapping):
                raise ValueError(f"phrases: {key} must be a table of {what}, got {table[key]!r}")  # noqa: TRY004 - one error type for whatever is wrong
        openings = table.get("openings", ())
        if not isinstance(openings, list | tuple):
            raise ValueError(f"phrases: openings must be a list of short texts, got {openings!r}")  # noqa: TRY004 - same
        return cls(**{**table, "openings": tuple(openings)})  # type: ignore[arg-type]  # __post_init__ checks the values

    def all(self) -> tuple[str, ...]:
        """Every phrase once, in the order in which they are missed if they are not rendered."""
        return tuple(dict.fromkeys((*self._named().values(), *self.tools.values(), *self.openings)))


NO_TEXTS = ("openings", "tools", "expect")
"""The fields of phrases that are not one text each."""

MOST_OPENINGS, LONGEST_OPENING_CHARS = 12, 40
"""A model is told all of them with each request, and what is said before the answer is to be short."""


def _check_openings(openings: tuple[object, ...]) -> None:
    """Raises ValueError unless each is a short text with words and no digits, and no two are the same to a listener."""
    if len(openings) > MOST_OPENINGS:
        raise ValueError(f"phrases: openings: at most {MOST_OPENINGS} fit into a prompt, got {len(openings)}")
    known: dict[tuple[str, ...], object] = {}
    for text in openings:
        if not isinstance(text, str) or not (words := tokens(text)) or len(text) > LONGEST_OPENING_CHARS:
            raise ValueError(
                f"phrases: openings: each must be a text of 1 to {LONGEST_OPENING_CHARS} characters "
                f"that can be spoken, got {text!r}"
            )
        if any(letter.isdigit() for letter in text):
            raise ValueError(f'phrases: openings: "{text}" has digits: what fits any answer tells nothing of it')
        if words in known:
            raise ValueError(f'phrases: openings: "{text}" and "{known[words]}" are the same words')
        known[words] = text


def _check_keys(what: str, table: Mapping[str, object], known: list[str]) -> None:
    for key in table:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f'; did you mean "{near[0]}"?' if near else f"; known are {', '.join(known)}"
            raise ValueError(f'{what}: unknown key "{key}"{hint}')
