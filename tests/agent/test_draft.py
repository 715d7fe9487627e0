"""Drafts in a call on fakes: what is prepared, what leaves and when, what is left of one that is dropped."""

from collections.abc import Iterator

import pytest

from agent.ledger import ledger_of
from fsm.effects import RunTool
from fsm.events import ToolCall, ToolsRequested, TurnEnded
from fsm.state import Mode
from fsm.units import ms_to_samples
from simulator.speech import silence, speak
from tests.agent.call_fakes import fault
from tests.agent.test_call import Booth

PAUSE_SAMPLES = ms_to_samples(240)
"""The silence after a sentence: the words come before it is noticed."""


@pytest.fixture(name="booth")
def running_call() -> Iterator[Booth]:
    booth = Booth()
    booth.greets()
    yield booth
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
    monkeypatch.setattr(booth.call.errands, "run_ahead", lambda reply, call: ahead.append((reply, call.name)))
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
