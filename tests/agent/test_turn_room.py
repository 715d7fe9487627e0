import asyncio
import logging
import threading
from dataclasses import dataclass, field

import pytest

from agent.turn_room import FAILURES_LIMIT, REST_NS, SLOW_NS, TurnRoom
from agent.turn_scores import TurnScores
from fsm.events import EndOfTurnScored
from fsm.state import CallState, Mode
from fsm.units import FRAME_SAMPLES, ms_to_ns
from fsm.values import replace
from tests.agent.test_silero_room import in_loop
from tests.fakes import ManualClock


@dataclass
class Ear:
    """A model that says 80 %, can be held up, and remembers who asked."""

    heard: list[bytes] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)
    gate: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None

    def judge(self, audio: bytes) -> int:
        self.gate.wait(10)
        self.heard.append(audio)
        self.threads.add(threading.current_thread().name)
        if self.error is not None:
            raise self.error
        return 80


@dataclass
class Caller:
    """A call whose caller has just fallen silent."""

    state: CallState = field(default_factory=lambda: CallState(mode=Mode.LISTENING))
    told: list[EndOfTurnScored] = field(default_factory=list)

    def feed(self, event: EndOfTurnScored) -> None:
        self.told.append(event)

    def speaks(self, scores: TurnScores, from_ms: int, sample: bytes = b"\x10") -> None:
        self.state = replace(self.state, is_talking=True, onset_at=ms_to_ns(from_ms))
        scores.hear(sample * FRAME_SAMPLES, ms_to_ns(from_ms + 20))

    def pauses(self, scores: TurnScores, at_ms: int, silence_ms: int = 200) -> None:
        self.state = replace(self.state, is_talking=False, last_voiced_at=ms_to_ns(at_ms))
        scores.hear(b"\xff" * FRAME_SAMPLES, ms_to_ns(at_ms + silence_ms))


class Lobby:
    """A room with a model and a clock of its own."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.ear, self.clock = Ear(), ManualClock()
        self.room = TurnRoom(self.ear, self.clock)
        self.numbers = 0
        if is_open:
            self.ear.gate.set()

    def caller(self, sample: bytes = b"\x10") -> tuple[Caller, TurnScores]:
        """Somebody who said something and is silent since 1 s."""
        self.numbers += 1
        caller = Caller()
        scores = self.room.new_scores(f"CA{self.numbers}", caller)
        caller.speaks(scores, 500, sample)
        caller.pauses(scores, 1_000)
        return caller, scores

    async def settled(self) -> None:
        """Wait until nobody waits for the model."""
        self.ear.gate.set()
        while self.room._waiting or self.room._is_asking:
            await asyncio.wrap_future(self.room._thread.submit(lambda: None))

    async def judges(self, times: int) -> None:
        """So many silences, one after the other."""
        for _ in range(times):
            self.caller()
            await self.settled()


@in_loop
async def test_a_score_comes_with_the_end_of_the_sound_that_it_is_for() -> None:
    lobby = Lobby()
    caller, _ = lobby.caller()
    assert caller.told == [], "the loop goes on meanwhile"
    await lobby.settled()
    assert caller.told == [EndOfTurnScored(80, ms_to_ns(1_200))]
    assert lobby.room.judged == 1
    lobby.room.close()


@in_loop
async def test_the_model_works_in_one_thread_that_is_not_the_loops() -> None:
    lobby = Lobby(is_open=False)
    for _ in range(4):
        lobby.caller()
    await lobby.settled()
    assert len(lobby.ear.heard) == 4
    assert lobby.ear.threads == {next(iter(lobby.ear.threads))}
    assert threading.current_thread().name not in lobby.ear.threads
    lobby.room.close()


@in_loop
async def test_a_call_waits_once_however_often_it_asks_and_is_judged_as_it_is_when_its_turn_comes() -> None:
    lobby = Lobby(is_open=False)
    lobby.caller()
    caller, scores = lobby.caller()
    caller.pauses(scores, 1_000, 500)
    caller.pauses(scores, 1_000, 1_000)
    assert list(lobby.room._waiting) == [scores], "the first is being judged, the second waits once"
    await lobby.settled()
    assert caller.told == [EndOfTurnScored(80, ms_to_ns(2_000))]
    assert len(lobby.ear.heard) == 2
    lobby.room.close()


@in_loop
async def test_a_silence_that_is_over_when_its_turn_comes_is_not_judged() -> None:
    lobby = Lobby(is_open=False)
    lobby.caller()
    caller, scores = lobby.caller()
    third, _ = lobby.caller()
    caller.speaks(scores, 1_300)
    await lobby.settled()
    assert caller.told == []
    assert third.told != []
    assert (lobby.room.judged, lobby.room.passed_over) == (2, 1)
    lobby.room.close()


@in_loop
async def test_the_newest_silence_goes_first_also_where_a_call_asks_again() -> None:
    lobby = Lobby(is_open=False)
    samples = (b"\x10", b"\x20", b"\x30", b"\x40")
    callers = [lobby.caller(sample) for sample in samples]
    caller, scores = callers[1]
    caller.pauses(scores, 1_000, 500)
    await lobby.settled()
    heard = [next(sample for sample in samples if sample in each) for each in lobby.ear.heard]
    assert heard == [b"\x10", b"\x20", b"\x40", b"\x30"], "the first found nobody in line"
    lobby.room.close()


@in_loop
async def test_a_model_that_fails_again_and_again_is_left_alone_for_a_minute_and_then_tried_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    lobby = Lobby()
    lobby.ear.error = RuntimeError("no memory left")
    await lobby.judges(FAILURES_LIMIT + 3)
    assert len(lobby.ear.heard) == FAILURES_LIMIT
    assert [record.message for record in caplog.records] == [
        "the end-of-turn model failed 5 times in a row and is left alone: RuntimeError: no memory left"
    ]
    lobby.clock.advance_to(lobby.clock.now() + REST_NS)
    await lobby.judges(3)
    assert len(lobby.ear.heard) == FAILURES_LIMIT + 1, "once, and it still fails"
    lobby.clock.advance_to(lobby.clock.now() + REST_NS)
    lobby.ear.error = None
    await lobby.judges(3)
    assert lobby.room.judged == 3
    assert caplog.records[-1].message == "the end-of-turn model works again"
    assert len(caplog.records) == 2
    lobby.room.close()


@in_loop
async def test_a_failure_now_and_then_costs_its_own_score_and_nothing_else() -> None:
    lobby = Lobby()
    for _ in range(FAILURES_LIMIT):
        lobby.ear.error = ValueError("expected a probability, got 7")
        await lobby.judges(FAILURES_LIMIT - 1)
        lobby.ear.error = None
        await lobby.judges(1)
    assert lobby.room.judged == FAILURES_LIMIT
    lobby.room.close()


@in_loop
async def test_an_answer_that_took_too_long_is_none(caplog: pytest.LogCaptureFixture) -> None:
    lobby = Lobby()
    for _ in range(FAILURES_LIMIT):
        lobby.ear.gate.clear()
        caller, _ = lobby.caller()
        lobby.clock.advance_to(lobby.clock.now() + SLOW_NS + 1)
        await lobby.settled()
        assert caller.told == []
    assert "left alone: it took 1500 ms" in caplog.text
    lobby.room.close()


@in_loop
async def test_after_closing_nobody_is_judged_or_told() -> None:
    lobby = Lobby(is_open=False)
    caller, _ = lobby.caller()
    other, _ = lobby.caller()
    lobby.ear.gate.set()
    lobby.room.close()
    lobby.caller()
    await asyncio.get_running_loop().run_in_executor(None, lambda: None)
    assert caller.told == other.told == []
    assert len(lobby.ear.heard) <= 1
