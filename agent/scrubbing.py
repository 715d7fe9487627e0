"""Card numbers out of whatever is kept: 13 to 19 digits with a right check digit, written, spoken or keyed in pieces.

Pure. The check digit is that of ISO/IEC 7812-1 annex B (Luhn). One long number in ten passes it by chance and is masked
as well: too much hidden harms nobody. The first six digits of a number may stay visible, as PCI DSS 3.4.1 allows.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.numerals import ONES, TENS

MASK = "\N{BULLET}"
"""Stands for one digit: no key of a telephone and no character of a number."""

FEWEST, MOST = 13, 19
"""Digits of a card number (ISO/IEC 7812-1)."""

VISIBLE = 6
"""So many digits of a number that is not complete yet may be written down; beyond them they wait for the rest."""

_NUMERALS = {word: str(value) for value, word in enumerate(ONES)} | {"oh": "0", "o": "0", "nought": "0", "nil": "0"}
_TENS = {word: str(tens * 10) for tens, word in enumerate(TENS) if word != "-"}
_TIMES = {"double": 2, "triple": 3}
_GLUE = frozenset("and then um uh er dash space hyphen next".split())
"""Words that may stand within a number that is read out."""

_WORD = re.compile(r"[^\W_]+")
_GAP = re.compile(r"[\s\-.,/\u2013]*")


@dataclass(frozen=True, slots=True)
class Figure:
    """A piece of text that says digits; `follows`: it continues the number of the piece before."""

    begin: int
    end: int
    digits: str
    follows: bool


def figures(text: str) -> list[Figure]:
    """Every piece of `text` that says digits, numerals or words, in order."""
    found: list[Figure] = []
    chain_end, times = -1, 1  # where the present number may go on; "double" says the next digit twice
    for match in _WORD.finditer(text):
        word = match[0].lower()
        if chain_end >= 0 and _GAP.fullmatch(text, chain_end, match.start()) is None:
            chain_end = -1
        if digits := _digits_of(word):
            if chain_end >= 0 and _completes_tens(text, found[-1], word):
                last = found[-1]
                found[-1] = Figure(last.begin, match.end(), last.digits[:-1] + digits, last.follows)
            else:
                found.append(Figure(match.start(), match.end(), digits * times, chain_end >= 0))
            chain_end, times = match.end(), 1
            continue
        times = _TIMES.get(word, 1)
        if chain_end >= 0:
            chain_end = match.end() if word in _GLUE or word in _TIMES else -1
    return found


def _digits_of(word: str) -> str:
    return word if word.isdecimal() else _NUMERALS.get(word) or _TENS.get(word, "")


def _completes_tens(text: str, last: Figure, word: str) -> bool:
    """Whether `word` is the "two" of "forty-two"."""
    return text[last.begin : last.end].lower() in _TENS and word in ONES[1:10]


def passes_check(digits: str) -> bool:
    """Whether the last digit is the check digit of those before it."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def holds_card_number(pieces: list[str]) -> bool:
    """Whether some of `pieces`, digits said one after another, make up a card number; whole pieces only."""
    for begin in range(len(pieces)):
        digits = ""
        for piece in pieces[begin:]:
            digits += piece
            if len(digits) > MOST:
                break
            if len(digits) >= FEWEST and passes_check(digits):
                return True
    return False


def scrub(text: str) -> str:
    """`text` with a mask for each digit of every number that holds a card number."""
    if not text:
        return text
    masked: list[Figure] = []
    for run in _runs(figures(text)):
        if holds_card_number([figure.digits for figure in run]):
            masked += run
    return _masked(text, masked)


def mask(text: str) -> str:
    """`text` with a mask for each digit."""
    return _masked(text, figures(text))


def _runs(found: Iterable[Figure]) -> Iterator[list[Figure]]:
    run: list[Figure] = []
    for figure in found:
        if run and not figure.follows:
            yield run
            run = []
        run.append(figure)
    if run:
        yield run


def _masked(text: str, found: Iterable[Figure]) -> str:
    for figure in sorted(found, key=lambda figure: figure.begin, reverse=True):
        text = text[: figure.begin] + MASK * len(figure.digits) + text[figure.end :]
    return text


# --- a record that grows -------------------------------------------------------------------------------------------

Line = dict[str, Any]

TEXTS = frozenset({"text", "heard", "said", "result", "arguments", "digit"})
"""Fields of a trace's lines in which digits may stand."""

SAID_AT_VAPI = "vapi_said"
"""The note of what somebody said in a call that Vapi held, with their `role`."""

LONGEST_ASIDE_WORDS = 5
"""So many other words before the next digits, and they still continue the number: "and then it goes on"."""

PATIENCE = 2
"""So many contributions without a digit, and no more of the number comes."""


@dataclass(slots=True)
class Screen:
    """Lets the lines of a trace pass once it is clear that they hold no digits of a card number.

    A number may be said in pieces, over turns, and keyed. While the caller's latest digits may still become one, lines
    are kept back; they pass with the next contribution that is no more of it, masked if it had become one.
    """

    masked: int = 0
    """Lines in which something was masked."""
    _pieces: list[str] = field(default_factory=list)
    _waiting: list[Line] = field(default_factory=list)
    _patience: int = PATIENCE
    _is_card: bool = False

    def take(self, line: Line) -> list[Line]:
        """The lines that may be written now that `line` came."""
        said = _said(line)
        if said is None:
            return self._keep(line) if self._waiting else [self._clean(line)]
        passed = [] if self._continues(said) else self.close()
        digits = [figure.digits for figure in figures(said.text)]
        pieces = self._pieces + digits
        self._is_card = self._is_card or holds_card_number(pieces)
        is_open = bool(self._waiting) or (bool(digits) and sum(map(len, pieces)) > VISIBLE)
        if said.is_settled:
            self._pieces = _latest(pieces)
        return passed + (self._keep(line) if is_open else [self._clean(line)])

    def close(self) -> list[Line]:
        """No more of the number comes: the lines that were kept back."""
        waiting, self._waiting = self._waiting, []
        passed = [self._hide(line) if self._is_card else self._clean(line) for line in waiting]
        self._pieces, self._is_card, self._patience = [], False, PATIENCE
        return passed

    def _continues(self, said: "_Said") -> bool:
        """Whether what was said may be more of the number, as far as one is open."""
        found = figures(said.text)
        if found:
            self._patience = PATIENCE
            return len(_WORD.findall(said.text[: found[0].begin])) <= LONGEST_ASIDE_WORDS
        self._patience -= said.is_settled and bool(said.text)
        return self._patience > 0

    def _keep(self, line: Line) -> list[Line]:
        self._waiting.append(line)
        return []

    def _clean(self, line: Line) -> Line:
        return self._changed(line, scrub)

    def _hide(self, line: Line) -> Line:
        return self._changed(line, mask)

    def _changed(self, line: Line, change: Any) -> Line:  # noqa: ANN401 - `scrub` or `mask`
        changed: Line = _with_texts(line, change)
        self.masked += changed != line
        return changed


@dataclass(frozen=True, slots=True)
class _Said:
    text: str
    is_settled: bool


def _said(line: Line) -> _Said | None:
    """What the caller contributes by the event of this line."""
    data = line.get("data") or {}
    match line.get("event"):
        case "WordsHeard":
            return _Said(data["text"], bool(data["is_final"]))
        case "DigitPressed":
            return _Said(data["digit"], is_settled=True)
        case "TurnEnded" | "TurnLikelyEnded":
            return _Said(data["text"], is_settled=False)  # the whole turn: its words were told as they came
        case None if line.get("note") == SAID_AT_VAPI and data["role"] == "user":
            return _Said(data["text"], is_settled=True)
        case _:
            return None


def _latest(pieces: list[str]) -> list[str]:
    """The last pieces, as far as they may be part of one number."""
    kept: list[str] = []
    for piece in reversed(pieces):
        if sum(map(len, kept)) + len(piece) > MOST:
            break
        kept.insert(0, piece)
    return kept


def _with_texts(value: Any, change: Any) -> Any:  # noqa: ANN401 - whatever a line is made of
    if isinstance(value, Mapping):
        return {
            key: change(item) if key in TEXTS and isinstance(item, str) else _with_texts(item, change)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return type(value)(_with_texts(item, change) for item in value)
    return value
