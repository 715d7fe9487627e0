"""Passages that may not be interrupted, such as a legal notice: where they stand among the words of a reply. Pure."""

import re
from collections.abc import Sequence

_WORD = re.compile(r"\w+(?:['-]\w+)*")


def plain(text: str) -> list[str]:
    """Its words as they are compared, one for each stretch between blanks: case and punctuation do not matter."""
    return ["".join(_WORD.findall(word.lower())) for word in text.split()]


class Passages:
    """Knows the passages of an agent, and which words of one reply belong to one.

    The text of a reply comes clause by clause: what may yet become a passage counts as one until it does not.
    """

    def __init__(self, protected: Sequence[str]) -> None:
        self._passages = [plain(passage) for passage in protected]
        self._text = ""
        self._protected: frozenset[int] = frozenset()

    def holds(self, text: str, word: int) -> bool:
        """Whether word number `word` of the reply's `text` so far belongs to a passage."""
        if text != self._text:
            self._text = text
            self._protected = frozenset(self._find(plain(text)))
        return word in self._protected

    def _find(self, words: list[str]) -> set[int]:
        found: set[int] = set()
        for passage in self._passages:
            for begin in range(len(words)):
                here = words[begin : begin + len(passage)]
                if here == passage[: len(here)]:
                    found.update(range(begin, begin + len(here)))
        return found
