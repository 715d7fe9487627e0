"""What happens to one reply at the phone, each thing told once: it started, ran dry, was heard to its end. Pure."""

from agent.heard_text import HeardText
from agent.reply_audio import ReplyAudio
from agent.sent_audio import SentAudio
from fsm.events import PlayoutDrained, PlayoutFinished, ReplyAudioStarted

News = ReplyAudioStarted | PlayoutDrained | PlayoutFinished


class ReplyNews:
    """Tells the news of reply `reply`, and when there may be some.

    Nothing happens to a reply while it is withheld, held or ducked: all that is told once it goes on as usual.
    """

    def __init__(self, reply: int, text: HeardText, audio: ReplyAudio, line: SentAudio) -> None:
        self.is_finished = False
        """No more audio of it comes."""
        self.is_withheld = False
        self._reply = reply
        self._text = text
        self._audio = audio
        self._line = line
        self._is_part_open = False
        self._owes_started = False
        self._is_over = False

    def note_sent(self) -> bool:
        """More of it goes to the phone; whether that begins a part: the first one, or one after it ran dry."""
        begins = not self._is_part_open
        if begins:
            self._is_part_open = self._owes_started = True
        return begins

    def poll(self, now: int) -> News | None:
        """The next thing that happened to it."""
        if self._is_over or self.is_withheld:
            return None
        if self._owes_started:
            self._owes_started = False
            return ReplyAudioStarted(self._reply)
        if self._audio.unsent or not self._line.was_heard(self._audio.phone_end, now):
            return None
        if self.is_finished:
            self._is_over, self._is_part_open = True, False
            return PlayoutFinished(self._reply, self._text.heard(self._text.samples))
        if self._is_part_open:
            self._is_part_open = False
            self._text.settle()
            return PlayoutDrained(self._reply, self._text.heard(self._text.samples))
        return None

    def due_at(self) -> int | None:
        """The instant (ns) at which `poll` has something to tell if nothing else happens before; None: not known."""
        if self._is_over or self.is_withheld:
            return None
        if self._audio.unsent:
            return 0 if self._owes_started else None
        if self.is_finished or self._is_part_open:
            return 0 if self._owes_started else self._line.settles_at(self._audio.phone_end)
        return None
