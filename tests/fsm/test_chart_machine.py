"""The machine that tells random stories to the chart: the chart keeps its promises, and a broken one is found out."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from fsm.chart import TABLE
from fsm.effects import Effect, EndCall, Fill, HoldPlayout, Recite, ResumePlayout, RunTool
from fsm.events import (
    CallStarted,
    DigitPressed,
    Event,
    PlayoutFinished,
    PlayoutHeld,
    SpeechStarted,
    SpeechStopped,
    Tick,
)
from fsm.profile import Phrases, Profile
from fsm.state import CallState, Deadlines, Mode
from fsm.step import begin, step
from fsm.units import ms_to_ns
from fsm.utterance import Utterance
from simulator.strategies import ChartMachine, Story, profiles, stories, telling
from simulator.strategies.shell_model import ShellModel
from simulator.strategies.spoken import WORD_NS
from tests.soak import examples

SHORT_CALLS = {"max_call_ms": 60_000, "max_reply_ms": 8_000}
"""So that even the last deadlines are met in a story."""

Decision = tuple[CallState, tuple[Effect, ...]]
Broken = Callable[[CallState, Event, CallState, tuple[Effect, ...]], Decision]

TestEveryStory = ChartMachine.of(SHORT_CALLS).TestCase
TestEveryStory.settings = examples(40, steps=40)

TestWithAnImpatientProfile = ChartMachine.of(
    {
        "wait_ms": 100,
        "quick_wait_ms": 100,
        "final_grace_ms": 0,
        "idle_ms": 1_000,
        "reprompts": 0,
        "retries": 0,
        "apologies": 0,
    }
).TestCase
TestWithAnImpatientProfile.settings = examples(12, steps=40)


@examples(15)
@given(st.data(), profiles())
def test_no_profile_breaks_a_promise(data: st.DataObject, profile: Profile) -> None:
    data.draw(stories(profile))


@examples(20)
@given(stories())
def test_a_story_can_be_told_again(story: Story) -> None:
    state = begin(Profile(), Phrases(), 0)
    for now, event in story:
        state, _ = step(state, event, now)
    assert isinstance(story[0][1], CallStarted)


def test_stories_come_to_every_mode_by_many_rows() -> None:
    rows: set[tuple[Mode, str, int]] = set()

    class Curious(ChartMachine):
        def _decide(self, event: Event) -> None:
            for index, branch in enumerate(TABLE.get((self.state.mode, type(event)), ())):
                if branch.applies(self.state, event, self.now):
                    rows.add((self.state.mode, type(event).__name__, index))
                    break
            super()._decide(event)

    run_state_machine_as_test(Curious.of(SHORT_CALLS), settings=settings(examples(40), phases=[Phase.generate]))
    assert {mode for mode, _, _ in rows} == set(Mode) - {Mode.ENDED}
    assert len(rows) >= 50, f"only {len(rows)} of {sum(map(len, TABLE.values()))} rows"


# --- a chart with a mistake in it


def without(kind: type[Effect]) -> Broken:
    return lambda _before, _event, after, orders: (
        after,
        tuple(order for order in orders if not isinstance(order, kind)),
    )


def twice(kind: type[Effect]) -> Broken:
    def broken(_before: CallState, _event: Event, after: CallState, orders: tuple[Effect, ...]) -> Decision:
        return after, (*orders, *(order for order in orders if isinstance(order, kind)))

    return broken


def without_deadlines(_before: CallState, _event: Event, after: CallState, orders: tuple[Effect, ...]) -> Decision:
    return (replace(after, deadlines=Deadlines()) if after.mode is Mode.BARGE_IN else after), orders


def believing_too_much(_before: CallState, event: Event, after: CallState, orders: tuple[Effect, ...]) -> Decision:
    last = after.transcript[-1] if after.transcript else None
    if not isinstance(event, PlayoutHeld) or last is None or not last.cut:
        return after, orders
    return replace(
        after, transcript=(*after.transcript[:-1], replace(last, content=f"{last.content} and more"))
    ), orders


def hanging_up_in_mid_word(before: CallState, _event: Event, after: CallState, orders: tuple[Effect, ...]) -> Decision:
    is_late = before.mode is Mode.SPEAKING and any(isinstance(order, HoldPlayout) for order in orders)
    return after, (*orders, EndCall("enough")) if is_late else orders


def forgetting_answers(_before: CallState, _event: Event, after: CallState, orders: tuple[Effect, ...]) -> Decision:
    return replace(after, transcript=tuple(one for one in after.transcript if one.role != "tool")), orders


def forgetting_words(_before: CallState, event: Event, after: CallState, orders: tuple[Effect, ...]) -> Decision:
    is_moved = isinstance(event, Tick | DigitPressed | SpeechStarted | SpeechStopped)
    return (replace(after, utterance=Utterance()) if is_moved else after), orders


@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        (without(HoldPlayout), "one_voice_at_a_time|never ends"),
        (without(Fill), "the_caller_never_waits_in_long_silence"),
        (twice(RunTool), "each_tool_runs_once"),
        (without_deadlines, "the_caller_is_never_left_without_an_answer_for_ever|never ends"),
        (believing_too_much, "what_the_agent_believes_was_heard_is_a_prefix_of_what_it_said"),
        (hanging_up_in_mid_word, "a_goodbye_is_said_before_hanging_up|the_call_ends_once"),
        (forgetting_answers, "the_model_is_never_sent_a_broken_transcript"),
        (forgetting_words, "no_word_of_the_callers_is_lost"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_mistake_is_found_by_the_promise_it_breaks(
    broken: Broken, promise: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_step(state: CallState, event: Event, now: int) -> Decision:
        after, orders = step(state, event, now)
        return broken(state, event, after, orders)

    monkeypatch.setattr(telling, "step", broken_step)
    with pytest.raises(AssertionError, match=promise):
        run_state_machine_as_test(
            ChartMachine.of(SHORT_CALLS),
            settings=settings(examples(400), phases=[Phase.generate], report_multiple_bugs=False),
        )


# --- the model of the shell


def test_the_model_of_the_phone_reports_what_sounded() -> None:
    told: list[Event] = []
    shell = ShellModel(told.append)
    text = "Hello, who is there?"
    shell.perform(Recite(1, 0, text), 0)
    shell.play(WORD_NS * 2)
    shell.perform(HoldPlayout(1), WORD_NS * 2)
    shell.play(WORD_NS * 9)
    shell.perform(ResumePlayout(1), WORD_NS * 10)
    shell.play(WORD_NS * 12)
    assert told[1:] == [PlayoutHeld(1, "Hello, who"), PlayoutFinished(1, text)]
    assert shell.refused == []
    shell.perform(HoldPlayout(7), ms_to_ns(10_000))
    assert shell.refused == ["hold reply 7, which is not the latest"]
