"""When the caller's sounds were made: instants for frames that may arrive late, in bursts, or with odd timestamps."""

from fsm.units import NS_PER_MS, NS_PER_SAMPLE, ms_to_ns

RESYNC_NS = ms_to_ns(2_000)
"""Further behind the wall clock than any network keeps audio back: the timestamps are wrong, not the network slow."""


class MediaClock:
    """Maps Twilio's media timestamps to instants.

    The frame that travelled fastest tells how the two clocks lie to each other; a burst after a stall is placed where
    it was spoken, not where it arrived. Timestamps that stand still are bridged by counting samples. No instant lies
    in the future, and none before the one given last.
    """

    def __init__(self) -> None:
        self._epoch: int | None = None
        self._end_at = 0
        self._arrived_at = 0

    def end_of(self, timestamp_ms: int, samples: int, now: int) -> int:
        """The instant (ns) at which a frame of `samples`, stamped with its first sample's `timestamp_ms`, ended."""
        length_ns = samples * NS_PER_SAMPLE
        offset_ns = timestamp_ms * NS_PER_MS + length_ns
        if self._epoch is None or now - offset_ns < self._epoch:
            self._epoch = now - offset_ns
        end_at = self._epoch + offset_ns
        if self._end_at and end_at < self._end_at + length_ns:
            end_at = self._end_at + length_ns
        if end_at > now:
            end_at = max(now, self._end_at)
        elif now - end_at > RESYNC_NS and not self._is_catching_up(now - self._arrived_at, length_ns):
            self._epoch = now - offset_ns
            end_at = now
        self._end_at, self._arrived_at = max(end_at, self._end_at), now
        return self._end_at

    def _is_catching_up(self, gap_ns: int, length_ns: int) -> bool:
        """Whether the network stood still all the while, or hands over what it kept back: faster than it was spoken."""
        return bool(self._end_at) and (gap_ns > RESYNC_NS or gap_ns < length_ns // 2)

    def restart(self) -> None:
        """A new stream begins: its timestamps count from anew."""
        self._epoch = None

    @property
    def last_end_at(self) -> int:
        """The end (ns) of the last frame."""
        return self._end_at

    @property
    def behind_ns(self) -> int:
        """By how much the last frame came later than the fastest; what came along with it is as late."""
        return self._arrived_at - self._end_at
