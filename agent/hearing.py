"""What the transcriber of one call reports, as facts for the machine."""

from dataclasses import replace
from typing import Protocol

from agent.errors import Fault
from agent.fence import Owner, fenced
from agent.loudness import Loudness
from agent.media_clock import MediaClock
from agent.services import VoiceDetector
from agent.word_news import WordNews, instant_listened_to
from fsm.changes import LanguageRefused
from fsm.events import EarsFailed, EarsRestored, TurnEnded, TurnLikelyEnded, TurnResumed, WordsHeard
from fsm.state import CallState


class HearingOwner(Owner, Protocol):
    """The call that hears."""

    state: CallState


class Hearing:
    """The `SpeechListener` of one call: tells when words were said, and how loudly, by what else is known of it."""

    def __init__(
        self, owner: HearingOwner, media_clock: MediaClock, loudness: Loudness, voice_activity: VoiceDetector
    ) -> None:
        self.owner = owner
        self._media_clock = media_clock
        self._loudness = loudness
        self._voice_activity = voice_activity
        self._words = WordNews()

    @fenced
    def on_words(self, text: str, *, is_final: bool, speech_final: bool, behind_samples: int | None = None) -> None:
        """The transcriber heard words."""
        until = instant_listened_to(self._media_clock.last_end_at, behind_samples)
        state = self.owner.state
        self._feed(self._words.take(text, state, until, is_final=is_final, speech_final=speech_final))

    @fenced
    def on_nothing_heard(self, behind_samples: int | None) -> None:
        """The transcriber listens, and hears no words."""
        until = instant_listened_to(self._media_clock.last_end_at, behind_samples)
        if (nothing := self._words.take_nothing(self.owner.state, until)) is not None:
            self.owner.feed(nothing)

    def settle(self) -> None:
        """A voice edge was told: words that waited for it may be whole now."""
        self._feed(self._words.completes(self.owner.state))

    def _feed(self, words: WordsHeard | None) -> None:
        if words is not None:
            self.owner.feed(replace(words, is_faint=True) if self._loudness.is_faint else words)

    @fenced
    def on_turn(self, told: TurnLikelyEnded | TurnResumed | TurnEnded) -> None:
        """The transcriber takes the turn as over, or takes that back."""
        if isinstance(told, TurnEnded):
            self._words.forget()
        self.owner.feed(told)

    @fenced
    def on_voice_noticed(self) -> None:
        """The transcriber takes what sounds for a voice."""
        self._voice_activity.vouch()

    @fenced
    def on_ears_failed(self, fault: Fault) -> None:
        """The transcriber is gone."""
        self.owner.note_fault(fault)
        self.owner.feed(EarsFailed(str(fault.kind)))

    def on_ears_restored(self) -> None:
        """The transcriber is back."""
        self.owner.feed(EarsRestored())

    @fenced
    def on_language_refused(self, fault: Fault) -> None:
        """The transcriber knows no such language, and listens as before."""
        self.owner.note_fault(fault)
        self.owner.feed(LanguageRefused(str(fault.kind)))
