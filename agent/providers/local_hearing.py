"""When to transcribe what of one call: segments of speech, cut at pauses; pure, driven by the audio alone.

A transcription of the whole segment takes 50 to 250 ms. It is begun at the first hint of a pause, before anybody asks,
so that the words are mostly there when they are asked for.
"""

import audioop
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from agent.providers.local_protocol import Words
from fsm.units import FRAME_SAMPLES, ms_to_samples

PRE_ROLL_SAMPLES = ms_to_samples(300)
"""Kept from before the first loud frame: soft beginnings ("h", "f") are words too."""

ONSET_FRAMES = 3
"""Loud frames out of `ONSET_WINDOW` that begin a segment: a click has fewer."""
ONSET_WINDOW = 5

FIRST_INTERIM_SAMPLES = ms_to_samples(300)
"""Voiced sound before the first guess: less is no word yet."""
INTERIM_SAMPLES = ms_to_samples(500)
"""Between guesses; longer segments, which cost more to transcribe, are guessed at every quarter of their length."""

PAUSE_SAMPLES = ms_to_samples(140)
"""Silence after which words are guessed to be complete; closures within words last less."""

ENDPOINT_SAMPLES = ms_to_samples(400)
"""Silence that ends a segment unasked, as a transcriber's own notice of a pause."""

LONG_SAMPLES = ms_to_samples(7_000)
"""A segment of this length ends at its next short pause, so that transcribing it stays quick."""
LONGEST_SAMPLES = ms_to_samples(15_000)
"""A segment ends here in any case."""

NOISE_SAMPLES = ms_to_samples(1_500)
"""Sound of this length without speech in it is background."""


class Urgency(IntEnum):
    """Which transcription goes first; smaller is sooner."""

    FINAL = 0
    PAUSE = 1
    INTERIM = 2


class Gate:
    """Tells loud frames from the line's background, which it learns."""

    MIN_RMS = 110
    """Nothing softer (16-bit scale) is speech; mu-law silence is 0 to 8."""
    LOUDNESS = 2.5
    """How many times louder than the background a voice is."""
    MAX_FLOOR = 300.0
    """Background is not taken to be louder: a voice over loud music must be heard, at the price of looking closer."""

    def __init__(self) -> None:
        self._floor = 30.0

    def is_loud(self, frame: bytes) -> bool:
        """Whether 20 ms of mu-law stand out."""
        rms = audioop.rms(audioop.ulaw2lin(frame, 2), 2)
        if rms > max(self.MIN_RMS, self._floor * self.LOUDNESS):
            return True
        self._floor += (rms - self._floor) / (32 if rms > self._floor else 16)
        return False

    def learn(self, noise: bytes) -> None:
        """Take `noise`, mu-law in which no speech was found, for background."""
        self._floor = min(self.MAX_FLOOR, max(self._floor, audioop.rms(audioop.ulaw2lin(noise, 2), 2)))


@dataclass(slots=True, eq=False)
class Segment:
    """A stretch of speech under way."""

    audio: bytearray
    voiced_end: int
    """Where the last loud frame ends, in samples of the segment."""
    voiced_samples: int = 0
    has_speech: bool = False
    asked_samples: int = 0
    pending: "Ask | None" = None
    text: str = ""
    text_end: int = -1
    """Which `voiced_end` the text belongs to: it holds for the whole segment when they are equal."""
    guess: str = ""
    is_closed: bool = False
    speech_final: bool = False
    end_samples: int = 0


@dataclass(slots=True, eq=False)
class Ask:
    """A wish for a transcription; `known_speech`: no need to look for a voice in it first."""

    urgency: Urgency
    segment: Segment
    audio: bytes
    voiced_end: int
    known_speech: bool
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """What a transcription found."""

    has_speech: bool
    text: str


@dataclass(slots=True)
class Hearing:
    """The ears of one call; calls `ask`, is answered by `on_heard`, and calls `report` and `settled`.

    `ask` must answer a segment's asks in the order of urgency, then of asking; withdrawn ones need no answer.
    """

    ask: Callable[[Ask], None]
    report: Callable[[Words], None]
    settled: Callable[[], None]
    _gate: Gate = field(default_factory=Gate)
    _rest: bytes = b""
    _position: int = 0
    _pre_roll: deque[bytes] = field(default_factory=lambda: deque(maxlen=PRE_ROLL_SAMPLES // FRAME_SAMPLES))
    _recent: deque[bool] = field(default_factory=lambda: deque(maxlen=ONSET_WINDOW))
    _segment: Segment | None = None
    _closed: deque[Segment | None] = field(default_factory=deque)
    """Segments whose words are awaited; None marks where `settled` is owed."""
    _silence: int = 0
    _pausing: Segment | None = None
    """The last closed segment, while it is open whether a pause follows it."""

    def push(self, audio: bytes) -> None:
        """The caller's next mu-law audio, any length."""
        data = self._rest + audio
        whole = len(data) - len(data) % FRAME_SAMPLES
        for start in range(0, whole, FRAME_SAMPLES):
            self._frame(data[start : start + FRAME_SAMPLES])
        self._rest = data[whole:]

    def finalize(self) -> None:
        """Settle what was said so far; `settled` follows its words."""
        if self._segment is not None:
            if self._rest:
                self._segment.audio += self._rest
            self._close(self._segment, speech_final=self._silence >= ENDPOINT_SAMPLES)
        self._closed.append(None)
        self._flush()

    def on_heard(self, ask: Ask, heard: Heard) -> None:
        """The answer to an ask."""
        segment = ask.segment
        if segment.pending is ask:
            segment.pending = None
        segment.has_speech = segment.has_speech or heard.has_speech
        if ask.urgency is not Urgency.INTERIM and ask.voiced_end > segment.text_end:
            segment.text, segment.text_end = heard.text, ask.voiced_end
        if segment.is_closed:
            self._flush()
        elif not segment.has_speech:
            self._doubt(segment, ask)
        elif heard.text not in ("", segment.guess) and ask.voiced_end >= segment.text_end:
            segment.guess = heard.text
            self.report(Words(heard.text, is_final=False, speech_final=False, until_samples=0))

    def _frame(self, frame: bytes) -> None:
        self._position += len(frame)
        is_loud = self._gate.is_loud(frame)
        self._recent.append(is_loud)
        self._silence = 0 if is_loud else self._silence + len(frame)
        if self._segment is not None:
            self._extend(self._segment, frame, is_loud=is_loud)
            return
        self._pre_roll.append(frame)
        if sum(self._recent) >= ONSET_FRAMES:
            audio = bytearray(b"".join(self._pre_roll))
            self._segment = Segment(audio, len(audio), voiced_samples=ONSET_FRAMES * FRAME_SAMPLES)
            self._pre_roll.clear()
            self._pausing = None
        elif self._pausing is not None and self._silence >= ENDPOINT_SAMPLES:
            self._notice_pause(self._pausing)

    def _extend(self, segment: Segment, frame: bytes, *, is_loud: bool) -> None:
        segment.audio += frame
        if is_loud:
            segment.voiced_end = len(segment.audio)
            segment.voiced_samples += len(frame)
        size = len(segment.audio)
        if self._silence >= ENDPOINT_SAMPLES:
            self._close(segment, speech_final=True)
        elif size >= LONGEST_SAMPLES or (size >= LONG_SAMPLES and self._silence >= PAUSE_SAMPLES):
            self._close(segment, speech_final=False)
        elif self._silence == PAUSE_SAMPLES:
            self._ask(segment, Urgency.PAUSE)
        elif is_loud and self._is_interim_due(segment):
            self._ask(segment, Urgency.INTERIM)

    def _is_interim_due(self, segment: Segment) -> bool:
        if segment.pending is not None or segment.voiced_samples < FIRST_INTERIM_SAMPLES:
            return False
        size = len(segment.audio)
        return segment.asked_samples == 0 or size - segment.asked_samples >= max(INTERIM_SAMPLES, size // 4)

    def _ask(self, segment: Segment, urgency: Urgency) -> None:
        if segment.pending is not None:
            segment.pending.is_withdrawn = True
        segment.asked_samples = len(segment.audio)
        audio = bytes(segment.audio)
        segment.pending = Ask(urgency, segment, audio, segment.voiced_end, segment.has_speech)
        self.ask(segment.pending)

    def _close(self, segment: Segment, *, speech_final: bool) -> None:
        segment.is_closed, segment.speech_final = True, speech_final
        segment.end_samples = self._position
        self._segment = None
        self._recent.clear()
        self._pausing = None if speech_final else segment
        self._closed.append(segment)
        pending = segment.pending
        if segment.text_end == segment.voiced_end:
            self._flush()
        elif pending is not None and pending.urgency is Urgency.PAUSE and pending.voiced_end == segment.voiced_end:
            pending.urgency = Urgency.FINAL
        else:
            self._ask(segment, Urgency.FINAL)

    def _flush(self) -> None:
        """Report closed segments, in order, as far as their words are known."""
        while self._closed:
            segment = self._closed[0]
            if segment is not None and segment.text_end != segment.voiced_end:
                return
            self._closed.popleft()
            if segment is None:
                self.settled()
            else:
                self._conclude(segment)

    def _conclude(self, segment: Segment) -> None:
        if not segment.has_speech:
            self._gate.learn(bytes(segment.audio))
        if segment.text or segment.guess:
            speech_final = segment.speech_final or not segment.text  # words that are taken back end the segment
            self.report(
                Words(segment.text, is_final=True, speech_final=speech_final, until_samples=segment.end_samples)
            )
        elif self._pausing is segment:
            self._pausing = None

    def _notice_pause(self, segment: Segment) -> None:
        self._pausing = None
        if segment in self._closed:
            segment.speech_final = True
        else:
            self.report(Words("", is_final=True, speech_final=True, until_samples=self._position))

    def _doubt(self, segment: Segment, ask: Ask) -> None:
        """A long sound without a voice in it is background: forget it, and learn to overhear it."""
        if segment is self._segment and len(ask.audio) >= NOISE_SAMPLES:
            self._gate.learn(ask.audio)
            self._segment = None
            self._recent.clear()
