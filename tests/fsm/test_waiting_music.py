"""Who waits long hears music: after a word, never over anybody, and until the answer is there."""

from dataclasses import replace

from fsm.effects import CancelReply, ContinueReply, Fill, HoldPlayout, PlayMusic, ResumePlayout
from fsm.events import (
    CallerOccupied,
    Occupation,
    PlayoutDrained,
    ReplyAudioStarted,
    SpeechStarted,
    SpeechStopped,
    ToolCall,
    ToolReturned,
    ToolsRequested,
    TurnEnded,
    WordsHeard,
)
from fsm.state import Mode
from fsm.units import ms_to_ns
from tests.fsm.timeline import Timeline, listening

THINKING, LISTENING, SPEAKING = Mode.THINKING, Mode.LISTENING, Mode.SPEAKING
CALL = ToolCall("c1", "look", "{}")
MUSIC = PlayMusic(2, 20_000)


def waiting(said: str = "Let me look.", *, has_music: bool = True) -> Timeline:
    """A tool of reply 2 runs, and all that was said before it was heard by 4,000 ms."""
    t = listening()
    t.state = replace(t.state, has_music=has_music)
    t.at(2_000, TurnEnded("Please."))
    if not said:
        return t.at(2_300, ToolsRequested(2, (CALL,)))
    t.at(2_200, ReplyAudioStarted(2)).at(2_300, ToolsRequested(2, (CALL,), said))
    return t.at(4_000, PlayoutDrained(2, said)).expect(THINKING)


def test_after_words_of_ours_a_long_tool_is_waited_for_with_music() -> None:
    waiting().until(5_399).expect(THINKING).until(5_400).expect(THINKING, MUSIC)


def test_who_was_told_nothing_is_told_first() -> None:
    t = waiting("").until(3_400).expect(THINKING, Fill(2, "One moment, please."))
    t.until(5_939).expect(THINKING).until(5_940).expect(THINKING, MUSIC)


def test_without_music_the_next_phrase_comes_as_ever() -> None:
    waiting(has_music=False).until(5_400).expect(THINKING, Fill)


def test_music_is_ordered_once_and_goes_on_while_the_model_thinks_about_the_result() -> None:
    t = waiting().until(5_400).at(8_000, ToolReturned(2, "c1", "{}")).expect(THINKING, ContinueReply)
    t.at(9_000, ReplyAudioStarted(2)).expect(SPEAKING)
    assert [effect for effect in t.effects if isinstance(effect, PlayMusic)] == [MUSIC]
    assert not t.state.is_music


def test_a_slow_model_is_no_wait_for_music() -> None:
    t = listening()
    t.state = replace(t.state, has_music=True)
    t.at(2_000, TurnEnded("Please.")).until(8_900)
    assert not [effect for effect in t.effects if isinstance(effect, PlayMusic)]


def on_hold() -> Timeline:
    return waiting("Take your time.").at(4_100, CallerOccupied(Occupation.HOLD, 2, 90_000))


def test_on_hold_it_plays_and_now_and_then_there_is_a_word() -> None:
    t = on_hold().until(5_499).expect(THINKING).until(5_500).expect(THINKING, MUSIC)
    t.until(25_499).expect(THINKING).until(25_500).expect(THINKING, Fill(2, t.state.phrases.holding))
    t.until(26_999 + 1_860).expect(THINKING, MUSIC)


def test_a_sound_silences_it_and_it_goes_on_when_that_was_no_words() -> None:
    t = on_hold().until(6_000)
    t.at(7_000, SpeechStarted(ms_to_ns(7_000))).expect(THINKING, HoldPlayout)
    t.at(7_320, SpeechStopped(ms_to_ns(7_300)))
    t.until(7_800).until(8_399).expect(THINKING).until(8_400).expect(THINKING, MUSIC)


def test_words_end_the_wait() -> None:
    t = on_hold().until(6_000).at(7_000, SpeechStarted(ms_to_ns(7_000)))
    t.at(7_400, WordsHeard("Here it is")).expect(LISTENING, CancelReply)
    assert not t.state.is_music


def test_over_keys_it_is_silent() -> None:
    t = waiting().until(6_000).at(7_000, CallerOccupied(Occupation.KEYS, 2, 30_000))
    t.expect(THINKING, HoldPlayout, ResumePlayout)
    t.until(36_000)
    assert len([effect for effect in t.effects if isinstance(effect, PlayMusic)]) == 1
