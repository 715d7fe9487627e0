"""Our side in stories: last words, and calls that are to end while we speak."""

from fsm.effects import Fill, FinishReply, StartReply
from fsm.events import PlayoutDrained, PlayoutFinished, ReplyAudioStarted, ToolCall, ToolReturned, ToolsRequested
from fsm.profile import Phrases
from fsm.state import Mode
from tests.fsm.timeline import thinking

LISTENING, THINKING, SPEAKING, BARGE_IN, ENDED = list(Mode)[1:]
HANG_UP = ToolCall("c1", "hang_up", "{}")
IS_HUNG_UP = ToolReturned(2, "c1", "ok", ends_call=True)
ONE_MOMENT = Fill(2, Phrases().filler)


# --- last words that need their time


def test_a_caller_does_not_wait_in_silence_for_a_goodbye_that_the_voice_is_slow_to_speak() -> None:
    t = thinking("bye").at(2_900, ToolsRequested(2, (HANG_UP,), "Goodbye.")).at(2_910, IS_HUNG_UP)
    t.expect(THINKING, FinishReply).until(3_400).expect(THINKING, ONE_MOMENT)
    t.at(3_700, ReplyAudioStarted(2)).at(4_500, PlayoutFinished(2, "Goodbye.")).expect(ENDED, *t.last)


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
