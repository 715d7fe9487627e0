"""The samples of one reply: which wait, which were sent, and where those lie in what the phone was sent."""

from fsm.units import SAMPLE_RATE_HZ

KEEP_BEHIND_SAMPLES = SAMPLE_RATE_HZ
"""Audio kept before the word in progress, since estimates of where it began still move."""


class ReplyAudio:
    """A reply's audio from the oldest sample that may be played again, and the position up to which it was sent.

    Positions count the reply's samples from its first; positions at the phone count everything it was ever sent.
    The stretches say which of the phone's positions are the reply's: a filler or a pause may lie between them.
    """

    def __init__(self) -> None:
        self.pushed = 0
        self.sent = 0
        self.phone_end = 0
        """The phone's position right after the last sample of the reply that it was sent."""
        self._audio = bytearray()
        self._audio_start = 0
        self._heard_before = 0
        self._stretches: list[tuple[int, int]] = []

    @property
    def unsent(self) -> int:
        """Samples that wait."""
        return self.pushed - self.sent

    @property
    def phone_begin(self) -> int:
        """The phone's position of the first sample of the reply that it was sent, and that is kept."""
        return self._stretches[0][0] if self._stretches else self.phone_end

    def push(self, audio: bytes) -> None:
        """More of the reply."""
        self._audio += audio
        self.pushed += len(audio)

    def follows_on(self, phone_at: int) -> bool:
        """Whether what is sent at the phone's position `phone_at` comes right after the reply's last sample there."""
        return bool(self._stretches) and self.phone_end == phone_at

    def take(self, samples: int, phone_at: int) -> bytes:
        """The next `samples`, fewer at the end, to be sent at the phone's position `phone_at`."""
        if not self.follows_on(phone_at):
            self._stretches.append((phone_at, self.sent))
        begin = self.sent - self._audio_start
        piece = bytes(self._audio[begin : begin + samples])
        self.sent += len(piece)
        self.phone_end = phone_at + len(piece)
        return piece

    def heard(self, phone_played: int) -> int:
        """The position that was heard once the phone played up to its `phone_played`."""
        end = self.sent
        for phone_at, reply_at in reversed(self._stretches):
            if phone_played > phone_at:
                return max(self._heard_before, min(end, reply_at + phone_played - phone_at))
            end = reply_at
        return self._heard_before

    def hold(self, heard: int, phone_at: int) -> int:
        """Nothing after `heard` sounds any more; all of it waits again. How many sent samples that takes back."""
        taken_back = self.sent - heard
        self.sent = self._heard_before = heard
        self.phone_end = phone_at
        self._stretches.clear()
        return taken_back

    def rewind(self, position: int) -> int:
        """Send again from `position`, as far as the audio is still there. How many samples are repeated."""
        repeated = self.sent - max(self._audio_start, position)
        self.sent -= repeated
        return repeated

    def discard(self, before: int) -> None:
        """Audio before this position, and a while, will not be played again."""
        keep = before - KEEP_BEHIND_SAMPLES
        if keep > self._audio_start:
            del self._audio[: keep - self._audio_start]
            self._audio_start = keep
