"""The scripted person at the phone: speaks, listens, interrupts, presses keys, hangs up.

A caller is a `Handset` of the simulated phone: all its time comes in frames. It keeps its own truth: what it said and
when, what it heard and when.
"""

import audioop
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Protocol

from agent.clock import Clock
from fsm.units import FRAME_MS, FRAME_SAMPLES, NS_PER_MS, NS_PER_SAMPLE, ULAW_SILENCE
from simulator import speech
from simulator.ears import NOTHING, Ear, HeardWord, WordEar, voiced_span
from simulator.said import Missed, Said, SaidMark
from simulator.scene import SETTLED_NS, SETTLED_SAMPLES, AgentUtterance, Scene
from simulator.script import (
    AfterWords,
    HangUp,
    IfLate,
    Pause,
    Press,
    Script,
    Step,
)
from simulator.script_sounds import Sound, sound_of

__all__ = ["Caller", "Missed", "Said"]

FRAME_NS = FRAME_MS * NS_PER_MS
SILENT_FRAME = bytes([ULAW_SILENCE]) * FRAME_SAMPLES
RESYNC_NS = 500 * NS_PER_MS
"""Frames that come this much off their schedule belong to a new stream, not to a late timer."""

WORDS_KEPT = 100_000
UTTERANCES_KEPT = 10_000


class Line(Protocol):
    """The phone in the person's hand."""

    def press(self, digit: str) -> None:
        """Press a key."""

    def hang_up(self) -> None:
        """Hang up."""


class Caller:
    """A person who follows a script.

    Attach it to a line, then give it to a phone as its handset. With `line_noise_level` (RMS, linear) there is noise
    under everything it says and in its silence. After the script's end it stays on the line for `patience_ms` and then
    hangs up, so no call hangs. The truth is in `said`, `heard`, `agent_speech` and `missed`.
    """

    def __init__(  # noqa: PLR0913 - a person has traits, each by name
        self,
        clock: Clock,
        rng: Random,
        script: Script,
        *,
        ear: Ear | None = None,
        line_noise_level: int = 0,
        utterance_gap_ms: int = 500,
        patience_ms: int = 60_000,
        on_said: Callable[[Said], None] = lambda _said: None,
    ) -> None:
        self.said: list[Said] = []
        self.missed: list[Missed] = []
        self.has_hung_up = False
        self._clock = clock
        self._rng = rng
        self._noise_rng = Random(f"{rng.getrandbits(64)}/line") if line_noise_level else rng
        self._steps = deque(script)
        self._ear = ear or WordEar()
        self._line_noise_level = line_noise_level
        self._utterance_gap_ns = utterance_gap_ms * NS_PER_MS
        self._patience_ns = patience_ms * NS_PER_MS
        self._on_said = on_said
        self._scene = Scene()
        self._line: Line | None = None
        self._frame_at: int | None = None
        self._sound = b""  # what is being said, from `_spoken` on still to come
        self._spoken = 0
        self._keys: deque[tuple[int, str]] = deque()
        self._looks_at = 0  # no step falls due before this instant, unless something is heard
        self._quiet_from = 0  # the end of the last sound or key

    def attach(self, line: Line) -> None:
        """Hold the phone."""
        self._line = line

    def interject(self, step: Step) -> None:
        """Do something at once, or as soon as they have finished what they are saying, that no script said."""
        if not self.has_hung_up:
            self._steps.appendleft(step)
            self._scene.armed_at = self._scene.now
            self._looks_at = 0

    # --- what is true -------------------------------------------------------------------------------------

    @property
    def heard(self) -> list[HeardWord]:
        """The agent's words that arrived, in order."""
        return self._scene.heard

    @property
    def agent_speech(self) -> list[AgentUtterance]:
        """The agent's utterances, as heard."""
        return self._scene.utterances

    @property
    def has_finished(self) -> bool:
        """Whether the script is through."""
        return not self._steps and (self.has_hung_up or not self._is_busy)

    @property
    def undone(self) -> tuple[Step, ...]:
        """Steps whose turn has not come."""
        return tuple(self._steps)

    @property
    def _is_busy(self) -> bool:
        return self.has_hung_up or self._spoken < len(self._sound) or bool(self._keys)

    # --- mouth --------------------------------------------------------------------------------------------

    def next_frame(self) -> bytes:
        """The next 160 bytes from the microphone: what sounds in the 20 ms that end now."""
        at = self._begin_frame()
        if at >= self._looks_at and not self._is_busy:
            self._consider(at)
        while self._keys and self._keys[0][0] <= at:
            self._press_key()
        frame = SILENT_FRAME
        if self._spoken < len(self._sound):
            frame = self._sound[self._spoken : self._spoken + FRAME_SAMPLES].ljust(FRAME_SAMPLES, SILENT_FRAME[:1])
            self._spoken = min(len(self._sound), self._spoken + FRAME_SAMPLES)
        return self._on_the_line(frame) if self._line_noise_level else frame

    def rests_until(self) -> int:
        """The instant (ns) before which the person makes no sound unless they hear something; past if they may at once.

        Past also for a while after a sound of theirs: the agent may still wait to hear that it was the last.
        """
        if self._line_noise_level or self._scene.now - self._quiet_from < SETTLED_NS:
            return 0
        if self._spoken < len(self._sound):  # a pause: any other sound moves `_quiet_from` to its end
            return self._scene.now + FRAME_NS + (len(self._sound) - self._spoken) * NS_PER_SAMPLE
        if self._is_busy:
            return 0
        due, late_at = self._next_step_at()
        if due is not None:
            return min(due, late_at)
        may_hear_it_now = bool(self._steps) and isinstance(self._steps[0].when, AfterWords)
        return 0 if may_hear_it_now and self._scene.is_agent_speaking else late_at

    def talks_until(self) -> int:
        """The instant (ns) up to which the person talks on, into silence; past if they do not, or have just begun."""
        has_settled = self._spoken >= SETTLED_SAMPLES and not self._scene.is_agent_speaking
        return self._quiet_from if has_settled else 0

    def rest(self, frames: int) -> None:
        """Let so many frames pass in silence, of which `rests_until` told."""
        assert self._frame_at is not None, "a call begins with a frame"
        self._frame_at += frames * FRAME_NS
        self._scene.now = self._frame_at
        self._spoken = min(len(self._sound), self._spoken + frames * FRAME_SAMPLES)

    def _begin_frame(self) -> int:
        """The instant at which the frame begins; on the phone's schedule, also when its timer was late."""
        scene = self._scene
        by_clock = self._clock.now() - FRAME_NS
        if self._frame_at is None:
            at = scene.started_at = scene.armed_at = scene.turn_ended_at = by_clock
        else:
            at = self._frame_at + FRAME_NS
            if abs(by_clock - at) > RESYNC_NS:
                at = by_clock
        self._frame_at = scene.now = at
        return at

    def _on_the_line(self, frame: bytes) -> bytes:
        """What the microphone gives: the person's sound and, under all of it, the line's noise."""
        noise = speech.noise(FRAME_MS, self._noise_rng, self._line_noise_level)
        return audioop.lin2ulaw(audioop.add(audioop.ulaw2lin(frame, 2), audioop.ulaw2lin(noise, 2), 2), 2)

    # --- script -------------------------------------------------------------------------------------------

    def _consider(self, at: int) -> None:
        """Do what is due: silent steps and skipped ones take no time, so there may be several."""
        while self._steps and not self._is_busy:
            step = self._steps[0]
            due, late_at = self._next_step_at()
            if due is not None and due <= at:
                self._steps.popleft()
                self._perform(step, at)
            elif at >= late_at:
                self._steps.popleft()
                self._be_late(step, at)
            else:
                self._looks_at = late_at if due is None else min(due, late_at)
                return
        self._looks_at = 0 if self._is_busy else self._next_step_at()[1]
        if not self._is_busy and at >= self._looks_at:
            self.missed.append(Missed(None, at, IfLate.HANG_UP))
            self._hang_up()

    def _next_step_at(self) -> tuple[int | None, int]:
        """When the next step (or the script's end) falls due, if that is known, and when the person waits no longer."""
        if not self._steps:
            return None, self._scene.armed_at + self._patience_ns
        when = self._steps[0].when
        return when.due_at(self._scene), self._scene.armed_at + when.timeout_ms * NS_PER_MS

    def _be_late(self, step: Step, at: int) -> None:
        self.missed.append(Missed(step, at, step.when.if_late))
        if step.when.if_late is IfLate.HANG_UP or isinstance(step, HangUp):
            self._hang_up()
        elif step.when.if_late is IfLate.GO_AHEAD:
            self._perform(step, at)
        else:
            self._scene.armed_at = at

    def _perform(self, step: Step, at: int) -> None:
        if isinstance(step, HangUp):
            self._hang_up()
        elif isinstance(step, Press):
            self._keys.extend((at + index * step.gap_ms * NS_PER_MS, digit) for index, digit in enumerate(step.digits))
            self._scene.armed_at = self._scene.turn_ended_at = self._quiet_from = self._keys[-1][0]
        elif isinstance(step, Pause):
            self._utter(speech.silence(step.duration_ms))
            self._scene.armed_at = at + step.duration_ms * NS_PER_MS
        else:
            self._make_sound(sound_of(step, self._rng), at)

    def _utter(self, audio: bytes) -> None:
        self._sound, self._spoken = audio, 0

    def _make_sound(self, sound: Sound, at: int) -> None:
        first, past = voiced_span(sound.audio) or (0, len(sound.audio))
        words = tuple(
            HeardWord(word.text, at + word.start_samples * NS_PER_SAMPLE, at + word.end_samples * NS_PER_SAMPLE)
            for word in sound.words
        )
        marks = tuple(
            SaidMark(mark.kind, at + mark.start_samples * NS_PER_SAMPLE, at + mark.end_samples * NS_PER_SAMPLE)
            for mark in sound.marks
        )
        started_at, ended_at = at + first * NS_PER_SAMPLE, at + past * NS_PER_SAMPLE
        over_agent = self._scene.is_agent_speaking
        said = Said(sound.kind, sound.text, started_at, ended_at, sound.takes_floor, over_agent, words, marks)
        self._utter(sound.audio[:past])
        self._scene.armed_at = self._quiet_from = ended_at
        if sound.takes_floor:
            self._scene.turn_ended_at = ended_at
        self.said.append(said)
        self._on_said(said)

    def _press_key(self) -> None:
        assert self._line is not None, "attach the caller to a line first"
        at, digit = self._keys.popleft()
        said = Said("press", digit, at, at, takes_floor=True, over_agent=self._scene.is_agent_speaking)
        self.said.append(said)
        self._line.press(digit)
        self._on_said(said)

    def _hang_up(self) -> None:
        assert self._line is not None, "attach the caller to a line first"
        self.has_hung_up = True
        self._steps.clear()
        self._line.hang_up()

    # --- ear ----------------------------------------------------------------------------------------------

    def on_audible(self, audio: bytes, at: int) -> None:
        """What the earpiece gave from instant `at` (ns)."""
        heard = self._ear.hear(audio, at)
        if heard is NOTHING:
            return
        self._looks_at = 0
        if heard.voiced is not None:
            self._note_voice(*heard.voiced)
        if heard.words and len(self._scene.heard) < WORDS_KEPT:
            self._scene.heard += heard.words
            if self._scene.utterances:
                self._scene.utterances[-1].words += heard.words

    def _note_voice(self, started_at: int, ended_at: int) -> None:
        utterances = self._scene.utterances
        if utterances and started_at - utterances[-1].ended_at <= self._utterance_gap_ns:
            utterances[-1].ended_at = ended_at
        else:
            utterances.append(AgentUtterance(started_at, ended_at))
            del utterances[:-UTTERANCES_KEPT]
