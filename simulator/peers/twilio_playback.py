"""The phone's playback buffer: what plays, when, sample by sample (protocols/twilio.md, section 4.3).

Positions in time are samples since the stream's start, on one fixed grid of 8,000 a second: sample `n` sounds during
`[n, n + 1)`. The owner tells how far time has come; nothing here reads a clock.
"""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from fsm.units import FRAME_SAMPLES, SAMPLE_RATE_HZ, ULAW_SILENCE

BUFFER_LIMIT_SAMPLES = 30 * 60 * SAMPLE_RATE_HZ
"""Half an hour of audio. Twilio publishes no limit; past ours, audio is dropped and counted."""

MARKS_LIMIT = 10_000
"""Marks that may wait at once; past it, the newest is dropped and counted."""

GAP_LIMIT_SAMPLES = SAMPLE_RATE_HZ
"""A pause up to this long between two pieces of audio counts as a gap in one stretch; a longer one as its end."""

GAPS_KEPT = 1_000
STRETCHES_KEPT = 100_000


def _silence(samples: int) -> bytes:
    return bytes([ULAW_SILENCE]) * samples


SILENT_FRAME = _silence(FRAME_SAMPLES)
"""What is heard of a phone that plays nothing: one and the same object, fifty times a second."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Silence because the buffer ran dry: from `at_samples`, refilled `length_samples` later.

    `after_mark`: a mark stood exactly at the end of the audio before it, so the pause may have been meant.
    """

    at_samples: int
    length_samples: int
    after_mark: bool


class CutBy(StrEnum):
    """What ended a stretch that had more to sound."""

    CLEAR = "clear"
    STREAM_END = "stream_end"


@dataclass(slots=True)
class Stretch:
    """Audio that sounded without a gap, from sample `at_samples` of the time on; `position`: in the received audio."""

    at_samples: int
    position: int
    samples: int
    cut_by: CutBy | None = None


class Playback:
    """A first-in-first-out buffer of audio and marks with a playhead at 8,000 bytes a second.

    At any time `received_samples == played_samples + cleared_samples + buffered_samples`.
    """

    def __init__(self, *, limit_samples: int = BUFFER_LIMIT_SAMPLES) -> None:
        self.received_samples = 0
        self.played_samples = 0
        self.cleared_samples = 0
        self.overflow_samples = 0
        self.overflow_marks = 0
        self.gaps: list[Gap] = []
        self.stretches: list[Stretch] = []
        self._limit_samples = limit_samples
        self._audio = bytearray()
        self._marks: deque[tuple[int, str]] = deque()  # (position in the received audio, name)
        self._rendered = bytearray()  # what sounded and was not taken yet, silence in between included
        self._silent_since = 0  # samples of silence after it
        self._rendered_until = 0
        self._dry_since: int | None = None
        self._last_mark_position = -1

    @property
    def buffered_samples(self) -> int:
        """Audio that waits to be played."""
        return len(self._audio)

    @property
    def has_sounded(self) -> bool:
        """Whether something sounded, or was silent, that was not taken yet."""
        return bool(self._rendered or self._silent_since)

    @property
    def pending_marks(self) -> tuple[str, ...]:
        """Names of the marks that wait, in order."""
        return tuple(name for _, name in self._marks)

    @property
    def _position(self) -> int:
        """How much of the received audio is behind the playhead, played or cleared."""
        return self.played_samples + self.cleared_samples

    def advance(self, until: int) -> list[str]:
        """Play up to `until`; returns the marks that were reached, in order."""
        step = until - self._rendered_until
        if step > 0:
            playing = self._render_audio(step) if self._audio else 0
            self._silent_since += step - playing
            self._rendered_until = until
        return self._reached() if self._marks else []

    def push(self, audio: bytes, at: int) -> None:
        """Queue `audio` that came at `at`; into an empty buffer, it starts to sound then and no sooner."""
        room = self._limit_samples - len(self._audio)
        self.overflow_samples += max(0, len(audio) - room)
        audio = audio[:room]
        if not audio:
            return
        if not self._audio:
            self._note_gap(at)
            pause = max(0, at - self._rendered_until)
            self._silent_since += pause
            self._rendered_until += pause
        self._audio += audio
        self.received_samples += len(audio)

    def mark(self, name: str) -> bool:
        """Queue a mark behind all audio so far; `True`: nothing is before it, so it is reached already."""
        if not self._audio and not self._marks:
            self._last_mark_position = self._position
            return True
        if len(self._marks) >= MARKS_LIMIT:
            self.overflow_marks += 1
            return False
        self._marks.append((self._position + len(self._audio), name))
        return False

    def clear(self, by: CutBy = CutBy.CLEAR) -> list[str]:
        """Throw away what has not sounded; returns the marks that waited, all unheard, in order."""
        if self._audio and self.stretches:
            self.stretches[-1].cut_by = by
        self.cleared_samples += len(self._audio)
        self._audio.clear()
        self._dry_since = None
        names = [name for _, name in self._marks]
        self._marks.clear()
        return names

    def next_mark_at(self) -> int | None:
        """When the playhead will reach the first mark that waits, if no `clear` comes before."""
        if not self._marks:
            return None
        return self._rendered_until + self._marks[0][0] - self._position

    def take(self, samples: int) -> bytes:
        """The next `samples` of what sounded, silence where nothing played; fewer only if time has not come so far."""
        if not self._rendered and self._silent_since >= samples:
            self._silent_since -= samples
            return SILENT_FRAME if samples == FRAME_SAMPLES else _silence(samples)
        if len(self._rendered) == samples:  # most of what sounds is taken as it comes
            taken = bytes(self._rendered)
            self._rendered.clear()
            return taken
        taken = bytes(self._rendered[:samples])
        del self._rendered[:samples]
        if len(taken) < samples and self._silent_since:
            missing = min(samples - len(taken), self._silent_since)
            self._silent_since -= missing
            taken += _silence(missing)
        return taken

    def _reached(self) -> list[str]:
        names = []
        while self._marks and self._marks[0][0] <= self._position:
            self._last_mark_position, name = self._marks.popleft()
            names.append(name)
        return names

    def _render_audio(self, samples: int) -> int:
        """Let up to so many samples of what is buffered sound; how many did."""
        if self._silent_since:
            self._rendered += _silence(self._silent_since)
            self._silent_since = 0
        playing = min(samples, len(self._audio))
        self._note_sounding(playing)
        self._rendered += self._audio[:playing]
        del self._audio[:playing]
        self.played_samples += playing
        if not self._audio:
            self._dry_since = self._rendered_until + playing
        return playing

    def _note_sounding(self, samples: int) -> None:
        at, position = self._rendered_until, self._position
        last = self.stretches[-1] if self.stretches else None
        if last is not None and at == last.at_samples + last.samples and position == last.position + last.samples:
            last.samples += samples
        elif len(self.stretches) < STRETCHES_KEPT:
            self.stretches.append(Stretch(at, position, samples))

    def _note_gap(self, at: int) -> None:
        if self._dry_since is None or len(self.gaps) >= GAPS_KEPT:
            return
        length = at - self._dry_since
        if 0 < length <= GAP_LIMIT_SAMPLES:
            self.gaps.append(Gap(self._dry_since, length, self._last_mark_position == self._position))
