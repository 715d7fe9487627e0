"""Voice edges on mu-law frames: when the caller begins to make speech-like sound, and when it has ended.

What makes sound speech-like is weighed in one number, the evidence: how far it stands above the line's noise, how
periodic it is, and how its loudness moves. A few numbers of state a call, a few microseconds a frame.
"""

import audioop
from math import log10

from agent.echo import Echo
from agent.keypad import is_keypad_tone
from agent.noise_floor import NoiseFloor
from agent.own_voice import OwnVoice
from agent.voicing import WINDOW_BYTES, periodicity
from fsm.events import SpeechStarted, SpeechStopped
from fsm.units import FRAME_SAMPLES, NS_PER_SAMPLE, ULAW_SILENCE, ms_to_samples

ONSET_MS = 80
"""Sound that makes an onset. Less reacts faster; more lets coughs and bumps pass."""

HANGOVER_MS = 200
"""Quiet that makes an end. Longer than the stops within words; costs nothing, since ends are anchored before it."""

GAP_MS = 20
"""Quiet that an onset may contain. More, and clicks in a row would add up to one."""

START_MARGIN_DB, GO_ON_MARGIN_DB = 5.0, 4.5
"""How far above the noise floor sound begins, and goes on: speech decays into the noise."""

LEAST_LEVEL_DB = 32.0
"""Nothing quieter than this (of 90 dB) is ever sound: an idle digital line rests at 18, a soft talker at 40."""

VOICE_WEIGHT, VOICE_MOST_DB = 0.12, 40.0
"""Evidence for each dB above the floor, times periodicity; more than so many dB say nothing new."""

MOVING_WEIGHT, MOVING_MOST_DB = 0.5, 6.0
"""Evidence for each dB by which a frame is louder or softer than the one before: tones and hum stand still."""

EVIDENCE_SHARE = 0.3
"""Share of the newest frame in the evidence; the rest fades: three frames make two thirds of it."""

LASTING_WEIGHT, LASTING_SHARE = 0.06, 0.02
"""Evidence for each dB that the last second lay above the floor on average, while somebody talks."""

ONSET_EVIDENCE, GO_ON_EVIDENCE = 1.8, 1.0
"""Evidence that begins speech, and with which it goes on."""

VOWEL_CROSSINGS = range(4, 40)
"""Zero crossings of a frame that a vowel may have, of 160; hum has fewer, hiss, breath and ringing have more."""

BRIGHT_CROSSINGS, BRIGHT_PERIODICITY = range(40, 76), 0.6
"""Those of a vowel on a line that favours high notes, if it is so periodic; whistles and bells have more."""

ONSET_SOUND_BYTES = 2 * ms_to_samples(100)
"""The last of an onset's 16-bit sound is compared with what we played."""

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

LINEAR_SILENCE = bytes(2 * FRAME_SAMPLES)
"""The same as 16-bit samples."""

VOUCHED_ONSET_FRAMES = 10
"""Sound that makes an onset once the transcriber takes it for a voice, however steady: longer than most coughs."""

VOUCHED_LIMIT_FRAMES = 150
"""How long the transcriber's word for a voice holds against all evidence: 3 s, most of what is said in one breath."""


class VoiceActivity:
    """Tells the edges of the caller's speech, frame by frame; one a call.

    `own`: what of ours the phone plays, whose echo is no caller.

    `push` takes frames of any length; sound is judged in windows of 20 ms, so a rest waits for the next frame. Onsets
    are told after `onset_ms` of sound and dated to its beginning, ends after `hangover_ms` of quiet and dated to the
    end of the last window with sound. Should one long frame hold several edges, the later ones come with later calls.
    """

    __slots__ = (
        "_before",
        "_echo",
        "_edges",
        "_evidence",
        "_floor",
        "_gap_frames",
        "_gap_limit",
        "_hangover_ns",
        "_last_voiced_at",
        "_lasting",
        "_lively_frames",
        "_onset_at",
        "_onset_frames",
        "_onset_least",
        "_onset_sound",
        "_rest",
        "_vouched_frames",
        "_vowel_frames",
        "is_talking",
        "level",
    )

    def __init__(
        self, own: OwnVoice | None = None, *, onset_ms: int = ONSET_MS, hangover_ms: int = HANGOVER_MS
    ) -> None:
        self.is_talking = False
        """Whether the last edge was an onset."""
        self.level = 0.0
        """Loudness of the last window in dB over one step of 16-bit sound: 90 is as loud as it gets."""
        self._onset_least = max(1, ms_to_samples(onset_ms) // FRAME_SAMPLES)
        self._gap_limit = ms_to_samples(GAP_MS) // FRAME_SAMPLES
        self._hangover_ns = ms_to_samples(hangover_ms) * NS_PER_SAMPLE
        self._rest = b""
        self._edges: list[SpeechStarted | SpeechStopped] = []
        self._floor = NoiseFloor()
        self._echo = Echo(own or OwnVoice())
        self._before = bytes(WINDOW_BYTES)
        self._evidence = 0.0
        self._lasting = 0.0
        self._last_voiced_at = 0
        self._onset_at = 0
        self._onset_sound = b""
        self._onset_frames = self._gap_frames = 0
        self._vowel_frames = self._lively_frames = 0
        self._vouched_frames = 0

    @property
    def noise_floor(self) -> float:
        """The level that counts as silence on this line, in dB as `level`."""
        return self._floor.db

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
        previous = self.level
        if window == DIGITAL_SILENCE:  # half of all frames, and measuring costs more than all the rest
            linear, self.level = LINEAR_SILENCE, 0.0
        else:
            linear = audioop.ulaw2lin(window, 2)
            self.level = 20 * log10(audioop.rms(linear, 2) or 1)
        floor = self._floor.adapt(self.level, may_rise=not self._vouched_frames)
        above = self.level - floor
        moved = abs(self.level - previous)
        gained = repeats = 0.0
        if above > GO_ON_MARGIN_DB and self.level > LEAST_LEVEL_DB:
            repeats = periodicity(self._before + linear)
            gained = VOICE_WEIGHT * min(above, VOICE_MOST_DB) * repeats + MOVING_WEIGHT * min(moved, MOVING_MOST_DB)
        self._before = (self._before + linear)[-WINDOW_BYTES:]
        self._evidence += EVIDENCE_SHARE * (gained - self._evidence)
        self._lasting += LASTING_SHARE * (above - self._lasting)
        if self._vouched_frames:
            self._vouched_frames -= 1
        if self.is_talking:
            self._go_on(max(floor + GO_ON_MARGIN_DB, LEAST_LEVEL_DB), at)
        elif self.level > max(floor + START_MARGIN_DB, LEAST_LEVEL_DB):
            self._gather_onset(linear, at, repeats=repeats, is_lively=moved >= LIVELY_DB)
        elif self._onset_frames:
            self._gap_frames += 1
            if self._gap_frames > self._gap_limit:
                self._forget_onset()
                self._vouched_frames = 0

    def _go_on(self, threshold: float, at: int) -> None:
        evidence = self._evidence + LASTING_WEIGHT * self._lasting
        is_voiced = self.level > threshold and (evidence >= GO_ON_EVIDENCE or self._vouched_frames)
        if is_voiced and not self._echo.explains(self.level, at):
            self._last_voiced_at = at
        elif at - self._last_voiced_at >= self._hangover_ns:
            self.is_talking = False
            self._vouched_frames = 0
            self._edges.append(SpeechStopped(self._last_voiced_at))

    def _gather_onset(self, linear: bytes, at: int, *, repeats: float, is_lively: bool) -> None:
        if is_keypad_tone(linear) or self._echo.explains(self.level, at):
            self._forget_onset()
            return
        crossings = audioop.cross(linear, 2)
        if not self._onset_frames or self._onset_frames > ONSET_LIMIT_FRAMES:
            self._forget_onset()
            self._onset_at = at - FRAME_SAMPLES * NS_PER_SAMPLE
        self._gap_frames = 0
        self._onset_frames += 1
        self._onset_sound = (self._onset_sound + linear)[-ONSET_SOUND_BYTES:]
        self._vowel_frames += crossings in VOWEL_CROSSINGS or (
            repeats >= BRIGHT_PERIODICITY and crossings in BRIGHT_CROSSINGS
        )
        self._lively_frames += is_lively and self._onset_frames > 2
        if not self._is_onset():
            return
        if not self._echo.is_copy(self._onset_sound, at):
            self.is_talking = True
            self._last_voiced_at = at
            self._edges.append(SpeechStarted(self._onset_at))
        self._forget_onset()

    def _is_onset(self) -> bool:
        if self._vouched_frames and self._onset_frames >= VOUCHED_ONSET_FRAMES:
            return True
        is_speech_like = self._vowel_frames >= VOWEL_FRAMES and self._lively_frames >= LIVELY_FRAMES
        return is_speech_like and self._onset_frames >= self._onset_least and self._evidence >= ONSET_EVIDENCE

    def _forget_onset(self) -> None:
        self._onset_sound = b""
        self._onset_frames = 0
        self._gap_frames = 0
        self._vowel_frames = 0
        self._lively_frames = 0
