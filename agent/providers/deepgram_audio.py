"""The caller's audio as a transcriber needs it kept: what is not settled yet, and where it stands."""

from fsm.units import ms_to_samples

_QUIET = bytes(code for code in range(256) if (~code >> 4) & 7 < 3)
"""Mu-law bytes below about 3 % of full scale: line noise, not voice."""


def is_voiced(audio: bytes) -> bool:
    """Whether at least an eighth of the samples is loud enough for a voice on the telephone."""
    return len(audio.translate(None, _QUIET)) * 8 > len(audio)


class UnsettledAudio:
    """A bounded tail of the call's audio: from the end of the last final words to now.

    Positions are samples (and bytes) since the beginning of the call. `sent_to` is how far the present connection was
    told; a new connection begins at `begin`. What must be dropped before it was ever sent is counted.
    """

    def __init__(self, limit_ms: int) -> None:
        self.lost_samples = 0
        self.begin = 0
        self.sent_to = 0
        self._kept = bytearray()
        self._limit = ms_to_samples(limit_ms)

    @property
    def end(self) -> int:
        """The position of the next sample."""
        return self.begin + len(self._kept)

    @property
    def unsent(self) -> int:
        """Samples the present connection was not told yet."""
        return self.begin + len(self._kept) - self.sent_to

    def push(self, audio: bytes) -> int:
        """Append, and how much is unsent now; drops the oldest where more is kept than the limit."""
        self._kept += audio
        excess = len(self._kept) - self._limit
        if excess > 0:
            self._drop(excess)
        return self.begin + len(self._kept) - self.sent_to

    def take(self, most: int) -> bytes:
        """The next unsent audio, at most `most` samples of it; now sent."""
        start = self.sent_to - self.begin
        piece = bytes(self._kept[start : start + most])
        self.sent_to += len(piece)
        return piece

    def settle(self, position: int) -> None:
        """Words before `position` are final: their audio is not needed again."""
        self._drop(max(0, min(position, self.sent_to) - self.begin))

    def rewind(self) -> None:
        """A new connection was told nothing: all that is kept is unsent."""
        self.sent_to = self.begin

    def _drop(self, samples: int) -> None:
        del self._kept[:samples]
        self.begin += samples
        if self.sent_to < self.begin:
            self.lost_samples += self.begin - self.sent_to
            self.sent_to = self.begin
