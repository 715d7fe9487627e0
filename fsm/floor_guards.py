"""Pure questions about the disputed floor: once its deadlines fall due, and once it is decided; as `fsm.guards`."""

from typing import Any

from fsm import barge_in
from fsm.endpointing import breath_over_at
from fsm.events import NothingHeard
from fsm.guards import has_words
from fsm.state import CallState, is_due
from fsm.units import ms_to_ns


def is_verdict_sustained(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see `fsm.guards.Guard`
    """The caller has been sounding too long for a cough, and we are not silent for it yet."""
    return is_due(state.deadlines.verdict_at, now) and barge_in.is_sustained(state, now)


def is_verdict_for_caller(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see `fsm.guards.Guard`
    """The dispute is over and the caller has the floor, by words or by sounding on and on."""
    is_endless = state.hushed_at is not None and barge_in.is_sustained(state, now)
    return is_due(state.deadlines.verdict_at, now) and (is_endless or barge_in.has_claim(state, now))


def may_be_for_us(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see `fsm.guards.Guard`
    """A faint voice goes on over ours, in words that nobody says to others alone."""
    return is_due(state.deadlines.verdict_at, now) and barge_in.is_worth_listening(state)


def is_noise(state: CallState, event: NothingHeard, _now: int) -> bool:
    """The transcriber listens, and what sounds over us has no words."""
    return barge_in.is_noise(state, event.until)


def is_withheld_for_noise(state: CallState, event: NothingHeard, _now: int) -> bool:
    """The same of what sounds while we are about to speak, for so long that no first word needs it."""
    is_withheld = state.deadlines.release_at is not None
    return is_withheld and barge_in.is_noise(state, event.until, ms_to_ns(state.profile.sustained_ms))


def is_false_alarm(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see `fsm.guards.Guard`
    """The dispute is over and there was nothing to it: no words in time, or none that want the floor."""
    return is_due(state.deadlines.verdict_at, now)


def has_just_yielded(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see `fsm.guards.Guard`
    """We fell silent for the caller a moment ago: an answer now would sound as if we had talked on."""
    return has_words(state, event, now) and now < breath_over_at(state)


def is_hush_over(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see `fsm.guards.Guard`
    """The phone has been silent for as long as a caller who only agrees should not notice."""
    return is_due(state.deadlines.duck_at, now)
