"""A token stream as clauses worth speaking: the first one short and soon, the later ones whole sentences."""

import re
from typing import Protocol

from agent.cleaning import Cleaner

FIRST_SOFT_CHARS, FIRST_SOFT_WORDS = 10, 2
"""A first clause may end at a comma once it is so long: it is what the caller waits for."""

FIRST_MAX_CHARS = 120
"""A first clause without any punctuation ends at a blank before this."""

LATER_MIN_CHARS = 25
"""Shorter sentences join the next one: a voice speaks them better together, and something is being spoken already."""

LATER_SOFT_CHARS = 120
"""From this length on a later clause may end at a comma."""

LATER_MAX_CHARS = 200
"""A later clause without a fit end ends at a blank before this."""

ABBREVIATIONS = frozenset(
    """
    dr. mr. mrs. ms. mx. prof. rev. hon. sr. jr. sgt. capt. lt. col. gen. gov. sen. rep. pres. ph.d. m.d. d.d.s.
    b.a. m.a. st. ste. apt. ave. blvd. rd. ln. hwy. mt. ft. dept. inc. ltd. co. corp. bros. univ. ext. tel.
    vs. etc. approx. est. misc. incl. excl. max. min. hr. hrs. mins. secs. e.g. i.e. al. cf. viz. ca.
    a.m. p.m. a.d. b.c. mon. tue. tues. wed. thu. thur. thurs. fri. jan. feb. aug. sept. oct. nov. dec.
    """.split()
)
"""Words whose full stop ends no sentence. Where one does stand at the end of a sentence, the clause ends later."""

BEFORE_NUMBERS = frozenset("no. nos. fig. art. sec. ch. vol. pp. p. sat. sun. mar. apr. jun. jul. sep.".split())
"""Words that are abbreviations only where a number follows: "No. 5", but "No. I cannot"."""

_INITIALS = re.compile(r"(?:[^\W\d_]\.)+")
_LIST_NUMBER = re.compile(r"\d{1,3}[.)]")
_OPENERS = "\"'([{“‘«¿¡"  # noqa: RUF001 - quotation marks as models write them
_CLOSERS = "\"')]}”’»"  # noqa: RUF001 - same

_END, _SOFT, _NO_BREAK, _PLAIN = "end", "soft", "no break", "plain"


class Openings(Protocol):
    """What a text may begin with that is a clause of its own."""

    def begins(self, said: str) -> bool:
        """Whether `said` may be the first words of one that has more of them."""

    def has(self, clause: str) -> bool:
        """Whether `clause` is one."""


class Clauses:
    """Cuts one reply: `push` tokens and get the clauses that are ready, `flush` at the end of the text.

    A clause is never empty and neither begins nor ends with a blank; joined by blanks the clauses are the cleaned
    text. Cuts lie only at blanks, so numbers, times, addresses and links stay whole. After a flush the next text
    begins anew: its first clause is short again. One of `openings` is a clause wherever a pause follows it, and the
    clause after it is a first one too: it is what a voice is given first.
    """

    def __init__(self, openings: Openings | None = None) -> None:
        self._openings = openings
        self._begin()

    def _begin(self) -> None:
        self._cleaner = Cleaner()
        self._text = ""
        self._is_first = True
        self._restart_scan()

    def push(self, token: str) -> tuple[str, ...]:
        """The clauses that `token` completes."""
        self._text += self._cleaner.push(token)
        return tuple(self._ready())

    def flush(self) -> tuple[str, ...]:
        """All the rest: the text is complete."""
        self._text += self._cleaner.flush()
        clauses = self._ready()
        if rest := self._text.strip():
            clauses.append(rest)
        self._begin()
        return tuple(clauses)

    def _ready(self) -> list[str]:
        clauses: list[str] = []
        while (cut := self._next_cut()) is not None:
            clauses.append(self._text[:cut])
            self._text = self._text[cut + 1 :]
            self._is_first = self._is_first and self._openings is not None and self._openings.has(clauses[-1])
            self._restart_scan()
        return clauses

    def _restart_scan(self) -> None:
        self._text = self._text.lstrip(" ")
        self._scanned = 0
        self._word_at = 0
        self._words = 0
        self._fallback: int | None = None
        self._soft_fallback: int | None = None
        self._last_resort: int | None = None

    def _next_cut(self) -> int | None:
        """The blank at which the text is to be cut now; None while that is open."""
        limit = FIRST_MAX_CHARS if self._is_first else LATER_MAX_CHARS
        while (blank := self._text.find(" ", self._scanned)) >= 0:
            if blank > limit and (cut := self._best_fallback(limit)) is not None:
                return cut
            kind = self._kind_of_break(blank)
            self._words += 1
            self._scanned = self._word_at = blank + 1
            if self._is_cut(kind, blank):
                return blank
            if kind in {_END, _SOFT}:
                self._soft_fallback = blank
            if kind != _NO_BREAK:
                self._fallback = blank
            self._last_resort = blank
        return self._best_fallback(limit) if len(self._text) > limit else None

    def _best_fallback(self, limit: int) -> int | None:
        """Where to cut a clause that grew too long: after punctuation, if that leaves enough of it."""
        if self._soft_fallback is not None and 3 * self._soft_fallback >= limit:
            return self._soft_fallback
        return self._fallback if self._fallback is not None else self._last_resort

    def _is_cut(self, kind: str, length: int) -> bool:
        if self._is_first:
            said = self._text[:length]
            if self._openings is not None and kind in {_END, _SOFT}:
                if self._openings.has(said):
                    return True
                if self._openings.begins(said):
                    return False
            return kind == _END or (kind == _SOFT and self._words >= FIRST_SOFT_WORDS and length >= FIRST_SOFT_CHARS)
        return (kind == _END and length >= LATER_MIN_CHARS) or (kind == _SOFT and length >= LATER_SOFT_CHARS)

    def _kind_of_break(self, blank: int) -> str:
        """What the word before `blank` and the character after it make of the blank."""
        word = self._text[self._word_at : blank].strip(_OPENERS).rstrip(_CLOSERS)
        following = self._text[blank + 1]
        last = word[-1:]
        if last in {"!", "?"}:
            return _END
        if last == "…" or word.endswith("..."):
            return _SOFT if following.islower() else _END
        if last == ".":
            return self._kind_after_stop(word.lower(), following)
        if last in {",", ";", ":"}:
            return _NO_BREAK if word[-2:-1].isdigit() and following.isdigit() else _SOFT
        if word in {"—", "–", "-"}:  # noqa: RUF001 - dashes as models write them
            return _SOFT
        return _NO_BREAK if last.isdigit() or last in {"$", "£", "€", "#"} else _PLAIN

    def _kind_after_stop(self, word: str, following: str) -> str:
        """Whether the full stop of `word` ends a sentence."""
        if word in ABBREVIATIONS or _INITIALS.fullmatch(word):
            return _NO_BREAK
        if word in BEFORE_NUMBERS and following.isdigit():
            return _NO_BREAK
        if _LIST_NUMBER.fullmatch(word) and self._is_list_place():
            return _NO_BREAK
        return _SOFT if following.islower() else _END

    def _is_list_place(self) -> bool:
        """Whether the word under way begins the clause or follows a stop: "1. Monday, 2. Tuesday"."""
        return self._word_at == 0 or self._text[self._word_at - 2] in ",.;:!?"
