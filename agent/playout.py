"""The ledger of what the phone plays: pushed, sent, heard and cleared samples, and the words they carry.

Pure: instants come in as arguments, sound goes out through `PhoneOut`, and `next_due` says when to ask again.
"""

from collections.abc import Sequence

from agent.fillers import NO_FILLER, Filler
from agent.heard_text import SAMPLES_PER_WEIGHT, HeardText
from agent.ports import Alignment, PhoneOut
from agent.refill import Refill
from agent.reply_audio import ReplyAudio
from agent.reply_news import News, ReplyNews
from agent.sent_audio import SentAudio
from agent.volume import APPEAR_SAMPLES, Volume
from fsm.units import FRAME_SAMPLES, SAMPLE_RATE_HZ, ms_to_ns, samples_to_ns

LEAD_MS = 200
"""Audio kept ahead of the ear. Less risks underruns on a jittery link; more is lost at barge-in."""

MUSIC_LEAD_MS = 60
"""The same of music, after the frame that is under way: whatever comes after it comes at once."""

NEARLY_DRY_MS = 60
"""With less than this ahead of the ear a remainder shorter than a frame is sent, and the part's end marked."""

PLAYOUT_LIMIT_SAMPLES = 120 * SAMPLE_RATE_HZ
"""Unsent audio that is kept; what would exceed it is dropped and counted."""

MARK_EVERY_SAMPLES = SAMPLE_RATE_HZ
"""About one mark a second: more of them are reported to delay playback at the phone's side."""


class Playout:
    """What one phone is sent of one reply at a time, and what its caller heard.

    A reply begins, gets text and audio, is finished, and is over once it was heard (`PlayoutFinished`) or
    dropped. While it is held nothing is sent and nothing is lost. `pump` after every change and whenever `next_due`
    says; then `poll` until it has no more to tell.
    """

    def __init__(self, phone: PhoneOut, *, lead_ms: int = LEAD_MS, frame_samples: int = FRAME_SAMPLES) -> None:
        assert frame_samples > 0, f"a frame of {frame_samples} samples carries nothing; give at least 1"
        assert samples_to_ns(frame_samples) <= ms_to_ns(lead_ms), f"a frame must fit into the lead of {lead_ms} ms"
        self._phone = phone
        self._frame_samples = frame_samples
        self._early_ns = ms_to_ns(lead_ms) - samples_to_ns(frame_samples)
        self._music_early_ns = min(self._early_ns, max(ms_to_ns(MUSIC_LEAD_MS), samples_to_ns(frame_samples)))
        self._line = SentAudio()
        self._volume = Volume()
        self._samples_per_weight = SAMPLES_PER_WEIGHT
        self._mark_seq = 0
        self._marked = 0
        self._filler = NO_FILLER
        self.pushed_samples = self.repeated_samples = 0
        self.cleared_samples = self.overflow_samples = self.stale_samples = 0
        self.underruns = 0
        self._forget_reply()

    def _forget_reply(self) -> None:
        self._reply: int | None = None
        self._text = HeardText(self._samples_per_weight)
        self._audio = ReplyAudio()
        self._news: ReplyNews | None = None
        self._is_held = self._is_finished = False
        self._ducked_by: int | None = None
        self._refill = Refill()
        if not self._volume.is_full:
            self._volume = Volume()

    # --- a reply's life -----------------------------------------------------------------------------------

    def begin(self, reply: int, protected: Sequence[str] = ()) -> None:
        """Make room for `reply`, in which these passages are not to be interrupted; the one before must be sent."""
        unsent = self._audio.unsent
        assert unsent == 0, f"reply {self._reply} still has {unsent} samples to send: drop it before {reply}"
        self._forget_reply()
        self._reply = reply
        self._news = ReplyNews(reply, self._text, self._audio, self._line, protected)

    def note_text(self, text: str, spoken: str | None = None) -> None:
        """The next clause of the reply was handed to the voice, which speaks `spoken` where that differs."""
        self._text.note_text(text, spoken)

    def push(self, audio: bytes, alignment: Alignment | None = None) -> None:
        """Queue the next audio of the reply; a filler gives way to it. Audio that comes too late is counted only."""
        if self._reply is None or self._is_finished:
            self.stale_samples += len(audio)
            return
        if self._audio.unsent + len(audio) > PLAYOUT_LIMIT_SAMPLES:
            self.overflow_samples += len(audio)
            return
        if audio:
            self.cleared_samples += self._filler.give_way()
        self._text.note_audio(len(audio), alignment)
        self._audio.push(audio)
        self.pushed_samples += len(audio)

    def finish(self, *, cut_short: bool = False) -> None:
        """No more audio of this reply comes; `cut_short`: its voice failed, text without audio was never spoken."""
        if self._news is None or self._is_finished:
            return
        self._is_finished = self._news.is_finished = True
        if self._filler.is_music:
            self.cleared_samples += self._filler.give_way()
        self._text.complete(cut_short=cut_short)
        self._samples_per_weight = self._text.measured_samples_per_weight

    def begin_filler(self, audio: bytes, alignment: Alignment | None = None, *, is_music: bool = False) -> bool:
        """Queue a phrase or music to fill the wait for the reply's audio; False when there is nothing to wait for."""
        if self._audio.unsent or self._is_held or self._filler.unsent_samples:
            return False
        self._filler = Filler(audio, alignment, is_music=is_music)
        self.pushed_samples += len(audio)
        return True

    # --- the pace -----------------------------------------------------------------------------------------

    def pump(self, now: int) -> None:
        """Send what is due by `now`: frames until the lead is full, then a mark if one is due."""
        if self._refill_until(now) is not None:
            return
        while (due := self._piece_at()) is not None and due <= now:
            self._send_piece(now)
        if (due := self._mark_at()) is not None and due <= now:
            self._send_mark(now)

    def next_due(self, now: int) -> int | None:
        """The instant at which `pump` and `poll` need calling next; None: not before something is done here."""
        piece_at = self._refill_until(now) or self._piece_at()
        news_at = None if self._news is None else self._news.due_at(is_withheld=self._is_in_dispute)
        dues = [due for due in (piece_at, self._mark_at(), news_at) if due is not None]
        return max(now, min(dues)) if dues else None

    def _refill_until(self, now: int) -> int | None:
        if now < self._line.ends_at or self._is_finished or self._is_held:
            return None
        return self._refill.until(self._audio.unsent, now)

    def _piece_at(self) -> int | None:
        of_filler = self._filler.unsent_samples
        if not (waiting := of_filler or self._audio.unsent) or self._is_held:
            return None
        if waiting < self._frame_samples and not of_filler and not self._is_finished:
            return self._line.ends_at - ms_to_ns(NEARLY_DRY_MS)
        return self._line.ends_at - (self._music_early_ns if of_filler and self._filler.is_music else self._early_ns)

    def _mark_at(self) -> int | None:
        unmarked = self._line.sent_samples - self._marked
        if unmarked <= 0:
            return None
        if unmarked >= MARK_EVERY_SAMPLES:
            return 0
        if self._audio.unsent or self._filler.unsent_samples:
            return None
        return 0 if self._is_finished else self._line.ends_at - ms_to_ns(NEARLY_DRY_MS)

    def _send_piece(self, now: int) -> None:
        piece = self._filler.take(self._frame_samples) if self._filler.unsent_samples else self._next_of_reply(now)
        if not self._volume.is_full:
            piece = self._volume.shape(piece)
        self._phone.send_audio(piece)
        self._line.note_sent(len(piece), now)

    def _next_of_reply(self, now: int) -> bytes:
        phone_at = self._line.sent_samples
        if self._audio.sent and now > self._line.ends_at:
            self._refill.note_gap()
        begins = self._news is not None and self._news.note_sent()
        if not begins and now > self._line.ends_at and self._audio.follows_on(phone_at):
            self.underruns += 1
        return self._audio.take(self._frame_samples, phone_at)

    def _send_mark(self, now: int) -> None:
        self._mark_seq += 1
        name = f"{self._reply or 0}:{self._mark_seq}"
        self._phone.send_mark(name)
        self._line.note_mark(name)
        self._marked = self._line.sent_samples
        self._audio.discard(self._text.word_start(self.heard_samples(now)))

    # --- what was heard -----------------------------------------------------------------------------------

    def on_mark(self, name: str, now: int) -> int | None:
        """A mark came back: what lies before it was heard, unless a clear flushed it, which is known here.

        How much later than estimated it came (ns): the way to the phone and back. None where it proves nothing.
        """
        return self._line.confirm(name, now)

    def heard_samples(self, now: int) -> int:
        """Samples of the reply that reached the ear: the clock's estimate, never below what marks confirmed."""
        return self._audio.heard(self._line.played(now))

    def heard_text(self, now: int) -> str:
        """The words of the reply of which the greater part was heard."""
        return self._text.heard(self.heard_samples(now))

    def was_heard_out(self, now: int) -> bool:
        """Whether no word of the reply is left: all of it came, and all of it was heard."""
        return self._is_finished and self.heard_text(now) == self._text.text

    def in_flight_samples(self, now: int) -> int:
        """Samples that were sent, of whatever kind, and are still to be heard."""
        return self._line.sent_samples - self._line.played(now)

    def begins_at(self) -> int:
        """The estimated instant (ns) of the reply's first sound: after what is under way of a filler."""
        return self._line.played_at(self._audio.phone_begin)

    def played_samples(self, now: int) -> int:
        """Samples of whatever kind that reached the ear since the call began."""
        return self._line.played(now)

    @property
    def has_unsent_audio(self) -> bool:
        """Whether audio of the reply waits here; a filler does not count."""
        return bool(self._audio.unsent)

    @property
    def queued_samples(self) -> int:
        """Samples that wait here to be sent."""
        return self._audio.unsent + self._filler.unsent_samples

    def poll(self, now: int) -> News | None:
        """The next thing that happened to the reply, each exactly once: started, drained, finished.

        Nothing happens to a reply that is held or ducked: its end is told once it goes on.
        """
        return None if self._news is None else self._news.poll(now, is_withheld=self._is_in_dispute)

    @property
    def _is_in_dispute(self) -> bool:
        return self._is_held or self._ducked_by is not None

    # --- silence and quiet --------------------------------------------------------------------------------

    def hold(self, now: int) -> str:
        """Silence the phone and keep the reply; the words heard so far. A filler is not kept."""
        if not self._is_held:
            self._is_held = True
            heard = self.heard_samples(now)
            unheard = self._silence(now)
            self.cleared_samples += unheard - self._audio.hold(heard, self._line.sent_samples)
        return self.heard_text(now)

    def lose(self, last_at: int) -> None:
        """The phone is gone, with all it had not played by its last sound, made at `last_at`: hold the reply."""
        self.hold(last_at - self._line.round_trip_ns)

    def duck(self, now: int, by_db: int) -> str:
        """Go on, `by_db` quieter from the next audio that is sent; a held reply goes on so. The words heard so far."""
        self._ducked_by = by_db
        self._turn_volume(now)
        return self.heard_text(now)

    def resume(self, now: int) -> None:
        """Go on with the held or ducked reply, as loud as ever."""
        assert self._is_held or self._ducked_by is not None, "only a held or ducked reply can be resumed"
        self._ducked_by = None
        self._turn_volume(now)

    def go_on(self, now: int) -> None:
        """Go on with the held reply as it was, from the start of the word in which it was silenced.

        A little before, so that the fade in falls into the gap between two words and not into the attack of one.
        """
        assert self._is_held, "what goes on was held"
        begin = self._text.word_start(self.heard_samples(now))
        if begin < self._audio.pushed:
            begin = max(0, begin - APPEAR_SAMPLES)
        self.repeated_samples += self._audio.rewind(begin)
        if self._audio.sent or self._ducked_by:
            self._volume.appear(self._ducked_by or 0)
        self._is_held = False
        self.pump(now)

    def _turn_volume(self, now: int) -> None:
        if self._is_held:
            self.go_on(now)
        else:
            self._volume.fade_to(self._ducked_by or 0)
            self.pump(now)

    def drop(self, now: int) -> str:
        """Silence the phone if it may still sound and forget the reply; the words heard of it."""
        heard = self.hold(now)
        self.cleared_samples += self._audio.unsent
        self._forget_reply()
        return heard

    def _silence(self, now: int) -> int:
        """Stop sending, then clear what may still sound; how many samples of whatever kind nobody hears."""
        unsent = self._filler.unsent_samples
        self._filler = NO_FILLER
        if not self._line.was_heard(self._line.sent_samples, now):
            self._phone.clear()
        unheard = self._line.forget(now)
        self._marked = self._line.sent_samples
        return unsent + unheard
