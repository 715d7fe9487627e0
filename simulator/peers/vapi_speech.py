"""What Vapi's voice says of a stream of words: let out in pieces, as fast as a voice speaks (section 6).

A piece is let out at a flush token, or at the end of a clause once there are thirty characters.
"""

import re

from agent.clock import Clock
from fsm.units import NS_PER_MS

SHORTEST_PIECE = 30
FLUSH = re.compile(r"\s*<\s*/?\s*flush\s*/?\s*>\s*", re.IGNORECASE)
CLAUSE_END = re.compile(r"[.!?,;:](?=\s|$)")


class Speech:
    """What the assistant says in one go, from `begins_at` (ns) on; `pieces` are what was let out and when."""

    def __init__(self, clock: Clock, ms_per_character: int, begins_at: int = 0) -> None:
        self.pieces: list[tuple[int, str]] = []
        self._clock = clock
        self._ns_per_character = ms_per_character * NS_PER_MS
        self._waiting = ""
        self._over_at = begins_at

    def add(self, text: str) -> None:
        """More words came; a token that is split between them is waited for."""
        self._waiting += text
        *whole, self._waiting = FLUSH.split(self._waiting)
        for piece in whole:
            self._let_out(piece)
        while len(self._waiting) >= SHORTEST_PIECE and "<" not in self._waiting:
            end = CLAUSE_END.search(self._waiting, SHORTEST_PIECE - 1)
            if end is None:
                return
            self._let_out(self._waiting[: end.end()])
            self._waiting = self._waiting[end.end() :]

    def flush(self) -> None:
        """No more words come for now."""
        rest, self._waiting = self._waiting, ""
        self._let_out(rest)

    @property
    def over_at(self) -> int:
        """When all that was let out has been said."""
        return max(self._over_at, self._clock.now())

    @property
    def is_over(self) -> bool:
        """Whether all that was let out has been said."""
        return self._over_at <= self._clock.now()

    @property
    def text(self) -> str:
        """All that was let out."""
        return " ".join(piece for _, piece in self.pieces)

    def heard(self) -> str:
        """What was said of it until now."""
        said = ""
        for began_at, piece in self.pieces:
            length = len(piece)
            if self._ns_per_character:
                length = (self._clock.now() - began_at) // self._ns_per_character
            said = f"{said} {piece[:length].strip()}" if length > 0 else said
        return said.strip()

    def _let_out(self, piece: str) -> None:
        piece = piece.strip()
        if piece:
            began_at = self.over_at
            self.pieces.append((began_at, piece))
            self._over_at = began_at + len(piece) * self._ns_per_character
