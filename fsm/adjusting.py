"""Reducers of what a tool changes in mid-call: how patient we are."""

from fsm.changes import ProfileChanged
from fsm.endpointing import turn_end_at
from fsm.hearing import Change
from fsm.state import CallState, Mode
from fsm.values import replace


def change_profile(state: CallState, event: ProfileChanged, now: int) -> Change:
    """Waits that begin from here on are those of the new profile; so is the one for the end of a turn under way."""
    state = replace(state, profile=event.profile)
    ends_at = state.deadlines.turn_end_at
    if state.mode is not Mode.LISTENING or ends_at is None or state.is_finalizing:
        return state, ()
    return state.set_deadlines(turn_end_at=turn_end_at(state, now)), ()
