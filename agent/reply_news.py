"""What happens to one reply at the phone, each thing told once: it started, ran dry, was heard to its end. Pure."""

from collections.abc import Sequence

from agent.heard_text import HeardText
from agent.passages import Passages
from agent.reply_audio import ReplyAudio
from agent.sent_audio import SentAudio
from fsm.events import PassageReached, PlayoutDrained, PlayoutFinished, ReplyAudioStarted

News = ReplyAudioStarted | PassageReached | PlayoutDrained | PlayoutFinished


class ReplyNews:
    """Tells the news of reply `reply`, and when there may be some.

    Its beginnings and ends are not told while it is withheld, held or ducked, but once it goes on as usual. `protected`
    are passages that may not be interrupted.
    """

    def __init__(
        self, reply: int, text: HeardText, audio: ReplyAudio, line: SentAudio, protected: Sequence[str] = ()
    ) -> None:
        self.is_finished = False
        """No more audio of it comes."""
        self._reply = reply
        self._text = text
        self._audio = audio
        self._line = line
        self._passages = Passages(protected) if protected else None
        self._is_protected = False
        self._is_part_open = False
        self._owes_started = False
        self._is_over = False

    def note_sent(self) -> bool:
        """More of it goes to the phone; whether that begins a part: the first one, or one after it ran dry."""
        begins = not self._is_part_open
        if begins:
            self._is_part_open = self._owes_started = True
        return begins

    def poll(self, now: int, *, is_withheld: bool) -> News | None:
        """The next thing that happened to it."""
        if self._is_over:
            return None
        if self._owes_started and not is_withheld:
            self._owes_started = False
            return ReplyAudioStarted(self._reply)
        if self._passages is not None and self._turns_page(self._passages, now):
            return PassageReached(self._reply, self._is_protected)
        return None if is_withheld else self._end(now)

    def _end(self, now: int) -> News | None:
        """That it was heard, as far as it came."""
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

    def _turns_page(self, passages: Passages, now: int) -> bool:
        """Whether the caller came to a passage that may not be interrupted, or has heard it."""
        position = self._audio.heard(self._line.played(now))
        is_protected = position > 0 and passages.holds(self._text.text, self._text.word_at(position))
        is_news = is_protected is not self._is_protected
        self._is_protected = is_protected
        return is_news

    def due_at(self, *, is_withheld: bool) -> int | None:
        """The instant (ns) at which `poll` has something to tell if nothing else happens before; None: not known."""
        if self._is_over or is_withheld:
            return None
        if self._audio.unsent:
            return 0 if self._owes_started else None
        if self.is_finished or self._is_part_open:
            return 0 if self._owes_started else self._line.settles_at(self._audio.phone_end)
        return None
