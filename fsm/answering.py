"""Reducers of our side: greeting, answers, failures, goodbyes."""

from dataclasses import fields

from fsm.barge_in import answers_the_end
from fsm.effects import (
    CancelReply,
    Effect,
    EndCall,
    Recite,
    StartReply,
)
from fsm.endpointing import turn_end_at
from fsm.events import (
    CallEnded,
    CallStarted,
    Event,
    HangUpRequested,
    PlayoutDrained,
    PlayoutDucked,
    PlayoutFinished,
    PlayoutHeld,
    ReplyAudioStarted,
    ReplyFailed,
    Tick,
)
from fsm.floor_words import is_backchannel
from fsm.guards import LONGEST_RETRY_WAIT_MS, awaits_tools
from fsm.hearing import Change
from fsm.loops import GOES_ROUND, goes_round
from fsm.opening import close_reply, next_filler_at, occupation, open_reply, reply_at, with_expected
from fsm.state import CallState, Deadlines, Mode, is_due
from fsm.transcript import with_heard
from fsm.units import ms_to_ns
from fsm.utterance import Utterance
from fsm.values import replace


def recite(state: CallState, now: int, text: str, *, is_apology: bool = False) -> Change:
    """Open a reply of fixed text; what the caller has heard of the one before stays in the transcript."""
    state = open_reply(close_reply(state, is_broken=is_apology), now, is_recital=True, is_apology=is_apology)
    return state, (Recite(state.reply, state.turn, text),)


# --- beginnings and ends ---------------------------------------------------------------------------------------


def greet(state: CallState, event: CallStarted, now: int) -> Change:
    """The line is open: say hello at once."""
    state = replace(state, has_music=event.has_music).set_deadlines(
        call_end_at=now + ms_to_ns(state.profile.max_call_ms)
    )
    return recite(state, now, state.phrases.greeting)


def reprompt(state: CallState, _event: Event, now: int) -> Change:
    """Nobody says anything: ask."""
    return recite(replace(state, reprompts=state.reprompts + 1), now, state.phrases.still_there)


def ask_pardon(state: CallState, _event: Event, now: int) -> Change:
    """The caller spoke and no words arrived: ask for them again."""
    state = replace(state, apologies=state.apologies + 1, utterance=Utterance(), onset_at=None)
    return recite(state, now, state.phrases.apology if state.has_missed_words else state.phrases.pardon)


def say_goodbye(state: CallState, event: Event, now: int) -> Change:
    """Leave politely: whatever we were at is dropped, and the call ends once the goodbye was heard."""
    dropped: tuple[Effect, ...] = () if state.mode is Mode.LISTENING else (CancelReply(state.reply),)
    reason, is_overdue = why_to_leave(state, event, now)
    if isinstance(event, PlayoutHeld):
        state = with_held(state, event, now)
    state = replace(state, ending=reason, is_last_word=is_overdue, utterance=Utterance(), is_finalizing=False)
    call_end_at = None if is_overdue else state.deadlines.call_end_at
    state, effects = recite(state.set_deadlines(call_end_at=call_end_at, release_at=None), now, state.phrases.goodbye)
    return state, (*dropped, *effects)


def why_to_leave(state: CallState, event: Event, now: int) -> tuple[str, bool]:
    """Why the call is to end, and whether it does so whatever the caller says."""
    if isinstance(event, HangUpRequested):
        return event.reason, True
    if state.ending:
        return state.ending, state.is_last_word
    if state.mode is Mode.LISTENING and goes_round(state, event):
        return GOES_ROUND, True
    is_overdue = is_due(state.deadlines.call_end_at, now)
    return "the call reached its longest length" if is_overdue else "nobody spoke any more", is_overdue


def with_held(state: CallState, event: PlayoutHeld, now: int) -> CallState:
    """The state once it is known what was heard of a reply that was silenced to be dropped."""
    return finish(state, event.heard, now) if event.is_whole else replace(state, heard=event.heard)


def insist(state: CallState, _event: Event, _now: int) -> Change:
    """The call is ending already; now it does so whatever the caller says."""
    return replace(state, is_last_word=True).set_deadlines(call_end_at=None), ()


def end_call(state: CallState, event: PlayoutFinished | PlayoutHeld | PlayoutDucked, now: int) -> Change:
    """The last words were heard."""
    text = event.text if isinstance(event, PlayoutFinished) else event.heard
    return finish(state, text, now), (EndCall(state.ending),)


def give_up(state: CallState, event: Event, _now: int) -> Change:
    """Not even an apology can be spoken: the telephone network has to speak it."""
    reason = state.failure or (event.kind if isinstance(event, ReplyFailed) else "no voice in time")
    state = close_reply(state, event.heard if isinstance(event, PlayoutDrained) else None, is_broken=True)
    return replace(state, ending=reason), (EndCall(reason, failed=True),)


def give_up_deaf(state: CallState, _event: Event, _now: int) -> Change:
    """The caller speaks and speaks, and nobody transcribes: it is time to say so, and to end it."""
    reason = "the transcriber is gone"
    return replace(state, ending=reason), (EndCall(reason, failed=True),)


def leave_unanswered(state: CallState, event: Event, _now: int) -> Change:
    """The stream never started, or nobody wants it any more."""
    reason = event.reason if isinstance(event, HangUpRequested) else "the stream never started"
    return replace(state, ending=reason), (EndCall(reason),)


def close_call(state: CallState, event: CallEnded, _now: int) -> Change:
    """The stream is gone: what was heard of the last reply stays on record."""
    state = close_reply(state, event.heard)
    return replace(state, ending=state.ending or event.reason, deadlines=Deadlines()), ()


# --- the course of a reply -------------------------------------------------------------------------------------


def start_speaking(state: CallState, _event: ReplyAudioStarted, now: int) -> Change:
    """We are audible."""
    return replace(state, is_music=False).set_deadlines(speaking_at=now + ms_to_ns(state.profile.max_reply_ms)), ()


def await_more(state: CallState, event: PlayoutDrained, now: int) -> Change:
    """All there was is said, and more is to come: silence counts from here."""
    state = replace(state, heard=event.heard, fillers=1 if event.heard else 0, is_music=False)
    if occupation(state) is not None:
        return state.set_deadlines(filler_at=next_filler_at(state, now), reply_at=reply_at(state, now)), ()
    wait_ms = state.profile.tool_timeout_ms if state.pending_tools else state.profile.reply_timeout_ms
    return (
        state.set_deadlines(filler_at=now + ms_to_ns(state.profile.filler_ms), reply_at=now + ms_to_ns(wait_ms)),
        (),
    )


def finish(state: CallState, text: str, now: int) -> CallState:
    """The state after the caller heard a whole reply."""
    transcript = with_heard(state.transcript, state.reply_from, text, cut=False)
    return replace(
        with_expected(state, text),
        transcript=transcript,
        reply_from=len(transcript),
        heard=None,
        is_protected=False,
        finished_at=now,
        apologies=state.apologies if state.is_recital else 0,
        is_finalizing=False,
    )


def finish_reply(state: CallState, event: PlayoutFinished, now: int) -> Change:
    """The caller heard the whole reply: the floor is theirs, and what they said or pressed meanwhile is answered."""
    was_protected = state.is_protected
    state = finish(state, event.text, now)
    if answers_the_end(state, event.text):
        state = replace(state, utterance=replace(state.utterance, settled=(state.agreed,)))
    elif was_protected and is_backchannel(state.utterance.words, state.tables):
        state = replace(state, utterance=Utterance(digits=state.utterance.digits))
    wait_ms = state.profile.noise_idle_ms if state.is_talking else state.profile.idle_ms
    ends_at = turn_end_at(state, now) if state.utterance.text else None
    return state.set_deadlines(turn_end_at=ends_at, idle_at=now + ms_to_ns(wait_ms)), ()


def abandon_playout(state: CallState, event: PlayoutHeld, now: int) -> Change:
    """This has been going on for far too long: stop, and listen."""
    state = close_reply(with_held(state, event, now))
    return state.set_deadlines(idle_at=now + ms_to_ns(state.profile.idle_ms)), (CancelReply(state.reply),)


def ignore(state: CallState, _event: Event, _now: int) -> Change:
    """Nothing follows from it."""
    return state, ()


def rearm(state: CallState, _event: Event, now: int) -> Change:
    """A deadline passed that means nothing any more."""
    instants = {f.name: getattr(state.deadlines, f.name) for f in fields(Deadlines)}
    return state.set_deadlines(**{name: None for name, at in instants.items() if at is not None and at <= now}), ()


# --- failures --------------------------------------------------------------------------------------------------


def retry_reply(state: CallState, event: Event, now: int) -> Change:
    """Ask again for the answer, or for the rest of it; the caller notices nothing but time."""
    if isinstance(event, PlayoutDrained):
        state = replace(state, heard=event.heard)
    fillers = state.fillers
    state = replace(close_reply(state, is_broken=True), attempts=state.attempts + 1)
    filler_at = state.deadlines.filler_at or now + ms_to_ns(state.profile.filler_ms)
    state = replace(open_reply(state, now, is_recital=False), fillers=fillers).set_deadlines(filler_at=filler_at)
    return state, (StartReply(state.reply, state.turn),)


def await_retry(state: CallState, event: ReplyFailed | PlayoutDrained, now: int) -> Change:
    """The provider has too much to do and says when to ask again."""
    if isinstance(event, ReplyFailed):
        retry_at = now + ms_to_ns(event.retry_after_ms)
        state = replace(state, failure=event.kind)
    else:
        retry_at = state.retry_not_before
        state = replace(state, heard=event.heard)
    filler_at = state.deadlines.filler_at or now + ms_to_ns(state.profile.filler_ms)
    return state.set_deadlines(retry_at=retry_at, filler_at=filler_at, reply_at=None), ()


def apologise(state: CallState, event: Event, now: int) -> Change:
    """It does not work: say so, and let the caller try again."""
    if isinstance(event, PlayoutDrained):
        state = replace(state, heard=event.heard)
    text = state.phrases.overdue if isinstance(event, Tick) and awaits_tools(state) else state.phrases.apology
    return recite(replace(state, apologies=state.apologies + 1), now, text, is_apology=True)


def note_failure(state: CallState, event: ReplyFailed, now: int) -> Change:
    """No more of this reply will come; what there is is still being said."""
    can_retry = event.retryable and event.retry_after_ms <= LONGEST_RETRY_WAIT_MS
    not_before = now + ms_to_ns(event.retry_after_ms)
    return replace(state, failure=event.kind, can_retry=can_retry, retry_not_before=not_before), ()
