"""Whether the caller speaks as loud as they usually do: who turns to somebody else in the room is fainter. Pure."""

# The module is not deprecated: `audioop-lts` carries it on where the standard library stopped.
import audioop
from collections import deque

from fsm.units import FRAME_SAMPLES, ULAW_SILENCE, ms_to_samples

SOUNDS_KEPT = 8
"""How many of a caller's sounds tell how loud they usually are."""

LEAST_SAMPLES = ms_to_samples(200)
"""A sound must be so long to tell anything: a cough is shorter."""

RECENT_FRAMES = ms_to_samples(1_000) // FRAME_SAMPLES
"""Words come within so many of their sound, also where it was too soft to be noticed as a voice."""

ASIDES_IN_A_ROW = 4
"""Faint sounds that do not become the usual; with one more the caller has put the telephone further away."""

FAINT_PERCENT = 60
"""Of the usual amplitude, 4.5 dB below it: no longer a matter of the word. Half as loud is 6 dB."""

LEAST_PERCENT = 4
"""What is softer than this, 28 dB below the usual, is the line's own noise: it tells nothing of any words."""

IDLE_FRAME = bytes((ULAW_SILENCE,)) * FRAME_SAMPLES
"""A frame of a line that is digital from end to end: measuring it costs more than seeing that."""


class Loudness:
    """Follows the loudest frame of each sound of one caller; a few numbers a call."""

    def __init__(self) -> None:
        self._peaks: deque[int] = deque(maxlen=SOUNDS_KEPT)
        self._recent: deque[int] = deque(maxlen=RECENT_FRAMES)
        self._peak = 0
        self._samples = 0
        self._since_frames = RECENT_FRAMES
        self._was_faint = False
        self._faint_in_a_row = 0

    def hear(self, audio: bytes, *, is_sounding: bool) -> None:
        """The next mu-law audio; `is_sounding`: as part of a sound that was noticed."""
        level = 0 if audio == IDLE_FRAME else audioop.rms(audioop.ulaw2lin(audio, 2), 2)
        self._recent.append(level)
        if is_sounding:
            self._samples += len(audio)
            self._peak = max(self._peak, level)
        else:
            self._since_frames += 1

    def end(self) -> None:
        """The sound is over."""
        if self._samples >= LEAST_SAMPLES:
            self._was_faint = self._is_faint(self._peak)
            self._faint_in_a_row = self._faint_in_a_row + 1 if self._was_faint else 0
            if not self._was_faint or self._faint_in_a_row > ASIDES_IN_A_ROW:
                self._peaks.append(self._peak)
            self._since_frames = 0
        self._peak = self._samples = 0

    @property
    def is_faint(self) -> bool:
        """Whether what is said now is clearly fainter than the caller's usual: the present sound, or the last one.

        Words without a sound that was noticed, or of one that has just begun, were said within the last second, no
        louder than anything in it.
        """
        if self._samples >= LEAST_SAMPLES:
            return self._is_faint(self._peak)
        if self._since_frames < RECENT_FRAMES and not self._samples:
            return self._was_faint
        return self._is_faint(max(self._recent, default=0))

    def _is_faint(self, peak: int) -> bool:
        if not self._peaks:
            return False
        usual = sorted(self._peaks)[-2:][0]  # not the loudest: one shout does not make all else faint
        return LEAST_PERCENT * usual <= 100 * peak <= FAINT_PERCENT * usual
