"""How loud the phone is sent what we say: lowered, lifted and begun again without a click. Pure.

A mu-law byte is made quieter by a table; a fade is a few tables, one after the other. While all is at full volume
nothing here is called.
"""

# The module is not deprecated: `audioop-lts` carries it on where the standard library stopped.
import audioop
from functools import lru_cache

from fsm.units import ms_to_samples

STEPS = 64
"""Full volume, in steps of amplitude: one step more or less is no click."""

FADE_SAMPLES = ms_to_samples(20)
"""From one volume to another: short enough to be felt as at once, long enough to be no click."""

APPEAR_SAMPLES = ms_to_samples(5)
"""From silence: shorter than the attack of any word."""


def steps_at(quieter_db: int) -> int:
    """The volume that is so much below full: 6 dB halve it."""
    return round(STEPS * 10 ** (-quieter_db / 20))


@lru_cache(maxsize=STEPS + 1)
def table_of(steps: int) -> bytes:
    """What each mu-law byte becomes at a volume of so many steps.

    A sample keeps its sign, also where nothing is left of it: mu-law has a zero of either.
    """
    codes = bytes(range(256))
    quieter = audioop.lin2ulaw(audioop.mul(audioop.ulaw2lin(codes, 2), 2, steps / STEPS), 2)
    return bytes(code & 0x80 | new & 0x7F for code, new in zip(codes, quieter, strict=True))


class Volume:
    """The volume of one stretch of audio after the other, as it is sent."""

    def __init__(self) -> None:
        self._from = self._to = STEPS
        self._fade_samples = 0
        self._faded = 0

    @property
    def is_full(self) -> bool:
        """Whether audio goes out as it is."""
        return self._to == STEPS and self._faded >= self._fade_samples

    def fade_to(self, quieter_db: int) -> None:
        """Go from the present volume to one so much below full."""
        self._begin(self._now, steps_at(quieter_db), FADE_SAMPLES)

    def appear(self, quieter_db: int) -> None:
        """Begin after a silence, at a volume so much below full."""
        self._begin(0, steps_at(quieter_db), APPEAR_SAMPLES)

    def shape(self, audio: bytes) -> bytes:
        """The next `audio`, as loud as it is to be."""
        shaped, at = [], 0
        while at < len(audio) and self._faded < self._fade_samples:
            piece = audio[at : at + self._step_left]
            shaped.append(piece.translate(table_of(self._now)))
            self._faded += len(piece)
            at += len(piece)
        rest = audio[at:]
        shaped.append(rest if self._to == STEPS else rest.translate(table_of(self._to)))
        return b"".join(shaped)

    def _begin(self, begin: int, end: int, samples: int) -> None:
        self._from, self._to = begin, end
        self._faded, self._fade_samples = 0, samples if begin != end else 0

    @property
    def _now(self) -> int:
        if self._faded >= self._fade_samples:
            return self._to
        return self._from + (self._steps_done if self._to > self._from else -self._steps_done)

    @property
    def _steps_done(self) -> int:
        return self._faded * abs(self._to - self._from) // self._fade_samples

    @property
    def _step_left(self) -> int:
        """How many samples the fade stays where it is."""
        return -(-(self._steps_done + 1) * self._fade_samples // abs(self._to - self._from)) - self._faded
