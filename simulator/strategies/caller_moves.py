"""What callers do, and what is heard of them: sounds, words in their usual voice and fainter ones, keys."""

from hypothesis import strategies as st

from fsm.events import (
    AnswererReported,
    BeepHeard,
    DigitPressed,
    EarsFailed,
    EarsRestored,
    NothingHeard,
    SpeechStarted,
    SpeechStopped,
    TurnEnded,
    WordsHeard,
)
from fsm.state import Mode
from fsm.units import ms_to_ns
from simulator.strategies.moves import AGREEING, CONTENT, PICKED_UP, move
from simulator.strategies.telling import Telling


class CallerMoves(Telling):
    """Rules of a `ChartMachine`."""

    _words: int
    _last_text: str
    is_placed: bool

    @move(BeepHeard, lambda self: self.is_placed)
    def something_beeps(self) -> None:
        self.feed(BeepHeard(self.now))

    @move(AnswererReported, lambda self: self.is_placed, is_machine=st.booleans(), has_beeped=st.booleans())
    def the_network_says_who_answered(self, is_machine: bool, has_beeped: bool) -> None:
        self.feed(AnswererReported(is_machine, is_machine and has_beeped))

    @move(WordsHeard, lambda self: self.is_placed, text=st.sampled_from(PICKED_UP), is_final=st.booleans())
    def whoever_picked_up_says(self, text: str, is_final: bool) -> None:
        self.feed(WordsHeard(text, is_final, is_final))

    @move(SpeechStarted, lambda self: not self.state.is_talking, ago_ms=st.integers(0, 120))
    def the_caller_sounds(self, ago_ms: int) -> None:
        self.feed(SpeechStarted(max(self.now - ms_to_ns(ago_ms), self.state.last_voiced_at or 0)))

    @move(SpeechStopped, lambda self: self.state.is_talking, ago_ms=st.integers(0, 400))
    def the_caller_falls_silent(self, ago_ms: int) -> None:
        self.feed(SpeechStopped(max(self.now - ms_to_ns(ago_ms), self.state.onset_at or 0)))

    @move(
        WordsHeard,
        text=st.sampled_from(CONTENT),
        is_final=st.booleans(),
        speech_final=st.booleans(),
        behind_ms=st.none() | st.integers(0, 400),
        is_faint=st.sampled_from([False, False, True]),
    )
    def new_words_are_heard(
        self, text: str, is_final: bool, speech_final: bool, behind_ms: int | None, is_faint: bool
    ) -> None:
        """Of the caller in their usual voice, or fainter; told with how far the transcriber had listened, or not."""
        self._words += 1
        self._last_text = f"word{self._words} {text}"
        until = 0 if behind_ms is None else max(0, self.now - ms_to_ns(behind_ms))
        self.feed(WordsHeard(self._last_text, is_final, speech_final, until, is_faint))

    @move(NothingHeard, lambda self: self.state.is_talking, behind_ms=st.integers(0, 400))
    def what_sounds_has_no_words(self, behind_ms: int) -> None:
        self.feed(NothingHeard(max(0, self.now - ms_to_ns(behind_ms))))

    @move(WordsHeard, text=st.sampled_from(AGREEING), is_final=st.booleans())
    def the_caller_agrees(self, text: str, is_final: bool) -> None:
        self.feed(WordsHeard(text, is_final, is_final))

    @move(WordsHeard, is_final=st.booleans(), speech_final=st.booleans())
    def the_transcriber_repeats_itself(self, is_final: bool, speech_final: bool) -> None:
        """The same words again, settled or not; empty where there were none."""
        self.feed(WordsHeard(self._last_text, is_final, speech_final))

    @move(TurnEnded, says_more=st.booleans())
    def the_transcriber_ends_the_turn(self, says_more: bool) -> None:
        said = self.state.utterance
        known = (*(self.state.asked.settled if self.state.mode is Mode.THINKING else ()), *said.settled, said.interim)
        self.feed(TurnEnded(" ".join([*filter(None, known), "and Friday"]) if says_more else ""))

    @move(DigitPressed, digit=st.sampled_from("5#*"))
    def a_key_is_pressed(self, digit: str) -> None:
        self.feed(DigitPressed(digit))

    @move(EarsFailed)
    def the_transcriber_is_lost(self) -> None:
        self.feed(EarsFailed("closed"))

    @move(EarsRestored, lambda self: self.state.is_deaf)
    def the_transcriber_is_back(self) -> None:
        self.feed(EarsRestored())
