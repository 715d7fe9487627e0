"""Reducers of the disputed floor: silence the phone first, decide then."""

from fsm import barge_in
from fsm.answering import finish, why_to_leave
from fsm.effects import CancelReply, Effect, FinalizeTranscript, HoldPlayout, ResumePlayout
from fsm.endpointing import turn_end_at
from fsm.events import (
    DigitPressed,
    Event,
    PlayoutHeld,
    SpeechStarted,
    SpeechStopped,
    ToolsRequested,
    TurnEnded,
    WordsHeard,
)
from fsm.hearing import Change, with_digit, with_words
from fsm.opening import close_reply
from fsm.state import CallState, Utterance
from fsm.tool_rounds import go_on, run_tools
from fsm.units import ms_to_ns
from fsm.values import replace


def hush(state: CallState, event: SpeechStarted, now: int) -> Change:
    """The caller sounds while we speak: stop the sound, keep the reply until words or the deadline decide."""
    state = replace(state, is_talking=True, onset_at=event.at, utterance=Utterance(), heard=None)
    return state.set_deadlines(verdict_at=barge_in.verdict_at(state, now)), (HoldPlayout(state.reply),)


def hush_for_words(state: CallState, event: WordsHeard | TurnEnded | DigitPressed, now: int) -> Change:
    """Words or a key take the floor before any voice was noticed: stop the sound; `PlayoutHeld` settles the rest."""
    onset_at = state.onset_at if state.is_talking and state.onset_at is not None else now
    state = replace(state, onset_at=onset_at, utterance=_with(Utterance(), event), heard=None)
    return state.set_deadlines(verdict_at=barge_in.verdict_at(state, now)), (HoldPlayout(state.reply),)


def hush_to_leave(state: CallState, event: Event, now: int) -> Change:
    """The call is to end while we speak: stop the sound; `PlayoutHeld` tells what was heard, then comes the goodbye."""
    reason, _ = why_to_leave(state, event, now)
    state = replace(state, ending=reason, is_last_word=True)
    return state.set_deadlines(call_end_at=None), (HoldPlayout(state.reply),)


def hush_for_good(state: CallState, _event: Event, now: int) -> Change:
    """One reply has been sounding absurdly long: stop the sound; `PlayoutHeld` tells what was heard of it."""
    return state.set_deadlines(speaking_at=now + ms_to_ns(state.profile.max_reply_ms)), (HoldPlayout(state.reply),)


def _with(utterance: Utterance, event: WordsHeard | TurnEnded | DigitPressed) -> Utterance:
    if isinstance(event, DigitPressed):
        return with_digit(utterance, event)
    if isinstance(event, TurnEnded):
        return Utterance(settled=(event.text,), digits=utterance.digits)
    return with_words(utterance, event)


def take_answer(state: CallState, event: PlayoutHeld, now: int) -> Change:
    """Every word of ours had been heard already: what the caller says is no interruption but their answer."""
    state = replace(finish(state, event.heard), reprompts=0)
    idle_at = now + ms_to_ns(state.profile.noise_idle_ms)
    return state.set_deadlines(turn_end_at=turn_end_at(state, now), idle_at=idle_at), (CancelReply(state.reply),)


def note_heard(state: CallState, event: PlayoutHeld, _now: int) -> Change:
    """The phone is silent, and this is what it had said."""
    return replace(state, heard=event.heard), ()


def weigh_voice(state: CallState, event: SpeechStarted, now: int) -> Change:
    """More sound in the same dispute: it counts from its first sound."""
    state = replace(state, is_talking=True, onset_at=event.at if state.onset_at is None else state.onset_at)
    return state.set_deadlines(verdict_at=barge_in.verdict_at(state, now)), ()


def weigh_silence(state: CallState, event: SpeechStopped, now: int) -> Change:
    """The sound is over: its words come soon or never."""
    state = replace(state, is_talking=False, last_voiced_at=event.last_voiced_at)
    return state.set_deadlines(verdict_at=barge_in.verdict_at(state, now)), (FinalizeTranscript(),)


def weigh_words(state: CallState, event: WordsHeard | TurnEnded, _now: int) -> Change:
    """Words that decide nothing yet: "yeah" may become "yeah, but"."""
    if isinstance(event, TurnEnded) and not event.text:
        return state, ()
    return replace(state, utterance=_with(state.utterance, event)), ()


def weigh_again(state: CallState, _event: Event, now: int) -> Change:
    """Too early to decide: the sound still goes on."""
    return state.set_deadlines(verdict_at=max(barge_in.verdict_at(state, now), now + ms_to_ns(20))), ()


def yield_floor(state: CallState, event: Event, now: int) -> Change:
    """The floor is the caller's: the reply is dropped and the transcript keeps what was heard of it."""
    if isinstance(event, WordsHeard | DigitPressed | TurnEnded):
        state = replace(state, utterance=_with(state.utterance, event))
    if isinstance(event, PlayoutHeld):
        state = replace(state, heard=event.heard)
    state = replace(
        close_reply(state),
        failure="",
        ending="",
        held_calls=(),
        held_said="",
        is_round_open=False,
        is_finalizing=False,
        reprompts=0,
    )
    state = state.set_deadlines(
        turn_end_at=turn_end_at(state, now), idle_at=now + ms_to_ns(state.profile.noise_idle_ms)
    )
    return state, (CancelReply(state.reply),)


def carry_on(state: CallState, _event: Event, now: int) -> Change:
    """A false alarm: go on where the caller stopped hearing us, and run what had to wait."""
    state = replace(state, utterance=Utterance(), heard=None)
    state = state.set_deadlines(speaking_at=now + ms_to_ns(state.profile.max_reply_ms))
    effects: tuple[Effect, ...] = (ResumePlayout(state.reply),)
    if state.held_calls:
        request = ToolsRequested(state.reply, state.held_calls, state.held_said)
        state, more = run_tools(replace(state, held_calls=(), held_said=""), request, now)
        return state, (*effects, *more)
    if state.is_round_open and not any(tool.reply == state.reply for tool in state.pending_tools):
        state, more = go_on(state, now)
        return state, (*effects, *more)
    return state, effects


def hold_tools(state: CallState, event: ToolsRequested, _now: int) -> Change:
    """The reply may yet be dropped: its tools wait for the verdict."""
    return replace(state, held_calls=event.calls, held_said=event.said), ()
