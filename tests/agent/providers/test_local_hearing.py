"""When segments of speech begin, are guessed at, and are settled; the transcription itself is played by the test."""

import audioop
import math
from array import array
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.providers.local_hearing import (
    ENDPOINT_SAMPLES,
    LONG_SAMPLES,
    LONGEST_SAMPLES,
    NOISE_SAMPLES,
    PAUSE_SAMPLES,
    Ask,
    Gate,
    Heard,
    Hearing,
    Urgency,
)
from agent.providers.local_protocol import Words
from fsm.units import FRAME_SAMPLES, ms_to_samples

SILENCE = b"\xff"


def tone(duration_ms: int, level: int = 4_000) -> bytes:
    samples = (int(level * math.sin(n * 0.6)) for n in range(ms_to_samples(duration_ms)))
    return audioop.lin2ulaw(array("h", samples).tobytes(), 2)


def silence(duration_ms: int) -> bytes:
    return SILENCE * ms_to_samples(duration_ms)


class Caller:
    """Says things into a Hearing; transcriptions are answered when the test says so."""

    def __init__(self, *, is_speech: bool = True) -> None:
        self.heard: list[Words | str] = []
        self.asks: list[Ask] = []
        self.waiting: list[Ask] = []
        self.is_speech = is_speech
        self.hearing = Hearing(self._ask, self.heard.append, lambda: self.heard.append("settled"))

    def says(self, *sounds: bytes) -> "Caller":
        for sound in sounds:
            for at in range(0, len(sound), FRAME_SAMPLES):
                self.hearing.push(sound[at : at + FRAME_SAMPLES])
        return self

    def finalized(self) -> "Caller":
        self.hearing.finalize()
        return self

    def answer(self, text: Callable[[Ask], str] | None = None) -> None:
        """Answer what is waiting, the most urgent first, as one thread would."""
        self.waiting = [ask for ask in self.waiting if not ask.is_withdrawn]
        if self.waiting:
            ask = min(self.waiting, key=lambda each: each.urgency)
            self.waiting.remove(ask)
            said = (text or words_of)(ask) if self.is_speech else ""
            self.hearing.on_heard(ask, Heard(self.is_speech, said))

    def _ask(self, ask: Ask) -> None:
        self.asks.append(ask)
        self.waiting.append(ask)

    @property
    def finals(self) -> list[tuple[str, bool]]:
        return [(words.text, words.speech_final) for words in self.heard if isinstance(words, Words) and words.is_final]

    @property
    def guesses(self) -> list[str]:
        return [words.text for words in self.heard if isinstance(words, Words) and not words.is_final]


def words_of(ask: Ask) -> str:
    """One word for each 200 ms of loud sound."""
    loud = sum(Gate().is_loud(ask.audio[at : at + 160]) for at in range(0, len(ask.audio) - 159, 160))
    return " ".join(["la"] * (loud // 10))


def prompt(caller: Caller, *sounds: bytes) -> Caller:
    """The caller says `sounds` to a transcriber that keeps up."""
    for sound in sounds:
        for at in range(0, len(sound), FRAME_SAMPLES):
            caller.says(sound[at : at + FRAME_SAMPLES])
            while caller.waiting:
                caller.answer()
    return caller


def test_silence_and_clicks_are_not_transcribed() -> None:
    caller = prompt(Caller(), silence(1_000), tone(40), silence(1_000), tone(40), silence(1_000)).finalized()
    assert caller.asks == []
    assert caller.heard == ["settled"]


def test_a_short_word_is_known_before_it_is_asked_for() -> None:
    caller = prompt(Caller(), silence(500), tone(200), silence(200))
    assert [ask.urgency for ask in caller.asks] == [Urgency.PAUSE]
    caller.finalized()
    assert caller.finals == [("la", False)]
    assert caller.heard[-1] == "settled"
    assert len(caller.asks) == 1


def test_the_soft_beginning_before_the_first_loud_frame_is_transcribed_too() -> None:
    caller = prompt(Caller(), silence(1_000), tone(400), silence(200))
    assert len(caller.asks[-1].audio) == ms_to_samples(240 + 400 + 140)


def test_guesses_come_while_the_caller_speaks_and_the_last_is_settled_on_demand() -> None:
    caller = prompt(Caller(), silence(300), tone(1_600), silence(200)).finalized()
    assert caller.guesses[0] == "la"
    assert len(caller.guesses) >= 3
    assert caller.finals == [(" ".join(["la"] * 8), False)]


def test_words_asked_for_in_mid_sound_are_transcribed_once_more_with_all_of_it() -> None:
    caller = prompt(Caller(), silence(300), tone(700)).finalized()
    assert caller.asks[-1].urgency is Urgency.FINAL
    assert caller.finals == []
    caller.answer()
    assert caller.finals == [("la la la", False)]


def test_without_being_asked_a_pause_settles_the_words_and_says_so() -> None:
    caller = prompt(Caller(), tone(400), silence(380))
    assert caller.finals == []
    prompt(caller, silence(20))
    assert caller.finals == [("la la", True)]


def test_after_words_were_asked_for_the_pause_itself_is_still_told_once() -> None:
    caller = prompt(Caller(), tone(400), silence(200)).finalized()
    prompt(caller, silence(2_000))
    assert caller.finals == [("la la", False), ("", True)]


def test_no_pause_is_told_when_the_caller_goes_on() -> None:
    caller = prompt(Caller(), tone(400), silence(200)).finalized()
    prompt(caller, tone(400), silence(200)).finalized()
    assert caller.finals == [("la la", False), ("la la", False)]


def test_a_pause_that_comes_before_the_words_is_told_with_them() -> None:
    caller = Caller().says(tone(300), silence(100)).finalized().says(silence(1_000))
    assert caller.finals == []
    caller.answer()
    assert caller.finals == [("la", True)]
    assert caller.heard[-1] == "settled"


def test_words_stay_in_order_when_transcription_falls_behind() -> None:
    caller = Caller()
    caller.says(tone(400), silence(200)).finalized().says(tone(800), silence(200)).finalized()
    assert caller.heard == []
    while caller.waiting:
        caller.answer()
    assert caller.finals == [("la la", False), ("la la la la", False)]
    assert caller.heard.count("settled") == 2


def test_a_transcription_under_way_is_awaited_rather_than_repeated() -> None:
    caller = Caller().says(tone(240), silence(200)).finalized()
    assert [ask.urgency for ask in caller.asks] == [Urgency.FINAL], "the one of the pause, now urgent"
    caller.answer()
    assert caller.finals == [("la", False)]


def test_a_guess_is_given_up_for_the_words_of_the_pause() -> None:
    caller = Caller().says(tone(400), silence(200))
    assert [ask.urgency for ask in caller.asks] == [Urgency.INTERIM, Urgency.PAUSE]
    assert [ask.is_withdrawn for ask in caller.asks] == [True, False]


def test_noise_is_forgotten_and_then_overheard() -> None:
    caller = prompt(Caller(is_speech=False), tone(30_000, level=500)).finalized()
    assert caller.finals == []
    assert caller.guesses == []
    assert len(caller.asks) < 8, "learned to be background"
    caller.is_speech = True
    prompt(caller, tone(600, level=4_000), tone(300, level=500)).finalized()
    caller.answer()
    assert caller.finals
    assert caller.finals[0][0].startswith("la")


def test_a_voice_over_loud_noise_is_never_shut_out() -> None:
    gate = Gate()
    gate.learn(tone(2_000, level=20_000))
    assert gate.is_loud(tone(20, level=2_000))


def test_a_long_speech_is_settled_at_a_short_pause() -> None:
    sentence = tone(2_000) + silence(160)
    caller = prompt(Caller(), *[sentence] * 6)
    assert [is_pause for _, is_pause in caller.finals] == [False]
    assert max(len(ask.audio) for ask in caller.asks) <= LONG_SAMPLES + len(sentence)


def test_an_endless_sound_is_settled_again_and_again() -> None:
    caller = prompt(Caller(), tone(40_000)).finalized()
    caller.answer()
    assert max(len(ask.audio) for ask in caller.asks) <= LONGEST_SAMPLES
    assert sum(text.count("la") for text, _ in caller.finals) == pytest.approx(200, abs=4)


def test_words_that_are_taken_back_end_the_segment() -> None:
    caller = Caller().says(tone(400))
    caller.answer(lambda _: "you")
    caller.says(silence(200))
    caller.answer(lambda _: "")
    caller.finalized()
    assert caller.guesses == ["you"]
    assert caller.finals == [("", True)]


@pytest.mark.parametrize("size", [1, 80, 159, 161, 500, 8_000])
def test_the_size_of_what_arrives_changes_nothing(size: int) -> None:
    speech = silence(300) + tone(600) + silence(200) + tone(300) + silence(500)
    caller = Caller()
    for at in range(0, len(speech), size):
        caller.hearing.push(speech[at : at + size])
        while caller.waiting:
            caller.answer()
    assert caller.finals[-1] == ("la la la la", True)


STEPS = st.lists(
    st.sampled_from(["loud 60", "loud 300", "loud 1600", "soft 100", "soft 300", "soft 700", "finalize", "answer"]),
    max_size=40,
)


class Story:
    """A caller, a transcriber of any speed, and requests for words at any time."""

    def __init__(self, *, is_speech: bool) -> None:
        self.caller = Caller(is_speech=is_speech)
        self.finalizes = 0
        self._number = 0

    def tell(self, step: str) -> None:
        match step.split():
            case ["finalize"]:
                self.caller.finalized()
                self.finalizes += 1
            case ["answer"]:
                self.caller.answer(self._numbered)
            case ["loud", duration_ms]:
                self.caller.says(tone(int(duration_ms)))
            case ["soft", duration_ms]:
                self.caller.says(silence(int(duration_ms)))

    def end(self) -> None:
        self.caller.says(silence(500))
        while any(not ask.is_withdrawn for ask in self.caller.waiting):
            self.caller.answer(self._numbered)

    def _numbered(self, ask: Ask) -> str:
        self._number += 1
        return f"{words_of(ask)} {self._number}".strip()


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_in_every_story_all_words_are_settled_once_and_in_order(steps: list[str]) -> None:
    story = Story(is_speech=True)
    for step in steps:
        story.tell(step)
        assert sum(not ask.is_withdrawn for ask in story.caller.waiting) <= len(steps) + 1
    story.end()
    heard = story.caller.heard
    assert heard.count("settled") == story.finalizes
    numbers = [int(text.split()[-1]) for text, _ in story.caller.finals if text]
    assert numbers == sorted(set(numbers))
    assert bool(numbers) == any(step in ("loud 300", "loud 1600") for step in steps) or "loud 60" in steps
    finals = [words for words in heard if isinstance(words, Words) and words.is_final]
    assert [words.until_samples for words in finals] == sorted(words.until_samples for words in finals)
    assert all(words.speech_final for words in finals if not words.text)


@settings(max_examples=50, deadline=None)
@given(STEPS)
def test_in_no_story_is_noise_taken_for_words(steps: list[str]) -> None:
    story = Story(is_speech=False)
    for step in steps:
        story.tell(step)
    story.end()
    assert story.caller.heard == ["settled"] * story.finalizes


def test_constants_make_sense_together() -> None:
    assert PAUSE_SAMPLES < ENDPOINT_SAMPLES < NOISE_SAMPLES < LONG_SAMPLES < LONGEST_SAMPLES
    assert PAUSE_SAMPLES % FRAME_SAMPLES == 0, "else the pause is never noticed"
