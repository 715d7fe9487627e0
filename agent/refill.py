"""What to do with a voice that is slower than speech: words with pauses between them, not crumbs of words. Pure."""

from fsm.units import ms_to_ns, ms_to_samples

REFILL_MS = 600
"""Gathered before a phone that ran dry sounds again: about two words, so that most of them come in one piece."""

REFILL_WAIT_MS = 1_000
"""The longest that what is there already waits for more."""

GAPS_FORGIVEN = 1
"""One gap in a reply is a tool or a stall; after another its voice is slow, and gathering is worth its delay."""


class Refill:
    """Decides for one reply whether its next audio may sound already."""

    def __init__(self) -> None:
        self._gaps = 0
        self._until: int | None = None

    def note_gap(self) -> None:
        """The phone was dry when more of the reply was sent to it."""
        self._gaps += 1
        self._until = None

    def until(self, unsent: int, now: int) -> int | None:
        """Until when (ns) `unsent` samples wait for more while the phone is dry, None if they may sound."""
        if self._gaps <= GAPS_FORGIVEN or not 0 < unsent < ms_to_samples(REFILL_MS):
            return None
        if self._until is None:
            self._until = now + ms_to_ns(REFILL_WAIT_MS)
        return self._until if now < self._until else None
