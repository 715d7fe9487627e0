"""One reply: tokens become clauses, clauses go to the voice, and nothing survives its turn."""

import pytest

from agent.errors import FaultKind
from agent.opening_clauses import OpeningClauses
from agent.ports import ToolSchema
from agent.reply import Reply
from fsm.events import ReplyFailed, Stage, ToolCall, ToolsRequested
from fsm.transcript import Message
from tests.agent.call_fakes import FakeModel, FakeOwner, fault
from tests.fakes import ManualClock

LOOK = ToolCall("c1", "find_free_slots", "{}")
MESSAGES = (Message("user", "When do you open?"),)


class Booth:
    """A reply, its model and a speaker that writes down what it is told."""

    def __init__(self) -> None:
        self.model = FakeModel()
        self.owner = FakeOwner(ManualClock())
        self.spoken: list[str] = []
        self.finished = 0
        self.openings = OpeningClauses(["Let me see."], lambda _text: None)
        self.tools = (ToolSchema("find_free_slots", "", {}),)
        self.reply = Reply(2, self.model, self.tools, self, self.owner)

    def say(self, reply: int, clause: str) -> None:
        assert reply == 2
        self.spoken.append(clause)

    def finish(self, reply: int) -> None:
        assert reply == 2
        self.finished += 1


@pytest.fixture(name="booth")
def asked_booth() -> Booth:
    booth = Booth()
    booth.reply.ask(MESSAGES)
    return booth


def test_the_model_is_asked_with_messages_and_tools(booth: Booth) -> None:
    (generation,) = booth.model.generations
    assert generation.messages == MESSAGES
    assert generation.tools == booth.tools
    assert booth.owner.stamps == ["asked"]


def test_clauses_are_spoken_as_they_come_and_the_rest_at_the_end(booth: Booth) -> None:
    (generation,) = booth.model.generations
    generation.says("We open at ", "nine. ", "On Fri", "days we open at ten")
    assert booth.spoken == ["We open at nine."]
    generation.ends()
    assert booth.spoken == ["We open at nine.", "On Fridays we open at ten"]
    assert booth.finished == 1
    assert booth.owner.fed == []
    assert booth.owner.stamps == ["asked", "first_token", "first_clause"]


def test_tools_are_asked_for_with_what_was_said_before_them(booth: Booth) -> None:
    (generation,) = booth.model.generations
    generation.says("Let me look. One moment please, it takes a while")
    generation.ends(LOOK)
    assert booth.owner.fed == [ToolsRequested(2, (LOOK,), "Let me look. One moment please, it takes a while")]
    assert booth.finished == 0
    assert booth.owner.stamps[-1] == "tools_requested"


def test_the_next_round_speaks_on_in_the_same_reply(booth: Booth) -> None:
    booth.model.generations[0].says("Let me look. ")
    booth.model.generations[0].ends(LOOK)
    booth.reply.ask((*MESSAGES, Message("tool", "ten", tool_call_id="c1")))
    booth.model.generations[1].says("Ten is free.")
    booth.model.generations[1].ends()
    assert booth.spoken == ["Let me look.", "Ten is free."]
    assert booth.finished == 1
    assert booth.owner.stamps.count("first_clause") == 1
    assert booth.owner.stamps.count("first_token") == 2


def test_an_empty_answer_is_a_failure(booth: Booth) -> None:
    booth.model.generations[0].ends()
    assert booth.owner.fed == [ReplyFailed(2, Stage.MODEL, "empty")]
    assert booth.finished == 0


def test_a_round_without_words_after_one_with_words_is_an_end(booth: Booth) -> None:
    booth.model.generations[0].says("Goodbye.")
    booth.model.generations[0].ends(LOOK)
    booth.reply.ask(MESSAGES)
    booth.model.generations[1].ends()
    assert booth.finished == 1
    assert [type(event) for event in booth.owner.fed] == [ToolsRequested]


def test_a_failure_says_whether_and_when_to_ask_again(booth: Booth) -> None:
    booth.model.generations[0].says("We open at nine. On Fri")
    booth.model.generations[0].fails(fault(FaultKind.RATE_LIMITED, retry_after_ms=2_000))
    assert booth.spoken == ["We open at nine."], "half a clause is left to the next attempt"
    assert booth.owner.fed == [ReplyFailed(2, Stage.MODEL, "rate_limited", retryable=True, retry_after_ms=2_000)]
    assert booth.owner.notes[0][0] == "fault"


def test_a_refused_key_is_not_worth_another_attempt(booth: Booth) -> None:
    booth.model.generations[0].fails(fault(FaultKind.REFUSED_KEY))
    assert booth.owner.fed == [ReplyFailed(2, Stage.MODEL, "refused_key", retryable=False)]


def test_a_cancelled_reply_cancels_its_generation(booth: Booth) -> None:
    booth.reply.cancel()
    booth.reply.cancel()
    assert booth.model.generations[0].is_cancelled


def test_a_reply_that_was_generated_has_nothing_to_cancel(booth: Booth) -> None:
    booth.model.generations[0].says("Yes.")
    booth.model.generations[0].ends()
    booth.reply.cancel()
    assert not booth.model.generations[0].is_cancelled


def test_nothing_more_may_be_said_by_order(booth: Booth) -> None:
    booth.reply.finish()
    assert booth.finished == 1


def test_two_generations_at_once_are_a_mistake(booth: Booth) -> None:
    with pytest.raises(AssertionError, match="one generation at a time"):
        booth.reply.ask(MESSAGES)


def test_a_mistake_while_tokens_come_is_told_to_the_call_and_to_nobody_else(booth: Booth) -> None:
    def fail(reply: int, clause: str) -> None:
        raise ZeroDivisionError

    booth.say = fail  # type: ignore[method-assign]  # a mistake
    booth.model.generations[0].says("We open at nine. Always.")
    booth.model.generations[0].ends()
    assert [type(error) for error in booth.owner.mistakes] == [ZeroDivisionError, ZeroDivisionError]
