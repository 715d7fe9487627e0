"""What was sent to the phone and how much of it was played: the clock estimates, marks confirm."""

from fsm.units import NS_PER_SAMPLE, ms_to_ns, samples_to_ns

MARK_SLACK_MS = 500
"""How long after its estimated instant a mark may come back before it counts as lost, or the phone as late."""

MARKS_LIMIT = 64
"""Marks that may be under way; with one a second, a phone that never returns any is forgiven the older ones."""


class SentAudio:
    """Positions in the one stream of samples that a phone was sent since the call began.

    The estimate: the phone plays without a pause from the instant it was first sent something until it is dry. The
    way there delays the audio as it delays a clear, so at the moment a clear takes effect the estimate is the truth.
    Marks confirm positions (protocols: Twilio media streams, `mark`); one that is later than the slack shows a phone
    that lags, and the estimate lags with it until a mark is in time again.
    """

    def __init__(self) -> None:
        self.sent_samples = 0
        self.ends_at = 0
        """The estimated instant (ns) at which the phone runs dry."""
        self.marks_lost = 0
        self.round_trip_ns = 0
        """To the phone and back: the least by which a mark was later than its audio; 0 as long as none came."""
        self._confirmed = 0
        self._lag_ns = 0
        self._marks: dict[str, int] = {}

    def note_sent(self, samples: int, now: int) -> None:
        """`samples` more went to the phone."""
        self.ends_at = max(self.ends_at, now) + samples_to_ns(samples)
        self.sent_samples += samples

    def note_mark(self, name: str) -> None:
        """Mark `name` went to the phone; it stands for everything sent so far."""
        self._marks[name] = self.sent_samples
        if len(self._marks) > MARKS_LIMIT:
            del self._marks[next(iter(self._marks))]
            self.marks_lost += 1

    def confirm(self, name: str, now: int) -> int | None:
        """Mark `name` came back: how much later (ns) than its audio ended by the estimate, never less than 0.

        None for one that is unknown, repeated or was flushed by a clear.
        """
        if name not in self._marks:
            return None
        position = self._marks[name]
        while (oldest := next(iter(self._marks))) != name:
            del self._marks[oldest]
            self.marks_lost += 1
        del self._marks[name]
        self._confirmed = max(self._confirmed, position)
        delay_ns = max(0, now - self.played_at(position))
        self._lag_ns = max(0, delay_ns - ms_to_ns(MARK_SLACK_MS))
        self.round_trip_ns = min(self.round_trip_ns or delay_ns, delay_ns)
        return delay_ns

    def forget(self, now: int) -> int:
        """The phone was told to clear, or is dry: samples that nobody will hear. Marks under way mean nothing now."""
        played = self.played(now)
        unheard = self.sent_samples - played
        self.sent_samples = self._confirmed = played
        self.ends_at = min(self.ends_at, now)
        self._lag_ns = 0
        self._marks.clear()
        return unheard

    def played(self, now: int) -> int:
        """The position that reached the ear: the clock's estimate, never below what a mark confirmed."""
        unplayed = -(-max(0, self.ends_at + self._lag_ns - now) // NS_PER_SAMPLE)
        return max(self._confirmed, self.sent_samples - unplayed)

    def played_at(self, position: int) -> int:
        """The instant (ns) at which `position` is estimated to be played, the phone having been dry last before it."""
        return self.ends_at - samples_to_ns(self.sent_samples - position)

    def settles_at(self, position: int) -> int:
        """The instant (ns) from which `position` counts as heard, whether or not a mark says so."""
        if self._confirmed >= position:
            return 0
        return self.played_at(position) + self._lag_ns + ms_to_ns(MARK_SLACK_MS)

    def was_heard(self, position: int, now: int) -> bool:
        """Whether a mark confirmed `position`, or so much time passed that the mark must be lost."""
        return now >= self.settles_at(position)
