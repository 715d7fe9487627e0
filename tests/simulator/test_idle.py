"""Idle audio that is not carried frame by frame: the same decisions, in the same order, at nearly the same instants."""

from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from agent.twilio import Media, decode
from fsm.effects import Effect
from fsm.events import Event
from fsm.state import CallState, Mode
from fsm.units import FRAME_MS, NS_PER_MS
from simulator.demo.story import story_of
from simulator.peers.twilio_idle import IDLE_FRAMES
from simulator.rehearsal import Cast, Rehearsal
from simulator.runs.one import run_one
from simulator.runs.outcome import Status
from simulator.runs.work import Manner, Work
from simulator.script import AfterAgentFinished, AfterWords, At, AtOnce, Cough, HangUp, Pause, Press, Say, Script
from simulator.simulated_call import SimulatedCall

PATIENT = {"quick_wait_ms": 600, "wait_ms": 600}
"""Waits that end no turn between two sentences of one breath, however the frames of the second one come."""

Decision = tuple[int, Mode, Event, Mode, tuple[Effect, ...]]

WAITS = (
    Say("One moment, please.", AfterAgentFinished()),
    Pause(8_000),
    Cough(AtOnce(500)),
    Say("When do you open on Monday?", AtOnce(2_000)),
    Press("12", AfterAgentFinished(gap_ms=3_000)),
    Say("Thank you. Goodbye.", AfterAgentFinished(gap_ms=1_300)),
    HangUp(AfterAgentFinished(timeout_ms=9_000)),
)
INTERRUPTS = (
    Say("I need an appointment.", AfterWords("suit you")),
    Say("Wait, wait.", AfterWords("morning")),
    HangUp(At(31_010)),
)


class Diary:
    def __init__(self) -> None:
        self.decisions: list[Decision] = []

    def on_decision(
        self, at_ns: int, before: Mode, event: Event, after: CallState, effects: tuple[Effect, ...]
    ) -> None:
        self.decisions.append((at_ns, before, event, after.mode, effects))


def decided(data: Path, script: Script, *, skips_idle: bool, seed: int) -> tuple[Diary, SimulatedCall]:
    diary = Diary()
    data.mkdir()
    rehearsal = Rehearsal(data, Cast(seed=seed, skips_idle=skips_idle, profile=PATIENT), diary)
    rehearsal.prepare()
    call = rehearsal.call(script)
    rehearsal.finish()
    assert rehearsal.close() == []
    return diary, call


@pytest.mark.parametrize(("script", "seed"), [(story_of("appointments").script, 0), (WAITS, 1), (INTERRUPTS, 2)])
def test_the_same_is_decided_at_nearly_the_same_instants(tmp_path: Path, script: Script, seed: int) -> None:
    every, every_call = decided(tmp_path / "every", script, skips_idle=False, seed=seed)
    idle, idle_call = decided(tmp_path / "idle", script, skips_idle=True, seed=seed)

    def orders(diary: Diary) -> list[tuple[Mode, str, Mode, list[str]]]:
        return [
            (before, type(event).__name__, after, [type(effect).__name__ for effect in effects])
            for _, before, event, after, effects in diary.decisions
        ]

    assert orders(idle) == orders(every)
    late = [abs(one - other) for (one, *_), (other, *_) in zip(idle.decisions, every.decisions, strict=True)]
    assert max(late) <= IDLE_FRAMES * FRAME_MS * NS_PER_MS
    heard = [[utterance.text for utterance in call.caller.agent_speech] for call in (every_call, idle_call)]
    assert heard[0] == heard[1]
    assert [said.text for said in idle_call.caller.said] == [said.text for said in every_call.caller.said]
    assert idle_call.twilio.phone is not None
    assert idle_call.twilio.phone.warnings == []


def test_a_stream_that_is_lost_while_the_caller_rests_costs_no_word_and_repeats_none() -> None:
    work = Work("fault_stream_dropped", range(1))
    assert run_one(work, 0, Manner(skips_idle=True)).status is Status.PASSED


def test_silence_really_travels_in_long_messages_and_none_of_it_is_lost(tmp_path: Path) -> None:
    sent: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    for skips_idle, messages in sent.items():
        (tmp_path / str(skips_idle)).mkdir()
        rehearsal = Rehearsal(tmp_path / str(skips_idle), Cast(skips_idle=skips_idle))
        rehearsal.prepare()
        call = rehearsal.call([Pause(3_000), HangUp(At(15_000))])
        rehearsal.at(1_000, partial(_listen, call, messages))
        rehearsal.finish()
        assert rehearsal.close() == []
    assert len(sent[False]) > 600
    assert len(sent[True]) < 150
    for messages in sent.values():
        for (began_ms, size), (next_ms, _) in pairwise(messages):
            assert next_ms == began_ms + size // 8, "timestamps and audio agree"
    assert max(size for _, size in sent[True]) == IDLE_FRAMES * 160
    assert abs(sum(size for _, size in sent[True]) - sum(size for _, size in sent[False])) <= IDLE_FRAMES * 160


def _listen(call: SimulatedCall, messages: list[tuple[int, int]]) -> None:
    """Write down timestamp (ms) and size of what the phone sends from now on."""
    assert call.twilio.phone is not None
    uplink = call.twilio.phone._up
    send = uplink.send

    def listened(message: str | bytes, delay_ms: int = 0) -> None:
        media = decode(message)
        if isinstance(media, Media):
            messages.append((media.timestamp_ms, len(media.audio)))
        send(message, delay_ms)

    uplink.send = listened  # type: ignore[method-assign]  # a tap on the line
