"""Pure questions about the disputed floor, once its deadlines fall due; as `fsm.guards`."""

from typing import Any

from fsm import barge_in
from fsm.state import CallState, is_due


def is_verdict_sustained(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see `fsm.guards.Guard`
    """The caller has been sounding too long for a cough, and we are not silent for it yet."""
    return is_due(state.deadlines.verdict_at, now) and barge_in.is_sustained(state, now)


def is_verdict_for_caller(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see `fsm.guards.Guard`
    """The dispute is over and the caller has the floor, by words or by sounding on and on."""
    is_endless = state.is_hushed and barge_in.is_sustained(state, now)
    return is_due(state.deadlines.verdict_at, now) and (is_endless or barge_in.has_claim(state, now))


def is_false_alarm(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see `fsm.guards.Guard`
    """The dispute is over and there was nothing to it: no words in time, or none that want the floor."""
    return is_due(state.deadlines.verdict_at, now)


def is_hush_over(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see `fsm.guards.Guard`
    """The phone has been silent for as long as a caller who only agrees should not notice."""
    return is_due(state.deadlines.duck_at, now)
