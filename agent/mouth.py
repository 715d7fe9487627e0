"""All of ours that sounds in one call: the reply under way, its voice, what the phone plays of it."""

from collections.abc import Sequence

from agent.draft import Drafts
from agent.errors import Fault
from agent.fence import Owner, fenced
from agent.interlude import Interlude
from agent.line import Line
from agent.pacer import URGENT_SAMPLES
from agent.playout import Playout
from agent.ports import Alignment, ToolSchema
from agent.reply import Reply
from agent.services import Services
from agent.tongues import Speech
from fsm.effects import CancelReply, DuckPlayout, Effect, Fill, FinishReply, HoldPlayout, Recite, ResumePlayout
from fsm.events import PassageReached, PlayoutDucked, PlayoutHeld, ReplyAudioStarted, ReplyFailed, Stage
from fsm.transcript import Message
from fsm.units import ms_to_samples


class Mouth:
    """Performs what the machine orders of our voice, and reports what came of it.

    Exactly one reply is current; everything that arrives for another one falls on the floor.
    """

    def __init__(self, services: Services, line: Line, owner: Owner, protected: Sequence[str] = ()) -> None:
        self.owner = owner
        self._clock = services.clock
        self._protected = protected
        self._pacer = services.pacer
        self._model = services.model
        self._speech = Speech(services.home, services.tongues, self)
        self.drafts = Drafts(services, self._speech, owner)
        self._reply: Reply | None = None
        self._number = 0
        self._is_voice_needed = False
        self._has_audio = False
        self._is_held = self._is_ducked = False
        self._sent_at: int | None = None
        self._is_paced = False
        self.playout = Playout(line, frame_samples=ms_to_samples(services.pacer.period_ms))
        self.interlude = Interlude(self.playout, self._speech, owner, self._move)

    # --- orders ------------------------------------------------------------------------------------------------

    def perform(self, effect: Effect) -> bool:
        """Do what the machine orders, if that is ours to do; the model's part needs the conversation as well."""
        match effect:
            case HoldPlayout(reply):
                self.hold(reply)
            case DuckPlayout(reply, by_db):
                self.duck(reply, by_db)
            case ResumePlayout(reply):
                self.resume(reply)
            case CancelReply():
                self.cancel()
            case Recite(reply, _, text):
                self.recite(reply, text)
            case Fill(_, text):
                self.interlude.fill(text)
            case FinishReply(reply):
                self.finish_reply(reply)
            case _:
                return False
        return True

    def start_reply(
        self, number: int, messages: Sequence[Message], tools: Sequence[ToolSchema], *, is_drafted: bool = False
    ) -> None:
        """Ask the model and speak what it says; of what is drafted already, what there is is spoken at once."""
        if is_drafted:
            self._adopt(number)
            return
        self._begin(number)
        self._reply = Reply(number, self._model, tools, self, self.owner)
        self._reply.ask(messages)

    def _adopt(self, number: int) -> None:
        draft = self.drafts.take(number)
        self._begin(number)
        self._has_audio = draft.has_audio
        self._reply = draft.adopt(self)
        self._move()

    def take_audio(self, clause: str, spoken: str, audio: Sequence[tuple[bytes, Alignment | None]]) -> None:
        """A clause of the current reply that the voice was given before, and what there is of its sound."""
        self.playout.note_text(clause, spoken)
        self._is_voice_needed = True
        for piece, alignment in audio:
            self.playout.push(piece, alignment)

    def continue_reply(self, number: int, messages: Sequence[Message]) -> None:
        """Ask the model for the next round of the current reply."""
        self._current(number).ask(messages)

    def finish_reply(self, number: int) -> None:
        """Nothing more will be said in the current reply."""
        self._current(number).finish()

    def recite(self, number: int, text: str) -> None:
        """Speak fixed text, from the phrasebook where it is rendered already."""
        self._begin(number)
        phrase = self._speech.phrase(text)
        if phrase is None:
            self.say(number, text)
            self.finish(number)
            return
        self.playout.note_text(text)
        self.playout.push(phrase.audio, phrase.alignment)
        self.playout.finish()
        self._move()

    def change_language(self, language: str) -> None:
        """Speak another language, as soon as the voice owes nothing of the one before."""
        self._speech.change(language)
        if not self._is_voice_needed:
            self._speech.settle()

    def hold(self, number: int) -> None:
        """Silence the phone now; what was heard is reported at once."""
        assert number == self._number, f"reply {number} is not the current one"
        self._is_held = True
        now = self._clock.now()
        heard = self.playout.hold(now)
        self._stamp_heard(0)
        self.owner.feed(PlayoutHeld(number, heard, self.playout.was_heard_out(now)))

    def duck(self, number: int, by_db: int) -> None:
        """Go on quietly; what was heard is reported at once."""
        assert number == self._number, f"reply {number} is not the current one"
        self._is_held, self._is_ducked = False, True
        now = self._clock.now()
        heard = self.playout.duck(now, by_db)
        self._move()
        self.owner.feed(PlayoutDucked(number, heard, self.playout.was_heard_out(now)))

    def resume(self, number: int) -> None:
        """Go on with the held or ducked reply as before."""
        assert number == self._number, f"reply {number} is not the current one"
        if self._is_held or self._is_ducked:
            self._is_held = self._is_ducked = False
            self.playout.resume(self._clock.now())
            self._move()

    def cancel(self) -> None:
        """Silence the phone, then drop the reply: first what the caller notices, then what costs money."""
        self.playout.drop(self._clock.now())
        self._is_held = self._is_ducked = False
        self._discard()

    def close(self) -> str:
        """The call is over: release everything; what was heard of the current reply."""
        heard = self.playout.drop(self._clock.now())
        self._pacer.remove(self._beat)
        self.drafts.drop()
        self._discard()
        self._speech.close()
        return heard

    def resend(self, last_at: int) -> None:
        """The phone was replaced: what the old one had not played by its last sound, at `last_at`, is sent again."""
        self.playout.lose(last_at)
        if not self._is_held:
            self.playout.go_on(self._clock.now())
            self._move()

    # --- what the reply says ---------------------------------------------------------------------------------

    def say(self, reply: int, clause: str) -> None:
        """Hand a clause of the current reply to the voice."""
        assert reply == self._number, f"reply {reply} is not the current one"
        spoken = self._speech.pronounce(clause)
        self.playout.note_text(clause, spoken)
        self._is_voice_needed = True
        self._speech.voice.say(reply, spoken)

    def finish(self, reply: int) -> None:
        """No more text of the current reply comes."""
        assert reply == self._number, f"reply {reply} is not the current one"
        self._speech.voice.finish(reply)

    # --- what the voice delivers -------------------------------------------------------------------------------

    @fenced
    def on_audio(self, utterance: int, audio: bytes, alignment: Alignment | None) -> None:
        """Audio of the current reply goes to the phone first; decisions come after."""
        if (draft := self.drafts.of(utterance)) is not None:
            draft.on_audio(audio, alignment)
        if utterance != self._number:
            return
        if not self._has_audio and audio:
            self._has_audio = True
            self.owner.stamp("first_audio")
        self.playout.push(audio, alignment)
        self._move()

    @fenced
    def on_spoken(self, utterance: int) -> None:
        """All audio of the current reply is here."""
        if (draft := self.drafts.of(utterance)) is not None:
            draft.on_spoken()
        if utterance == self._number:
            self._is_voice_needed = False
            self.playout.finish()
            self._move()

    @fenced
    def on_voice_failed(self, utterance: int, fault: Fault) -> None:
        """No more audio of the current reply comes."""
        self.owner.note_fault(fault)
        if (draft := self.drafts.of(utterance)) is not None:
            draft.on_voice_failed(fault)
        if utterance == self._number:
            self._is_voice_needed = False
            self.owner.feed(
                ReplyFailed(utterance, Stage.VOICE, str(fault.kind), fault.is_retryable, fault.retry_after_ms or 0)
            )

    # --- the pace ----------------------------------------------------------------------------------------------

    def on_mark(self, name: str, returned_at: int) -> None:
        """A mark came back from the phone, which sent it so as to be here at `returned_at` (ns)."""
        delay_ns = self.playout.on_mark(name, returned_at)
        if delay_ns is not None:
            self._stamp_heard(delay_ns // 2)
        self._move()

    def _move(self) -> None:
        """Send what cannot wait for the next beat: all else leaves in even steps, whatever happens between them."""
        now = self._clock.now()
        if not self._is_paced or self.playout.in_flight_samples(now) < URGENT_SAMPLES:
            self.playout.pump(now)
        self._tell(now)

    @fenced
    def _beat(self, due_at: int) -> None:
        self.playout.pump(due_at)
        self._tell(self._clock.now())

    def _tell(self, now: int) -> None:
        """Report what the phone played; keep the beat for as long as anything may come."""
        while (news := self.playout.poll(now)) is not None:
            if isinstance(news, ReplyAudioStarted):
                self.owner.stamp("sent", now)
                self._sent_at = now
            elif not isinstance(news, PassageReached):
                self._stamp_heard(0)
            self.owner.feed(news)
        if self._is_paced and self.playout.has_unsent_audio and not self._is_held:
            return  # as most of the time: there is more to send, and the beat goes on
        self._is_paced = self.playout.next_due(now) is not None
        if self._is_paced:
            self._pacer.add(self._beat)
        else:
            self._pacer.remove(self._beat)

    def _stamp_heard(self, way_ns: int) -> None:
        """Note when the reply's first sound reached the phone: half a mark's round trip after it was sent."""
        if self._sent_at is not None:
            self.owner.stamp("heard", self._sent_at + way_ns)
            self._sent_at = None

    # --- changing replies --------------------------------------------------------------------------------------

    def _current(self, number: int) -> Reply:
        assert self._reply is not None, f"nothing is said in reply {number}"
        assert self._reply.number == number, f"reply {number} is not the current one, {self._reply.number}"
        return self._reply

    def _begin(self, number: int) -> None:
        assert number > self._number, f"reply {number} is older than the current one, {self._number}"
        self._discard()
        self._speech.settle()
        now = self._clock.now()
        if self.playout.has_unsent_audio:
            self.playout.drop(now)
        self._number = number
        self._has_audio = False
        self._sent_at = None
        self.playout.begin(number, self._protected)
        if self._is_held:
            self.playout.hold(now)

    def _discard(self) -> None:
        if self._reply is not None:
            self._reply.cancel()
            self._reply = None
        if self._is_voice_needed:
            self._speech.voice.drop(self._number)
            self._is_voice_needed = False
        self._sent_at = None
