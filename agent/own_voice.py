"""What of ours was audible at the phone lately: what may come back as an echo."""

import audioop
from collections import deque
from math import log10

from fsm.units import ULAW_SILENCE, ms_to_ns, ns_to_samples, samples_to_ns

KEPT_NS = ms_to_ns(1_500)
"""How long what was heard is remembered: longer than the longest way of an echo."""


class OwnVoice:
    """The mu-law audio that one phone plays, by the instants (ns) at which it plays it.

    The estimate of `SentAudio`: without a pause from the instant it was sent until the phone is dry.
    """

    def __init__(self) -> None:
        self._pieces: deque[tuple[int, bytes, float]] = deque()
        self._ends_at = 0

    def note_sent(self, audio: bytes, now: int) -> None:
        """`audio` went to the phone, to be played after all before it."""
        begins_at = max(self._ends_at, now)
        self._pieces.append((begins_at, audio, db_of(audioop.ulaw2lin(audio, 2))))
        self._ends_at = begins_at + samples_to_ns(len(audio))
        while self._pieces[0][0] + samples_to_ns(len(self._pieces[0][1])) < now - KEPT_NS:
            self._pieces.popleft()

    def note_clear(self, now: int) -> None:
        """The phone was told to throw away what it had not played."""
        while self._pieces and self._pieces[-1][0] >= now:
            self._pieces.pop()
        if self._pieces:
            begins_at, audio, level = self._pieces[-1]
            self._pieces[-1] = begins_at, audio[: ns_to_samples(now - begins_at)], level
        self._ends_at = min(self._ends_at, now)

    def was_audible(self, since: int, until: int) -> bool:
        """Whether anything of ours sounded between these instants."""
        return since < self._ends_at and bool(self._pieces) and self._pieces[0][0] < until

    def loudest_db(self, since: int, until: int) -> float:
        """Level, in dB over one step of 16-bit sound, of the loudest piece that sounded between; 0 for none."""
        loudest = 0.0
        for begins_at, audio, level in reversed(self._pieces):
            if begins_at + samples_to_ns(len(audio)) <= since:
                break
            if begins_at < until and level > loudest:
                loudest = level
        return loudest

    def played(self, since: int, until: int) -> bytes:
        """What sounded between these instants; silence where nothing did."""
        parts, at = [], since
        for begins_at, audio, _ in self._pieces:
            if begins_at >= until:
                break
            gap = ns_to_samples(begins_at - at)
            if gap > 0:
                parts.append(bytes((ULAW_SILENCE,)) * gap)
                at = begins_at
            skipped = ns_to_samples(at - begins_at)
            if skipped < len(audio):
                parts.append(audio[skipped:])
                at = begins_at + samples_to_ns(len(audio))
        length = ns_to_samples(until - since)
        return b"".join(parts)[:length].ljust(length, bytes((ULAW_SILENCE,)))


def db_of(sound: bytes) -> float:
    """Loudness of 16-bit sound in dB over one step: 90 is as loud as it gets."""
    return 20 * log10(audioop.rms(sound, 2) or 1)
