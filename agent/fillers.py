"""A phrase that fills a wait and gives way at the end of a word."""

import audioop

from agent.ports import Alignment
from fsm.units import ULAW_SILENCE, ms_to_samples

FADE_STEP_SAMPLES = ms_to_samples(5)
FADE_SAMPLES = 8 * FADE_STEP_SAMPLES
"""Where the words are not known, the phrase fades out in so many steps: 40 ms, too short to hear as a fade."""

GAP_REACH_SAMPLES = ms_to_samples(800)
"""A gap between words further away than this is not waited for: a word hardly ever lasts that long."""

BREATH_SAMPLES = ms_to_samples(40)
"""So much silence is kept before the answer: without it two words would run into one another."""


class Filler:
    """The audio of one phrase, taken piece by piece; or music, which fades out and gives way at once."""

    def __init__(self, audio: bytes, alignment: Alignment | None, *, is_music: bool = False) -> None:
        self.is_music = is_music
        self._audio = audio
        self._taken = 0
        self._gaps = _gaps(alignment) if alignment is not None else ()

    @property
    def unsent_samples(self) -> int:
        """Samples that were not taken yet."""
        return len(self._audio) - self._taken

    def take(self, samples: int) -> bytes:
        """The next `samples` of it, fewer at its end."""
        piece = self._audio[self._taken : self._taken + samples]
        self._taken += len(piece)
        return piece

    def give_way(self) -> int:
        """Leave out what follows the next gap between words, or fade out: how many samples are left out."""
        if not self.unsent_samples:
            return 0
        before = len(self._audio)
        cut = self._next_gap()
        if cut is not None:
            self._audio = self._audio[:cut]
        else:
            fading, rest = self._audio[self._taken :][:FADE_SAMPLES], self._audio[self._taken + FADE_SAMPLES :]
            breath = b"" if self.is_music else bytes([ULAW_SILENCE]) * min(len(rest), BREATH_SAMPLES)
            self._audio = self._audio[: self._taken] + faded(fading) + breath
        self._gaps = ((len(self._audio), len(self._audio)),)
        return before - len(self._audio)

    def _next_gap(self) -> int | None:
        for begin, end in self._gaps:
            if self._taken <= end and begin - self._taken <= GAP_REACH_SAMPLES:
                return max(self._taken, min(end, begin + BREATH_SAMPLES))
        return None


NO_FILLER = Filler(b"", None)
"""Nothing fills the wait; it never changes, since there is nothing to take."""


def faded(audio: bytes) -> bytes:
    """Mu-law `audio` that falls silent over its length."""
    linear = audioop.ulaw2lin(audio, 2)
    step = 2 * FADE_STEP_SAMPLES
    pieces = [linear[at : at + step] for at in range(0, len(linear), step)]
    quieter = [audioop.mul(piece, 2, 1 - (at + 1) / (len(pieces) + 1)) for at, piece in enumerate(pieces)]
    return audioop.lin2ulaw(b"".join(quieter), 2)


def _gaps(alignment: Alignment) -> tuple[tuple[int, int], ...]:
    """Stretches of blanks in an alignment, as samples."""
    gaps: list[tuple[int, int]] = []
    begin: int | None = None
    for letter, start in zip(alignment.chars, alignment.starts_samples, strict=False):
        if letter.isspace():
            begin = start if begin is None else begin
        elif begin is not None:
            gaps.append((begin, start))
            begin = None
    return tuple(gaps)
