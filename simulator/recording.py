"""A call's sound on disk: 16-bit stereo at 8 kHz, the caller left and the agent right."""

import audioop
import wave
from pathlib import Path
from types import TracebackType
from typing import Self

from fsm.units import NS_PER_SAMPLE, SAMPLE_RATE_HZ, ULAW_SILENCE

SAMPLE_BYTES = 2
CHANNELS = 2
LIMIT_SAMPLES = 12 * 3_600 * SAMPLE_RATE_HZ
"""Twelve hours, far below what a WAV header can say; past it, audio is dropped and counted."""

GAP_LIMIT_SAMPLES = 600 * SAMPLE_RATE_HZ
"""A longer gap is shortened to this: an instant that far away is a mistake, not a silence."""

PIECE_SAMPLES = SAMPLE_RATE_HZ


class StereoRecorder:
    """Writes both sides of a call as they come; memory does not grow with the call.

    It fits a simulated phone as its tap. Frames carry the instant at which they began: where the phone was away for a
    while, silence is written. The file is valid once closed.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.written_samples = 0
        self.dropped_samples = 0
        self._next_at: int | None = None
        self._file = self.path.open("wb")  # closed by `close`, after the call
        self._wave = wave.open(self._file, "wb")  # noqa: SIM115 - same
        self._wave.setnchannels(CHANNELS)
        self._wave.setsampwidth(SAMPLE_BYTES)
        self._wave.setframerate(SAMPLE_RATE_HZ)
        self._is_open = True

    def __call__(self, caller: bytes, agent: bytes, at: int) -> None:
        """Write what both sides sounded like from instant `at` (ns): mu-law, equally long."""
        assert len(caller) == len(agent), f"both sides last equally long, not {len(caller)} and {len(agent)} samples"
        if not self._is_open:
            self.dropped_samples += len(caller)
            return
        if self._next_at is not None:
            self._be_silent_until(at)
        self._write(caller, agent)
        self._next_at = at + len(caller) * NS_PER_SAMPLE

    def close(self) -> None:
        """Complete the file; harmless twice."""
        if self._is_open:
            self._is_open = False
            self._wave.close()
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _be_silent_until(self, at: int) -> None:
        assert self._next_at is not None
        gap = min(GAP_LIMIT_SAMPLES, (at - self._next_at) // NS_PER_SAMPLE)
        while gap > 0:
            piece = bytes([ULAW_SILENCE]) * min(gap, PIECE_SAMPLES)
            self._write(piece, piece)
            gap -= len(piece)

    def _write(self, caller: bytes, agent: bytes) -> None:
        room = LIMIT_SAMPLES - self.written_samples
        if len(caller) > room:
            self.dropped_samples += len(caller)
            return
        left = audioop.tostereo(audioop.ulaw2lin(caller, SAMPLE_BYTES), SAMPLE_BYTES, 1, 0)
        right = audioop.tostereo(audioop.ulaw2lin(agent, SAMPLE_BYTES), SAMPLE_BYTES, 0, 1)
        self._wave.writeframesraw(audioop.add(left, right, SAMPLE_BYTES))
        self.written_samples += len(caller)
