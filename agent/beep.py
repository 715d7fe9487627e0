"""Beeps on mu-law frames: the steady tone after which an answering machine records. A few numbers of state a call.

A pure tone obeys x[n+1] + x[n-1] = 2 cos(w) x[n]: one division tells the pitch of a frame, and what is left over tells
whether it is a tone at all. What passes is measured at that pitch; speech has its power in many harmonics, keys of the
telephone in two tones, music does not stand still.
"""

import audioop
import math
from array import array
from functools import lru_cache

from fsm.events import BeepHeard
from fsm.units import FRAME_SAMPLES, NS_PER_SAMPLE, SAMPLE_RATE_HZ, ULAW_SILENCE

LOWEST_HZ, HIGHEST_HZ = 350, 2_600
"""Beeps of answering machines lie between; most have 440, 1,000 or 1,400 Hz."""

LEAST_LEVEL = 300
"""Loudness (RMS of 32,767) below which nothing is a beep: 40 dB under full scale."""

LEAST_FRAMES, MOST_FRAMES = 6, 150
"""A beep lasts 120 ms at least, and 3 s at most: a fax whistles longer."""

MOST_LEFT_OVER = 0.35
"""What is left over of a frame, by amplitude, once its tone is taken out as the equation has it."""

TONE_SHARE = 0.9
"""Of the power of a frame in its tone, at least."""

PITCH_STEP_HZ = 25
"""The pitch of a beep stays within this; a voice that holds a note strays further."""

MOST_LOUDER = 1.3
"""By so much the loudness may change from frame to frame within a beep."""

DIGITAL_SILENCE = bytes([ULAW_SILENCE]) * FRAME_SAMPLES


class BeepDetector:
    """Tells when a beep has ended, frame by frame; one for each call that we placed."""

    __slots__ = ("_before", "_frames", "_hz", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._frames = 0
        self._hz = 0.0
        self._before = 0

    def push(self, audio: bytes, at: int) -> BeepHeard | None:
        """Judge the next mu-law `audio`, which ends at `at` (ns); a beep that ended within it, if any."""
        sound = self._rest + audio if self._rest else audio
        whole = len(sound) - len(sound) % FRAME_SAMPLES
        heard: BeepHeard | None = None
        for end in range(FRAME_SAMPLES, whole + 1, FRAME_SAMPLES):
            window = sound[end - FRAME_SAMPLES : end]
            if self._frames or window != DIGITAL_SILENCE:
                heard = self._judge(window, at - (len(sound) - end) * NS_PER_SAMPLE) or heard
        self._rest = sound[whole:]
        return heard

    def _judge(self, window: bytes, at: int) -> BeepHeard | None:
        linear = audioop.ulaw2lin(window, 2)
        level = audioop.rms(linear, 2)
        hz = pitch_of(linear, level) if level >= LEAST_LEVEL else None
        is_same = hz is not None and self._frames > 0 and abs(hz - self._hz) <= PITCH_STEP_HZ
        if hz is not None and is_same and self._is_as_loud(level):
            self._frames += 1
            self._before = level
            return None
        frames, self._frames = self._frames, 0
        if hz is not None:
            self._frames, self._hz, self._before = 1, hz, level
        has_ended = not is_same and LEAST_FRAMES <= frames <= MOST_FRAMES
        return BeepHeard(at - FRAME_SAMPLES * NS_PER_SAMPLE) if has_ended else None

    def _is_as_loud(self, level: int) -> bool:
        return level <= MOST_LOUDER * self._before and self._before <= MOST_LOUDER * level


def pitch_of(linear: bytes, level: int) -> float | None:
    """The pitch (Hz) of a frame of 16-bit samples that is one tone and nothing else; None for any other sound."""
    quiet = audioop.mul(linear, 2, 0.25)  # lest the sum of two neighbours is clipped
    middle = quiet[2:-2]
    neighbours = audioop.add(quiet[4:], quiet[:-4], 2)
    factor = audioop.findfactor(neighbours, middle)
    if abs(factor) >= 2:
        return None
    left_over = audioop.rms(audioop.add(neighbours, audioop.mul(middle, 2, -factor), 2), 2)
    if left_over > MOST_LEFT_OVER * (level / 4):
        return None
    hz = math.acos(factor / 2) * SAMPLE_RATE_HZ / math.tau
    if not LOWEST_HZ <= hz <= HIGHEST_HZ:
        return None
    sine, cosine = _waves(round(hz))
    power = (audioop.findfactor(linear, sine) ** 2 + audioop.findfactor(linear, cosine) ** 2) * _WAVE_POWER
    return hz if power >= TONE_SHARE * level**2 else None


_WAVE_LEVEL = 10_000
_WAVE_POWER = _WAVE_LEVEL**2 / 2


@lru_cache(maxsize=256)
def _waves(hz: int) -> tuple[bytes, bytes]:
    """A sine and a cosine of one frame."""
    turn = math.tau * hz / SAMPLE_RATE_HZ
    return tuple(
        array("h", [round(_WAVE_LEVEL * math.sin(turn * at + phase)) for at in range(FRAME_SAMPLES)]).tobytes()
        for phase in (0, math.pi / 2)
    )  # type: ignore[return-value]  # two of them
