"""The worker process as a provider: its words and sounds, its deaths, and what is left of it at the end."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest

from agent.clock import LoopClock
from agent.errors import Fault, FaultKind, SettingsError
from agent.ports import Alignment
from agent.providers.local import LocalSpeech
from agent.providers.local_link import READY_TIMEOUT_MS, RESTARTS, STALL_MS
from agent.providers.local_protocol import Style
from agent.providers.local_streams import KEPT_SAMPLES, LocalEars
from tests.fakes import ManualClock
from tests.patience import PATIENCE_S

STAND_IN = (sys.executable, "-m", "tests.agent.providers.speech_worker", "--ears", "stand-in", "--voice")


class Reports:
    """What listeners are told, and a way to wait for it."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []
        self._more = asyncio.Event()

    def tell(self, *what: object) -> None:
        self.told.append(what)
        self._more.set()

    async def until(self, is_there: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not is_there():
                self._more.clear()
                await self._more.wait()

    def names(self) -> list[object]:
        return [what[0] for what in self.told]

    def count(self, name: str) -> int:
        return self.names().count(name)


class Caller(Reports):
    def on_words(self, text: str, *, is_final: bool, speech_final: bool, behind_samples: int | None = None) -> None:
        self.tell("final" if is_final else "guess", text, speech_final)

    def on_turn(self, told: object) -> None:
        raise AssertionError(f"it knows no turns: {told}")

    def on_nothing_heard(self, behind_samples: int | None) -> None:
        self.tell("nothing")

    def on_voice_noticed(self) -> None:
        self.tell("voice")

    def on_ears_failed(self, fault: Fault) -> None:
        self.tell("failed", fault)

    def on_language_refused(self, fault: Fault) -> None:
        self.on_ears_failed(fault)

    def on_ears_restored(self) -> None:
        self.tell("restored")


class Speaker(Reports):
    def on_audio(self, utterance: int, audio: bytes, alignment: Alignment | None) -> None:
        assert alignment is not None
        self.tell("audio", utterance, audio, alignment.chars)

    def on_spoken(self, utterance: int) -> None:
        self.tell("spoken", utterance)

    def on_voice_failed(self, utterance: int, fault: Fault) -> None:
        self.tell("failed", utterance, fault)

    def text(self, utterance: int) -> str:
        return "".join(str(what[3]) for what in self.told if what[:2] == ("audio", utterance))

    def samples(self, utterance: int) -> int:
        pieces = (what[2] for what in self.told if what[:2] == ("audio", utterance))
        return sum(len(piece) for piece in pieces if isinstance(piece, bytes))


LOUD = (b"\x10\x90" * 80) * 20
QUIET = (b"\xff" * 160) * 10
"""400 ms of sound and 200 ms of none, of which 140 ms are enough for a transcription."""


def run(story: Callable[[LocalSpeech, ManualClock], Coroutine[Any, Any, None]], voice: str = "stand-in") -> None:
    """Tell `story` with a worker; afterwards nothing of it is left."""

    async def tell() -> None:
        clock = ManualClock()
        speech = LocalSpeech(clock, command=(*STAND_IN, voice))
        try:
            async with asyncio.timeout(2 * PATIENCE_S):
                await story(speech, clock)
        finally:
            speech.close()
            await speech.wait_closed()
            assert clock.pending_count == 0
            assert len(asyncio.all_tasks()) == 1

    asyncio.run(tell())


def worker_pid(speech: LocalSpeech) -> int:
    process = speech._link._process
    assert process is not None
    assert process._transport is not None
    pid = process._transport.get_pid()
    assert pid is not None
    return pid


def is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_words_come_back_from_a_worker_that_was_not_even_started() -> None:
    async def story(speech: LocalSpeech, _: ManualClock) -> None:
        caller = Caller()
        ears = speech.speech_to_text.listen(caller)
        ears.send(LOUD)
        ears.send(QUIET)
        ears.finalize()
        await caller.until(lambda: bool(caller.count("final")))
        assert caller.told[-1] == ("final", "540 ms", False)
        ears.close()
        ears.close()
        ears.send(LOUD)
        ears.finalize()

    run(story)


def test_calls_do_not_hear_each_other() -> None:
    async def story(speech: LocalSpeech, _: ManualClock) -> None:
        first, second, silent = Caller(), Caller(), Caller()
        ears = [speech.speech_to_text.listen(caller) for caller in (first, second, silent)]
        for _again in range(2):
            ears[0].send(LOUD)
        ears[1].send(LOUD)
        for each in ears:
            each.send(QUIET)
            each.finalize()
        await second.until(lambda: bool(second.count("final")))
        await first.until(lambda: bool(first.count("final")))
        assert first.told[-1][1] == "940 ms"
        assert second.told[-1][1] == "540 ms"
        assert silent.told == []

    run(story)


def test_clauses_are_spoken_in_order_with_every_letter_placed() -> None:
    async def story(speech: LocalSpeech, _: ManualClock) -> None:
        speaker = Speaker()
        voice = speech.text_to_speech.open_voice(speaker)
        voice.say(1, "Hello there.")
        voice.say(1, "How are you?")
        voice.finish(1)
        voice.finish(2)
        await speaker.until(lambda: speaker.count("spoken") == 2)
        assert speaker.text(1) == "Hello there. How are you?"
        assert speaker.samples(1) == 24 * 400
        assert speaker.told[-1][0] == "spoken"

    run(story)


def test_nothing_is_heard_of_a_dropped_utterance() -> None:
    async def story(speech: LocalSpeech, _: ManualClock) -> None:
        speaker = Speaker()
        voice = speech.text_to_speech.open_voice(speaker)
        for _again in range(20):
            voice.say(1, "A very long story indeed.")
        await speaker.until(lambda: bool(speaker.count("audio")))
        voice.drop(1)
        told = len(speaker.told)
        voice.say(1, "And it goes on.")
        voice.finish(1)
        voice.say(2, "Yes?")
        voice.finish(2)
        await speaker.until(lambda: bool(speaker.count("spoken")))
        assert {utterance for _name, utterance, *_rest in speaker.told[told:]} == {2}
        assert speech._streams == {}

    run(story)


def test_a_text_that_cannot_be_spoken_fails_alone() -> None:
    async def story(speech: LocalSpeech, _: ManualClock) -> None:
        speaker = Speaker()
        voice = speech.text_to_speech.open_voice(speaker)
        voice.say(1, "I refuse")
        voice.say(2, "Fine.")
        voice.finish(2)
        await speaker.until(lambda: speaker.count("spoken") == 1 and speaker.count("failed") == 1)
        _name, utterance, fault = next(what for what in speaker.told if what[0] == "failed")
        assert utterance == 1
        assert isinstance(fault, Fault)
        assert "could not speak 8 characters: RuntimeError" in fault.detail
        assert "refuse" not in fault.detail, "a caller's words are no log line"

    run(story)


def test_what_a_library_prints_is_no_message() -> None:
    async def story(speech: LocalSpeech, _: ManualClock) -> None:
        assert await speech.render("chat") == await speech.render("hat.")

    run(story)


def test_a_rendering_is_the_whole_sound_in_the_style_asked_for() -> None:
    async def story(speech: LocalSpeech, _: ManualClock) -> None:
        assert len(await speech.render("hello", Style())) == 2_000
        assert len(await speech.render("hello", Style(speed_percent=200))) == 1_000
        with pytest.raises(ConnectionError, match="could not speak"):
            await speech.render("refuse")

    run(story)


def test_a_lost_worker_is_replaced_and_the_call_goes_on_without_losing_words() -> None:
    async def story(speech: LocalSpeech, _: ManualClock) -> None:
        facts = await speech.start()
        assert facts["ears"] == "stand-in"
        first = worker_pid(speech)
        caller, speaker = Caller(), Speaker()
        ears = speech.speech_to_text.listen(caller)
        voice = speech.text_to_speech.open_voice(speaker)
        ears.send(LOUD)
        voice.say(1, "Then it will crash.")
        await caller.until(lambda: bool(caller.count("failed")))
        await speaker.until(lambda: bool(speaker.count("failed")))
        fault = speaker.told[-1][2]
        assert isinstance(fault, Fault)
        assert (fault.kind, fault.is_retryable) == (FaultKind.CLOSED, True)
        assert "ended with 9" in fault.detail
        ears.send(QUIET)
        ears.finalize()
        voice.say(1, "too late")
        voice.say(2, "Back.")
        voice.finish(2)
        await caller.until(lambda: bool(caller.count("final")))
        await speaker.until(lambda: bool(speaker.count("spoken")))
        assert [name for name in caller.names() if name != "guess"] == ["failed", "restored", "final"]
        assert caller.told[-1][1] == "540 ms", "what was said before is heard by the new worker"
        assert speaker.told[-1] == ("spoken", 2)
        assert worker_pid(speech) != first
        assert not is_alive(first)

    run(story)


def test_a_worker_that_dies_again_and_again_is_given_up() -> None:
    async def story(speech: LocalSpeech, clock: ManualClock) -> None:
        speaker, caller = Speaker(), Caller()
        voice = speech.text_to_speech.open_voice(speaker)
        speech.speech_to_text.listen(caller)
        for attempt in range(RESTARTS + 1):
            voice.say(attempt, "crash")
            await speaker.until(lambda: speaker.count("failed") == attempt + 1)  # noqa: B023 - awaited within the turn
        fault = speaker.told[-1][2]
        assert isinstance(fault, Fault)
        assert "given up after 3 restarts" in fault.detail
        voice.say(99, "Anybody?")
        latecomer = Caller()
        speech.speech_to_text.listen(latecomer)
        assert speaker.told[-1][1] != 99, "never from within the call that asked"
        clock.advance(0)
        assert speaker.told[-1][1] == 99
        assert latecomer.names() == ["failed"]
        assert caller.names().count("failed") == RESTARTS + 1

    run(story)


def test_a_worker_is_forgiven_what_was_long_ago() -> None:
    async def story(speech: LocalSpeech, clock: ManualClock) -> None:
        speaker = Speaker()
        voice = speech.text_to_speech.open_voice(speaker)
        for attempt in range(2 * RESTARTS):
            await speech.start()
            voice.say(attempt, "crash")
            await speaker.until(lambda: speaker.count("failed") == attempt + 1)  # noqa: B023 - awaited within the turn
            clock.advance(READY_TIMEOUT_MS // 2)
        assert "given up" not in str(speaker.told[-1][2])

    run(story)


def test_a_worker_that_owes_an_answer_for_too_long_is_killed_and_replaced() -> None:
    async def story(speech: LocalSpeech, clock: ManualClock) -> None:
        await speech.start()
        stuck = worker_pid(speech)
        speaker = Speaker()
        voice = speech.text_to_speech.open_voice(speaker)
        voice.say(1, "hang")
        voice.finish(1)
        clock.advance(STALL_MS - 1)
        assert is_alive(stuck)
        clock.advance(1)
        await speaker.until(lambda: bool(speaker.count("failed")))
        assert "is stuck" in str(speaker.told[-1][2])
        assert not is_alive(stuck)
        assert await speech.render("fine")

    run(story)


def test_a_worker_that_makes_no_sense_is_killed_and_replaced() -> None:
    async def story(speech: LocalSpeech, _: ManualClock) -> None:
        with pytest.raises(ConnectionError, match="spoke gibberish"):
            await speech.render("garble")
        assert await speech.render("fine")

    run(story)


def test_a_worker_that_was_answered_by_is_left_in_peace() -> None:
    async def story(speech: LocalSpeech, clock: ManualClock) -> None:
        await speech.render("fine")
        pid = worker_pid(speech)
        clock.advance(10 * STALL_MS)
        assert await speech.render("fine")
        assert worker_pid(speech) == pid

    run(story)


def test_models_that_do_not_load_are_a_settings_error_with_the_reason() -> None:
    async def story(speech: LocalSpeech, clock: ManualClock) -> None:
        speaker = Speaker()
        voice = speech.text_to_speech.open_voice(speaker)
        with pytest.raises(SettingsError, match="RuntimeError: no weights"):
            await speech.start()
        voice.say(1, "Hello?")
        clock.advance(0)
        assert isinstance(speaker.told[-1][2], Fault)
        assert speaker.told[-1][2].kind is FaultKind.UNREACHABLE

    run(story, voice="unfit")


def test_a_worker_that_cannot_be_started_at_all_is_a_settings_error() -> None:
    async def tell() -> None:
        speech = LocalSpeech(ManualClock(), command=("/nowhere/python",))
        with pytest.raises(SettingsError, match="cannot be started"):
            await speech.start()
        await speech.wait_closed()

    asyncio.run(tell())


def test_a_slow_start_is_given_its_time_and_then_another_try() -> None:
    async def story(speech: LocalSpeech, clock: ManualClock) -> None:
        speech.speech_to_text.warm()
        caller = Caller()
        speech.speech_to_text.listen(caller)
        while clock.pending_count == 0:
            turn = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(turn.set_result, None)
            await turn
        clock.advance(READY_TIMEOUT_MS)
        await caller.until(lambda: caller.count("restored") == 1)
        assert "did not load its models" in str(caller.told[0][1])

    run(story)


def test_closing_while_it_loads_leaves_nothing_behind() -> None:
    async def story(speech: LocalSpeech, _: ManualClock) -> None:
        loading = asyncio.create_task(speech.start())
        turn = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(turn.set_result, None)
        await turn
        speech.close()
        with pytest.raises(SettingsError, match="closed while it loaded"):
            await loading
        with pytest.raises(SettingsError):
            await speech.start()

    run(story)


def test_the_worker_ends_when_both_providers_are_closed() -> None:
    async def story(speech: LocalSpeech, _: ManualClock) -> None:
        await speech.start()
        pid = worker_pid(speech)
        speech.speech_to_text.close()
        assert await speech.render("still here")
        speech.text_to_speech.close()
        await speech.wait_closed()
        assert not is_alive(pid)

    run(story)


def test_a_worker_in_the_middle_of_something_is_not_waited_for() -> None:
    async def story(speech: LocalSpeech, _: ManualClock) -> None:
        await speech.start()
        pid = worker_pid(speech)
        speech.text_to_speech.open_voice(Speaker()).say(1, "hang")
        speech.close()
        await speech.wait_closed()
        assert not is_alive(pid)

    run(story)


@pytest.fixture
def _nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("shutil.which", lambda name: None)


@pytest.mark.usefixtures("_nothing_installed")
def test_missing_packages_are_named_with_the_way_to_get_them() -> None:
    async def tell() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        with pytest.raises(SettingsError, match=r"moonshine-voice: pip install 'offhook\[local\]'"):
            LocalSpeech(clock, voice=False)
        with pytest.raises(SettingsError, match=r"needs Piper \(pip install 'offhook\[local\]'\), or .* espeak-ng"):
            LocalSpeech(clock, ears=False)

    asyncio.run(tell())


@pytest.mark.usefixtures("_nothing_installed")
def test_a_light_voice_stands_in_and_can_be_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: "/bin/flite" if name == "flite" else None)

    async def tell() -> str:
        speech = LocalSpeech(LoopClock(asyncio.get_running_loop()), ears=False, style=Style(110, 95))
        return speech.text_to_speech.fingerprint

    assert asyncio.run(tell()) == "local/flite/110/95"


def test_kept_audio_is_bounded() -> None:
    async def story(speech: LocalSpeech, _: ManualClock) -> None:
        ears = speech.speech_to_text.listen(Caller())
        for _again in range(100):
            ears.send(LOUD)
        assert isinstance(ears, LocalEars)
        assert sum(len(audio) for audio in ears._kept) <= KEPT_SAMPLES + len(LOUD)

    run(story)
