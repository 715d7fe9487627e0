"""Drafts in a call on fakes: what is prepared, what leaves and when, what is left of one that is dropped."""

from collections.abc import Callable, Iterator

import pytest

from agent.errors import FaultKind
from agent.ledger import ledger_of
from agent.services import ToolOutcome
from fsm.effects import RunTool
from fsm.events import ReplyFailed, ToolCall, ToolReturned, ToolsRequested, TurnEnded
from fsm.profile import Phrases
from fsm.state import Mode
from fsm.units import ms_to_samples
from simulator.speech import silence, speak
from tests.agent.call_fakes import Outcome, fault
from tests.agent.test_call import Booth

PAUSE_SAMPLES = ms_to_samples(240)
"""The silence after a sentence: the words come before it is noticed."""


@pytest.fixture(name="booth")
def running_call() -> Iterator[Booth]:
    booth = Booth(Phrases(openings=("Let me see.",)))
    booth.knows("Let me see.", 400)
    booth.greets()
    yield booth
    assert notes(booth, "our_mistake") == []
    booth.call.on_stream_ended("the test is over")
    assert booth.clock.pending_count == 0, "a timer outlived the call"
    assert booth.voice.is_closed


def drafts(booth: Booth, text: str = "I need an appointment.") -> int:
    """The caller says `text`; its draft is asked for. The draft's number."""
    booth.hears(speak(text).audio[:-PAUSE_SAMPLES])
    booth.call.hearing.on_words(text, is_final=True, speech_final=False)
    booth.hears(silence(40))
    draft = booth.call.state.draft
    assert draft is not None
    assert booth.call.state.mode is Mode.LISTENING
    return draft.reply


def said(booth: Booth, number: int) -> list[str]:
    """What the voice was given for a reply."""
    return [text for order, utterance, text in booth.voice.orders if order == "say" and utterance == number]


def notes(booth: Booth, name: str) -> list[dict[str, object]]:
    return [line["data"] for line in booth.lines if line.get("note") == name]


def test_nothing_of_a_draft_leaves_before_the_turn_is_over_and_all_of_it_then(booth: Booth) -> None:
    sent = len(booth.wire.kinds)
    number = drafts(booth)
    booth.model.generations[-1].says("On ", "Tuesday. ", "At ", "ten?")
    booth.model.generations[-1].ends()
    assert said(booth, number) == ["On Tuesday."]
    booth.voice.speaks(number, "On Tuesday.", 400)
    assert len(booth.wire.kinds) == sent, "something of the draft was sent"
    booth.hears(silence(600))
    assert booth.call.state.mode is Mode.SPEAKING
    assert booth.call.state.reply == number
    assert len(booth.wire.kinds) > sent
    assert said(booth, number) == ["On Tuesday.", "At ten?"]
    booth.hears(silence(600))
    (turn,) = ledger_of(booth.lines)
    assert sum(turn.parts_ms().values()) == turn.voice_to_voice_ms
    assert turn.parts_ms()["llm_ms"] == turn.parts_ms()["tts_ms"] == 0


def test_the_audio_of_an_adopted_draft_leaves_in_the_pass_that_ends_the_turn(booth: Booth) -> None:
    number = drafts(booth)
    booth.model.generations[-1].says("On Tuesday. ", "At ten?")
    booth.voice.speaks(number, "On Tuesday.", 400)
    sent = len(booth.wire.kinds)
    booth.call.feed(TurnEnded(""))
    assert len(booth.wire.kinds) > sent


def test_a_dropped_draft_leaves_no_trace_but_its_cost(booth: Booth) -> None:
    number = drafts(booth)
    booth.model.generations[-1].says("On Tuesday. ", "At ")
    transcript = booth.call.state.transcript
    booth.call.hearing.on_words("Or rather not.", is_final=True, speech_final=False)
    assert booth.call.state.draft is None
    assert booth.call.state.transcript == transcript
    assert booth.model.generations[0].is_cancelled
    assert notes(booth, "draft_dropped")[0] == {"reply": number, "tokens": 2, "characters": len("On Tuesday.")}
    booth.voice.speaks(number, "On Tuesday.", 400)
    booth.hears(silence(40))
    assert booth.call.state.mode is Mode.LISTENING


def test_tools_of_a_draft_wait_for_its_adoption(booth: Booth, monkeypatch: pytest.MonkeyPatch) -> None:
    drafts(booth)
    booth.model.generations[-1].ends(ToolCall("c1", "book_appointment", "{}"))
    assert booth.told(ToolsRequested) == []
    ordered: list[RunTool] = []
    monkeypatch.setattr(booth.call.errands, "run", ordered.append)
    booth.hears(silence(600))
    assert [order.call.call_id for order in ordered] == ["c1"]
    (request,) = booth.told(ToolsRequested)
    assert isinstance(request, ToolsRequested)
    assert request.calls[0].call_id == "c1"


def test_a_tool_that_only_reads_runs_for_a_draft_and_no_other_does(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead: list[tuple[int, str]] = []
    monkeypatch.setattr(booth.call.errands, "run_ahead", lambda reply, call, _told: ahead.append((reply, call.name)))
    number = drafts(booth)
    booth.model.generations[-1].ends(
        ToolCall("c1", "look", "{}"), ToolCall("c2", "book", "{}"), ToolCall("c3", "x", "")
    )
    assert ahead == [(number, "look")]
    assert notes(booth, "tool_ran_ahead") == [{"reply": number, "tool": "look"}]
    assert booth.told(ToolsRequested) == []


def test_tools_of_a_dropped_draft_never_run(booth: Booth) -> None:
    drafts(booth)
    booth.model.generations[-1].ends(ToolCall("c1", "book_appointment", "{}"))
    booth.call.hearing.on_words("Or rather not.", is_final=True, speech_final=False)
    booth.hears(silence(900))
    assert booth.told(ToolsRequested) == []


def test_a_draft_that_failed_is_asked_for_again_once_it_is_due(booth: Booth) -> None:
    number = drafts(booth)
    booth.model.generations[-1].fails(fault())
    asked = len(booth.model.generations)
    booth.hears(silence(600))
    assert booth.call.state.reply == number + 1
    assert len(booth.model.generations) == asked + 1


# --- openings


def test_of_a_draft_that_begins_with_an_opening_the_voice_has_the_clause_after_it(booth: Booth) -> None:
    sent = len(booth.wire.kinds)
    number = drafts(booth)
    booth.model.generations[-1].says("Let me see. ", "On Tuesday. ", "At ten?")
    assert said(booth, number) == ["On Tuesday."]
    assert len(booth.wire.kinds) == sent, "something of the draft was sent"
    booth.call.feed(TurnEnded(""))
    assert booth.call.state.mode is Mode.SPEAKING, "before the voice made a sound"
    assert len(booth.wire.kinds) > sent
    booth.model.generations[-1].ends()
    assert said(booth, number) == ["On Tuesday.", "At ten?"]
    booth.voice.speaks(number, "On Tuesday.At ten?", 900)
    booth.voice.ends(number)
    booth.hears(silence(1_900))
    assert booth.call.state.transcript[-1].content == "Let me see. On Tuesday. At ten?"
    (turn,) = ledger_of(booth.lines)
    assert sum(turn.parts_ms().values()) == turn.voice_to_voice_ms


def test_of_a_draft_that_can_only_fail_nothing_sounds_and_it_is_asked_for_again(booth: Booth) -> None:
    number = drafts(booth)
    booth.model.generations[-1].says("Let me see. ", "On Tuesday. ")
    booth.voice.speaks(number, "On", 100)
    booth.voice.listener.on_voice_failed(number, fault(FaultKind.CLOSED))
    sent = len(booth.wire.sent)
    booth.call.feed(TurnEnded(""))
    assert len(booth.wire.sent) == sent
    assert booth.told(ReplyFailed)
    assert booth.call.state.reply == number + 1


def test_a_draft_of_an_opening_alone_needs_no_voice(booth: Booth) -> None:
    number = drafts(booth, "Thank you.")
    booth.model.generations[-1].says("Let me see.")
    booth.model.generations[-1].ends()
    booth.hears(silence(1_500))
    assert booth.call.state.transcript[-1].content == "Let me see."
    assert [order for order, utterance, _ in booth.voice.orders if utterance == number] == []


# --- rounds ahead


class Tools:
    """Tools that return when the test says so, those that run ahead and those that are ordered."""

    def __init__(self, booth: Booth, monkeypatch: pytest.MonkeyPatch) -> None:
        self.booth = booth
        self.ahead: dict[str, Callable[[ToolOutcome], None]] = {}
        self.ordered: list[RunTool] = []
        self.forgotten: list[int] = []
        monkeypatch.setattr(booth.call.errands, "run_ahead", self._run_ahead)
        monkeypatch.setattr(booth.call.errands, "run", self.ordered.append)
        monkeypatch.setattr(booth.call.errands, "forget", self.forgotten.append)

    def _run_ahead(self, _reply: int, call: ToolCall, told: Callable[[ToolOutcome], None]) -> None:
        self.ahead[call.call_id] = told

    def return_ordered(self, result: str = "free: ten") -> None:
        """Every tool that was ordered answers `result`."""
        while self.ordered:
            order = self.ordered.pop(0)
            self.booth.call.feed(ToolReturned(order.reply, order.call.call_id, result))


@pytest.fixture(name="tools")
def tools_in_hand(booth: Booth, monkeypatch: pytest.MonkeyPatch) -> Tools:
    return Tools(booth, monkeypatch)


LOOK, LOOK_AGAIN, BOOK = ToolCall("c1", "look", "{}"), ToolCall("c2", "look", "{}"), ToolCall("c3", "book", "{}")


def test_after_its_tools_a_draft_has_the_next_round_ready(booth: Booth, tools: Tools) -> None:
    number = drafts(booth)
    booth.model.generations[-1].ends(LOOK, LOOK_AGAIN)
    tools.ahead["c1"](Outcome("free: ten"))
    assert len(booth.model.generations) == 1, "the other one is still out"
    tools.ahead["c2"](Outcome("free: ten"))
    first, second = booth.model.generations
    assert [message.role for message in second.messages[len(first.messages) :]] == ["assistant", "tool", "tool"]
    assert second.messages[-1].content == "free: ten"
    second.says("At ten. ", "Shall I?")
    second.ends()
    booth.voice.speaks(number, "At ten.", 400)
    sent = len(booth.wire.sent)
    booth.call.feed(TurnEnded(""))
    assert len(booth.wire.sent) == sent, "not before the tools were ordered and returned"
    tools.return_ordered()
    assert len(booth.wire.sent) > sent
    assert len(booth.model.generations) == 2, "nobody was asked twice"
    assert said(booth, number) == ["At ten.", "Shall I?"]
    booth.voice.speaks(number, "Shall I?", 400)
    booth.voice.ends(number)
    booth.hears(silence(1_500))
    assert booth.call.state.transcript[-1].content == "At ten. Shall I?"
    (turn,) = ledger_of(booth.lines)
    assert sum(turn.parts_ms().values()) == turn.voice_to_voice_ms


def test_an_opening_before_the_tools_sounds_at_once_and_the_answer_right_after_it(booth: Booth, tools: Tools) -> None:
    number = drafts(booth)
    booth.model.generations[-1].says("Let me see.")
    booth.model.generations[-1].ends(LOOK)
    tools.ahead["c1"](Outcome("free: ten"))
    booth.model.generations[-1].says("At ten.")
    booth.model.generations[-1].ends()
    booth.voice.speaks(number, "At ten.", 400)
    booth.voice.ends(number)
    booth.call.feed(TurnEnded(""))
    tools.return_ordered()
    booth.hears(silence(1_500))
    assert [message.content for message in booth.call.state.transcript[-3:]] == ["Let me see.", "free: ten", "At ten."]
    assert booth.call._mouth.playout.underruns == 0


def test_a_round_that_is_still_on_its_way_goes_on_in_the_open(booth: Booth, tools: Tools) -> None:
    number = drafts(booth)
    booth.model.generations[-1].ends(LOOK)
    tools.ahead["c1"](Outcome("free: ten"))
    booth.model.generations[-1].says("At ")
    booth.call.feed(TurnEnded(""))
    booth.model.generations[-1].says("ten. ")
    tools.return_ordered()
    booth.model.generations[-1].says("Shall I?")
    booth.model.generations[-1].ends()
    assert said(booth, number) == ["At ten.", "Shall I?"]
    booth.voice.speaks(number, "At ten.Shall I?", 800)
    booth.voice.ends(number)
    booth.hears(silence(1_500))
    assert booth.call.state.transcript[-1].content == "At ten. Shall I?"


def test_a_draft_asks_on_for_as_many_rounds_as_a_turn_may_have(booth: Booth, tools: Tools) -> None:
    drafts(booth)
    for number in range(3):
        booth.model.generations[-1].ends(ToolCall(f"c{number}", "look", "{}"))
        tools.ahead[f"c{number}"](Outcome("free: ten"))
    assert len(booth.model.generations) == 4
    booth.model.generations[-1].ends(ToolCall("c3", "look", "{}"))
    assert "c3" not in tools.ahead
    booth.call.feed(TurnEnded(""))
    for _ in range(3):
        tools.return_ordered()
    assert len(booth.told(ToolsRequested)) == 4
    assert tools.ordered == [], "the fourth is refused as ever"
    assert len(booth.model.generations) == 4


@pytest.mark.parametrize(
    ("calls", "outcome"),
    [
        ((LOOK, BOOK), Outcome("free: ten")),
        ((LOOK,), Outcome("bye", ends_call=True)),
        ((LOOK,), Outcome("no", failed=True, ends_round=True)),
    ],
)
def test_no_round_is_asked_for_ahead_that_others_decide_on(
    booth: Booth, tools: Tools, calls: tuple[ToolCall, ...], outcome: Outcome
) -> None:
    drafts(booth)
    booth.model.generations[-1].ends(*calls)
    tools.ahead["c1"](outcome)
    assert len(booth.model.generations) == 1


def test_where_words_sound_before_the_tools_there_is_no_hurry(booth: Booth, tools: Tools) -> None:
    number = drafts(booth)
    booth.model.generations[-1].says("I will look that up.")
    booth.model.generations[-1].ends(LOOK)
    tools.ahead["c1"](Outcome("free: ten"))
    assert len(booth.model.generations) == 1
    assert said(booth, number) == ["I will look that up."]


def test_tools_that_return_after_the_adoption_are_the_machines(booth: Booth, tools: Tools) -> None:
    drafts(booth)
    booth.model.generations[-1].ends(LOOK)
    booth.call.feed(TurnEnded(""))
    tools.ahead["c1"](Outcome("free: ten"))
    assert len(booth.model.generations) == 1
    tools.return_ordered()
    assert len(booth.model.generations) == 2


def test_a_draft_that_is_dropped_leaves_nothing_of_its_rounds(booth: Booth, tools: Tools) -> None:
    number = drafts(booth)
    transcript = booth.call.state.transcript
    booth.model.generations[-1].says("Let me see.")
    booth.model.generations[-1].ends(LOOK)
    tools.ahead["c1"](Outcome("free: ten"))
    booth.model.generations[-1].says("At ten. ", "Sh")
    booth.call.hearing.on_words("Or rather not.", is_final=True, speech_final=False)
    assert booth.model.generations[1].is_cancelled
    assert tools.forgotten == [number]
    assert ("drop", number, "") in booth.voice.orders
    assert booth.call.state.transcript == transcript
    assert notes(booth, "draft_dropped")[0] == {"reply": number, "tokens": 3, "characters": len("At ten.")}
    assert notes(booth, "opening") == []
    tools.ahead["c1"](Outcome("free: ten"))
    assert len(booth.model.generations) == 2, "a tool that was too late asks nobody"
    assert notes(booth, "our_mistake") == []


def test_a_caller_who_goes_on_before_the_tools_are_ordered_ends_what_was_ahead(booth: Booth, tools: Tools) -> None:
    number = drafts(booth)
    booth.model.generations[-1].ends(LOOK)
    tools.ahead["c1"](Outcome("free: ten"))
    booth.model.generations[-1].says("At ten. ", "Sh")
    booth.call.feed(TurnEnded(""))
    booth.call.hearing.on_words("And on Friday?", is_final=True, speech_final=False)
    assert booth.call.state.mode is Mode.LISTENING
    assert booth.model.generations[1].is_cancelled
    assert ("drop", number, "") in booth.voice.orders
    booth.voice.speaks(number, "At ten.", 400)
    tools.return_ordered()
    assert booth.call.state.mode is Mode.LISTENING
    assert booth.call._mouth.playout.queued_samples == 0


def test_a_round_that_answers_other_results_than_came_is_asked_for_anew(booth: Booth, tools: Tools) -> None:
    number = drafts(booth)
    booth.model.generations[-1].ends(LOOK)
    tools.ahead["c1"](Outcome("free: ten"))
    booth.model.generations[-1].says("At ten. ", "Sh")
    booth.call.feed(TurnEnded(""))
    tools.return_ordered("free: eleven")
    assert booth.model.generations[1].is_cancelled
    assert booth.call.state.reply == number + 1
    assert booth.model.generations[2].messages[-1].content == "free: eleven"
    assert said(booth, number + 1) == []


def test_a_round_that_failed_ahead_fails_when_it_is_ordered(booth: Booth, tools: Tools) -> None:
    number = drafts(booth)
    booth.model.generations[-1].ends(LOOK)
    tools.ahead["c1"](Outcome("free: ten"))
    booth.model.generations[-1].fails(fault())
    booth.call.feed(TurnEnded(""))
    assert booth.told(ReplyFailed) == []
    tools.return_ordered()
    assert booth.told(ReplyFailed)
    assert booth.call.state.reply == number + 1
