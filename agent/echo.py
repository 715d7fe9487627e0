"""Whether what comes in is our own voice coming back: a weaker copy of what the phone played a moment ago.

The copy is found by its waveform, whatever its delay and strength; once both are known, a level tells each further
frame. A caller who talks over the echo is louder than it, and no copy.
"""

import audioop
from array import array
from math import log10

from agent.own_voice import OwnVoice, db_of
from agent.voicing import never_silent
from fsm.units import NS_PER_SAMPLE, ms_to_ns, samples_to_ns

LONGEST_NS = ms_to_ns(800)
"""The longest way of an echo: to the phone, from its loudspeaker to its microphone, and back."""

STEP_SAMPLES = 2
"""Waveforms are compared at half the rate."""

COPY_LIKENESS = 0.6
"""Correlation that makes a copy. Two voices that have nothing to do with each other reach 0.4, seldom 0.5."""

LOUDEST_DB = -5.0
"""An echo is weaker than what it is the echo of, by 6 dB or more (assumed); a caller need not be."""

LOUDER_DB = 4.0
"""What is so much louder than the echo would be is not the echo alone: somebody talks over it."""

FORGET_NS = ms_to_ns(10_000)
"""A phone may be taken from the table: what is known of its echo holds so long."""

SPREAD_NS = ms_to_ns(60)
"""Rooms smear: an echo is as loud as the loudest of what we played within so long before."""


class Echo:
    """Tells a caller from the echo of ours on one line."""

    def __init__(self, own: OwnVoice) -> None:
        self._own = own
        self._delay_ns = 0
        self._gain_db = 0.0
        self._known_until = 0

    def is_copy(self, sound: bytes, at: int) -> bool:
        """Whether 16-bit `sound`, which ended at `at` (ns), is a copy of ours; costs a millisecond while we sound."""
        began_at = at - samples_to_ns(len(sound) // 2)
        if not self._own.was_audible(began_at - LONGEST_NS, at):
            return False
        ours = audioop.ulaw2lin(self._own.played(began_at - LONGEST_NS, at), 2)
        recent, earlier = _sharpened(sound), never_silent(_sharpened(ours))
        if not audioop.rms(recent, 2):
            return False
        offset, factor = audioop.findfit(earlier, recent)
        matched = earlier[2 * offset : 2 * offset + len(recent)]
        likeness = abs(factor) * audioop.rms(recent, 2) / (audioop.rms(matched, 2) or 1)
        if likeness < COPY_LIKENESS:
            return False
        begin = 2 * STEP_SAMPLES * offset
        gain_db = db_of(sound) - db_of(ours[begin : begin + len(sound)]) + 20 * log10(likeness)
        if gain_db > LOUDEST_DB:
            return False
        self._delay_ns = LONGEST_NS - STEP_SAMPLES * offset * NS_PER_SAMPLE
        self._gain_db = gain_db
        self._known_until = at + FORGET_NS
        return True

    def explains(self, level: float, at: int) -> bool:
        """Whether a frame of this level (dB over one step), ending at `at` (ns), may be the known echo and no more."""
        if at > self._known_until:
            return False
        heard_at = at - self._delay_ns
        loudest = self._own.loudest_db(heard_at - SPREAD_NS, heard_at)
        return bool(loudest) and level <= loudest + self._gain_db + LOUDER_DB


def _sharpened(sound: bytes) -> bytes:
    """At half the rate, and high notes stronger: voices differ more in these than in their pitch."""
    smooth = audioop.add(audioop.mul(sound[:-2], 2, 0.5), audioop.mul(sound[2:], 2, 0.5), 2)
    slow = array("h", smooth)[::STEP_SAMPLES].tobytes()
    return audioop.add(slow[2:], audioop.mul(slow[:-2], 2, -1), 2)
