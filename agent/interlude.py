"""What sounds while a reply is awaited and gives way to it: phrases, and sounds that are no speech."""

from collections.abc import Callable

from agent.fence import Owner
from agent.hold_music import Music
from agent.playout import Playout
from agent.tongues import Speech
from fsm.effects import Fill, PlayMusic
from fsm.units import ms_to_samples, samples_to_ms


class Interlude:
    """Fills the waits of one call; `move` sends what cannot wait."""

    def __init__(self, playout: Playout, speech: Speech, owner: Owner, move: Callable[[], None]) -> None:
        self.music = Music(b"")
        """What is played to who waits."""
        self._playout = playout
        self._speech = speech
        self._owner = owner
        self._move = move

    def perform(self, order: Fill | PlayMusic) -> None:
        """Do what the machine orders."""
        if isinstance(order, Fill):
            self.fill(order.text)
        else:
            self.play_music(order.duration_ms)

    def fill(self, text: str) -> None:
        """Speak a phrase until the current reply has audio."""
        phrase = self._speech.phrase(text)
        if phrase is None:
            self._owner.note("filler not rendered", text=text)
        elif self._playout.begin_filler(phrase.audio, phrase.alignment):
            self._owner.note("filler", duration_ms=samples_to_ms(len(phrase.audio)))
            self._move()

    def play_music(self, duration_ms: int) -> None:
        """Play music until something else is to sound, at most so long; after a phrase that still sounds none."""
        audio = self.music.stretch(ms_to_samples(duration_ms))
        if self._playout.begin_filler(audio, is_music=True):
            self._owner.note("music", samples=len(audio))
            self._move()

    def sound(self, audio: bytes) -> None:
        """Play what is no speech while nothing else of ours sounds."""
        self._playout.begin_filler(audio)
        self._move()
