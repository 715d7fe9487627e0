"""What a caller notices, as timelines. Times in ms of the call."""

import pytest

from fsm.effects import (
    CancelReply,
    ContinueReply,
    DuckPlayout,
    EndCall,
    Fill,
    FinalizeTranscript,
    FinishReply,
    HoldPlayout,
    Recite,
    ResumePlayout,
    RunTool,
    StartReply,
)
from fsm.events import (
    CallEnded,
    CallStarted,
    DigitPressed,
    EarsFailed,
    EarsRestored,
    Event,
    HangUpRequested,
    PlayoutDrained,
    PlayoutFinished,
    PlayoutHeld,
    ReplyAudioStarted,
    ReplyFailed,
    SpeechStarted,
    Stage,
    ToolCall,
    ToolReturned,
    ToolsRequested,
    TurnEnded,
    WordsHeard,
)
from fsm.profile import Phrases, Profile
from fsm.state import Mode
from fsm.transcript import STILL_RUNNING, Message, is_valid
from tests.fsm.timeline import Timeline, listening, silence, speaking, thinking, voice

LISTENING, THINKING, SPEAKING, BARGE_IN, ENDED = list(Mode)[1:]
BOOK = ToolCall("c1", "book_appointment", '{"slot_id": "a"}')


def saying_goodbye() -> Timeline:
    """The agent hangs up: its last words sound, and nobody else wants the call over."""
    t = speaking().at(2_600, ToolsRequested(2, (BOOK,), "Goodbye."))
    return t.at(2_700, ToolReturned(2, "c1", "", ends_call=True)).expect(SPEAKING, FinishReply)


# --- ring to greeting


def test_the_agent_greets_at_once() -> None:
    t = Timeline().at(0, CallStarted("+1", "+2"))
    t.expect(THINKING, Recite(1, 0, Phrases().greeting))


def test_a_stream_that_never_starts_is_given_up() -> None:
    Timeline().until(10_001).expect(ENDED, EndCall)


# --- end of turn


def test_silence_after_a_final_transcript_ends_the_turn() -> None:
    t = listening()
    t.at(1_500, voice(1_420)).at(2_400, WordsHeard("book me for Tuesday")).at(3_100, silence(2_900))
    t.at(3_150, WordsHeard("Book me for Tuesday.", is_final=True)).expect(LISTENING)
    t.until(3_299).expect(LISTENING)
    t.until(3_300).expect(THINKING, StartReply(2, 1))
    assert t.state.transcript[-1] == Message("user", "Book me for Tuesday.")


def test_the_wait_counts_from_the_last_voiced_sound_not_from_the_message() -> None:
    t = listening().at(1_500, voice(1_420)).at(2_200, silence(2_000))
    t.at(2_395, WordsHeard("Yes please.", is_final=True)).until(2_400).expect(THINKING, StartReply)


def test_an_unfinished_sentence_gets_patience() -> None:
    t = listening().at(1_500, voice(1_420)).at(2_200, silence(2_000))
    t.at(2_210, WordsHeard("on Tuesday and", is_final=True))
    t.until(2_999).expect(LISTENING)
    t.until(3_000).expect(THINKING, StartReply)


def test_interim_words_are_settled_before_they_are_answered() -> None:
    t = listening().at(1_500, voice(1_420)).at(1_900, WordsHeard("book a table")).at(2_200, silence(2_000))
    t.until(2_400).expect(LISTENING, FinalizeTranscript)
    t.at(2_500, WordsHeard("Book a table for four.", is_final=True)).until(2_750).expect(THINKING, StartReply)
    assert t.state.transcript[-1].content == "Book a table for four."


def test_a_final_that_never_comes_does_not_hold_the_turn() -> None:
    t = listening().at(1_500, voice(1_420)).at(1_900, WordsHeard("book a table")).at(2_200, silence(2_000))
    t.until(2_750).expect(THINKING, FinalizeTranscript, StartReply)
    assert t.state.transcript[-1].content == "book a table"


def test_noise_that_never_stops_does_not_hold_the_turn() -> None:
    t = listening().at(1_500, voice(1_420)).at(2_000, WordsHeard("call me back", is_final=True))
    t.until(4_499).expect(LISTENING)
    t.until(4_500).expect(THINKING, StartReply)


def test_the_transcribers_pause_sees_through_noise() -> None:
    t = listening().at(1_500, voice(1_420))
    t.at(2_000, WordsHeard("call me back", is_final=True, speech_final=True)).until(2_400).expect(THINKING, StartReply)


def test_words_without_any_voice_edge_still_make_a_turn() -> None:
    t = listening().at(2_000, WordsHeard("hello there", is_final=True)).until(2_400).expect(THINKING, StartReply)
    assert t.state.turn == 1


def test_a_caller_who_goes_on_gets_one_answer_to_all_of_it() -> None:
    t = thinking("I need an appointment")
    t.at(2_100, WordsHeard("for Tuesday", is_final=True)).expect(LISTENING, CancelReply(2))
    t.until(2_600).expect(THINKING, StartReply(3, 1))
    assert [m.content for m in t.state.transcript if m.role == "user"] == ["I need an appointment for Tuesday"]


def test_a_late_repetition_of_the_same_words_changes_nothing() -> None:
    t = thinking("i need an appointment on tuesday")
    t.at(2_100, WordsHeard("I need an appointment on Tuesday.", is_final=True)).expect(THINKING)


def test_digits_are_collected_into_one_answer() -> None:
    t = listening()
    for i, digit in enumerate("4711"):
        t.at(2_000 + 100 * i, DigitPressed(digit)).expect(LISTENING)
    t.until(3_801).expect(THINKING, StartReply)
    assert t.state.transcript[-1].content == "[pressed 4 7 1 1]"


# --- nobody says anything


def test_silence_is_asked_about_twice_and_then_ends_politely() -> None:
    t = listening()
    t.until(10_000).expect(THINKING, Recite(2, 0, Phrases().still_there))
    t.at(10_010, ReplyAudioStarted(2)).at(11_000, PlayoutFinished(2, Phrases().still_there))
    t.until(20_000).expect(THINKING, Recite).at(20_010, ReplyAudioStarted(3)).at(21_000, PlayoutFinished(3, "x"))
    t.until(30_000).expect(THINKING, Recite(4, 0, Phrases().goodbye))
    t.at(30_010, ReplyAudioStarted(4)).at(31_000, PlayoutFinished(4, "bye")).expect(ENDED, EndCall)


def test_hold_music_is_asked_about_too() -> None:
    t = listening().at(1_500, voice(1_400)).until(21_500)
    t.expect(THINKING, Recite(2, 0, Phrases().still_there))


def test_a_long_mumble_without_words_is_asked_to_be_repeated() -> None:
    t = listening().at(1_500, voice(1_400)).at(3_200, silence(3_000)).until(4_350)
    t.expect(THINKING, Recite(2, 0, Phrases().pardon))


def test_a_cough_while_listening_is_nothing() -> None:
    listening().at(1_500, voice(1_400)).at(1_900, silence(1_700)).until(5_000).expect(LISTENING)


def test_a_deaf_agent_asks_for_even_short_words_again() -> None:
    t = listening().at(1_100, EarsFailed("closed")).at(1_500, voice(1_700)).at(2_200, silence(2_000)).until(3_350)
    t.expect(THINKING, Recite(2, 0, Phrases().apology))


# --- barge-in


def test_a_sound_of_the_caller_silences_the_phone_at_once() -> None:
    speaking().at(3_000, voice(2_920)).expect(BARGE_IN, HoldPlayout(2))


def test_words_take_the_floor_and_the_transcript_keeps_what_was_heard() -> None:
    t = speaking().at(3_000, voice(2_920)).at(3_000, PlayoutHeld(2, "We have ten")).expect(BARGE_IN)
    t.at(3_300, WordsHeard("no wait")).expect(LISTENING, HoldPlayout, CancelReply(2))
    assert t.state.transcript[-1] == Message("assistant", "We have ten", cut=True)
    t.at(3_500, silence(3_400)).at(3_600, WordsHeard("No wait, Wednesday.", is_final=True))
    t.until(3_800).expect(THINKING, StartReply(3, 2))


@pytest.mark.parametrize("word", ["stop", "wait", "no", "actually"])
def test_one_interrupting_word_is_enough(word: str) -> None:
    t = speaking().at(3_000, voice(2_920)).at(3_000, PlayoutHeld(2, "We"))
    t.at(3_200, WordsHeard(word)).expect(LISTENING, HoldPlayout, CancelReply)


@pytest.mark.parametrize("sound", ["mm-hmm", "Mhm.", "uh-huh", "yeah", "Okay, right.", "um", "I see."])
def test_a_backchannel_keeps_the_floor(sound: str) -> None:
    t = speaking().at(3_000, voice(2_920)).at(3_000, PlayoutHeld(2, "We have"))
    t.at(3_300, silence(3_150)).at(3_400, WordsHeard(sound, is_final=True)).expect(SPEAKING, ResumePlayout(2))
    assert t.state.utterance.text == ""


def test_a_cough_costs_little() -> None:
    t = speaking().at(3_000, voice(2_920)).at(3_000, PlayoutHeld(2, "We")).at(3_350, silence(3_150))
    t.until(3_650).expect(SPEAKING, ResumePlayout(2))


def test_yeah_may_become_yeah_but() -> None:
    t = speaking().at(3_000, voice(2_920)).at(3_000, PlayoutHeld(2, "We"))
    t.at(3_200, WordsHeard("yeah")).expect(BARGE_IN)
    t.at(3_500, WordsHeard("yeah but not then")).expect(LISTENING, HoldPlayout, CancelReply)


def test_a_voice_that_goes_on_silences_us_and_then_has_the_floor_without_words() -> None:
    t = speaking().at(3_000, voice(2_920)).at(3_000, PlayoutHeld(2, "We")).until(4_119).expect(BARGE_IN, DuckPlayout)
    t.until(4_120).expect(BARGE_IN, HoldPlayout(2), FinalizeTranscript())
    t.until(5_419).expect(BARGE_IN)
    t.until(5_420).expect(LISTENING, HoldPlayout, CancelReply(2))


def test_a_fit_of_coughing_silences_us_and_we_go_on_when_it_is_over() -> None:
    t = speaking().at(3_000, voice(2_920)).at(3_000, PlayoutHeld(2, "We")).until(4_119)
    t.until(4_120).expect(BARGE_IN, HoldPlayout, FinalizeTranscript).at(4_120, PlayoutHeld(2, "We have Tuesday"))
    t.at(4_500, silence(4_300)).expect(BARGE_IN, FinalizeTranscript)
    t.until(4_800).expect(SPEAKING, ResumePlayout(2))
    assert t.state.heard_before == "We"


def test_words_after_a_long_sound_take_the_floor() -> None:
    t = speaking().at(3_000, voice(2_920)).until(4_120)
    t.at(4_130, PlayoutHeld(2, "We have")).at(4_400, WordsHeard("excuse me")).expect(
        LISTENING, HoldPlayout, CancelReply
    )


def test_words_that_no_voice_edge_announced_interrupt_too() -> None:
    t = speaking().at(3_000, WordsHeard("hold on a second")).expect(BARGE_IN, HoldPlayout(2))
    t.at(3_000, PlayoutHeld(2, "We have")).expect(LISTENING, CancelReply(2))
    assert t.state.utterance.text == "hold on a second"


def test_a_key_interrupts_at_once() -> None:
    t = speaking().at(3_000, DigitPressed("2")).expect(BARGE_IN, HoldPlayout)
    t.at(3_000, PlayoutHeld(2, "We")).expect(LISTENING, CancelReply)


def test_the_greeting_can_be_interrupted() -> None:
    t = Timeline().at(0, CallStarted("+1", "+2")).at(20, ReplyAudioStarted(1)).at(300, voice(220))
    t.expect(BARGE_IN, HoldPlayout(1))


def test_two_interruptions_within_300_ms_are_one() -> None:
    t = speaking().at(3_000, voice(2_920)).at(3_000, PlayoutHeld(2, "We")).at(3_100, silence(3_050))
    t.at(3_200, voice(3_150)).expect(BARGE_IN).at(3_300, WordsHeard("stop")).expect(LISTENING, HoldPlayout, CancelReply)


def test_audio_that_is_ready_waits_while_the_caller_sounds() -> None:
    t = thinking().at(2_300, voice(2_220)).expect(THINKING, HoldPlayout(2))
    t.at(2_600, silence(2_400)).until(3_100).expect(THINKING, ResumePlayout(2))


def test_an_answer_in_the_last_moment_of_a_question_is_an_answer() -> None:
    t = speaking().at(3_000, voice(2_920)).expect(BARGE_IN, HoldPlayout)
    t.at(3_000, PlayoutHeld(2, "Does ten suit you?", is_whole=True)).expect(LISTENING, CancelReply)
    assert t.state.transcript[-1] == Message("assistant", "Does ten suit you?", cut=False)
    t.at(3_300, silence(3_100)).at(3_400, WordsHeard("Yes.", is_final=True)).until(3_500)
    t.expect(THINKING, StartReply)
    assert t.state.transcript[-1] == Message("user", "Yes.")


def test_a_word_on_top_of_the_end_of_the_goodbye_does_not_begin_the_call_anew() -> None:
    t = (
        speaking()
        .at(2_600, ToolsRequested(2, (BOOK,), "Goodbye."))
        .at(2_700, ToolReturned(2, "c1", "", ends_call=True))
    )
    t.at(4_000, voice(3_920)).expect(BARGE_IN, HoldPlayout)
    t.at(4_000, PlayoutHeld(2, "Goodbye.", is_whole=True)).expect(ENDED, EndCall("the agent hung up"))


@pytest.mark.parametrize(
    "interrupts", [SpeechStarted(0), WordsHeard("Wait, no!"), DigitPressed("0"), TurnEnded("Wait!")]
)
def test_who_must_go_is_not_kept_by_the_caller(interrupts: Event) -> None:
    t = (
        speaking()
        .at(2_600, HangUpRequested("drain"))
        .at(2_600, PlayoutHeld(2, "We"))
        .expect(THINKING, CancelReply, Recite)
    )
    t.at(2_650, interrupts).expect(THINKING)
    t.at(2_700, ReplyAudioStarted(3)).at(2_800, interrupts).expect(SPEAKING)
    t.at(4_000, PlayoutFinished(3, Phrases().goodbye)).expect(ENDED, EndCall("drain"))


def test_a_goodbye_of_the_agents_own_becomes_final_when_the_house_closes() -> None:
    t = (
        speaking()
        .at(2_600, ToolsRequested(2, (BOOK,), "Goodbye."))
        .at(2_700, ToolReturned(2, "c1", "", ends_call=True))
    )
    t.at(2_800, HangUpRequested("drain")).expect(SPEAKING).at(2_900, voice(2_820)).expect(SPEAKING)
    t.at(4_000, PlayoutFinished(2, "Goodbye.")).expect(ENDED, EndCall("the agent hung up"))


# --- tools


def test_a_tool_is_run_and_its_result_answered() -> None:
    t = thinking().at(2_100, ToolsRequested(2, (BOOK,), "Let me book that.")).expect(THINKING, RunTool(2, BOOK))
    assert is_valid(t.state.transcript)
    assert t.state.transcript[-1].content == STILL_RUNNING
    t.at(2_200, ToolReturned(2, "c1", '{"booked": true}')).expect(THINKING, ContinueReply(2, 1))
    assert t.state.transcript[-1].content == '{"booked": true}'


def test_a_barge_in_does_not_lose_what_a_tool_did() -> None:
    t = speaking().at(2_600, ToolsRequested(2, (BOOK,), "Let me book that."))
    t.at(2_700, voice(2_620)).at(2_700, PlayoutHeld(2, "Let me"))
    t.at(2_900, WordsHeard("hold on")).expect(LISTENING, HoldPlayout, CancelReply)
    t.at(3_500, ToolReturned(2, "c1", "booked")).expect(LISTENING)
    assert t.state.transcript[-1] == Message("tool", "booked", tool_call_id="c1")
    assert t.state.transcript[-2].content == "Let me"
    assert is_valid(t.state.transcript)


def test_tools_of_a_disputed_reply_wait_for_the_verdict() -> None:
    t = speaking().at(2_700, voice(2_620)).at(2_700, PlayoutHeld(2, "Let")).at(2_750, silence(2_720))
    t.at(2_800, ToolsRequested(2, (BOOK,))).expect(BARGE_IN)
    t.until(3_220).expect(SPEAKING, DuckPlayout, ResumePlayout(2), RunTool(2, BOOK))


def test_tools_of_a_dropped_reply_never_run() -> None:
    t = speaking().at(2_700, voice(2_620)).at(2_700, PlayoutHeld(2, "Let")).at(2_800, ToolsRequested(2, (BOOK,)))
    t.at(2_900, WordsHeard("no stop")).expect(LISTENING, HoldPlayout, CancelReply).until(8_000)
    assert not any(isinstance(effect, RunTool) for effect in t.effects)
    t = listening().at(2_000, ToolsRequested(1, (BOOK,))).expect(LISTENING)


def test_a_result_that_came_during_a_false_alarm_is_used_after_it() -> None:
    t = speaking().at(2_600, ToolsRequested(2, (BOOK,))).at(2_700, voice(2_620)).at(2_700, PlayoutHeld(2, "Let"))
    t.at(2_750, silence(2_720)).at(2_800, ToolReturned(2, "c1", "ok")).expect(BARGE_IN)
    t.until(3_220).expect(SPEAKING, DuckPlayout, ResumePlayout(2), ContinueReply(2, 1))


def test_a_model_that_calls_tools_for_ever_is_stopped() -> None:
    t = thinking()
    for n in range(Profile().tool_rounds):
        t.at(2_100 + n, ToolsRequested(2, (ToolCall(f"c{n}", "f", "{}"),))).expect(THINKING, RunTool)
        t.at(2_100 + n, ToolReturned(2, f"c{n}", "ok")).expect(THINKING, ContinueReply)
    t.at(2_200, ToolsRequested(2, (BOOK,))).expect(THINKING, Recite(3, 1, Phrases().apology))


def test_a_caller_waiting_for_a_tool_is_told() -> None:
    t = thinking().at(2_100, ToolsRequested(2, (BOOK,))).until(3_400).expect(THINKING, Fill(2, Phrases().filler))
    t.until(6_200).expect(THINKING, Fill)


def test_hanging_up_waits_until_the_goodbye_was_heard() -> None:
    hang_up = ToolCall("c1", "hang_up", "{}")
    t = thinking("bye").at(2_200, ToolsRequested(2, (hang_up,), "Goodbye!"))
    t.at(2_210, ToolReturned(2, "c1", "ok", ends_call=True)).expect(THINKING, FinishReply(2))
    t.at(2_500, ReplyAudioStarted(2)).at(3_500, PlayoutFinished(2, "Goodbye!")).expect(ENDED, EndCall)


def test_a_hang_up_without_words_still_says_goodbye() -> None:
    t = thinking("bye").at(2_200, ToolsRequested(2, (ToolCall("c1", "hang_up", "{}"),)))
    t.at(2_210, ToolReturned(2, "c1", "ok", ends_call=True)).expect(THINKING, Recite(3, 1, Phrases().goodbye))


def test_a_caller_who_has_one_more_thing_is_not_hung_up_on() -> None:
    t = thinking("bye").at(2_200, ToolsRequested(2, (ToolCall("c1", "hang_up", "{}"),), "Goodbye, have a nice day!"))
    t.at(2_210, ToolReturned(2, "c1", "ok", ends_call=True)).at(2_500, ReplyAudioStarted(2))
    t.at(2_800, voice(2_720)).at(2_800, PlayoutHeld(2, "Goodbye,")).at(3_000, WordsHeard("wait one more thing"))
    t.expect(LISTENING, HoldPlayout, CancelReply).until(3_000)
    assert t.state.ending == ""


# --- failures


def test_a_failed_answer_is_asked_for_again_unnoticed() -> None:
    t = thinking().at(2_300, ReplyFailed(2, Stage.MODEL, "overloaded")).expect(THINKING, StartReply(3, 1))
    t.at(2_400, ReplyAudioStarted(3)).expect(SPEAKING)


def test_a_second_failure_is_apologised_for() -> None:
    t = thinking().at(2_300, ReplyFailed(2, Stage.MODEL, "closed")).at(2_400, ReplyFailed(3, Stage.MODEL, "closed"))
    t.expect(THINKING, Recite(4, 1, Phrases().apology))


def test_a_wrong_key_is_not_tried_twice() -> None:
    t = thinking().at(2_300, ReplyFailed(2, Stage.MODEL, "refused_key", retryable=False))
    t.expect(THINKING, Recite(3, 1, Phrases().apology))


def test_without_any_voice_the_call_ends_with_an_apology_owed() -> None:
    t = Timeline().at(0, CallStarted("+1", "+2"))
    t.at(100, ReplyFailed(1, Stage.VOICE, "refused_key", retryable=False)).expect(THINKING, Recite)
    t.at(200, ReplyFailed(2, Stage.VOICE, "refused_key", retryable=False))
    t.expect(ENDED, EndCall("refused_key", failed=True))


def test_a_voice_that_never_sounds_leaves_nobody_in_silence_for_long() -> None:
    t = Timeline().at(0, CallStarted("+1", "+2"))
    t.until(1_500).expect(THINKING, Recite(2, 0, Phrases().apology))
    t.until(2_000).expect(ENDED, EndCall("no voice in time", failed=True))


def test_a_provider_that_says_when_to_ask_again_is_asked_then() -> None:
    t = thinking().at(2_100, ReplyFailed(2, Stage.MODEL, "rate_limited", retry_after_ms=2_000)).expect(THINKING)
    t.until(4_099).expect(THINKING, Fill)
    t.until(4_100).expect(THINKING, StartReply(3, 1))


def test_a_provider_that_wants_more_time_than_a_caller_has_is_not_waited_for() -> None:
    t = thinking().at(2_100, ReplyFailed(2, Stage.MODEL, "rate_limited", retry_after_ms=60_000))
    t.expect(THINKING, Recite(3, 1, Phrases().apology))


def test_the_rest_of_a_sentence_is_asked_for_when_the_provider_allows() -> None:
    t = speaking().at(2_700, ReplyFailed(2, Stage.MODEL, "rate_limited", retry_after_ms=2_000))
    t.at(3_500, PlayoutDrained(2, "We have ten")).expect(THINKING)
    t.until(4_699).expect(THINKING)
    t.until(4_700).expect(THINKING, StartReply(3, 1))
    assert t.state.transcript[-1] == Message("assistant", "We have ten", broken=True)


def test_words_that_were_under_way_when_the_ears_broke_are_not_answered_in_half() -> None:
    t = listening().at(1_500, voice(1_400)).at(1_900, WordsHeard("when do")).at(2_000, EarsFailed("closed"))
    t.at(2_400, silence(2_200)).until(3_200).expect(LISTENING)
    t.at(3_300, EarsRestored()).at(3_310, WordsHeard("When do you open?", is_final=True)).until(3_710)
    t.expect(THINKING, StartReply)
    assert t.state.transcript[-1] == Message("user", "When do you open?")


def test_words_that_are_settled_wait_a_little_for_ears_that_are_gone() -> None:
    t = listening().at(1_500, voice(1_400)).at(1_900, WordsHeard("I need an appointment.", is_final=True))
    t.at(2_000, WordsHeard("on")).at(2_010, EarsFailed("closed")).at(2_400, silence(2_200))
    t.until(3_549).expect(LISTENING)
    t.until(3_550).expect(THINKING, StartReply)


def test_a_deaf_agent_does_not_ask_for_ever() -> None:
    t = listening().at(1_010, EarsFailed("refused_key"))
    for ask in (1, 2):
        at = 5_000 * ask
        t.at(at, voice(at - 80)).at(at + 300, silence(at + 100)).until(at + 2_000).expect(THINKING, Recite)
        t.at(at + 2_050, ReplyAudioStarted(ask + 1)).at(at + 3_000, PlayoutFinished(ask + 1, Phrases().apology))
    t.at(15_000, voice(14_920)).at(15_300, silence(15_100)).until(17_000)
    t.expect(ENDED, EndCall("the transcriber is gone", failed=True))


def test_an_answer_that_stops_in_mid_sentence_is_completed() -> None:
    t = speaking().at(2_700, ReplyFailed(2, Stage.MODEL, "stalled")).expect(SPEAKING)
    t.at(3_500, PlayoutDrained(2, "We have ten")).expect(THINKING, StartReply(3, 1))
    assert t.state.transcript[-1] == Message("assistant", "We have ten", broken=True)


def test_a_waiting_caller_never_hears_two_seconds_of_nothing() -> None:
    thinking().until(3_400).expect(THINKING, Fill(2, Phrases().filler))


def test_a_filler_that_a_sound_cut_off_is_followed_by_the_next_as_soon_as_if_it_had_ended_there() -> None:
    t = thinking().until(3_400).at(3_600, voice(3_520)).expect(THINKING, HoldPlayout)
    t.at(3_900, silence(3_700)).until(4_200).expect(THINKING, ResumePlayout)
    t.until(4_999).expect(THINKING).until(5_000).expect(THINKING, Fill(2, Phrases().still_at_it))


def test_an_answer_that_never_comes_is_asked_again_then_apologised_for() -> None:
    t = thinking().until(9_000)
    assert StartReply(3, 1) in t.effects
    t.until(16_000)
    assert Recite(4, 1, Phrases().apology) in t.effects


def test_a_stale_failure_changes_nothing() -> None:
    thinking().at(2_300, ReplyFailed(1, Stage.VOICE, "closed")).expect(THINKING)


# --- the end


def test_a_drain_says_goodbye_and_hangs_up() -> None:
    t = speaking().at(3_000, HangUpRequested("the server is closing")).expect(SPEAKING, HoldPlayout(2))
    t.at(3_000, PlayoutHeld(2, "We have")).expect(THINKING, CancelReply(2), Recite)
    t.at(3_010, ReplyAudioStarted(3)).at(4_000, PlayoutFinished(3, "bye")).expect(
        ENDED, EndCall("the server is closing")
    )


def test_a_second_request_to_hang_up_changes_nothing() -> None:
    listening().at(2_000, HangUpRequested("drain")).at(2_100, HangUpRequested("drain")).expect(THINKING)


def test_the_longest_call_ends_with_a_goodbye() -> None:
    t = listening().until(1_800_000)
    assert any(isinstance(effect, EndCall) for effect in t.effects)


def test_after_the_end_nothing_follows() -> None:
    t = speaking().at(3_000, CallEnded("hung up")).expect(ENDED)
    t.at(3_100, WordsHeard("hello?")).expect(ENDED).at(3_200, TurnEnded("hello")).expect(ENDED)
    assert t.state.deadlines.earliest() is None


def test_a_goodbye_that_the_caller_interrupted_ends_nothing_when_its_tool_returns_at_last() -> None:
    t = thinking().at(2_200, ToolsRequested(2, (BOOK,))).expect(THINKING, RunTool)
    t.at(2_300, WordsHeard("Wait, one more thing.", is_final=True)).expect(LISTENING, CancelReply)
    t.at(2_350, ToolReturned(2, "c1", "", ends_call=True)).expect(LISTENING)
    t.at(2_400, TurnEnded("When do you open?")).expect(THINKING, StartReply)
    t.at(2_900, ReplyAudioStarted(3)).at(4_000, PlayoutFinished(3, "At nine.")).expect(LISTENING)


def test_after_keys_the_silence_before_a_filler_counts_from_the_last_key() -> None:
    t = listening().at(2_000, DigitPressed("4")).at(2_200, DigitPressed("2"))
    t.until(3_700).expect(THINKING, StartReply)
    t.until(3_999).expect(THINKING).until(4_000).expect(THINKING, Fill)


@pytest.mark.parametrize("heard", ["", "I will"])
def test_where_not_even_an_apology_can_be_spoken_only_what_was_heard_stays_on_record(heard: str) -> None:
    profile = Profile(retries=0, apologies=0)
    t = Timeline(profile).at(0, CallStarted("+1", "+2")).at(20, ReplyAudioStarted(1))
    t.at(1_000, PlayoutFinished(1, Phrases().greeting)).at(2_000, TurnEnded("Goodbye."))
    t.at(2_200, ToolsRequested(2, (BOOK,), "I will see."))
    if heard:
        t.at(2_250, ReplyAudioStarted(2)).at(2_300, ReplyFailed(2, Stage.VOICE, "closed"))
        t.at(2_600, PlayoutDrained(2, heard)).expect(ENDED, EndCall)
    else:
        t.at(2_300, ReplyFailed(2, Stage.VOICE, "closed")).expect(ENDED, EndCall)
    said = [message.content for message in t.state.transcript if message.role == "assistant"]
    assert said == [Phrases().greeting, heard]
