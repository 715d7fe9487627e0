"""Voice edges on mu-law frames: when the caller begins to make speech-like sound, and when it has ended.

Energy over a noise floor that adapts says that there is sound; zero crossings and liveliness of level say whether it
may be speech, where nobody who hears better vouches for it. A few numbers of state a call, a few microseconds a frame.
Music, people talking in the room, a horn, and tones that beat slowly (the ringing heard on an outgoing call) are
beyond it.
"""

import audioop
from math import log10

from fsm.events import SpeechStarted, SpeechStopped
from fsm.units import FRAME_SAMPLES, NS_PER_SAMPLE, ULAW_SILENCE, ms_to_samples

ONSET_MS = 80
"""Sound that makes an onset. Less reacts faster; more lets coughs and bumps pass."""

HANGOVER_MS = 200
"""Quiet that makes an end. Longer than the stops within words; costs nothing, since ends are anchored before it."""

GAP_MS = 20
"""Quiet that an onset may contain. More, and clicks in a row would add up to one."""

START_MARGIN_DB, GO_ON_MARGIN_DB = 6.0, 4.5
"""How far above the noise floor sound begins, and goes on: speech decays into the noise."""

LEAST_LEVEL_DB = 32.0
"""Nothing quieter than this (of 90 dB) is ever sound: an idle digital line rests at 18, a soft talker at 40."""

FLOOR_MIN_DB, FLOOR_FIRST_MAX_DB = 18.0, 50.0
"""Bounds of the floor: a muted line must not make hiss of the next packet, a caller who talks at once not noise."""

FLOOR_FALL = 0.25
"""Share of the way that the floor falls to a quieter frame."""

FLOOR_LEARN_FRAMES, FLOOR_LEARN = 10, 0.4
"""At the start of a call the floor goes to the line's noise by this share a frame, up to its first bound."""

FLOOR_RISE_DB, FLOOR_RISE_TALKING_DB = 0.04, 0.015
"""Rise of the floor with each louder frame, 2 dB a second; slower in speech, which pauses more often than that."""

STEADY_FRAMES = 16
"""Two stretches of so many frames without liveliness of level are noise, whatever they sound like: 640 ms."""

STEADY_DB = 5.0
"""Range of levels within which sound is steady. A held vowel moves more in that time, a hum or a fan less."""

VOWEL_CROSSINGS = range(4, 40)
"""Zero crossings of a frame that a vowel may have, of 160; hum has fewer, hiss, breath and ringing have more."""

VOWEL_FRAMES = 2
"""Frames like a vowel that an onset must contain: no word comes without one."""

LIVELY_DB = 0.7
"""A frame that is so much louder or softer than the one before is lively: those of a tone are not."""

LIVELY_FRAMES = 2
"""Lively frames that an onset must contain after its first two, which are the edge of any sound."""

ONSET_LIMIT_FRAMES = 20
"""Sound that is no speech for so long is given up, lest a later onset is dated back to it."""

DIGITAL_SILENCE = bytes([ULAW_SILENCE]) * FRAME_SAMPLES
"""A frame of a line that is idle and digital from end to end."""

VOUCHED_ONSET_FRAMES = 10
"""Sound that makes an onset once the transcriber takes it for a voice, however steady: longer than most coughs."""

VOUCHED_LIMIT_FRAMES = 150
"""How long the transcriber's word for a voice holds against steadiness: 3 s, most of what is said in one breath."""


class VoiceActivity:
    """Tells the edges of the caller's speech, frame by frame; one a call.

    `push` takes frames of any length; sound is judged in windows of 20 ms, so a rest waits for the next frame. Onsets
    are told after `onset_ms` of sound and dated to its beginning, ends after `hangover_ms` of quiet and dated to the
    end of the last window with sound. Should one long frame hold several edges, the later ones come with later calls.
    """

    __slots__ = (
        "_block_frames",
        "_block_high",
        "_block_low",
        "_edges",
        "_floor",
        "_gap_frames",
        "_gap_limit",
        "_hangover_ns",
        "_last_voiced_at",
        "_learn_frames",
        "_lively_frames",
        "_onset_at",
        "_onset_frames",
        "_onset_least",
        "_previous_high",
        "_previous_low",
        "_rest",
        "_vouched_frames",
        "_vowel_frames",
        "is_talking",
        "level",
    )

    def __init__(self, *, onset_ms: int = ONSET_MS, hangover_ms: int = HANGOVER_MS) -> None:
        self.is_talking = False
        """Whether the last edge was an onset."""
        self.level = 0.0
        """Loudness of the last window in dB over one step of 16-bit sound: 90 is as loud as it gets."""
        self._onset_least = max(1, ms_to_samples(onset_ms) // FRAME_SAMPLES)
        self._gap_limit = ms_to_samples(GAP_MS) // FRAME_SAMPLES
        self._hangover_ns = ms_to_samples(hangover_ms) * NS_PER_SAMPLE
        self._rest = b""
        self._edges: list[SpeechStarted | SpeechStopped] = []
        self._floor = FLOOR_MIN_DB
        self._learn_frames = FLOOR_LEARN_FRAMES
        self._last_voiced_at = 0
        self._block_frames = 0
        self._block_high = self._previous_high = 0.0
        self._block_low = self._previous_low = 0.0
        self._onset_at = 0
        self._onset_frames = 0
        self._gap_frames = 0
        self._vowel_frames = 0
        self._lively_frames = 0
        self._vouched_frames = 0

    @property
    def noise_floor(self) -> float:
        """The level that counts as silence on this line, in dB as `level`."""
        return self._floor

    def push(self, frame: bytes, at: int) -> SpeechStarted | SpeechStopped | None:
        """Judge the next mu-law `frame`, which ends at `at` (ns) on the caller's audio clock; the edge it holds."""
        if len(frame) == FRAME_SAMPLES and not self._rest:
            self._judge(frame, at)
        else:
            self._judge_windows(frame, at)
        return self._edges.pop(0) if self._edges else None

    def vouch(self) -> None:
        """Another judge takes for a voice what sounds now, or has just begun to: it need not be lively then.

        For a while sound is not held to be noise for being steady; what is no louder than the floor stays silence.
        """
        if self.is_talking or self._onset_frames:
            self._vouched_frames = VOUCHED_LIMIT_FRAMES

    def _judge_windows(self, frame: bytes, at: int) -> None:
        sound = self._rest + frame
        whole = len(sound) - len(sound) % FRAME_SAMPLES
        for end in range(FRAME_SAMPLES, whole + 1, FRAME_SAMPLES):
            self._judge(sound[end - FRAME_SAMPLES : end], at - (len(sound) - end) * NS_PER_SAMPLE)
        self._rest = sound[whole:]

    def _judge(self, window: bytes, at: int) -> None:
        if window == DIGITAL_SILENCE:  # half of all frames, and measuring costs more than all the rest
            level, is_vowel = 0.0, False
        else:
            linear = audioop.ulaw2lin(window, 2)
            level = 20 * log10(audioop.rms(linear, 2) or 1)
            is_vowel = audioop.cross(linear, 2) in VOWEL_CROSSINGS
        is_lively = abs(level - self.level) >= LIVELY_DB
        self.level = level
        floor = self._adapt(level)
        if self.is_talking:
            self._go_on(max(floor + GO_ON_MARGIN_DB, LEAST_LEVEL_DB), at)
        elif level > max(floor + START_MARGIN_DB, LEAST_LEVEL_DB):
            self._gather_onset(at, is_vowel=is_vowel, is_lively=is_lively)
        elif self._onset_frames:
            self._gap_frames += 1
            if self._gap_frames > self._gap_limit:
                self._forget_onset()
                self._vouched_frames = 0

    def _go_on(self, threshold: float, at: int) -> None:
        if self.level > threshold:
            self._last_voiced_at = at
        elif at - self._last_voiced_at >= self._hangover_ns:
            self.is_talking = False
            self._vouched_frames = 0
            self._edges.append(SpeechStopped(self._last_voiced_at))

    def _gather_onset(self, at: int, *, is_vowel: bool, is_lively: bool) -> None:
        if not self._onset_frames or self._onset_frames > ONSET_LIMIT_FRAMES:
            self._forget_onset()
            self._onset_at = at - FRAME_SAMPLES * NS_PER_SAMPLE
        self._gap_frames = 0
        self._onset_frames += 1
        self._vowel_frames += is_vowel
        self._lively_frames += is_lively and self._onset_frames > 2
        if self._is_onset():
            self.is_talking = True
            self._last_voiced_at = at
            self._edges.append(SpeechStarted(self._onset_at))
            self._forget_onset()

    def _is_onset(self) -> bool:
        if self._vouched_frames and self._onset_frames >= VOUCHED_ONSET_FRAMES:
            return True
        is_speech_like = self._vowel_frames >= VOWEL_FRAMES and self._lively_frames >= LIVELY_FRAMES
        return is_speech_like and self._onset_frames >= self._onset_least

    def _forget_onset(self) -> None:
        self._onset_frames = 0
        self._gap_frames = 0
        self._vowel_frames = 0
        self._lively_frames = 0

    def _adapt(self, level: float) -> float:
        """The noise floor after a window of `level`."""
        floor = self._floor
        if level < floor:
            floor = max(FLOOR_MIN_DB, floor + FLOOR_FALL * (level - floor))
        elif self._learn_frames:
            self._learn_frames -= 1
            floor += FLOOR_LEARN * (min(level, FLOOR_FIRST_MAX_DB) - floor)
        else:
            floor = min(level, floor + (FLOOR_RISE_TALKING_DB if self.is_talking else FLOOR_RISE_DB))
        steady = self._steady_level(level)
        if self._vouched_frames:
            self._vouched_frames -= 1
            steady = 0.0
        self._floor = max(floor, steady)
        return self._floor

    def _steady_level(self, level: float) -> float:
        """The level of sound that has been steady for two stretches; 0 while it is not, or not yet known."""
        self._block_frames += 1
        if level > self._block_high:  # no `max`: every frame comes here
            self._block_high = level
        elif level < self._block_low:
            self._block_low = level
        if self._block_frames < STEADY_FRAMES:
            return 0.0
        high, low = max(self._block_high, self._previous_high), min(self._block_low, self._previous_low)
        self._previous_high, self._previous_low = self._block_high, self._block_low
        self._block_high = self._block_low = level
        self._block_frames = 0
        return (high + low) / 2 if high - low <= STEADY_DB else 0.0
