"""What tools do with a call's line: whose keys are whose, and how each wait ends."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from agent.call_line import BUSY, INTERRUPTED, OVER, TelephoneLine
from agent.errors import Fault
from agent.handover import Handover
from agent.key_tones import GAP_MS, TONE_MS, WAIT_MS, tones_of
from agent.keypad import is_keypad_tone
from agent.manners import Manners
from fsm.events import CallerOccupied, CallerReturned, Event, Occupation
from fsm.profile import Phrases, Profile
from fsm.state import CallState, Mode, Occupied
from fsm.step import begin
from fsm.transcript import Message
from fsm.units import FRAME_SAMPLES, ms_to_samples
from tests.fakes import ManualClock
from tools.call_line import Keyed
from tools.context import ToolError

THINKING = replace(begin(Profile(), Phrases(), 0), mode=Mode.THINKING, reply=2)
SPEAKING = replace(THINKING, mode=Mode.SPEAKING, transcript=(Message("assistant", "Please key it in."),))


class FakeCall:
    """A call whose state the test sets."""

    def __init__(self, state: CallState = THINKING, handover: Handover | None = None) -> None:
        self.state = state
        self.fed: list[Event] = []
        self.faults: list[Fault] = []
        self.clock = ManualClock(1_000_000_000)
        self.played = b""
        self.line = TelephoneLine(self, self.clock, self._play, handover, "CA1", Manners())

    def _play(self, audio: bytes) -> None:
        self.played += audio

    def feed(self, event: Event) -> None:
        self.fed.append(event)
        if isinstance(event, CallerOccupied):
            self.state = replace(self.state, occupied=Occupied(event.kind, event.reply, 0))
        elif isinstance(event, CallerReturned):
            self.state = replace(self.state, occupied=None)

    def note(self, note: str, **data: object) -> None:
        """Nobody reads it."""

    def note_fault(self, fault: Fault) -> None:
        self.faults.append(fault)

    def becomes(self, state: CallState) -> None:
        self.state = replace(state, occupied=self.state.occupied)
        self.line.look(self.state)

    def press(self, keys: str) -> list[bool]:
        return [self.line.takes(key) for key in keys]


async def passes(call: FakeCall, ms: int) -> None:
    """So much time, and whatever waits for it."""
    call.clock.advance(ms)
    for _ in range(5):  # passes of the loop: one wakes what waits, others what waits for that
        passed = asyncio.Event()
        asyncio.get_running_loop().call_soon(passed.set)
        await passed.wait()


def told(story: Callable[[FakeCall], Awaitable[None]], call: FakeCall | None = None) -> FakeCall:
    call = call or FakeCall()

    async def run() -> None:
        await asyncio.wait_for(story(call), 10)

    asyncio.run(run())
    return call


def test_keys_go_to_the_tool_alone_and_the_machine_knows_only_that_they_are_awaited() -> None:
    async def story(call: FakeCall) -> None:
        wanted = asyncio.create_task(call.line.collect_digits(4, "#", 5_000))
        await passes(call, 0)
        assert call.press("123") == [True] * 3
        assert call.press("4") == [True]
        assert await wanted == Keyed("1234", is_whole=True)
        assert call.press("5") == [False]

    assert told(story).fed == [CallerOccupied(Occupation.KEYS, 2, 25_000), CallerReturned()]


def test_a_key_that_ends_the_number_and_a_wait_that_ends_it() -> None:
    async def story(call: FakeCall) -> None:
        wanted = asyncio.create_task(call.line.collect_digits(8, "#", 5_000))
        await passes(call, 0)
        call.press("12#")
        assert await wanted == Keyed("12", is_whole=True)
        wanted = asyncio.create_task(call.line.collect_digits(8, "", 5_000))
        await passes(call, 0)
        call.press("7#")
        await passes(call, 4_999)
        assert not wanted.done()
        await passes(call, 1)
        assert await wanted == Keyed("7#", is_whole=False)

    told(story)


def test_the_wait_for_the_first_key_begins_when_our_words_were_heard() -> None:
    async def story(call: FakeCall) -> None:
        wanted = asyncio.create_task(call.line.collect_digits(4, "#", 5_000))
        await passes(call, 0)
        await passes(call, 5_000)
        assert not wanted.done()
        call.becomes(THINKING)
        await passes(call, 5_000)
        assert await wanted == Keyed("", is_whole=False)

    told(story, FakeCall(SPEAKING))


def test_a_caller_who_speaks_instead_ends_the_collecting() -> None:
    async def story(call: FakeCall) -> None:
        wanted = asyncio.create_task(call.line.collect_digits(4, "#", 5_000))
        await passes(call, 0)
        call.press("1")
        call.becomes(replace(THINKING, reply=3))
        assert await wanted == Keyed("1", is_whole=False)

    told(story)


def test_a_moment_ends_when_the_caller_has_the_floor_or_when_it_is_over() -> None:
    async def story(call: FakeCall) -> None:
        for ends in (True, False):
            call.state = THINKING
            held = asyncio.create_task(call.line.hold(30_000))
            await passes(call, 0)
            await passes(call, 29_999)
            assert not held.done()
            if ends:
                call.becomes(replace(THINKING, mode=Mode.LISTENING))
            await passes(call, 1)
            assert await held is ends

    told(story)


def test_keys_of_ours_sound_once_our_words_were_heard() -> None:
    async def story(call: FakeCall) -> None:
        sent = asyncio.create_task(call.line.send_digits("5w#"))
        await passes(call, 100)
        assert call.played == b""
        call.becomes(THINKING)
        await passes(call, 0)
        assert call.played == tones_of("5w#")
        await passes(call, 2 * (TONE_MS + GAP_MS) + WAIT_MS)
        await sent

    told(story, FakeCall(SPEAKING))


def test_keys_of_ours_are_not_pressed_into_what_the_caller_says() -> None:
    async def story(call: FakeCall) -> None:
        sent = asyncio.create_task(call.line.send_digits("5"))
        await passes(call, 0)
        call.becomes(replace(THINKING, mode=Mode.LISTENING))
        with pytest.raises(ToolError, match=INTERRUPTED):
            await sent
        assert call.played == b""

    told(story, FakeCall(SPEAKING))


def test_one_thing_at_a_time_and_nothing_when_the_call_is_over() -> None:
    async def story(call: FakeCall) -> None:
        held = asyncio.create_task(call.line.hold(30_000))
        await passes(call, 0)
        with pytest.raises(ToolError, match=BUSY):
            await call.line.collect_digits(4, "#", 5_000)
        call.line.close()
        with pytest.raises(ToolError, match=OVER):
            await held
        with pytest.raises(ToolError, match=OVER):
            await call.line.hold(1_000)

    told(story)


def test_kept_digits_are_handed_over_once() -> None:
    call = FakeCall()
    name = call.line.keep("1234")
    assert call.line.kept(name) == "1234"
    with pytest.raises(ToolError, match="collect them first"):
        call.line.kept(name)


@pytest.mark.parametrize("key", "0123456789*#ABCD")
def test_each_key_sounds_as_its_two_tones(key: str) -> None:
    import audioop  # noqa: PLC0415 - of the standard library up to 3.12

    tone = tones_of(key)[:FRAME_SAMPLES]
    assert is_keypad_tone(audioop.ulaw2lin(tone, 2))
    assert len(tones_of(key)) == ms_to_samples(TONE_MS + GAP_MS)
