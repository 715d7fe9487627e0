import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any, ParamSpec

import pytest

from agent.config import Config, load_config
from agent.config_report import describe
from agent.errors import SettingsError
from agent.own_voice import OwnVoice
from agent.silero import INSTALL, WINDOW_SAMPLES, Hearing, weights_path
from agent.silero_room import TOGETHER, WAITING_WINDOWS, SileroActivity, SileroRoom, open_room
from fsm.events import SpeechStarted, SpeechStopped
from fsm.units import FRAME_SAMPLES, samples_to_ns
from tests.agent.test_voice_activity import noise, ulaw

P = ParamSpec("P")
QUIET, LOUD = bytes([0xFF]) * FRAME_SAMPLES, ulaw(noise(20, 8_000))


def in_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run a test in a loop."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


class Threshold:
    """A model that takes whatever is loud for speech, and can be held up."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.threads: set[str] = set()
        self.gate = threading.Event()
        self.gate.set()
        self.fails = False

    def judge(self, windows: Sequence[tuple[Hearing, bytes]]) -> list[float]:
        self.gate.wait(10)
        self.threads.add(threading.current_thread().name)
        self.batches.append(len(windows))
        if self.fails:
            raise RuntimeError("no memory left")
        return [float(max(window) > 0 and window.count(0) < len(window) // 2) for _, window in windows]


async def settled(room: SileroRoom) -> None:
    """Wait until the model has nothing left to judge."""
    while room._waiting or room._is_asking:
        await asyncio.wrap_future(room._thread.submit(lambda: None))


def said(frames: list[bytes], detector: SileroActivity, at_frame: int = 0) -> list[SpeechStarted | SpeechStopped]:
    edges = [detector.push(frame, samples_to_ns(FRAME_SAMPLES * (at_frame + n))) for n, frame in enumerate(frames, 1)]
    return [edge for edge in edges if edge is not None]


@in_loop
async def test_edges_come_with_the_first_frame_after_the_answer() -> None:
    room = SileroRoom(Threshold())
    detector = room.new_detector(OwnVoice())
    assert said([LOUD] * 12, detector) == [], "the model has not answered yet"
    await settled(room)
    assert said([QUIET], detector, 12) == [SpeechStarted(0)]
    assert said([QUIET] * 14, detector, 13) == []
    await settled(room)
    assert [type(edge) for edge in said([QUIET], detector, 27)] == [SpeechStopped]
    room.close()


@in_loop
async def test_the_loop_never_judges_and_calls_are_judged_together() -> None:
    model = Threshold()
    room = SileroRoom(model)
    calls = [room.new_detector(OwnVoice()) for _ in range(TOGETHER + 6)]
    model.gate.clear()
    for at in range(0, 2 * WINDOW_SAMPLES, FRAME_SAMPLES):
        for call in calls:
            call.push(LOUD, samples_to_ns(at + FRAME_SAMPLES))
    model.gate.set()
    await settled(room)
    assert max(model.batches) == TOGETHER
    assert sum(model.batches) == 2 * len(calls), "every window was judged, once"
    assert len(model.batches) <= 5
    assert len(model.threads) == 1
    assert threading.current_thread().name not in model.threads
    assert all(said([QUIET], call, 4) == [SpeechStarted(0)] for call in calls)
    room.close()


@in_loop
async def test_what_cannot_be_judged_in_time_is_dropped_and_counted() -> None:
    model = Threshold()
    room = SileroRoom(model)
    detector = room.new_detector(OwnVoice())
    model.gate.clear()
    said([LOUD] * 80, detector)
    model.gate.set()
    await settled(room)
    assert room.dropped_windows == 80 * FRAME_SAMPLES // WINDOW_SAMPLES - WAITING_WINDOWS - 1
    room.close()


@in_loop
async def test_a_model_that_fails_hears_silence_and_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    model = Threshold()
    model.fails = True
    room = SileroRoom(model)
    detector = room.new_detector(OwnVoice())
    said([LOUD] * 12, detector)
    await settled(room)
    assert "Silero's model failed" in caplog.text
    model.fails = False
    said([LOUD] * 12, detector, 12)
    await settled(room)
    assert [type(edge) for edge in said([QUIET], detector, 24)] == [SpeechStarted]
    room.close()


@in_loop
async def test_after_closing_nothing_is_asked() -> None:
    model = Threshold()
    room = SileroRoom(model)
    room.close()
    said([LOUD] * 12, room.new_detector(OwnVoice()))
    assert model.batches == []


@in_loop
async def test_the_setting_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_room(Config()) is None
    monkeypatch.setattr("agent.silero_room.weights_path", lambda: None)
    monkeypatch.setattr("agent.config_report.weights_path", lambda: None)
    chosen = load_config({"OFFHOOK_VAD": "Silero"})
    assert open_room(chosen) is None
    (line,) = (line for line in describe(chosen) if line.name == "OFFHOOK_VAD")
    assert str(line) == f"missing  OFFHOOK_VAD: silero is not installed, so the built-in detector is used; {INSTALL}"
    with pytest.raises(SettingsError, match="OFFHOOK_VAD must be one of builtin, silero"):
        load_config({"OFFHOOK_VAD": "webrtc"})
    with pytest.raises(SettingsError, match="leave out OFFHOOK_VAD=silero"):
        load_config({"OFFHOOK_VAD": "silero", "OFFHOOK_TRACE_WIRES": "kept"})


@pytest.mark.skipif(weights_path() is None, reason="the extra offhook[vad] is not installed")
@in_loop
async def test_the_real_model_hears_no_speech_in_noise() -> None:
    room = open_room(Config(vad="silero"))
    assert room is not None
    detector = room.new_detector(OwnVoice())
    said([ulaw(noise(20, 800, seed)) for seed in range(50)], detector)
    await settled(room)
    assert said([QUIET], detector, 50) == []
    room.close()
