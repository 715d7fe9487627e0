"""Both want the floor, as timelines: the first reaction, the evidence, the verdict. Times in ms of the call."""

import pytest

from fsm.barge_in import MOST_DUCKS, MOST_HUSHES
from fsm.effects import (
    CancelReply,
    DuckPlayout,
    Effect,
    EndCall,
    FinalizeTranscript,
    HoldPlayout,
    ResumePlayout,
    StartReply,
)
from fsm.events import (
    DigitPressed,
    HangUpRequested,
    NothingHeard,
    PassageReached,
    PlayoutDucked,
    PlayoutFinished,
    PlayoutHeld,
    ReplyAudioStarted,
    SpeechStarted,
    SpeechStopped,
    ToolCall,
    ToolReturned,
    ToolsRequested,
    TurnEnded,
    WordsHeard,
)
from fsm.profile import Profile
from fsm.state import Mode
from fsm.transcript import Message
from fsm.units import ms_to_ns
from fsm.values import replace
from tests.fsm.timeline import Timeline, speaking, thinking

LISTENING, THINKING, SPEAKING, BARGE_IN, ENDED = list(Mode)[1:]


def voice(at_ms: int) -> SpeechStarted:
    return SpeechStarted(ms_to_ns(at_ms))


def silence(at_ms: int) -> SpeechStopped:
    return SpeechStopped(ms_to_ns(at_ms))


def speaking_with(**profile: int) -> Timeline:
    """Reply 2 is audible at 2,500 ms, under a profile with these values."""
    t = speaking()
    t.state = replace(t.state, profile=Profile(**profile))
    return t


def disputed(heard: str = "We have ten") -> Timeline:
    """The caller sounds from 2,920 ms on; the phone is silent, and `heard` is what it had said."""
    t = speaking().at(3_000, voice(2_920)).expect(BARGE_IN, HoldPlayout(2))
    return t.at(3_000, PlayoutHeld(2, heard)).expect(BARGE_IN)


# --- the first reaction


def test_the_phone_is_silent_for_a_moment_and_then_goes_on_quietly() -> None:
    t = disputed().until(3_179).expect(BARGE_IN)
    t.until(3_180).expect(BARGE_IN, DuckPlayout(2, 12))


def test_who_ducks_only_is_never_silent() -> None:
    t = speaking_with(hush_ms=0).at(3_000, voice(2_920)).expect(BARGE_IN, DuckPlayout(2, 12))
    t.at(3_000, PlayoutDucked(2, "We have ten")).expect(BARGE_IN)
    t.at(3_300, silence(3_100)).expect(BARGE_IN, FinalizeTranscript).until(3_600).expect(SPEAKING, ResumePlayout(2))


def test_who_holds_goes_on_as_loud_as_before() -> None:
    speaking_with(hush_ms=0, duck_db=0).at(3_000, voice(2_920)).expect(BARGE_IN, DuckPlayout(2, 0))


def test_words_take_the_floor_from_a_ducked_reply_that_is_silenced_first() -> None:
    t = speaking_with(hush_ms=0).at(3_000, voice(2_920)).at(3_000, PlayoutDucked(2, "We have ten"))
    t.at(3_400, WordsHeard("no wait")).expect(BARGE_IN, HoldPlayout(2))
    t.at(3_400, PlayoutHeld(2, "We have ten and two")).expect(LISTENING, CancelReply(2))
    assert t.state.transcript[-1] == Message("assistant", "We have ten and two", cut=True)


def test_after_a_few_false_alarms_the_phone_is_only_ducked() -> None:
    t, at = speaking(), 3_000
    for _ in range(MOST_HUSHES):
        t.at(at, voice(at - 80)).expect(BARGE_IN, HoldPlayout).at(at, PlayoutHeld(2, "We"))
        t.at(at + 300, silence(at + 100)).until(at + 600)
        at += 1_000
    t.expect(SPEAKING, ResumePlayout).at(at, voice(at - 80)).expect(BARGE_IN, DuckPlayout)


def test_a_hush_longer_than_the_time_to_decide_is_refused() -> None:
    with pytest.raises(ValueError, match=r"hush_ms|confirm_ms"):
        Profile(hush_ms=700, confirm_ms=600)


# --- evidence


@pytest.mark.parametrize(
    "words", ["No, put it on the table, honey", "Just a second, I'm on the phone", "Shh, be quiet."]
)
def test_words_to_somebody_else_in_the_room_are_no_bid(words: str) -> None:
    t = disputed().at(3_400, WordsHeard(words)).expect(BARGE_IN).at(3_600, silence(3_400))
    t.at(3_700, WordsHeard(words, is_final=True)).expect(SPEAKING, ResumePlayout)
    assert t.state.utterance.text == ""


def test_a_comma_says_that_more_comes_and_what_comes_decides() -> None:
    t = disputed().at(3_150, WordsHeard("No,")).expect(BARGE_IN)
    t.at(3_300, WordsHeard("No, I meant")).expect(LISTENING, HoldPlayout, CancelReply)
    t = disputed().at(3_150, WordsHeard("No,")).until(3_500).expect(LISTENING, DuckPlayout, HoldPlayout, CancelReply)


def test_half_a_word_is_no_bid_before_it_is_settled() -> None:
    t = disputed().at(3_150, WordsHeard("All")).expect(BARGE_IN)
    t.at(3_300, silence(3_100)).at(3_320, WordsHeard("Alright.", is_final=True)).expect(SPEAKING, ResumePlayout)


def test_a_long_agreement_is_no_bid_however_long_it_sounds() -> None:
    t = disputed().at(3_400, WordsHeard("mm-hmm yeah okay")).until(4_119).expect(BARGE_IN)
    t.until(4_120).expect(SPEAKING, ResumePlayout)


def test_faint_words_are_meant_for_somebody_else() -> None:
    t = disputed().at(3_300, WordsHeard("The keys are", is_faint=True)).expect(BARGE_IN)
    t.at(3_900, silence(3_700)).until(4_120).expect(SPEAKING, ResumePlayout)
    t.at(4_300, WordsHeard("The keys are on the hook.", is_final=True, is_faint=True)).expect(SPEAKING)


def test_a_faint_voice_that_goes_on_is_listened_to_for_a_moment() -> None:
    t = disputed().at(3_300, WordsHeard("I was", is_faint=True)).until(4_119).expect(BARGE_IN)
    t.until(4_120).expect(BARGE_IN, HoldPlayout(2))
    t.at(4_400, WordsHeard("I was that", is_faint=True)).until(4_719).expect(BARGE_IN)
    t.until(4_720).expect(SPEAKING, ResumePlayout(2))


def test_a_faint_voice_that_turns_out_to_speak_to_us_has_the_floor() -> None:
    t = disputed().at(3_300, WordsHeard("Well", is_faint=True)).at(3_400, WordsHeard("Well I was", is_faint=True))
    t.until(4_120).expect(BARGE_IN, HoldPlayout)
    t.at(4_300, WordsHeard("Well, I was wondering", is_faint=True)).expect(LISTENING, HoldPlayout, CancelReply)


def test_who_faintly_says_to_a_child_what_is_said_to_children_is_not_listened_to() -> None:
    t = disputed().at(3_300, WordsHeard("Put it down, sweetie,", is_faint=True)).until(4_120)
    t.expect(SPEAKING, ResumePlayout)


def test_a_faint_answer_to_a_question_of_ours_takes_the_floor() -> None:
    t = disputed("Which day suits you? We").at(3_500, WordsHeard("Rather Tuesday.", is_final=True, is_faint=True))
    t.expect(LISTENING, HoldPlayout, CancelReply)
    t = disputed("Tuesday is free. We").at(3_500, WordsHeard("Rather Tuesday.", is_final=True, is_faint=True))
    t.expect(BARGE_IN)


def test_a_faint_stop_is_a_stop() -> None:
    t = disputed().at(3_300, WordsHeard("Stop.", is_final=True, is_faint=True))
    t.expect(LISTENING, HoldPlayout, CancelReply)


# --- noise


def nothing(to_ms: int) -> NothingHeard:
    return NothingHeard(ms_to_ns(to_ms))


def test_a_sound_in_which_the_transcriber_finds_no_word_silences_nobody_for_long() -> None:
    t = disputed().at(3_700, nothing(3_619)).expect(BARGE_IN)
    t.at(3_800, nothing(3_720)).expect(SPEAKING, ResumePlayout(2)).until(9_000).expect(SPEAKING)


def test_words_that_come_after_all_take_the_floor() -> None:
    t = disputed().at(3_800, nothing(3_720)).expect(SPEAKING, ResumePlayout)
    t.at(4_000, WordsHeard("hold on")).expect(LISTENING, HoldPlayout, CancelReply)


def test_that_nothing_was_heard_does_not_gainsay_words() -> None:
    disputed().at(3_300, WordsHeard("Yeah")).at(3_800, nothing(3_720)).expect(BARGE_IN)


def test_a_transcriber_that_tells_late_that_it_was_noise_ends_the_silence_at_once() -> None:
    t = disputed().until(4_120).expect(BARGE_IN, DuckPlayout, HoldPlayout, FinalizeTranscript)
    t.at(4_300, nothing(4_200)).expect(SPEAKING, ResumePlayout(2))


def test_a_noisy_line_is_reacted_to_less_and_less_until_somebody_wants_the_floor() -> None:
    t, at = speaking(), 3_000
    reactions: list[Effect] = []
    for _ in range(MOST_DUCKS + 1):
        t.at(at, voice(at - 80))
        reactions.append(t.last[0])
        t.at(at, PlayoutHeld(2, "We")).at(at + 800, nothing(at + 800)).expect(SPEAKING, ResumePlayout)
        t.at(at + 1_000, silence(at + 900))
        at += 1_500
    assert reactions == [HoldPlayout(2)] * MOST_HUSHES + [DuckPlayout(2, 12)] * 2 + [DuckPlayout(2, 0)]
    t.at(at, voice(at - 80)).at(at + 300, WordsHeard("stop")).expect(LISTENING, HoldPlayout, CancelReply)
    assert t.state.false_alarms == 0


def test_a_new_reply_half_forgets_that_the_line_is_noisy() -> None:
    t = disputed().at(3_800, nothing(3_720)).at(3_900, silence(3_820)).at(4_000, voice(3_920))
    t.at(4_800, nothing(4_720)).at(4_900, silence(4_820)).at(6_000, PlayoutFinished(2, "We have ten."))
    t.at(7_000, TurnEnded("And on Friday?")).at(7_300, ReplyAudioStarted(3)).at(8_000, voice(7_920))
    t.expect(BARGE_IN, HoldPlayout)
    assert t.state.false_alarms == 1


def test_noise_withholds_an_answer_for_no_longer_than_a_first_word_could_take() -> None:
    t = thinking().at(2_300, voice(2_220)).expect(THINKING, HoldPlayout)
    t.at(3_100, nothing(3_020)).expect(THINKING).at(3_500, nothing(3_420)).expect(THINKING, ResumePlayout(2))


# --- agreement as an answer


def test_a_yeah_to_a_closed_question_that_was_finished_is_an_answer() -> None:
    t = disputed("Does ten suit you? We").at(3_400, WordsHeard("Yeah.", is_final=True))
    t.expect(LISTENING, HoldPlayout, CancelReply)
    assert t.state.utterance.text == "Yeah."


@pytest.mark.parametrize(
    "heard", ["We have ten", "What day suits you? We", "Does ten suit you? If not, we also have two"]
)
def test_a_yeah_to_anything_else_is_none(heard: str) -> None:
    disputed(heard).at(3_200, silence(3_100)).at(3_400, WordsHeard("Yeah.", is_final=True)).expect(
        SPEAKING, ResumePlayout
    )


def test_an_um_answers_nothing() -> None:
    t = disputed("Does ten suit you? We").at(3_200, silence(3_100))
    t.at(3_400, WordsHeard("Um.", is_final=True)).expect(SPEAKING, ResumePlayout)


def test_an_agreement_over_the_end_of_a_question_is_kept_as_its_answer() -> None:
    t = disputed("We have ten. Does that").at(3_200, silence(3_100))
    t.at(3_400, WordsHeard("Yeah.", is_final=True)).expect(SPEAKING, ResumePlayout)
    t.at(3_900, PlayoutFinished(2, "We have ten. Does that suit you?")).expect(LISTENING)
    assert t.state.utterance.text == "Yeah."
    t.until(4_600)
    assert t.state.transcript[-1] == Message("user", "Yeah.")


def test_an_agreement_before_the_question_does_not_answer_it() -> None:
    t = disputed("We have ten.").at(3_200, silence(3_100)).at(3_400, WordsHeard("Yeah.", is_final=True))
    t.at(5_900, PlayoutFinished(2, "We have ten. Shall I book that for you now?")).expect(LISTENING).until(9_000)
    assert t.state.mode is LISTENING


def test_the_words_of_a_backchannel_that_come_after_our_end_are_no_turn() -> None:
    t = disputed("We have ten").at(3_200, silence(3_100)).until(3_600).expect(SPEAKING, ResumePlayout)
    t.at(3_700, PlayoutFinished(2, "We have ten and two.")).at(3_800, WordsHeard("Mm-hmm.", is_final=True))
    t.until(6_000).expect(LISTENING)


# --- keys


def test_a_key_interrupts_a_ducked_reply_too() -> None:
    t = disputed().until(3_200).at(3_300, DigitPressed("2")).expect(LISTENING, HoldPlayout, CancelReply)
    assert t.state.utterance.digits == "2"


def test_where_keys_must_wait_they_are_answered_when_we_have_finished() -> None:
    t = speaking_with(keys_interrupt=0).at(3_000, DigitPressed("2")).expect(SPEAKING)
    t.at(4_000, PlayoutFinished(2, "Press one or two.")).expect(LISTENING).until(5_500).expect(THINKING, StartReply)
    assert t.state.transcript[-1] == Message("user", "[pressed 2]")


# --- passages that nobody may interrupt


def reading_a_notice() -> Timeline:
    return speaking().at(2_600, PassageReached(2, is_protected=True)).expect(SPEAKING)


def test_a_notice_is_not_interrupted_and_what_was_said_into_it_is_answered_after_it() -> None:
    t = reading_a_notice().at(3_000, voice(2_920)).expect(SPEAKING).at(3_400, WordsHeard("Stop!", is_final=True))
    t.expect(SPEAKING).at(3_500, silence(3_400)).expect(SPEAKING)
    t.at(4_000, PassageReached(2, is_protected=False)).expect(BARGE_IN, HoldPlayout)
    t.at(4_000, PlayoutHeld(2, "This call is recorded.")).expect(LISTENING, CancelReply)
    assert t.state.utterance.text == "Stop!"
    t.until(5_000)
    assert t.state.transcript[-1] == Message("user", "Stop!")


def test_a_listener_who_agrees_to_a_notice_is_talked_to_on() -> None:
    t = (
        reading_a_notice()
        .at(3_000, voice(2_920))
        .at(3_300, silence(3_200))
        .at(3_400, WordsHeard("Mm-hmm.", is_final=True))
    )
    t.at(4_000, PassageReached(2, is_protected=False)).expect(SPEAKING)
    t.at(5_000, PlayoutFinished(2, "This call is recorded. We have ten.")).until(7_000).expect(LISTENING)


def test_who_still_sounds_when_the_notice_is_over_is_listened_to() -> None:
    t = reading_a_notice().at(3_900, voice(3_820)).at(4_000, PassageReached(2, is_protected=False))
    t.expect(BARGE_IN, HoldPlayout(2))


def test_a_dispute_ends_where_a_notice_begins() -> None:
    t = disputed().until(3_200).at(3_300, PassageReached(2, is_protected=True)).expect(SPEAKING, ResumePlayout(2))
    t.at(3_400, WordsHeard("stop")).expect(SPEAKING).at(3_500, DigitPressed("1")).expect(SPEAKING)


def test_what_was_said_into_a_notice_at_the_end_is_answered() -> None:
    t = reading_a_notice().at(3_000, voice(2_920)).at(3_400, WordsHeard("I want Friday.", is_final=True))
    t.at(3_500, silence(3_400)).at(4_000, PlayoutFinished(2, "This call is recorded.")).expect(LISTENING).until(4_500)
    assert t.state.transcript[-1] == Message("user", "I want Friday.")


# --- the call's end


def test_somebody_who_wants_the_call_over_is_heeded_in_a_dispute() -> None:
    t = disputed().until(3_200).at(3_300, HangUpRequested("drain"))
    t.expect(THINKING, HoldPlayout, CancelReply, t.last[-1])
    assert t.state.transcript[-1].content == "We have ten"


def test_last_words_in_dispute_are_said_to_their_end_when_the_house_closes() -> None:
    hang_up = ToolCall("c1", "hang_up", "{}")
    t = speaking().at(2_600, ToolsRequested(2, (hang_up,), "Goodbye."))
    t.at(2_700, ToolReturned(2, "c1", "", ends_call=True)).at(2_800, voice(2_720)).at(2_800, PlayoutHeld(2, ""))
    t.at(2_900, HangUpRequested("drain")).expect(SPEAKING, ResumePlayout(2))
    t.at(3_000, WordsHeard("wait")).at(3_500, PlayoutFinished(2, "Goodbye.")).expect(
        ENDED, EndCall("the agent hung up")
    )


# --- a breath before the answer


def test_a_short_no_is_answered_once_we_have_been_silent_for_a_moment() -> None:
    t = disputed().at(3_150, WordsHeard("Nope.", is_final=True)).expect(LISTENING, HoldPlayout, CancelReply)
    t.at(3_300, silence(3_100)).until(3_549).expect(LISTENING).until(3_550)
    assert t.state.transcript[-1] == Message("user", "Nope.")


def test_a_transcriber_that_ends_the_turn_at_once_makes_no_answer_come_sooner() -> None:
    t = disputed().at(3_150, WordsHeard("Nope.", is_final=True)).at(3_300, silence(3_100))
    t.at(3_320, TurnEnded("Nope.")).expect(LISTENING).until(3_549).expect(LISTENING)
    t.until(3_550).expect(THINKING, StartReply)
    assert t.state.transcript[-1] == Message("user", "Nope.")


def test_who_goes_on_after_interrupting_is_waited_for_as_ever() -> None:
    t = disputed().at(3_150, WordsHeard("Nope.", is_final=True)).at(3_300, silence(3_100)).at(3_500, voice(3_420))
    t.at(3_900, WordsHeard("Nope. On Friday.")).at(4_000, silence(3_800)).until(4_149).expect(LISTENING)
