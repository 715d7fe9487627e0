"""Words to somebody else in the room, as timelines: kept apart, not answered, and nobody is left in silence."""

import pytest

from fsm.effects import DuckPlayout, FinalizeTranscript, HoldPlayout, Recite, StartReply
from fsm.events import (
    CallStarted,
    DigitPressed,
    PlayoutFinished,
    PlayoutHeld,
    ReplyAudioStarted,
    SpeechStarted,
    SpeechStopped,
    TurnEnded,
    WordsHeard,
)
from fsm.floor_words import is_aside, is_for_us
from fsm.profile import Phrases, Profile
from fsm.state import Mode
from fsm.units import ms_to_ns
from tests.fsm.timeline import Timeline, speaking, thinking

LISTENING, THINKING, SPEAKING, BARGE_IN, _ENDED = list(Mode)[1:]
P = Profile()


def softly(text: str, *, is_final: bool = True) -> WordsHeard:
    return WordsHeard(text, is_final=is_final, speech_final=is_final, is_faint=True)


def loudly(text: str) -> WordsHeard:
    return WordsHeard(text, is_final=True, speech_final=True)


def after(said: str) -> Timeline:
    """The reply `said` was heard at 6,000 ms; the caller has the floor."""
    return speaking().at(6_000, PlayoutFinished(2, said)).expect(LISTENING)


def with_a_remark(text: str = "It is in the second drawer.", said: str = "I have noted that.") -> Timeline:
    """The caller says something softly at 7,000 ms, for a second."""
    t = after(said).at(7_080, SpeechStarted(ms_to_ns(7_000)))
    return t.at(8_200, SpeechStopped(ms_to_ns(8_000))).at(8_250, softly(text))


# --- kept apart ---------------------------------------------------------------------------------------------------


def test_a_soft_remark_is_not_answered() -> None:
    t = with_a_remark().until(9_999).expect(LISTENING)
    assert t.state.utterance.overheard == ("It is in the second drawer.",)
    assert t.state.utterance.text == ""


def test_the_model_is_told_of_it_with_what_comes_next() -> None:
    t = with_a_remark().at(10_000, SpeechStarted(ms_to_ns(9_920))).at(10_900, SpeechStopped(ms_to_ns(10_700)))
    t.at(10_950, loudly("And is there parking?")).until(11_500).expect(THINKING, StartReply)
    (_, _, asked) = t.state.transcript[-3:]
    assert asked.content == "[to somebody else, it seems: It is in the second drawer.] And is there parking?"
    assert t.state.asked.text == "And is there parking?"


def test_who_goes_on_before_the_answer_keeps_what_was_overheard() -> None:
    t = with_a_remark().at(10_000, loudly("And is there parking?")).until(10_500).expect(THINKING, StartReply)
    t.at(10_600, loudly("For two cars.")).until(11_500)
    assert t.state.transcript[-1].content.startswith("[to somebody else, it seems: It is in the second drawer.] And")
    assert t.state.transcript[-1].content.endswith("parking? For two cars.")


def test_the_same_words_told_once_more_are_kept_once() -> None:
    t = with_a_remark().until(8_700).at(8_750, softly("It is in the second drawer.")).until(9_900).expect(LISTENING)
    assert t.state.utterance.overheard == ("It is in the second drawer.",)


def test_an_end_of_turn_by_the_transcriber_is_no_reason_to_answer_it() -> None:
    t = after("I have noted that.").at(7_000, softly("Put that down", is_final=False))
    t.at(7_600, TurnEnded("Put that down, please.")).until(9_000).expect(LISTENING)
    assert t.state.utterance.overheard == ("Put that down, please.",)


def test_nothing_is_drafted_for_it() -> None:
    profile = Profile()
    t = Timeline(profile).at(0, CallStarted("+1", "+2")).at(20, ReplyAudioStarted(1))
    t.at(1_000, PlayoutFinished(1, "This is the practice.")).at(2_000, softly("Where did I put it."))
    t.until(2_000 + profile.wait_ms + 1).expect(LISTENING)
    assert t.state.drafts == 0


# --- what is for us all the same ----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["Can I ask something else?", "Do you have parking?", "Stop.", "I would like Friday."])
def test_softly_said_to_us_is_answered(text: str) -> None:
    t = with_a_remark(text).until(9_300)
    assert t.state.mode is THINKING
    assert t.state.asked.text == text


def test_after_a_question_of_ours_a_soft_answer_is_one() -> None:
    with_a_remark("Tuesday I think.", said="Which day would suit you?").until(9_500).expect(THINKING, StartReply)


def test_what_we_say_on_how_to_answer_makes_it_no_less_a_question() -> None:
    said = "What is your account number? It has six digits."
    with_a_remark("Two oh four five.", said=said).until(9_500).expect(THINKING, StartReply)
    with_a_remark("Fifty dollars.", said=said).until(9_500).expect(THINKING, StartReply)


def test_after_a_question_of_ours_words_that_nobody_says_to_us_are_none() -> None:
    with_a_remark("Put that down, sweetie.", said="Which day would suit you?").until(9_500).expect(LISTENING)


def test_as_loud_as_ever_only_a_short_remark_that_nobody_makes_to_us_is_an_aside() -> None:
    remark = after("I have noted that.").at(7_000, loudly("Be quiet, honey.")).until(9_000).expect(LISTENING)
    assert remark.state.utterance.overheard
    story = "I was on the phone with your colleague on Monday about it."
    after("I have noted that.").at(7_000, loudly(story)).until(8_400).expect(THINKING, StartReply)


def test_as_loud_as_ever_words_that_may_be_for_us_are_answered() -> None:
    t = after("It is in Paris.").at(7_080, SpeechStarted(ms_to_ns(7_000))).at(8_200, SpeechStopped(ms_to_ns(8_000)))
    t.at(8_250, loudly("Leave it at the door please.")).until(9_000).expect(THINKING, StartReply)


def test_keys_are_for_us() -> None:
    t = after("I have noted that.").at(7_000, softly("Where is it.")).at(7_100, DigitPressed("1"))
    t.until(7_100 + P.digit_wait_ms).expect(THINKING, StartReply)


# --- nobody is left in silence ------------------------------------------------------------------------------------


def test_if_nothing_else_comes_we_ask_whether_it_was_for_us() -> None:
    t = with_a_remark().until(8_400 + P.aside_wait_ms - 1).expect(LISTENING)
    t.until(8_401 + P.aside_wait_ms).expect(THINKING, Recite(3, 1, Phrases().was_that_for_me))


def asked_about(t: Timeline) -> Timeline:
    """We ask about the remark; the question was heard at 15,000 ms."""
    t.until(13_000).at(13_100, ReplyAudioStarted(3)).at(15_000, PlayoutFinished(3, Phrases().was_that_for_me))
    return t.expect(LISTENING)


def test_a_yes_to_that_is_answered_with_the_words_it_is_about() -> None:
    t = asked_about(with_a_remark()).at(15_500, softly("Yes.")).until(16_500).expect(THINKING, StartReply)
    assert t.state.transcript[-1].content == "[to somebody else, it seems: It is in the second drawer.] Yes."


def test_we_ask_once_and_then_whether_anybody_is_there_and_then_say_goodbye() -> None:
    t = asked_about(with_a_remark()).until(15_000 + P.idle_ms)
    t.expect(THINKING, Recite(4, 1, Phrases().still_there))
    t.at(24_100, ReplyAudioStarted(4)).at(25_000, PlayoutFinished(4, Phrases().still_there))
    t.until(25_000 + P.idle_ms).expect(THINKING, Recite(5, 1, Phrases().goodbye))


def test_somebody_who_talks_to_others_for_ever_is_asked_in_the_end() -> None:
    t, begun_at = with_a_remark(), 8_400
    for at in range(9_000, begun_at + P.noise_idle_ms + 900, 900):
        t.at(at, softly(f"And another remark, number {at}."))
    assert [effect.text for effect in t.effects if isinstance(effect, Recite)][1:] == [Phrases().was_that_for_me]


def test_a_soft_thank_you_is_left_alone() -> None:
    t = with_a_remark("Thanks.").until(8_400 + P.aside_wait_ms + 100).expect(LISTENING)
    t.until(8_400 + P.idle_ms + 100).expect(THINKING, Recite(3, 1, Phrases().still_there))


# --- while we think, while we speak -------------------------------------------------------------------------------


def test_while_we_think_a_remark_to_a_child_is_no_part_of_the_turn() -> None:
    thinking().at(2_100, softly("Not now, sweetie.")).expect(THINKING)
    assert thinking().at(2_100, softly("at ten.")).state.mode is LISTENING


def test_over_our_speech_a_soft_remark_lets_us_go_on_and_a_soft_stop_does_not() -> None:
    t = speaking().at(3_000, SpeechStarted(ms_to_ns(2_920))).at(3_000, PlayoutHeld(2, "We have"))
    assert DuckPlayout in [type(effect) for effect in t.at(3_300, softly("Put it over", is_final=False)).effects]
    t.at(3_900, SpeechStopped(ms_to_ns(3_700))).expect(BARGE_IN, FinalizeTranscript)
    assert t.at(3_950, softly("Put it over there.")).state.mode is SPEAKING
    t = speaking().at(3_000, SpeechStarted(ms_to_ns(2_920))).at(3_000, PlayoutHeld(2, "We have"))
    assert HoldPlayout in [type(effect) for effect in t.at(3_400, softly("Stop.")).last]


# --- by words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["Not now, sweetie.", "I'm on the phone.", "Shh, be quiet.", "Mommy is busy."])
def test_words_to_others(text: str) -> None:
    assert is_aside(text)
    assert not is_for_us(text)


@pytest.mark.parametrize("text", ["It is for my mom.", "Can I come on Tuesday?", "No, on Friday.", "Yeah."])
def test_words_to_us(text: str) -> None:
    assert not is_aside(text)
