"""Which of Deepgram's results are news: a segment may be settled out of turn, and a pause is told twice."""

from agent.providers.deepgram_codec import Heard
from fsm.units import ms_to_samples

LATE_INTERIM_SAMPLES = ms_to_samples(1_000)
"""An interim may follow so long after the final of its segment. What comes later has new words, whatever its times."""


class Segments:
    """What is settled, and which pauses were told. Positions are samples since the beginning of the call.

    Times are trusted where they help and never needed: a server that counts them otherwise is understood all the same.
    """

    def __init__(self) -> None:
        self.settled_to = 0
        """The end of the last final words."""
        self._settled_when = 0
        self._paused_at = 0  # the end of the words after which a pause was last told
        self._has_unpaused_words = False

    def settle(self, end: int, now: int) -> None:
        """A final came when `now` was sent: all that was said before `end` is known."""
        self.settled_to = max(self.settled_to, end)
        self._settled_when = now

    def is_late(self, end: int, now: int) -> bool:
        """Whether an interim up to `end` belongs to a segment that was settled a moment ago, by a `Finalize`."""
        return end <= self.settled_to and now - self._settled_when <= LATE_INTERIM_SAMPLES

    def is_news(self, heard: Heard, end: int) -> bool:
        """Whether words or a pause up to `end` are to be told; those that are count as told."""
        if heard.text:
            self._has_unpaused_words = not heard.speech_final
        elif not (heard.speech_final and self._has_unpaused_words):
            return False  # silence: nothing was said, or its end was told before
        if heard.speech_final:
            self._tell_pause(end)
        return True

    def is_pause(self, last_word_end: int | None) -> bool:
        """Whether an `UtteranceEnd` after `last_word_end` (None: unknown) is to be told; if so it counts as told."""
        is_old = last_word_end is not None and last_word_end <= self._paused_at
        if is_old or not self._has_unpaused_words:
            return False  # `speech_final` told it already (2.4)
        self._tell_pause(last_word_end or 0)
        return True

    def _tell_pause(self, position: int) -> None:
        self._has_unpaused_words = False
        self._paused_at = max(self._paused_at, position)
