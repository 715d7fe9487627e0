"""What the caller said since they last had an answer."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Utterance:
    """What the caller said since they last had an answer: settled segments, the interim one, keys pressed.

    `overheard`: what they said to somebody else before it, as it seems.
    """

    settled: tuple[str, ...] = ()
    interim: str = ""
    digits: str = ""
    overheard: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """All that was spoken."""
        return " ".join(part for part in (*self.settled, self.interim) if part)

    @property
    def text(self) -> str:
        """All that is to be answered."""
        keys = (f"[pressed {' '.join(self.digits)}]",) if self.digits else ()
        return " ".join(part for part in (*self.settled, self.interim, *keys) if part)

    @property
    def told(self) -> str:
        """The same as the model is told it: with what was overheard, and a sign of what that was."""
        aside = f"[to somebody else, it seems: {' '.join(self.overheard)}] " if self.overheard else ""
        return aside + self.text

    @property
    def is_settled(self) -> bool:
        """Whether no word may still change."""
        return not self.interim
