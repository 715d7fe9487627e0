"""All of ours that sounds in one call: the reply under way, its voice, what the phone plays of it."""

from collections.abc import Sequence

from agent.draft import Drafts
from agent.errors import Fault
from agent.fence import Owner, fenced
from agent.interlude import Interlude
from agent.line import Line
from agent.opening_clauses import Clip, OpeningClauses
from agent.pace import Pace
from agent.playout import Playout
from agent.ports import Alignment, ToolSchema
from agent.reply import Reply
from agent.services import Services
from agent.tongues import Speech
from fsm.effects import (
    CancelReply,
    DuckPlayout,
    Effect,
    Fill,
    FinishReply,
    HoldPlayout,
    PlayMusic,
    Recite,
    ResumePlayout,
)
from fsm.events import PlayoutDucked, PlayoutHeld, ReplyFailed, Stage
from fsm.transcript import Message
from fsm.units import ms_to_samples


class Mouth:
    """Performs what the machine orders of our voice, and reports what came of it.

    Exactly one reply is current; everything that arrives for another one falls on the floor.
    """

    def __init__(
        self,
        services: Services,
        line: Line,
        owner: Owner,
        protected: Sequence[str] = (),
        openings: Sequence[str] = (),
    ) -> None:
        self.owner = owner
        self._clock = services.clock
        self._protected = protected
        self._model = services.model
        self._speech = Speech(services.home, services.tongues, self)
        self.openings = OpeningClauses(openings, self._speech.phrase)
        self.drafts = Drafts(services, self._speech, owner, self.openings)
        self._reply: Reply | None = None
        self._number = 0
        self._is_voice_used = self._is_voice_needed = False
        self._has_audio = False
        self._is_ducked = False
        self.playout = Playout(line, frame_samples=ms_to_samples(services.pacer.period_ms))
        self._pace = Pace(self.playout, services.pacer, services.clock, owner)
        self.interlude = Interlude(self.playout, self._speech, owner, self._pace.move)

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
            case Fill() | PlayMusic():
                self.interlude.perform(effect)
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
        self._begin(number)
        draft = self.drafts.take(number)
        self._has_audio = draft.has_audio
        self._reply = draft.adopt(self)
        self._is_voice_needed = self._is_voice_needed or draft.uses_voice
        self._pace.move()

    def take_opening(self, clip: Clip) -> None:
        """The current reply begins with one: it is played before anything that the voice is given."""
        if not self._has_audio:
            self._has_audio = True
            self.owner.stamp("first_audio")
        self.owner.note("opening", reply=self._number, samples=len(clip.audio), text=clip.spoken)
        self.playout.note_text(clip.clause, clip.spoken)
        self.playout.push(clip.audio, clip.alignment)

    def take_audio(self, clause: str, spoken: str, audio: Sequence[tuple[bytes, Alignment | None]]) -> None:
        """A clause of the current reply that the voice was given before, and what there is of its sound."""
        self.playout.note_text(clause, spoken)
        self._is_voice_used = self._is_voice_needed = True
        for piece, alignment in audio:
            self.playout.push(piece, alignment)

    def continue_reply(self, number: int, messages: Sequence[Message]) -> None:
        """Ask the model for the next round of the current reply, if that was not done already."""
        reply = self._current(number)
        if (draft := self.drafts.of(number)) is None:
            reply.ask(messages)
            return
        self._has_audio = self._has_audio or draft.has_audio
        draft.continue_with(messages, self)
        self._pace.move()

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
        self._pace.move()

    def change_language(self, language: str, openings: Sequence[str]) -> None:
        """Speak another language, as soon as the voice owes nothing of the one before."""
        self._speech.change(language)
        self.openings.change(openings)
        if not self._is_voice_needed:
            self._speech.settle()

    def hold(self, number: int) -> None:
        """Silence the phone now; what was heard is reported at once."""
        assert number == self._number, f"reply {number} is not the current one"
        self._pace.is_held = True
        now = self._clock.now()
        heard = self.playout.hold(now)
        self._pace.stamp_heard()
        self.owner.feed(PlayoutHeld(number, heard, self.playout.was_heard_out(now)))

    def duck(self, number: int, by_db: int) -> None:
        """Go on quietly; what was heard is reported at once."""
        assert number == self._number, f"reply {number} is not the current one"
        self._pace.is_held, self._is_ducked = False, True
        now = self._clock.now()
        heard = self.playout.duck(now, by_db)
        self._pace.move()
        self.owner.feed(PlayoutDucked(number, heard, self.playout.was_heard_out(now)))

    def resume(self, number: int) -> None:
        """Go on with the held or ducked reply as before."""
        assert number == self._number, f"reply {number} is not the current one"
        if self._pace.is_held or self._is_ducked:
            self._pace.is_held = self._is_ducked = False
            self.playout.resume(self._clock.now())
            self._pace.move()

    def cancel(self) -> None:
        """Silence the phone, then drop the reply: first what the caller notices, then what costs money."""
        self.playout.drop(self._clock.now())
        self._pace.is_held = self._is_ducked = False
        self._discard()

    def close(self) -> str:
        """The call is over: release everything; what was heard of the current reply."""
        heard = self.playout.drop(self._clock.now())
        self._pace.stop()
        self.drafts.drop()
        self._discard()
        self._speech.close()
        return heard

    def resend(self, last_at: int) -> None:
        """The phone was replaced: what the old one had not played by its last sound, at `last_at`, is sent again."""
        self.playout.lose(last_at)
        if not self._pace.is_held:
            self.playout.go_on(self._clock.now())
            self._pace.move()

    # --- what the reply says ---------------------------------------------------------------------------------

    def say(self, reply: int, clause: str) -> None:
        """Hand a clause of the current reply to the voice; an opening that comes before is played at once."""
        assert reply == self._number, f"reply {reply} is not the current one"
        if not self._is_voice_used and (clip := self.openings.clip(clause)) is not None:
            self.take_opening(clip)
            self._pace.move()
            return
        spoken = self._speech.pronounce(clause)
        self.playout.note_text(clause, spoken)
        self._is_voice_used = self._is_voice_needed = True
        self._speech.voice.say(reply, spoken)

    def finish(self, reply: int) -> None:
        """No more text of the current reply comes; a voice that was given none of it need not know."""
        assert reply == self._number, f"reply {reply} is not the current one"
        if self._is_voice_used:
            self._speech.voice.finish(reply)
        else:
            self.playout.finish()
            self._pace.move()

    # --- what the voice delivers -------------------------------------------------------------------------------

    @fenced
    def on_audio(self, utterance: int, audio: bytes, alignment: Alignment | None) -> None:
        """Audio of the current reply goes to the phone first; decisions come after."""
        self.openings.is_voice_failing = False
        if (draft := self.drafts.of(utterance)) is not None:
            draft.on_audio(audio, alignment)
        elif utterance == self._number:
            if not self._has_audio and audio:
                self._has_audio = True
                self.owner.stamp("first_audio")
            self.playout.push(audio, alignment)
            self._pace.move()

    @fenced
    def on_spoken(self, utterance: int) -> None:
        """All audio of the current reply is here."""
        if (draft := self.drafts.of(utterance)) is not None:
            draft.on_spoken()
        elif utterance == self._number:
            self._is_voice_needed = False
            self.playout.finish()
            self._pace.move()

    @fenced
    def on_voice_failed(self, utterance: int, fault: Fault) -> None:
        """No more audio of the current reply comes."""
        self.openings.is_voice_failing = True
        self.owner.note_fault(fault)
        if (draft := self.drafts.of(utterance)) is not None:
            draft.on_voice_failed(fault)
        elif utterance == self._number:
            self._is_voice_needed = False
            self.owner.feed(
                ReplyFailed(utterance, Stage.VOICE, str(fault.kind), fault.is_retryable, fault.retry_after_ms or 0)
            )

    def on_mark(self, name: str, returned_at: int) -> None:
        """A mark came back from the phone, which sent it so as to be here at `returned_at` (ns)."""
        self._pace.on_mark(name, returned_at)

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
        self._has_audio = self._is_voice_used = False
        self.playout.begin(number, self._protected)
        if self._pace.is_held:
            self.playout.hold(now)

    def _discard(self) -> None:
        if self._reply is not None:
            self._reply.cancel()
            self._reply = None
        if self._is_voice_needed:
            self._speech.voice.drop(self._number)
            self._is_voice_needed = False
        self.drafts.drop_rest()
        self._pace.forget_first_sound()
