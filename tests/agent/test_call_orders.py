"""Orders that the reactor performs in the middle of a call, and how it is released where a part of it is broken."""

import asyncio
from collections.abc import Iterator

import pytest

from fsm.events import SpeechStarted, SpeechStopped, ToolCall, ToolReturned
from fsm.profile import Phrases
from fsm.state import Mode
from simulator.speech import silence
from tests.agent.test_call import Booth


@pytest.fixture(name="booth")
def running_call() -> Iterator[Booth]:
    booth = Booth()
    yield booth
    booth.call.on_stream_ended("stopped")
    assert booth.clock.pending_count == 0


def mode(booth: Booth) -> Mode:
    return booth.call.state.mode


def media_count(booth: Booth) -> int:
    return sum('"media"' in message[:20] for message in booth.wire.sent)


def test_a_cough_silences_the_greeting_which_then_goes_on_quietly(booth: Booth) -> None:
    booth.clock.advance(100)
    booth.call.feed(SpeechStarted(booth.clock.now()))
    assert mode(booth) is Mode.BARGE_IN
    assert booth.wire.kinds[-1] == "clear"
    sent = media_count(booth)
    booth.clock.advance(100)
    booth.call.feed(SpeechStopped(booth.clock.now()))
    booth.clock.advance(79)
    assert media_count(booth) == sent, "not a sound at first"
    booth.clock.advance(1)
    assert media_count(booth) > sent, "then it goes on, while nobody knows yet what it was"
    assert mode(booth) is Mode.BARGE_IN
    booth.clock.advance(booth.call.state.profile.late_words_ms)
    assert mode(booth) is Mode.SPEAKING


def test_who_thinks_long_says_so(booth: Booth) -> None:
    booth.knows(Phrases().filler, 400)
    booth.greets()
    booth.says("I need an appointment.")
    booth.clock.advance(500)
    assert mode(booth) is Mode.THINKING
    sent = media_count(booth)
    booth.clock.advance(booth.call.state.profile.filler_ms)
    assert media_count(booth) > sent
    assert mode(booth) is Mode.THINKING, "a filler does not take the floor"


def test_a_tool_runs_beside_the_call_and_the_model_is_asked_again(booth: Booth) -> None:
    async def story() -> None:
        booth.greets()
        booth.says("I need an appointment.")
        booth.clock.advance(1_000)
        booth.model.generations[0].ends(ToolCall("c1", "find_free_slots", "{}"))
        assert len(booth.model.generations) == 1, "its result comes first"
        while booth.call.errands.under_way:
            await asyncio.gather(*booth.call.errands._tasks)
        (returned,) = booth.told(ToolReturned)
        assert isinstance(returned, ToolReturned)
        assert returned.result == "find_free_slots {}"
        assert len(booth.model.generations) == 2
        assert [message.role for message in booth.model.generations[1].messages][-2:] == ["assistant", "tool"]
        assert "tools_returned" in booth.stages

    asyncio.run(story())


def test_after_a_goodbye_the_model_is_not_asked_again(booth: Booth) -> None:
    async def story() -> None:
        booth.greets()
        booth.says("That is all, goodbye.")
        booth.clock.advance(500)
        reply = booth.call.state.reply
        booth.model.generations[0].says("Goodbye, and thank you.")
        booth.model.generations[0].ends(ToolCall("c1", "hang_up", "{}"))
        booth.call.feed(ToolReturned(reply, "c1", "{}", ends_call=True))
        assert booth.voice.orders[-1] == ("finish", reply, "")
        assert len(booth.model.generations) == 1
        booth.voice.speaks(reply, "Goodbye, and thank you.", 400)
        booth.voice.ends(reply)
        assert booth.hung_up == []
        booth.hears(silence(1_500))
        assert booth.hung_up == [False], "once it was heard, and without an apology"
        await asyncio.gather(*booth.call.errands._tasks)

    asyncio.run(story())


def test_a_part_that_cannot_be_closed_leaves_no_other_open(
    booth: Booth, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise RuntimeError("stuck")

    monkeypatch.setattr(booth.ears, "close", broken)
    booth.call.on_stream_ended("stopped")
    assert booth.voice.is_closed
    assert booth.clock.pending_count == 0
    assert booth.lines[-1]["note"] == "released"
    assert "a mistake of ours while it is released" in caplog.text
    assert mode(booth) is Mode.ENDED
