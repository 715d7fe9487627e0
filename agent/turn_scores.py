"""Of one call: the caller's last seconds, and when a model is asked whether they are done.

A verdict given once is wrong for good, so it is asked again while the silence grows, and each score takes the place of
the one before (`fsm.endpointing`). What is judged is the turn so far: its audio begins shortly before its first sound.
"""

from collections.abc import Callable
from typing import Protocol

from fsm.events import EndOfTurnScored
from fsm.state import CallState, Mode
from fsm.units import NS_PER_SAMPLE, SAMPLE_RATE_HZ, ULAW_SILENCE, ms_to_ns

HEARD_S = 8
HEARD_SAMPLES = HEARD_S * SAMPLE_RATE_HZ
"""What a model hears at most."""

SILENCES_MS = (200, 500, 1_000)
"""Silences at which it is asked. The first is the detector's own hangover, and what smart-turn was trained on; at the
others a caller who was taken for unfinished has said no more. Each costs as much as the first."""

LEAD_NS = ms_to_ns(500)
"""What belongs to a turn before its first sound: onsets are told late, and soft ones later."""

NEW_TURN_NS = ms_to_ns(3_000)
"""After so much silence whatever sounded before belongs to something else: a backchannel, a cough."""


class TurnOwner(Protocol):
    """The call that is judged."""

    @property
    def state(self) -> CallState:
        """What the machine knows of it."""
        ...

    def feed(self, event: EndOfTurnScored) -> None:
        """A model judged its silence."""


class LastSound:
    """The last eight seconds of a caller: mu-law in a ring, written frame by frame, read when a model is asked."""

    __slots__ = ("_at", "_ring", "end_at")

    def __init__(self) -> None:
        self.end_at = 0
        """When (ns) the last frame ended."""
        self._ring = bytearray([ULAW_SILENCE]) * HEARD_SAMPLES
        self._at = 0

    def push(self, frame: bytes, end_at: int) -> None:
        """The next mu-law `frame`, which ends at `end_at` (ns)."""
        self.end_at = end_at
        frame = frame[-HEARD_SAMPLES:]
        end = self._at + len(frame)
        if end <= HEARD_SAMPLES:
            self._ring[self._at : end] = frame
        else:
            fits = HEARD_SAMPLES - self._at
            self._ring[self._at :] = frame[:fits]
            self._ring[: len(frame) - fits] = frame[fits:]
        self._at = end % HEARD_SAMPLES

    def since(self, at: int) -> bytes:
        """What sounded from instant `at` (ns) on, eight seconds at most; silence where nothing was heard yet."""
        samples = max(0, min((self.end_at - at) // NS_PER_SAMPLE, HEARD_SAMPLES))
        return bytes(self._ring[self._at :] + self._ring[: self._at])[HEARD_SAMPLES - samples :]


class TurnScores:
    """Asks for scores of one call's silences, and tells the call what came. Nothing of it takes longer than a copy.

    `wants` is told whenever a model is to be asked, which then takes what is to be judged by `take`, once it has time.
    """

    def __init__(self, call_id: str, owner: TurnOwner, wants: "Callable[[TurnScores], None]") -> None:
        self.call_id = call_id
        self._owner = owner
        self._wants = wants
        self._sound = LastSound()
        self._began_at = 0
        self._is_talking = False
        self._is_answered = True
        """Whether we spoke since the caller did."""
        self._asked = 0

    def hear(self, audio: bytes, ended_at: int) -> None:
        """The next audio of the caller, which ends at `ended_at` (ns); whether it is voice was judged before."""
        self._sound.push(audio, ended_at)
        state = self._owner.state
        if state.is_talking and not self._is_talking:
            self._note_onset(state)
        self._is_talking = state.is_talking
        self._is_answered |= state.mode is Mode.SPEAKING
        if self._asked < len(SILENCES_MS) and self._is_open(state):
            assert state.last_voiced_at is not None, "they sounded, and no longer do"
            if ended_at - state.last_voiced_at >= ms_to_ns(SILENCES_MS[self._asked]):
                self._asked += 1
                self._wants(self)

    def take(self) -> tuple[bytes, int] | None:
        """The turn so far as mu-law, and its end (ns); None if nobody wants to know any more."""
        return (self._sound.since(self._began_at), self._sound.end_at) if self._is_open(self._owner.state) else None

    def scored(self, percent: int, heard_to: int) -> None:
        """How likely the turn is over by the sound up to `heard_to` (ns), as `take` gave it."""
        self._owner.feed(EndOfTurnScored(percent, heard_to))

    def _note_onset(self, state: CallState) -> None:
        """The caller sounds: that belongs to the turn so far, or begins one."""
        assert state.onset_at is not None, "it was told when"
        silent_at = state.last_voiced_at
        if self._is_answered or silent_at is None or state.onset_at - silent_at > NEW_TURN_NS:
            self._began_at = state.onset_at - LEAD_NS
        self._is_answered = False
        self._asked = 0

    def _is_open(self, state: CallState) -> bool:
        """Whether the caller has the floor, has made use of it, and is silent."""
        return state.mode is Mode.LISTENING and not state.is_talking and not self._is_answered
