"""The way to the phone of one call, whichever stream that is at the moment."""

from agent.clock import Clock
from agent.own_voice import OwnVoice
from agent.twilio import Phone


class Line:
    """The phone, replaceable in mid-call: what is sent goes to the newest stream."""

    def __init__(self, phone: Phone, clock: Clock) -> None:
        self.phone = phone
        self.own_voice = OwnVoice()
        self._clock = clock

    def send_audio(self, audio: bytes) -> None:
        """Play `audio` after all before it."""
        self.own_voice.note_sent(audio, self._clock.now())
        self.phone.send_audio(audio)

    def send_mark(self, name: str) -> None:
        """Ask for `name` back once everything before it was played."""
        self.phone.send_mark(name)

    def clear(self) -> None:
        """Throw away everything that was not played yet."""
        self.own_voice.note_clear(self._clock.now())
        self.phone.clear()
