"""Our side in stories: last words, and calls that are to end while we speak."""

from fsm.effects import CancelReply, ContinueReply, EndCall, Fill, FinishReply, HoldPlayout, Recite, RunTool, StartReply
from fsm.events import (
    HangUpRequested,
    PlayoutDrained,
    PlayoutFinished,
    PlayoutHeld,
    ReplyAudioStarted,
    ReplyFailed,
    Stage,
    ToolCall,
    ToolReturned,
    ToolsRequested,
    TurnEnded,
    WordsHeard,
)
from fsm.profile import Phrases, Profile
from fsm.state import Mode
from fsm.transcript import Message
from fsm.values import replace
from tests.fsm.timeline import Timeline, speaking, thinking

LISTENING, THINKING, SPEAKING, BARGE_IN, ENDED = list(Mode)[1:]
HANG_UP = ToolCall("c1", "hang_up", "{}")
IS_HUNG_UP = ToolReturned(2, "c1", "ok", ends_call=True)
ONE_MOMENT = Fill(2, Phrases().filler)
FIND = ToolCall("c1", "find_free_slots", "{}")


def using_a_tool() -> Timeline:
    """A call in which reply 2 says what it is about to do, and the tool is under way."""
    t = thinking().at(2_200, ToolsRequested(2, (FIND,), "Let me look at Tuesday for you."))
    return t.at(2_500, ReplyAudioStarted(2)).expect(SPEAKING)


def ours(t: Timeline) -> list[tuple[str, bool]]:
    """What the model would be told that we said after the greeting, and whether that was cut."""
    return [(said.content, said.cut) for said in t.state.transcript[1:] if said.role == "assistant"]


# --- last words that need their time


def test_a_caller_does_not_wait_in_silence_for_a_goodbye_that_the_voice_is_slow_to_speak() -> None:
    t = thinking("bye").at(2_900, ToolsRequested(2, (HANG_UP,), "Goodbye.")).at(2_910, IS_HUNG_UP)
    t.expect(THINKING, FinishReply).until(3_400).expect(THINKING, ONE_MOMENT)
    t.at(3_700, ReplyAudioStarted(2)).at(4_500, PlayoutFinished(2, "Goodbye.")).expect(ENDED, EndCall)


def test_a_goodbye_that_no_voice_speaks_is_asked_for_again_as_soon_as_any_answer() -> None:
    t = thinking("bye").at(2_900, ToolsRequested(2, (HANG_UP,), "Goodbye.")).at(2_910, IS_HUNG_UP)
    t.until(9_909)
    assert StartReply(3, 1) not in t.effects
    t.until(9_910).expect(THINKING, StartReply(3, 1))


def test_no_filler_follows_last_words_that_were_heard() -> None:
    t = thinking("bye").at(2_500, ReplyAudioStarted(2)).at(3_000, ToolsRequested(2, (HANG_UP,), "Goodbye."))
    t.at(3_300, PlayoutDrained(2, "Goodbye.")).expect(THINKING).at(3_400, IS_HUNG_UP).expect(THINKING, FinishReply)
    t.until(6_000).expect(THINKING)
    assert ONE_MOMENT not in t.effects


def test_a_farewell_that_no_voice_spoke_is_none_if_the_model_then_goes_on() -> None:
    t = thinking("bye").at(2_200, ToolsRequested(2, (HANG_UP,), "Goodbye.")).at(2_210, IS_HUNG_UP)
    t.at(4_000, ReplyFailed(2, Stage.VOICE, "stalled")).expect(THINKING, StartReply(3, 1))
    t.at(4_100, ToolsRequested(3, (ToolCall("c2", "find_free_slots", "{}"),), "Let me look."))
    t.at(4_200, ToolReturned(3, "c2", "none")).expect(THINKING, ContinueReply(3, 1))


# --- calls that are to end while we speak


def test_what_was_not_heard_before_a_drain_is_not_told_as_heard() -> None:
    t = using_a_tool().at(2_700, HangUpRequested("drain")).expect(SPEAKING, HoldPlayout(2))
    t.at(2_700, PlayoutHeld(2, "Let me")).expect(THINKING, CancelReply(2), Recite(3, 1, Phrases().goodbye))
    assert ours(t) == [("Let me", True)]
    t.at(2_750, ReplyAudioStarted(3)).at(3_700, PlayoutFinished(3, "Goodbye.")).expect(ENDED, EndCall("drain"))


def test_what_was_heard_before_a_drain_is_told_though_no_tool_was_used() -> None:
    t = speaking().at(2_700, HangUpRequested("drain")).at(2_700, PlayoutHeld(2, "We have"))
    assert t.state.transcript[-1] == Message("assistant", "We have", cut=True)


def test_a_reply_that_was_heard_to_its_last_word_before_a_drain_was_not_cut() -> None:
    t = speaking().at(4_000, HangUpRequested("drain")).at(4_000, PlayoutHeld(2, "At nine.", is_whole=True))
    assert t.expect(THINKING, CancelReply(2), Recite).state.transcript[-1] == Message("assistant", "At nine.")


def test_the_longest_call_ends_in_the_middle_of_a_reply_and_knows_where() -> None:
    t = using_a_tool().at(2_600, ToolReturned(2, "c1", "ok"))
    for at_ms in range(100_000, 1_800_000, 100_000):
        t.at(at_ms, PlayoutDrained(2, "Let me")).at(at_ms, ReplyAudioStarted(2))
    t.until(1_800_000).expect(SPEAKING, HoldPlayout(2)).at(1_800_000, PlayoutHeld(2, "Let me look"))
    t.expect(THINKING, CancelReply(2), Recite(3, 1, Phrases().goodbye))
    assert ours(t) == [("Let me look", True)]


def test_while_a_call_ends_nobody_can_interrupt_the_goodbye() -> None:
    t = using_a_tool().at(2_700, HangUpRequested("drain")).at(2_700, PlayoutHeld(2, "Let me"))
    t.at(2_750, ReplyAudioStarted(3)).at(2_760, HangUpRequested("drain")).expect(SPEAKING)


def test_a_reply_without_an_end_stays_in_the_transcript_as_far_as_it_was_heard() -> None:
    t = using_a_tool().until(122_500).expect(SPEAKING, HoldPlayout(2))
    t.at(122_500, PlayoutHeld(2, "Let me look at Tuesday for you. It is")).expect(LISTENING, CancelReply(2))
    assert ours(t) == [("Let me look at Tuesday for you.", False), ("It is", True)]


def test_a_farewell_without_an_end_gives_way_to_a_short_one() -> None:
    t = using_a_tool().at(2_600, ToolReturned(2, "c1", "ok", ends_call=True)).expect(SPEAKING, FinishReply)
    t.until(122_500).expect(SPEAKING, HoldPlayout(2)).at(122_500, PlayoutHeld(2, "Let me look"))
    t.expect(THINKING, CancelReply(2), Recite(3, 1, Phrases().goodbye))
    t.at(122_600, ReplyAudioStarted(3)).until(242_600).expect(SPEAKING, HoldPlayout(3))
    t.at(242_600, PlayoutHeld(3, "Good")).expect(ENDED, EndCall("the agent hung up"))


# --- while a tool runs


def waiting(said: str = "", **phrases: str) -> Timeline:
    """A call that waits for a tool, for which the agent has `phrases`; its filler is due at 3,400 ms."""
    t = thinking()
    t.state = replace(t.state, phrases=Phrases(tools=phrases))
    return t.at(2_200, ToolsRequested(2, (FIND,), said)).expect(THINKING, RunTool)


def fillers(t: Timeline) -> list[str]:
    return [effect.text for effect in t.effects if isinstance(effect, Fill)]


def test_a_tool_says_itself_what_is_being_done_and_then_that_it_still_is() -> None:
    t = waiting(find_free_slots="Let me check the calendar.").until(11_000)
    assert fillers(t) == ["Let me check the calendar.", Phrases().still_at_it, "Let me check the calendar."]


def test_a_tool_without_a_phrase_of_its_own_is_waited_for_with_the_common_one() -> None:
    t = waiting(book_appointment="I am booking that.").until(3_400)
    assert fillers(t) == [Phrases().filler]


def test_of_two_tools_the_first_that_still_runs_says_what_is_being_done() -> None:
    t = thinking()
    t.state = replace(t.state, phrases=Phrases(tools={"find": "Looking.", "book": "Booking."}))
    t.at(2_200, ToolsRequested(2, (ToolCall("c1", "find", "{}"), ToolCall("c2", "book", "{}"))))
    t.at(2_300, ToolReturned(2, "c1", "ok")).until(3_400)
    assert fillers(t) == ["Booking."]


def test_after_words_of_ours_no_phrase_says_the_same_again() -> None:
    t = waiting("Let me look at Tuesday.", find_free_slots="Let me check the calendar.")
    t.at(2_500, ReplyAudioStarted(2)).at(3_900, PlayoutDrained(2, "Let me look at Tuesday.")).until(5_300)
    assert fillers(t) == [Phrases().still_at_it]


def test_a_slow_model_after_a_quick_tool_is_waited_for_with_the_common_phrase() -> None:
    t = waiting(find_free_slots="Let me check the calendar.").at(2_400, ToolReturned(2, "c1", "ok")).until(3_400)
    assert fillers(t) == [Phrases().filler]


def test_a_tool_that_takes_far_too_long_is_apologised_for_with_a_way_on() -> None:
    overdue_at = 2_200 + Profile().tool_timeout_ms
    t = waiting().until(overdue_at).until(overdue_at)
    assert t.effects[-1] == Recite(3, 1, Phrases().overdue)
    t.at(overdue_at + 100, ReplyAudioStarted(3)).at(overdue_at + 4_000, PlayoutFinished(3, Phrases().overdue))
    t.expect(LISTENING).at(overdue_at + 5_000, ToolReturned(2, "c1", "three slots")).expect(LISTENING)
    assert Message("tool", "three slots", tool_call_id="c1") in t.state.transcript, "what it found is not lost"


def test_a_model_that_makes_the_same_mistake_again_gets_no_more_tools_in_this_turn() -> None:
    t = waiting().at(2_300, ToolReturned(2, "c1", "no such tool", failed=True, ends_round=True))
    t.expect(THINKING, ContinueReply(2, 1))
    t.at(2_500, ToolsRequested(2, (ToolCall("c2", "find_free_slots", "{}"),)))
    t.expect(THINKING, Recite(3, 1, Phrases().apology))


def test_what_a_tool_says_to_expect_counts_before_what_the_words_ask_and_for_this_reply_alone() -> None:
    t = waiting().at(2_300, ToolReturned(2, "c1", "a code was sent", expects="digits(6)"))
    t.at(2_500, ReplyAudioStarted(2)).at(4_000, PlayoutFinished(2, "What does the message say?"))
    assert str(t.state.expected) == "digits(6)"
    t.at(5_000, TurnEnded("One two three four five six."))
    t.at(5_200, ReplyAudioStarted(t.state.reply)).at(6_000, PlayoutFinished(t.state.reply, "Shall I go on?"))
    assert str(t.state.expected) == "yes_no"


def test_a_tool_of_a_reply_that_is_over_says_nothing_of_what_to_expect() -> None:
    t = waiting().at(2_300, WordsHeard("and also on Wednesday")).at(2_400, ToolReturned(2, "c1", "", expects="digits"))
    assert t.state.told_to_expect is None


def test_a_mistake_of_a_reply_that_is_over_costs_the_next_no_tools() -> None:
    t = waiting().at(2_300, WordsHeard("and also on Wednesday")).at(2_500, TurnEnded("And also on Wednesday."))
    t.at(2_600, ToolReturned(2, "c1", "no such tool", failed=True, ends_round=True))
    t.at(2_700, ToolsRequested(t.state.reply, (ToolCall("c2", "find_free_slots", "{}"),))).expect(THINKING, RunTool)
