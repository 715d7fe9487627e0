"""Pure questions about who is at the other end, as `fsm.guards`: a person, a machine, one that goes round."""

from typing import Any

from fsm import loops, pickup
from fsm.answerer import Answerer, answerer_by
from fsm.guards import is_current, is_turn_over
from fsm.state import CallState


def is_placed(_state: CallState, event: Any, _now: int) -> bool:  # noqa: ANN401 - see Guard
    """We placed the call, and do not know who picked up."""
    return bool(event.is_placed)


def is_meeting(state: CallState, _event: Any, _now: int) -> bool:  # noqa: ANN401 - see Guard
    """Who picked up is open, or a machine's greeting goes on."""
    return state.is_meeting


def may_be_machine(state: CallState, _event: Any, _now: int) -> bool:  # noqa: ANN401 - see Guard
    """A beep may still show that it is a machine, or that it records only now."""
    return pickup.may_be_machine(state)


def tells_machine(state: CallState, event: Any, _now: int) -> bool:  # noqa: ANN401 - see Guard
    """Words that only machines say, of somebody we took for a person."""
    is_open = pickup.may_be_machine(state) and not state.is_last_word
    return is_open and answerer_by(f"{state.utterance.words} {event.text}") is Answerer.MACHINE


def reports_machine(state: CallState, event: Any, _now: int) -> bool:  # noqa: ANN401 - see Guard
    """The telephone network takes for a machine whom we took for a person, and have not talked with yet."""
    return bool(event.is_machine) and state.answerer in (Answerer.HUMAN, Answerer.SCREENER) and state.turn == 0


def is_machine_after_all(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The present reply was silenced by a beep, by words that only machines say, or by the telephone network's."""
    if not is_current(state, event, now) or not pickup.may_be_machine(state):
        return False
    is_reported = state.reported is Answerer.MACHINE and state.turn == 0
    is_told = is_reported or answerer_by(state.utterance.words) is Answerer.MACHINE
    return state.has_beeped or (is_told and not state.is_last_word)


def was_screened(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """A machine that asked for whom was told; a person has not picked up since."""
    return is_current(state, event, now) and state.was_screened and state.answerer is Answerer.SCREENER


def is_met_in_vain(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """Nobody picked up whom anything could be told."""
    return state.is_meeting and pickup.is_in_vain(pickup.judged(state, now), now)


def is_machine_listening(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """A machine picked up and takes our message now."""
    return state.is_meeting and pickup.is_machine_listening(pickup.judged(state, now), now)


def is_person_waiting(state: CallState, _event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """Somebody picked up who waits to hear from us."""
    return state.is_meeting and pickup.is_person_waiting(pickup.judged(state, now), now)


def goes_round(state: CallState, event: Any, _now: int) -> bool:  # noqa: ANN401 - see Guard
    """The turn that ended was taken by a machine that says the same again and again."""
    return loops.goes_round(state, event)


def has_gone_round(state: CallState, event: Any, now: int) -> bool:  # noqa: ANN401 - see Guard
    """The same, of a turn that is over because of its silence."""
    return is_turn_over(state, event, now) and loops.goes_round(state, event)
