"""The microphone in the caller's hand, and what may be wrong with it and around it."""

import audioop
from collections import deque
from random import Random

from agent.clock import Clock
from fsm.units import FRAME_MS, FRAME_SAMPLES, NS_PER_MS, ULAW_SILENCE
from simulator import speech
from simulator.peers.twilio_idle import RestingHandset
from simulator.peers.twilio_player import Handset

SILENCE = bytes([ULAW_SILENCE]) * FRAME_SAMPLES
ECHO_FRAMES = 6
"""The echo of a phone network is 100 ms old or more."""


class Microphone:
    """A handset that changes what its person says before it reaches the line; at first it changes nothing."""

    def __init__(self, clock: Clock, rng: Random, person: Handset) -> None:
        self._clock = clock
        self._rng = rng
        self._person = person
        self._resting = person if isinstance(person, RestingHandset) else None
        self._muted_until = 0
        self._noise_level = 0
        self._echo_share = 0.0
        self._gain = 1.0
        self._heard: deque[bytes] = deque(maxlen=ECHO_FRAMES)

    # --- what may be wrong -----------------------------------------------------------------------------------------

    def mute(self, duration_ms: float) -> None:
        """Give silence for so long."""
        self._muted_until = max(self._muted_until, self._clock.now() + round(duration_ms * NS_PER_MS))

    def hiss(self, level: int) -> None:
        """Add noise, RMS `level`."""
        self._noise_level = level

    def echo(self, share: float) -> None:
        """Add what the earpiece gives, at this share of its loudness."""
        self._echo_share = share

    def amplify(self, gain: float) -> None:
        """Make everything louder, until it clips."""
        self._gain = gain

    # --- the handset -----------------------------------------------------------------------------------------------

    def next_frame(self) -> bytes:
        """What reaches the line."""
        frame = self._person.next_frame()
        if self._muted_until and self._clock.now() < self._muted_until:
            return SILENCE
        if self._gain == 1.0 and not (self._noise_level or self._echo_share):
            return frame
        sound = audioop.mul(audioop.ulaw2lin(frame, 2), 2, self._gain)
        if self._noise_level:
            sound = audioop.add(sound, audioop.ulaw2lin(speech.noise(FRAME_MS, self._rng, self._noise_level), 2), 2)
        if self._echo_share and len(self._heard) == ECHO_FRAMES:
            sound = audioop.add(sound, audioop.mul(audioop.ulaw2lin(self._heard[0], 2), 2, self._echo_share), 2)
        return audioop.lin2ulaw(sound, 2)

    def rests_until(self) -> int:
        """The instant (ns) before which only silence reaches the line, unless the person hears something."""
        if self._noise_level or self._echo_share or self._resting is None:
            return 0
        return self._resting.rests_until()

    def talks_until(self) -> int:
        """The instant (ns) up to which the person talks on, into silence, and nothing is wrong with what is heard."""
        is_plain = self._resting is not None and not (self._noise_level or self._echo_share or self._muted_until)
        return self._resting.talks_until() if self._resting is not None and is_plain else 0

    def rest(self, frames: int) -> None:
        """Let so many frames pass in silence."""
        assert self._resting is not None, "only a person who can rest says until when"
        self._resting.rest(frames)

    def on_audible(self, audio: bytes, at: int) -> None:
        """What the earpiece gave."""
        if self._echo_share:
            self._heard.extend(audio[at : at + FRAME_SAMPLES] for at in range(0, len(audio), FRAME_SAMPLES))
        self._person.on_audible(audio, at)
