"""One utterance on its way through ElevenLabs: what was asked, what came, what is owed. Pure; takes `now`."""

from collections.abc import Iterable

from agent.ports import Alignment
from agent.providers.elevenlabs_codec import ElevenLabsSettings, Piece
from fsm.units import ms_to_ns, samples_to_ms

FASTEST_MS_PER_CHAR = 30
"""Nobody speaks faster: audio shorter than this for its text is not all of it."""


class Utterance:
    """The text of one utterance, the audio that came of it, and until when more must come.

    `is_sent`: its text is on a socket. Texts are kept, so that they can be sent again on another socket as long as no
    audio came.
    """

    def __init__(self, utterance_id: int) -> None:
        self.id = utterance_id
        self.context_id = f"u{utterance_id}"
        self.texts: list[str] = []
        self.is_finished = False
        self.is_sent = False
        self.is_second_try = False
        self.has_moved = False  # to the other endpoint
        self.is_settled = False  # its listener is about to be told
        self.has_ended = False  # the server's end marker came
        self.audio_samples = 0
        self.due_at: int | None = None
        self._text_chars = 0
        self._text_letters = 0
        self._aligned_chars = 0
        self._aligned_letters = 0
        self._unaligned_samples = 0  # of the audio, where no words were told, or not as they were sent
        self._is_aligned = True  # every piece so far told its words
        self._early_alignment: Alignment | None = None

    def add(self, text: str, now: int, settings: ElevenLabsSettings) -> None:
        """One more clause; audio of it must begin in time."""
        was_owed = self.is_owed()
        self.texts.append(text)
        self._text_chars += len(text)
        self._text_letters += _letters(text)
        if not was_owed or self.due_at is None:
            self.due_at = now + ms_to_ns(settings.first_audio_timeout_ms)

    def finish(self, now: int, settings: ElevenLabsSettings) -> None:
        """No more clauses; the end marker must come in time."""
        self.is_finished = True
        if not self.is_owed():
            self.due_at = now + ms_to_ns(self._end_timeout_ms(settings))

    @property
    def may_restart(self) -> bool:
        """Whether it may be sent once more, without being heard twice or tried for ever."""
        return not self.audio_samples and not self.is_second_try

    def restart(self) -> None:
        """Another socket will be told everything once more; the deadline stands."""
        self.is_second_try = True
        self._begin_anew()

    @property
    def may_move(self) -> bool:
        """Whether it may be sent to the other endpoint: once, and not to be heard twice."""
        return not self.audio_samples and not self.has_moved

    def move(self) -> None:
        """The other endpoint will be told everything; that is no second try, and the deadline stands."""
        self.has_moved = True
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.is_sent = False
        self._early_alignment = None

    def take(self, piece: Piece, now: int, settings: ElevenLabsSettings) -> Alignment | None:
        """Count a piece that came; returns the words that sound in its audio.

        Words may come in a frame of their own before their audio: they are kept for the next piece that has none.
        """
        if not piece.audio:
            self._early_alignment = piece.alignment or self._early_alignment
            alignment = None
        else:
            alignment = piece.alignment or self._early_alignment
            self._early_alignment = None
            self.audio_samples += len(piece.audio)
            if alignment is not None:
                self._aligned_chars += len(alignment.chars)
            if alignment is not None and piece.follows_text:
                self._aligned_letters += _letters(alignment.chars)
            else:
                self._is_aligned = False
                self._unaligned_samples += len(piece.audio)
        self.has_ended |= piece.is_final and self.is_finished
        if piece.audio or piece.is_final:
            self._expect_next(now, settings)
        return alignment

    def is_owed(self) -> bool:
        """Whether some of its text cannot have sounded yet, told by the words' times, else by the audio's length.

        Blanks and signs may be left out of the times, letters are not: a short last sentence is part of the text, too.
        Letters without a time may sound where no times were told, if there is room for them.
        """
        if self._aligned_letters:
            missing = self._text_letters - self._aligned_letters
            return missing * FASTEST_MS_PER_CHAR > samples_to_ms(self._unaligned_samples)
        return self._lacks_audio()

    def _lacks_audio(self) -> bool:
        return samples_to_ms(self.audio_samples) < self._text_chars * FASTEST_MS_PER_CHAR

    @property
    def is_over(self) -> bool:
        """Whether it ended where an end is likely: the server says so, and not far too early."""
        if self.audio_samples and self._is_aligned:
            return self.has_ended and not self._lacks_words()
        return self.has_ended and not self._lacks_audio()

    @property
    def may_be_whole(self) -> bool:
        """Whether all of it may have come: it was heard, and its words, where they were told, are all there."""
        return self.is_finished and self.audio_samples > 0 and not (self._is_aligned and self._lacks_words())

    def _lacks_words(self) -> bool:
        return self._aligned_chars * 10 < self._text_chars * 8  # blanks and signs may be left out

    def _expect_next(self, now: int, settings: ElevenLabsSettings) -> None:
        if self.is_owed() and not self.has_ended:
            self.due_at = now + ms_to_ns(settings.stall_timeout_ms)
        elif self.is_finished:
            self.due_at = now + ms_to_ns(self._end_timeout_ms(settings))
        else:
            self.due_at = None  # the model is still thinking of the next clause

    def _end_timeout_ms(self, settings: ElevenLabsSettings) -> int:
        """How long the end marker is waited for: with words known to be missing, as long as for more audio."""
        is_short = self._aligned_chars > 0 and self._lacks_words() and not self.has_ended
        return settings.stall_timeout_ms if is_short else settings.finish_timeout_ms


def _letters(text: Iterable[str]) -> int:
    return sum(char.isalnum() for char in text)
