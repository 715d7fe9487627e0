"""The level that counts as silence on a line: the quietest moment of the last seconds (minimum statistics).

Speech falls back to the line's noise at every stop and pause, so the least level of a second and a half is the
noise's, whatever is spoken over it (Martin 2001, "Noise power spectral density estimation based on optimal smoothing
and minimum statistics"). Sound that never falls back is held to be noise itself.
"""

LOWEST_DB, FIRST_HIGHEST_DB = 18.0, 50.0
"""Bounds: a muted line must not make hiss of the next packet, a caller who talks at once must not be noise."""

STRETCH_FRAMES, STRETCHES = 16, 5
"""The floor may rise at the end of each stretch, to the least level of so many: 1.6 s."""

FALL = 0.25
"""Share of the way that the floor falls to a quieter frame."""

LEARN_FRAMES, LEARN = 10, 0.4
"""At the start of a call the floor goes to the line's noise by this share a frame, up to its first bound."""

NOTHING_DB = 99.0
"""Louder than anything: a stretch of which nothing is known."""


class NoiseFloor:
    """Follows the noise of one line, a level of each frame at a time."""

    __slots__ = ("_frames", "_least", "_stretches", "_to_learn", "db")

    def __init__(self) -> None:
        self.db = LOWEST_DB
        """The floor, in dB over one step of 16-bit sound."""
        self._to_learn = LEARN_FRAMES
        self._frames = 0
        self._least = NOTHING_DB
        self._stretches = [NOTHING_DB] * STRETCHES

    def adapt(self, level: float, *, may_rise: bool) -> float:
        """The floor after a frame of `level`; it does not rise while somebody vouches for a voice."""
        self._least = min(self._least, level)
        self._frames += 1
        if self._frames == STRETCH_FRAMES:
            self._end_stretch(level, may_rise=may_rise)
        if level < self.db:
            self.db = max(LOWEST_DB, self.db + FALL * (level - self.db))
        elif self._to_learn and may_rise:
            self._to_learn -= 1
            self.db += LEARN * (min(level, FIRST_HIGHEST_DB) - self.db)
        return self.db

    def _end_stretch(self, level: float, *, may_rise: bool) -> None:
        self._stretches = [*self._stretches[1:], self._least]
        self._frames = 0
        self._least = level
        least = min(self._stretches)
        if least != NOTHING_DB and may_rise:
            self.db = max(LOWEST_DB, least)
