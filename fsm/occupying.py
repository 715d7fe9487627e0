"""What callers do instead of talking with us: keying what we may not see, taking a moment, being with somebody else.

A tool lets them; while they do no answer is overdue, and each is bounded by the time that was given for it.
"""

from fsm.effects import Effect, EndCall, HoldPlayout, ResumePlayout
from fsm.events import CallerOccupied, CallerReturned, Event, Occupation, WordsHeard
from fsm.floor_words import is_backchannel
from fsm.hearing import Change
from fsm.opening import close_reply, next_filler_at, reply_at
from fsm.state import CallState, Mode, Occupied, is_due
from fsm.transcript import with_heard
from fsm.units import ms_to_ns
from fsm.values import replace

# --- guards ------------------------------------------------------------------------------------------------------


def may_occupy(state: CallState, event: CallerOccupied, _now: int) -> bool:
    """A tool of the present reply wants it; nobody is taken away from us before they heard all we had to say."""
    return event.reply == state.reply and (event.kind is not Occupation.AWAY or may_leave(state))


def may_leave(state: CallState) -> bool:
    """Whether the caller has heard all there was of the present reply, and nobody sounds."""
    is_quiet = state.mode is Mode.THINKING and not state.is_talking
    return is_quiet and with_heard(state.transcript, state.reply_from, state.heard or "") == state.transcript


def is_away(state: CallState, _event: Event, _now: int) -> bool:
    """The caller is with somebody else: what is heard now is not for us."""
    return state.occupied is not None and state.occupied.kind is Occupation.AWAY


def agrees_while_keying(state: CallState, event: WordsHeard, _now: int) -> bool:
    """An "okay" or "um" over the keys is no turn."""
    is_keying = state.occupied is not None and state.occupied.kind is Occupation.KEYS
    return is_keying and is_backchannel(event.text, state.tables)


def is_away_for_good(state: CallState, event: Event, now: int) -> bool:
    """The caller should be back by now."""
    return is_away(state, event, now) and is_due(state.deadlines.reply_at, now)


# --- reducers ----------------------------------------------------------------------------------------------------


def occupy(state: CallState, event: CallerOccupied, now: int) -> Change:
    """The caller has something to do, for so long at most; over keys and to who is elsewhere no music is played."""
    is_quiet = state.is_music and event.kind is not Occupation.HOLD
    quiet: tuple[Effect, ...] = (HoldPlayout(state.reply), ResumePlayout(state.reply)) if is_quiet else ()
    state = replace(state, occupied=Occupied(event.kind, event.reply, now + ms_to_ns(event.at_most_ms)))
    return with_waits(replace(state, is_music=state.is_music and not is_quiet), now), quiet


def free(state: CallState, _event: CallerReturned, now: int) -> Change:
    """The caller is ours again; what we do with it counts from here."""
    if state.occupied is None or state.occupied.reply != state.reply:
        return replace(state, occupied=None), ()
    return with_waits(replace(state, occupied=None), now), ()


def give_up_away(state: CallState, _event: Event, _now: int) -> Change:
    """Whoever took the caller from us never gave them back."""
    reason = "the caller did not come back"
    return replace(close_reply(state), ending=reason, occupied=None), (EndCall(reason),)


def with_waits(state: CallState, now: int) -> CallState:
    """The state whose waits count from `now`, where it waits."""
    if state.mode is not Mode.THINKING or state.deadlines.release_at is not None:
        return state
    return state.set_deadlines(filler_at=next_filler_at(state, now), reply_at=reply_at(state, now))
