"""The reactor of one phone call: facts go to the machine, its orders are performed. It waits, and never decides."""

import logging
from collections import deque
from collections.abc import Sequence
from functools import partial

from agent.alarm import Alarm
from agent.call_line import TelephoneLine
from agent.draft import Asked
from agent.errands import Errands
from agent.errors import Fault
from agent.fence import fenced
from agent.hearing import Hearing
from agent.hold_music import Music
from agent.line import Line
from agent.loudness import Loudness
from agent.media_clock import MediaClock
from agent.mouth import Mouth
from agent.pickup_watch import PickupWatch, report_of, started_of
from agent.services import Character, Services
from agent.turn_record import TurnRecord
from agent.twilio import Phone
from fsm.effects import (
    ChangeLanguage,
    ContinueReply,
    DraftReply,
    DropDraft,
    Effect,
    EndCall,
    FinalizeTranscript,
    RunTool,
    StartReply,
)
from fsm.events import (
    CallEnded,
    DigitPressed,
    Event,
    HangUpRequested,
    SpeechStopped,
    Tick,
)
from fsm.state import CallState, Mode
from fsm.step import begin, step
from fsm.transcript import Message

log = logging.getLogger(__name__)

INBOX_LIMIT = 64
"""Events one fact may lead to within one pass; more is a loop of ours."""


class Call:
    """One call, from its stream's start to its end. All of it runs in the callbacks of others; it owns one timer."""

    def __init__(self, phone: Phone, character: Character, services: Services) -> None:
        self._character = character
        self._services = services
        self._clock = services.clock
        now = self._clock.now()
        self.state: CallState = begin(character.profile, character.phrases, now, character.language)
        self._inbox: deque[Event] = deque()
        self._alarm = Alarm(self._clock, lambda: self.feed(Tick()))
        self._is_released = False
        self._line = Line(phone, self._clock)
        self._media_clock = MediaClock()
        self._loudness = Loudness()
        self._voice_activity = services.new_voice_detector(self._line.own_voice)
        self._turn_scores = services.new_turn_scores(phone.call_sid, self)
        self.hearing = Hearing(self, self._media_clock, self._loudness, self._voice_activity)
        self._trace = services.new_trace(phone.call_sid, now)
        self._turns = TurnRecord(self._trace, self._clock)
        wall_clock = services.wall_clock()
        self._trace.header(
            call_id=phone.call_sid, agent=character.name, wall_clock=wall_clock.isoformat(), state=self.state
        )
        self._prompt = partial(character.prompt, phone.caller, wall_clock)
        self._mouth = Mouth(services, self._line, self, character.protected, character.phrases.openings)
        self._mouth.interlude.music = Music(character.music)
        manners = character.manners
        self.line = TelephoneLine(
            self, self._clock, self._mouth.interlude.sound, services.handover(), phone.call_sid, manners
        )
        runner = services.new_runner(phone.call_sid, phone.caller, self.line)
        self.errands = Errands(runner, self._clock, self, manners.changes)
        self._ears = services.ears.listen(self.hearing)
        services.model.warm()
        self._pickup = PickupWatch(is_placed=phone.is_placed)
        self.feed(started_of(phone, character.voicemail, has_music=bool(character.music)))

    @property
    def owner(self) -> "Call":
        """The call whose mistake one of its own callbacks makes."""
        return self

    # --- the data plane: audio and marks, by direct calls --------------------------------------------------------

    @fenced
    def on_media(self, audio: bytes, timestamp_ms: int) -> None:
        """The next audio of the caller."""
        ended_at = self._media_clock.end_of(timestamp_ms, len(audio), self._clock.now())
        self._loudness.hear(audio, is_sounding=self.state.is_talking)
        edge = self._voice_activity.push(audio, ended_at)
        if edge is not None:
            if isinstance(edge, SpeechStopped):
                self._loudness.end()
            self.feed(edge)
            self.hearing.settle()
        self._turn_scores.hear(audio, ended_at)
        if self._pickup.is_open and (beep := self._pickup.hear(audio, ended_at, self.state)) is not None:
            self.feed(beep)
        self._ears.send(audio)

    @fenced
    def on_mark(self, name: str) -> None:
        """A mark came back from the phone, as late as the caller's audio."""
        self._mouth.on_mark(name, self._clock.now() - self._media_clock.behind_ns)

    # --- facts ---------------------------------------------------------------------------------------------------

    def on_digit(self, digit: str) -> None:
        """The caller pressed a key."""
        if not self.line.takes(digit):
            self.feed(DigitPressed(digit))

    def on_answerer_reported(self, answered_by: str) -> None:
        """The telephone network says who picked up."""
        self.note("answerer_reported", answered_by=answered_by[:40])
        report = report_of(answered_by)
        if report is not None:
            self.feed(report)

    @fenced
    def on_stream_replaced(self, phone: Phone) -> None:
        """The call goes on over a new stream: what was to sound after the caller's last sound was never heard."""
        self._line.phone = phone
        self.note("stream_replaced", stream_id=phone.stream_id)
        if not self.line.is_away:  # else they had heard all of it
            self._mouth.resend(self._media_clock.last_end_at)
        self._media_clock.restart()

    def on_stream_ended(self, reason: str) -> None:
        """The stream is gone: release everything."""
        if self._is_released:
            return
        heard = "" if self.state.mode is Mode.LISTENING else self._mouth.playout.heard_text(self._clock.now())
        self.feed(CallEnded(reason, heard))
        self._release()

    def end_politely(self, reason: str) -> None:
        """Somebody wants the call over."""
        self.feed(HangUpRequested(reason))

    # --- run to completion ---------------------------------------------------------------------------------------

    def feed(self, event: Event) -> None:
        """Decide on `event` now, or after the events before it; a mistake of ours ends this call and no other."""
        if self._is_released:
            return
        self._inbox.append(event)
        if len(self._inbox) > 1:
            assert len(self._inbox) <= INBOX_LIMIT, f"{len(self._inbox)} events in one pass"
            return
        try:
            while self._inbox and not self._is_released:
                self._advance(self._inbox[0])
                self._inbox.popleft()
            if not self._is_released:
                self._alarm.set(self.state.deadlines.earliest())
        except Exception as error:
            self.on_mistake(error)

    def _advance(self, event: Event) -> None:
        now = self._clock.now()
        before, turn = self.state.mode, self.state.turn
        self.state, effects = step(self.state, event, now)
        for effect in effects:
            if not self._is_released:
                self._perform(effect)
        if self.state.turn > turn and not self._is_released:
            self._ears.end_turn()
        self._trace.decision(now, before, event, self.state, effects)
        self.line.look(self.state)
        if self._pickup.is_open and (news := self._pickup.news(self.state)) is not None:
            self.note("answered_by", **news)
        if self._services.observer is not None:
            self._services.observer.on_decision(now, before, event, self.state, effects)

    # --- orders --------------------------------------------------------------------------------------------------

    def _perform(self, effect: Effect) -> None:
        if not self._mouth.perform(effect):
            self._perform_elsewhere(effect)

    def _perform_elsewhere(self, effect: Effect) -> None:
        match effect:
            case StartReply() | ContinueReply() | DraftReply() | DropDraft():
                self._ask(effect)
            case RunTool():
                self.errands.run(effect)
            case FinalizeTranscript():
                if self.state.is_finalizing:
                    self._turns.silence(self.state)
                    self.stamp("final_asked")
                self._ears.finalize()
            case ChangeLanguage(language):
                self._mouth.change_language(language, self.state.phrases.openings)
                self._ears.change_language(language)
            case EndCall(_, failed):
                self._line.phone.hang_up(failed=failed)
            case _:
                raise AssertionError(f"nobody performs {effect}")

    def _ask(self, effect: StartReply | ContinueReply | DraftReply | DropDraft) -> None:
        match effect:
            case StartReply(reply, _, is_drafted):
                self._turns.turn_end(self.state)
                self._mouth.start_reply(reply, self._messages(), self._character.tools, is_drafted=is_drafted)
            case ContinueReply(reply):
                self.stamp("tools_returned")
                self._mouth.continue_reply(reply, self._messages())
            case DraftReply(reply, _, text):
                messages = (*self._messages(), Message("user", text))
                asked = Asked(messages, self._character.tools, self.errands, self.state.profile.tool_rounds)
                self._mouth.drafts.begin(reply, asked)
            case DropDraft():
                self._mouth.drafts.drop()

    def _messages(self) -> Sequence[Message]:
        return (Message("system", self._prompt(self.state.phrases.openings)), *self.state.transcript)

    # --- the record ----------------------------------------------------------------------------------------------

    def note(self, note: str, **data: object) -> None:
        """Something else worth knowing goes into the trace."""
        self._trace.note(self._clock.now(), note, **data)

    def note_fault(self, fault: Fault) -> None:
        """A provider failed: that goes into the trace, and into the server's log for whoever has to mend it."""
        log.warning("call %s: %s", self._line.phone.call_sid, fault)
        self.note("fault", fault=str(fault))

    def stamp(self, stage: str, at: int | None = None) -> None:
        """An instant (ns, None: now) on the way of an answer goes into the trace."""
        self._trace.stage(self._clock.now() if at is None else at, stage, turn=self.state.turn, reply=self.state.reply)

    # --- the end -------------------------------------------------------------------------------------------------

    def on_mistake(self, error: Exception) -> None:
        """A mistake of ours: this call ends, with an apology by other means."""
        log.error("call %s: ended by a mistake of ours", self._line.phone.call_sid, exc_info=error)
        if not self._is_released:
            self.note("our_mistake", error=type(error).__name__, text=str(error))
            self._line.phone.hang_up(failed=True)
            self._release()

    def _release(self) -> None:
        self._is_released = True
        self._alarm.set(None)
        for release in (self.line.close, self._mouth.close, self._ears.close, self._close_trace):
            try:
                release()
            except Exception:  # what one part does wrong must not leave the others open
                log.exception("call %s: a mistake of ours while it is released", self._line.phone.call_sid)

    def _close_trace(self) -> None:
        irregular = dict(self._line.phone.counters.irregular)
        self.note("released", turns=self.state.turn, underruns=self._mouth.playout.underruns, irregular=irregular)
        self._trace.close()
