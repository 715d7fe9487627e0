"""Wherever in its making a draft is adopted, the caller hears the same, each word once, and nothing before."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.services import ToolOutcome
from fsm.effects import RunTool
from fsm.events import PlayoutFinished, ToolCall, ToolReturned, TurnEnded
from fsm.profile import Phrases
from fsm.state import Mode
from simulator.speech import silence
from tests.agent.call_fakes import Outcome
from tests.agent.test_call import Booth
from tests.agent.test_draft import drafts

OPENING, RESULT = "Let me see.", "free: ten"

TEXTS = st.lists(st.sampled_from([OPENING, "On Tuesday.", "Nine is free, and so is ten."]), max_size=3).map(" ".join)

Round = tuple[str, int]
"""What the model says, and how many tools it asks for then."""


class Story:
    """A draft in the making; each `step` may be the one in which the turn ends."""

    def __init__(self, adopted_at: int) -> None:
        self.booth = Booth(Phrases(openings=(OPENING,)))
        self.booth.knows(OPENING, 400)
        self.booth.greets()
        self.ordered: list[RunTool] = []
        self.ahead: list[Callable[[ToolOutcome], None]] = []
        errands = self.booth.call.errands
        errands.run = self._run  # type: ignore[method-assign]  # tools return when the story says so
        errands.run_ahead = self._run_ahead  # type: ignore[method-assign]  # the same
        self.number = drafts(self.booth)
        self._sent = len(self.booth.wire.sent)
        self._steps_left = adopted_at
        self.is_adopted = False

    def _run(self, order: RunTool) -> None:
        self.ordered.append(order)

    def _run_ahead(self, reply: int, call: ToolCall, on_outcome: Callable[[ToolOutcome], None]) -> None:
        assert (reply, call.name) == (self.number, "look")
        self.ahead.append(on_outcome)

    def step(self) -> None:
        """The next thing is about to happen."""
        if not self.is_adopted:
            assert len(self.booth.wire.sent) == self._sent, "something of a draft was sent"
        self._steps_left -= 1
        if self._steps_left == 0:
            self.adopt()

    def adopt(self) -> None:
        """The turn ends."""
        if not self.is_adopted:
            self.is_adopted = True
            self.booth.call.feed(TurnEnded(""))
            assert self.booth.call.state.reply == self.number

    def tell(self, rounds: Sequence[Round]) -> None:
        """The model's rounds, one after the other."""
        for index, (text, tools) in enumerate(rounds):
            generation = self.booth.model.generations[index]
            for word in text.split():
                self.step()
                generation.says(f"{word} ")
            self.step()
            generation.ends(*(ToolCall(f"c{index}-{tool}", "look", "{}") for tool in range(tools)))
            while self.ahead and not self.is_adopted:
                self.step()
                self.ahead.pop(0)(Outcome(RESULT))
            self.ahead.clear()
            if tools and len(self.booth.model.generations) == index + 1:
                self.adopt()  # whoever waits for the machine waits until the turn is over
            self.return_tools()

    def return_tools(self) -> None:
        """What was ordered so far returns, and what that leads to."""
        while self.ordered:
            order = self.ordered.pop(0)
            self.booth.call.feed(ToolReturned(order.reply, order.call.call_id, RESULT))


@pytest.mark.parametrize("is_spoken", [True, False])
@given(
    before=st.lists(st.tuples(TEXTS, st.integers(1, 2)), max_size=3),
    last=TEXTS.filter(bool),
    adopted_at=st.integers(1, 30),
)
def test_the_caller_hears_the_same_wherever_the_turn_ends(
    before: list[Round], last: str, adopted_at: int, *, is_spoken: bool
) -> None:
    story = Story(adopted_at)
    booth = story.booth
    story.tell([*before, (last, 0)])
    story.adopt()
    story.return_tools()
    assert len(booth.model.generations) == len(before) + 1, "asked once for each round"
    whole = " ".join(text for text, _ in [*before, (last, 0)] if text)
    given_to_the_voice = " ".join(text for order, number, text in booth.voice.orders if order == "say")
    assert whole.endswith(given_to_the_voice)
    assert set(whole.removesuffix(given_to_the_voice).replace(OPENING, "")) <= {" "}, "only openings come from memory"
    if is_spoken and given_to_the_voice:
        booth.voice.speaks(story.number, given_to_the_voice, 900)
        booth.voice.ends(story.number)
    if is_spoken or not given_to_the_voice:
        booth.hears(silence(6_000))
        assert booth.told(PlayoutFinished)[-1] == PlayoutFinished(story.number, whole)
        assert booth.call.state.mode is Mode.LISTENING
    assert [line for line in booth.lines if line.get("note") == "our_mistake"] == []
    booth.call.on_stream_ended("the test is over")
    assert booth.clock.pending_count == 0, "a timer outlived the call"
