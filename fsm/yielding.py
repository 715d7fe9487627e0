"""Reducers of the disputed floor: react first, decide then.

Whatever is decided for the caller, the phone is silenced first: the answer to that, `PlayoutHeld`, tells what was heard
and passes the floor on.
"""

from fsm import barge_in
from fsm.answering import finish, insist, why_to_leave
from fsm.effects import CancelReply, DuckPlayout, Effect, FinalizeTranscript, HoldPlayout, ResumePlayout
from fsm.endpointing import turn_end_at
from fsm.events import (
    DigitPressed,
    Event,
    PassageReached,
    PlayoutDucked,
    PlayoutHeld,
    SpeechStarted,
    SpeechStopped,
    Tick,
    ToolsRequested,
    TurnEnded,
    WordsHeard,
)
from fsm.floor_words import is_assent
from fsm.hearing import Change, with_digit, with_turn, with_words
from fsm.opening import close_reply
from fsm.state import CallState
from fsm.tool_rounds import go_on, run_tools
from fsm.units import ms_to_ns
from fsm.utterance import Utterance
from fsm.values import replace

Said = WordsHeard | TurnEnded | DigitPressed
"""What can claim the floor by what it says."""

# --- the first reaction -----------------------------------------------------------------------------------------


def react(state: CallState, event: SpeechStarted, now: int) -> Change:
    """The caller sounds while we speak: fall silent for a moment, or go on quietly; the reply is kept."""
    state = replace(
        state,
        is_talking=True,
        onset_at=event.at,
        heard=None,
        heard_before="",
        is_claimed=False,
        hushed_at=None,
        is_faint=False,
    )
    state = state.set_deadlines(verdict_at=barge_in.verdict_at(state, now))
    hush_ns = barge_in.hush_ns(state)
    if hush_ns:
        return state.set_deadlines(duck_at=now + hush_ns), (HoldPlayout(state.reply),)
    return duck(state, event, now)


def duck(state: CallState, _event: Event, _now: int) -> Change:
    """Go on, but quietly: a silence would last too long for somebody who only agreed."""
    state = replace(state, heard=None)
    return state.set_deadlines(duck_at=None), (DuckPlayout(state.reply, barge_in.duck_db(state)),)


def hush(state: CallState, _event: Event, now: int) -> Change:
    """The caller sounds too long for one cough, and says nothing, or faintly: be silent, keep the reply, and listen.

    The transcriber is asked whether there are no words in it. Who speaks on out of its reach is yielded to.
    """
    state = replace(state, hushed_at=now, heard=None)
    asks: tuple[Effect, ...] = () if state.utterance.words else (FinalizeTranscript(),)
    state = state.set_deadlines(verdict_at=barge_in.verdict_at(state, now), duck_at=None)
    return state, (HoldPlayout(state.reply), *asks)


def note_heard(state: CallState, event: PlayoutHeld, _now: int) -> Change:
    """The phone is silent, and this is what it had said."""
    return replace(
        state, heard=event.heard, heard_before=event.heard if state.hushed_at is None else state.heard_before
    ), ()


def note_ducked(state: CallState, event: PlayoutDucked, _now: int) -> Change:
    """The phone goes on, and this is what it had said by now."""
    return replace(state, heard_before=event.heard), ()


def hush_to_leave(state: CallState, event: Event, now: int) -> Change:
    """The call is to end while we speak: stop the sound; `PlayoutHeld` tells what was heard, then comes the goodbye."""
    reason, _ = why_to_leave(state, event, now)
    state = replace(state, ending=reason, is_last_word=True)
    return state.set_deadlines(call_end_at=None), (HoldPlayout(state.reply),)


def hush_for_good(state: CallState, _event: Event, now: int) -> Change:
    """One reply has been sounding absurdly long: stop the sound; `PlayoutHeld` tells what was heard of it."""
    return state.set_deadlines(speaking_at=now + ms_to_ns(state.profile.max_reply_ms)), (HoldPlayout(state.reply),)


# --- evidence ---------------------------------------------------------------------------------------------------


def _with(utterance: Utterance, event: Said) -> Utterance:
    if isinstance(event, DigitPressed):
        return with_digit(utterance, event)
    if isinstance(event, TurnEnded):
        return with_turn(utterance, event.text) if event.text else utterance
    return with_words(utterance, event)


def weigh_voice(state: CallState, event: SpeechStarted, now: int) -> Change:
    """More sound in the same dispute: it counts from its first sound."""
    state = replace(state, is_talking=True, onset_at=event.at if state.onset_at is None else state.onset_at)
    return state.set_deadlines(verdict_at=barge_in.verdict_at(state, now)), ()


def weigh_silence(state: CallState, event: SpeechStopped, now: int) -> Change:
    """The sound is over: its words come soon or never."""
    state = replace(state, is_talking=False, last_voiced_at=event.last_voiced_at)
    return state.set_deadlines(verdict_at=barge_in.verdict_at(state, now)), (FinalizeTranscript(),)


def weigh_words(state: CallState, event: WordsHeard | TurnEnded, now: int) -> Change:
    """Words that decide nothing yet: "yeah" may become "yeah, but"."""
    is_faint = isinstance(event, WordsHeard) and event.is_faint
    state = replace(state, utterance=_with(state.utterance, event), is_faint=is_faint)
    return state.set_deadlines(verdict_at=barge_in.verdict_at(state, now)), ()


def keep_digit(state: CallState, event: DigitPressed, now: int) -> Change:
    """A key that may not interrupt: it is part of what we answer next."""
    return replace(state, utterance=with_digit(state.utterance, event), keyed_at=now), ()


def keep_words(state: CallState, event: WordsHeard | TurnEnded, _now: int) -> Change:
    """Words within a passage that nobody may interrupt: they are answered when it was heard."""
    return replace(state, utterance=_with(state.utterance, event)), ()


def note_passage(state: CallState, event: PassageReached, _now: int) -> Change:
    """A passage that nobody may interrupt begins; or it was heard, and nobody wanted to."""
    said = state.utterance if event.is_protected else Utterance(digits=state.utterance.digits)
    return replace(state, is_protected=event.is_protected, utterance=said), ()


def reopen(state: CallState, _event: PassageReached, now: int) -> Change:
    """The passage was heard: whoever spoke into it has the floor now, whoever still sounds may get it."""
    state = replace(state, is_protected=False)
    if barge_in.has_claim(state, now):
        return claim(state, Tick(), now)
    return react(state, SpeechStarted(state.onset_at or now), now)


def shield(state: CallState, event: PassageReached, now: int) -> Change:
    """The reply came to a passage that nobody may interrupt while the floor was in dispute: that is over for now."""
    said = state.utterance
    state, effects = carry_on(state, event, now)
    return replace(state, is_protected=True, utterance=said, false_alarms=state.false_alarms - 1), effects


def overhear(state: CallState, event: WordsHeard | TurnEnded, _now: int) -> Change:
    """Words that want no floor; a late "yeah" may still answer what we were asking when it began."""
    if not is_assent(event.text, state.tables):
        return state, ()
    return replace(state, agreed=event.text, agreed_after=state.heard_before), ()


# --- the verdict ------------------------------------------------------------------------------------------------


def claim(state: CallState, event: Said | Tick, now: int) -> Change:
    """The caller wants the floor: silence the phone; the answer to that passes it on.

    Where words or a key come before any voice was noticed, they begin the dispute as well.
    """
    if not isinstance(event, Tick):
        keyed_at = now if isinstance(event, DigitPressed) else state.keyed_at
        state = replace(state, utterance=_with(state.utterance, event), keyed_at=keyed_at)
    onset_at = state.onset_at if state.is_talking and state.onset_at is not None else now
    state = replace(state, onset_at=onset_at, heard=None, is_claimed=True)
    verdict_at = now + ms_to_ns(state.profile.confirm_ms)
    return state.set_deadlines(verdict_at=verdict_at, duck_at=None), (HoldPlayout(state.reply),)


def yield_floor(state: CallState, event: PlayoutHeld, now: int) -> Change:
    """The floor is the caller's: the reply is dropped and the transcript keeps what was heard of it."""
    state = replace(
        close_reply(replace(state, heard=event.heard)),
        failure="",
        ending="",
        held_calls=(),
        held_said="",
        is_round_open=False,
        is_finalizing=False,
        is_faint=False,
        reprompts=0,
        false_alarms=0,
        yielded_at=now,
    )
    state = state.set_deadlines(
        turn_end_at=turn_end_at(state, now), idle_at=now + ms_to_ns(state.profile.noise_idle_ms)
    )
    return state, (CancelReply(state.reply),)


def take_answer(state: CallState, event: PlayoutHeld | PlayoutDucked, now: int) -> Change:
    """Every word of ours had been heard already: what the caller says is no interruption but their answer."""
    state = replace(finish(state, event.heard, now), reprompts=0)
    idle_at = now + ms_to_ns(state.profile.noise_idle_ms)
    return state.set_deadlines(turn_end_at=turn_end_at(state, now), idle_at=idle_at), (CancelReply(state.reply),)


def carry_on(state: CallState, event: Event, now: int) -> Change:
    """A false alarm: go on where the caller stopped hearing us, and run what had to wait."""
    if isinstance(event, WordsHeard | TurnEnded):
        state = replace(state, utterance=_with(state.utterance, event))
    said = state.utterance.words
    agreed, after = (said, state.heard_before) if is_assent(said, state.tables) else (state.agreed, state.agreed_after)
    kept = replace(state.utterance, settled=(), interim="")  # keys pressed where they have to wait, asides before that
    state = replace(
        state,
        utterance=kept,
        heard=None,
        hushed_at=None,
        false_alarms=state.false_alarms + 1,
        agreed=agreed,
        agreed_after=after,
    )
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


def see_out(state: CallState, event: Event, now: int) -> Change:
    """Both want the floor, and the call is to end with the present reply: say that to its end, in any case."""
    state, effects = carry_on(state, event, now)
    state, _ = insist(state, event, now)
    return state, effects


def hold_tools(state: CallState, event: ToolsRequested, _now: int) -> Change:
    """The reply may yet be dropped: its tools wait for the verdict."""
    return replace(state, held_calls=event.calls, held_said=event.said), ()
