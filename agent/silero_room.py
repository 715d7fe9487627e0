"""One Silero model for all calls of a process: what they ask is answered together, by one thread, never by the loop."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from agent.config import Config
from agent.own_voice import OwnVoice
from agent.silero import Hearing, SileroModel, Windows, weights_path
from agent.silero_edges import SileroEdges
from fsm.events import SpeechStarted, SpeechStopped

log = logging.getLogger(__name__)

TOGETHER = 64
"""Calls asked about at once; a batch of so many takes about 5 ms of another core."""

WAITING_WINDOWS = 16
"""Windows of one call that may wait, half a second; older ones are dropped: late edges help nobody."""


class Model(Protocol):
    """Whatever judges windows."""

    def judge(self, windows: Sequence[tuple[Hearing, bytes]]) -> list[float]:
        """How likely each is speech."""
        ...


class SileroRoom:
    """Where the calls' windows wait for the model. Everything but the model itself runs in the loop."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="silero")
        self._waiting: dict[SileroActivity, None] = {}
        self._is_asking = self._is_closed = False
        self.dropped_windows = 0

    def new_detector(self, _own: OwnVoice) -> "SileroActivity":
        """The detector of one call."""
        return SileroActivity(self)

    def wants(self, detector: "SileroActivity") -> None:
        """A window of `detector` waits to be judged."""
        self._waiting[detector] = None
        if not self._is_asking and not self._is_closed:
            self._ask()

    def close(self) -> None:
        """Judge nothing more; what the thread is at is waited for, some milliseconds."""
        self._is_closed = True
        self._thread.shutdown(cancel_futures=True)

    def _ask(self) -> None:
        self._is_asking = True
        calls = list(self._waiting)[:TOGETHER]
        asked = []
        for call in calls:
            window, end_at = call.next_window()
            asked.append((call, window, end_at))
            if not call.has_windows:
                del self._waiting[call]
            else:  # one window a call at a time, for each needs what the one before left behind: to the end of the line
                self._waiting[call] = self._waiting.pop(call)
        job = self._loop.run_in_executor(
            self._thread, self._model.judge, [(call.hearing, window) for call, window, _ in asked]
        )
        job.add_done_callback(lambda done: self._answered(asked, done))

    def _answered(self, asked: "list[tuple[SileroActivity, bytes, int]]", done: "asyncio.Future[list[float]]") -> None:
        self._is_asking = False
        if done.cancelled():
            return
        if (error := done.exception()) is not None:
            log.error("Silero's model failed on %d windows, which count as silence", len(asked), exc_info=error)
        answers = [0.0] * len(asked) if error is not None else done.result()
        for (call, _, end_at), likely in zip(asked, answers, strict=True):
            call.judged(likely, end_at)
        if self._waiting and not self._is_closed:
            self._ask()


def open_room(config: Config) -> SileroRoom | None:
    """The room that the settings ask for, its model loaded; None where the built-in detector is to be used."""
    if config.vad != "silero" or weights_path() is None:
        return None
    return SileroRoom(SileroModel())


class SileroActivity:
    """A call's detector: edges come with the first frame after the model has answered, some 10 to 30 ms later."""

    def __init__(self, room: SileroRoom) -> None:
        self.hearing = Hearing()
        self._room = room
        self._windows = Windows()
        self._edges = SileroEdges()
        self._waiting: deque[tuple[bytes, int]] = deque()

    def push(self, frame: bytes, at: int) -> SpeechStarted | SpeechStopped | None:
        """Take the next mu-law frame, which ends at `at` (ns); an edge that has become known."""
        windows = self._windows.push(frame, at)
        if windows:
            self._waiting.extend(windows)
            while len(self._waiting) > WAITING_WINDOWS:
                self._waiting.popleft()
                self._room.dropped_windows += 1
            self._room.wants(self)
        return self._edges.pop()

    def vouch(self) -> None:
        """Another judge takes for a voice what sounds now: less is needed for a while."""
        self._edges.vouch()

    @property
    def has_windows(self) -> bool:
        """Whether windows wait to be judged."""
        return bool(self._waiting)

    def next_window(self) -> tuple[bytes, int]:
        """The window that has waited longest, and its end (ns)."""
        return self._waiting.popleft()

    def judged(self, likely: float, end_at: int) -> None:
        """The model's answer to a window."""
        self._edges.judged(likely, end_at)
