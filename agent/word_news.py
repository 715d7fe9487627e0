"""Which words of the transcriber are news, or that there are none; and how far it had listened when it told them."""

from fsm.barge_in import NOISE_NS
from fsm.events import NothingHeard, WordsHeard
from fsm.state import CallState
from fsm.units import ms_to_ns, samples_to_ns

NOTHING_AGAIN_NS = ms_to_ns(400)
"""That there are no words is told again after so much more sound."""


class WordNews:
    """Words as they come from the transcriber of one call, to events that tell something new."""

    def __init__(self) -> None:
        self._interim = ""
        self._words_to = 0
        self._wordless_to = 0

    def take(
        self, text: str, state: CallState, listened_to: int | None, *, is_final: bool, speech_final: bool
    ) -> WordsHeard | None:
        """Words, and the instant (ns) up to which was listened for them; an interim that repeats itself is no news."""
        if listened_to is not None:
            self._words_to = listened_to
        if not is_final and not speech_final and text == self._interim:
            return self.completes(state)
        self._interim = "" if is_final else text
        return WordsHeard(text, is_final, speech_final, listened_to or 0)

    def take_nothing(self, state: CallState, listened_to: int | None) -> NothingHeard | None:
        """Listened up to an instant (ns) without a word: news now and then, of a sound that is long enough for one."""
        if self._interim or listened_to is None or not state.is_talking or state.onset_at is None:
            return None
        if listened_to < max(state.onset_at + NOISE_NS, self._wordless_to + NOTHING_AGAIN_NS):
            return None
        self._wordless_to = listened_to
        return NothingHeard(listened_to)

    def forget(self) -> None:
        """The turn is over: the same words once more would be news."""
        self._interim = ""

    def completes(self, state: CallState) -> WordsHeard | None:
        """The known interim words once more where that tells something: that the caller's sound holds no others."""
        ended_at = None if state.is_talking else state.last_voiced_at
        if self._interim and ended_at is not None and state.words_to < ended_at <= self._words_to:
            return WordsHeard(self._interim, until=self._words_to)
        return None


def instant_listened_to(last_end_at: int, behind_samples: int | None) -> int | None:
    """The instant (ns) of audio that lies `behind_samples` before what was given last, which ended at `last_end_at`."""
    return None if behind_samples is None else last_end_at - samples_to_ns(behind_samples)
