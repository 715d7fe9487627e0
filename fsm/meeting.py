"""Reducers of the first seconds of a call that we placed: who picked up, and what they are told (`fsm.pickup`).

Until that is known the floor is theirs and nothing they say is a turn. A person is greeted, and from then on it is a
call like any other; a machine is told its message after the beep, and the call ends.
"""

from fsm import pickup
from fsm.answerer import Answerer
from fsm.answering import recite
from fsm.effects import CancelReply, Effect, EndCall, FinalizeTranscript, HoldPlayout
from fsm.events import (
    AnswererReported,
    BeepHeard,
    CallStarted,
    Event,
    PlayoutFinished,
    PlayoutHeld,
    SpeechStarted,
    SpeechStopped,
    TurnEnded,
    WordsHeard,
)
from fsm.hearing import Change, note_edge, with_words
from fsm.opening import close_reply
from fsm.state import CallState
from fsm.transcript import Message
from fsm.units import ms_to_ns, ns_to_ms
from fsm.utterance import Utterance
from fsm.values import replace

LEFT = "a message was left with a machine"


def await_hello(state: CallState, event: CallStarted, now: int) -> Change:
    """They picked up: they speak first."""
    state = replace(state, voicemail=event.voicemail, has_music=event.has_music)
    state = state.set_deadlines(call_end_at=now + ms_to_ns(state.profile.max_call_ms))
    return _meet(state, now), ()


def note_meeting(state: CallState, event: Event, now: int) -> Change:
    """One more piece of evidence."""
    effects: tuple[Effect, ...] = ()
    match event:
        case SpeechStarted():
            state, _ = note_edge(_new_contribution(state, event.at), event, now)
        case SpeechStopped(last_voiced_at):
            sounded_ns = last_voiced_at - max(state.onset_at or 0, state.picked_up_at)
            state, _ = note_edge(state, event, now)
            state = replace(state, greeting_ms=state.greeting_ms + max(1, ns_to_ms(sounded_ns)))
            effects = (FinalizeTranscript(),)
        case _:
            state = _with_evidence(state, event)
    return _judged(state, now), effects


def note_report(state: CallState, event: AnswererReported, _now: int) -> Change:
    """The telephone network's word comes after ours: it counts if we have to judge again."""
    return _with_evidence(state, event), ()


def greet_answerer(state: CallState, _event: Event, now: int) -> Change:
    """A person waits for us, or a machine asks for whom: say hello. The model is told what they said first."""
    state = pickup.judged(state, now)
    said = state.utterance
    if said.text:
        state = replace(state, transcript=(*state.transcript, Message("user", said.text)), asked=said, asked_at=now)
    state = replace(state, is_meeting=False, utterance=Utterance(), was_screened=state.answerer is Answerer.SCREENER)
    return recite(state, now, state.phrases.greeting)


def await_person(state: CallState, event: PlayoutFinished, now: int) -> Change:
    """A screening machine knows who we are: a person may pick up now."""
    state = close_reply(state, event.text)
    return _meet(state, now), ()


def leave_message(state: CallState, _event: Event, now: int) -> Change:
    """A machine records: say what it is for, and end the call once that is said."""
    state = replace(
        pickup.judged(state, now),
        is_meeting=False,
        ending=LEFT,
        is_last_word=True,
        messages=state.messages + 1,
        utterance=Utterance(),
    )
    return recite(state, now, state.voicemail)


def leave_without_message(state: CallState, _event: Event, now: int) -> Change:
    """There is nobody to talk to: hang up before the tape runs, without a word that it would keep."""
    state = pickup.judged(state, now)
    reason = "a machine answered" if state.answerer is Answerer.MACHINE else "nobody came to the telephone"
    return replace(state, ending=LEFT if state.messages else reason), (EndCall(LEFT if state.messages else reason),)


def hush_for_machine(state: CallState, event: BeepHeard | AnswererReported, now: int) -> Change:
    """It is a machine, and it records now or soon: stop the sound; `PlayoutHeld` tells what was heard of it."""
    state = replace(_with_evidence(state, event), onset_at=now, utterance=Utterance(), heard=None, is_claimed=False)
    verdict_at = now + ms_to_ns(state.profile.confirm_ms)
    return state.set_deadlines(verdict_at=verdict_at, duck_at=None), (HoldPlayout(state.reply),)


def meet_again(state: CallState, event: Event, now: int) -> Change:
    """It is a machine after all: what we were saying is dropped, and its greeting waited for."""
    state = _with_evidence(state, event)
    if isinstance(event, PlayoutHeld):
        state = replace(state, heard=event.heard)
    said = state.utterance
    state = replace(close_reply(state), ending="", is_last_word=False, failure="", is_finalizing=False)
    return _meet(state, now, said), (CancelReply(state.reply),)


def _with_evidence(state: CallState, event: Event) -> CallState:
    """The state with what an event tells of who picked up."""
    match event:
        case WordsHeard():
            return replace(state, utterance=with_words(state.utterance, event))
        case TurnEnded(text) if text:
            return replace(state, utterance=replace(state.utterance, settled=(text,), interim=""))
        case BeepHeard():
            return replace(state, has_beeped=True)
        case AnswererReported(is_machine, has_beeped):
            who = Answerer.MACHINE if is_machine else Answerer.HUMAN
            return replace(state, reported=who, has_beeped=state.has_beeped or has_beeped)
    return state


def _new_contribution(state: CallState, at: int) -> CallState:
    """After a screening machine said its part, who sounds next may be the person."""
    is_new = state.was_screened and pickup.quiet_ms(state, at) >= pickup.PAUSE_MS
    return replace(state, utterance=Utterance(), greeting_ms=0, answerer=Answerer.UNKNOWN) if is_new else state


def _meet(state: CallState, now: int, said: Utterance | None = None) -> CallState:
    """The state while it is open who picked up, from now on."""
    state = replace(
        state,
        is_meeting=True,
        picked_up_at=now,
        greeting_ms=0,
        answerer=Answerer.UNKNOWN,
        utterance=said or Utterance(),
    )
    return _judged(state.set_deadlines(turn_end_at=None, idle_at=None, release_at=None), now)


def _judged(state: CallState, now: int) -> CallState:
    state = pickup.judged(state, now)
    return state.set_deadlines(meet_at=pickup.meet_at(state, now))
