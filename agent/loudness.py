"""Whether the caller speaks as loud as they usually do: who turns to somebody else in the room is fainter. Pure."""

# The module is not deprecated: `audioop-lts` carries it on where the standard library stopped.
import audioop
from collections import deque

from fsm.units import ms_to_samples

SOUNDS_KEPT = 8
"""How many of a caller's sounds tell how loud they usually are."""

LEAST_SAMPLES = ms_to_samples(200)
"""A sound must be so long to tell anything: a cough is shorter."""

FAINT_PERCENT = 60
"""Of the usual amplitude, 4.5 dB below it: no longer a matter of the word. Half as loud is 6 dB."""


class Loudness:
    """Follows the loudest frame of each sound of one caller; a few numbers a call."""

    def __init__(self) -> None:
        self._peaks: deque[int] = deque(maxlen=SOUNDS_KEPT)
        self._peak = 0
        self._samples = 0
        self._latest = 0

    def hear(self, audio: bytes) -> None:
        """The next mu-law audio of a sound."""
        self._samples += len(audio)
        self._peak = max(self._peak, audioop.rms(audioop.ulaw2lin(audio, 2), 2))

    def end(self) -> None:
        """The sound is over."""
        if self._samples >= LEAST_SAMPLES:
            if self._latest:
                self._peaks.append(self._latest)
            self._latest = self._peak
        self._peak = self._samples = 0

    @property
    def is_faint(self) -> bool:
        """Whether the present sound, or the last one, is clearly fainter than the caller's before it."""
        is_sounding = self._samples > 0
        before = sorted([*self._peaks, self._latest] if is_sounding and self._latest else self._peaks)
        if not before:
            return False
        usual = before[-1 - len(before) // 4]  # a shout among them does not count, nor do asides
        return 100 * (self._peak if is_sounding else self._latest) <= FAINT_PERCENT * usual
