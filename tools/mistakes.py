"""What a model got wrong in its tool calls: told to it once, with what was expected."""

from tools.outcome import Outcome, failure

MAX_REMEMBERED = 64
"""Tools, real or invented, whose last mistake is kept."""

_AGAIN = "The same mistake again. Ask for no more tools now: say that this does not work, and offer another way. "


class Mistakes:
    """The last mistake with each tool of a call."""

    def __init__(self) -> None:
        self._last: dict[str, str] = {}

    def made(self, tool: str, complaint: str) -> Outcome:
        """What the model is told; the very same mistake a second time in a row ends its round."""
        is_same = self._last.pop(tool, None) == complaint
        self._last[tool] = complaint
        if len(self._last) > MAX_REMEMBERED:
            del self._last[next(iter(self._last))]
        return failure(_AGAIN + complaint, ends_round=True) if is_same else failure(complaint)

    def made_good(self, tool: str) -> None:
        """It was called as it should be."""
        self._last.pop(tool, None)
