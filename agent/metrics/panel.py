"""The eight numbers of tau-voice: what happened in a call, event by event, and the rates of many calls pooled.

The rules are those of tau2-bench's `voice_interaction_metrics.py`, metrics "1.0", as its code has them. Three styles of
comparison live side by side there and are kept: a stop is looked for strictly within its window, an answer up to and
including its window's end in ticks, and an end of speech within a second in milliseconds, inclusive.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from agent.metrics.ticks import (
    AgentSegment,
    CallerSegment,
    Effect,
    InsertType,
    Ticks,
    agent_segments,
    caller_segments,
    effects,
)

YIELD_WINDOW_MS = 2_000
"""An interruption must have silenced the agent before so much has passed."""

IGNORE_WINDOW_MS = 1_000
"""A sound that asks for nothing must not have silenced it before so much has passed."""

REPLY_WINDOW_MS = 2_000
"""Nor may it be answered within this."""


class Measure(StrEnum):
    """What an event counts for."""

    RESPONSE = "response"
    YIELD = "yield"
    AGENT_INTERRUPTION = "agent_interruption"
    BACKCHANNEL = "backchannel"
    VOCAL_TIC = "vocal_tic"
    NON_DIRECTED = "non_directed"
    EXCLUDED = "excluded"
    """Ours: a turn that the response rate leaves out, as the agent speaks in the first tick after it."""


class Place(StrEnum):
    """Where in a call an event comes from; those of selectivity have the letters of their published table."""

    TURN = "turn"
    OVER_AGENT = "A"
    IN_TURN = "B"
    EFFECT_OVER_AGENT = "C1"
    EFFECT_IN_SILENCE = "C2"
    BEGAN_BEFORE_END = "agent had begun before the caller ended"
    BEGAN_AT_END = "agent began in the very tick after"


@dataclass(frozen=True, slots=True)
class Event:
    """Something to be judged: `at` is its first tick. `is_published`: the field counts it; the others are ours alone.

    `latency_ticks`: of a response or a yield.
    """

    measure: Measure
    place: Place
    at: int
    is_right: bool
    latency_ticks: int | None = None
    is_published: bool = True


def events_of(ticks: Ticks) -> list[Event]:
    """Everything in a call that is judged."""
    caller, agent = caller_segments(ticks), agent_segments(ticks)
    return [
        *_responses(caller, agent),
        *(event for segment in caller for event in _of_segment(ticks, segment, agent)),
        *(Event(Measure.AGENT_INTERRUPTION, Place.TURN, one.start, False) for one in agent if one.is_over_caller),
        *(event for effect in effects(ticks) for event in _of_effect(ticks, effect, agent)),
    ]


def _responses(caller: Iterable[CallerSegment], agent: list[AgentSegment]) -> Iterator[Event]:
    """Turns that were answered, or not; the last is left out where neither side speaks again."""
    turns = [segment for segment in caller if not segment.is_backchannel]
    eligible = [turn for turn in turns if not turn.is_over_agent_at_end]
    for turn in eligible:
        answer = next((one.start for one in agent if one.start >= turn.end), None)
        again = next((one.start for one in eligible if one.start >= turn.end), None)
        if answer is not None and (again is None or answer <= again):
            yield Event(Measure.RESPONSE, Place.TURN, turn.start, True, answer - turn.end)
        elif again is not None:
            yield Event(Measure.RESPONSE, Place.TURN, turn.start, False)
    for turn in turns:
        if turn.is_over_agent_at_end:
            began_at_end = any(one.start == turn.end for one in agent)
            place = Place.BEGAN_AT_END if began_at_end else Place.BEGAN_BEFORE_END
            yield Event(Measure.EXCLUDED, place, turn.start, False, is_published=False)


def _of_segment(ticks: Ticks, segment: CallerSegment, agent: list[AgentSegment]) -> Iterator[Event]:
    """Whether the agent yielded, or went on, or answered what was no turn."""
    measure = _measure_of(segment)
    if not segment.is_over_agent:
        if segment.has_tic or segment.has_aside:
            measure = Measure.VOCAL_TIC if segment.has_tic else Measure.NON_DIRECTED
            is_right = not _is_answered(ticks, agent, segment.start, segment.end)
            yield Event(measure, Place.IN_TURN, segment.start, is_right)
        return
    if measure is Measure.YIELD:
        stopped = _stop(ticks, segment.start, YIELD_WINDOW_MS)
        yield Event(measure, Place.OVER_AGENT, segment.start, stopped is not None, stopped)
    else:
        went_on = _stop(ticks, segment.start, IGNORE_WINDOW_MS) is None
        yield Event(measure, Place.OVER_AGENT, segment.start, went_on)


def _measure_of(segment: CallerSegment) -> Measure:
    if segment.is_backchannel:
        return Measure.BACKCHANNEL
    if segment.has_tic:
        return Measure.VOCAL_TIC
    return Measure.NON_DIRECTED if segment.has_aside else Measure.YIELD


def _of_effect(ticks: Ticks, effect: Effect, agent: list[AgentSegment]) -> Iterator[Event]:
    """A sound out of turn. That the agent talked through it is no event for the field: only failures count there."""
    measure = Measure.VOCAL_TIC if effect.type is InsertType.VOCAL_TIC else Measure.NON_DIRECTED
    speaking = next((one for one in agent if one.start <= effect.start < one.end), None)
    if speaking is None:
        is_right = not _is_answered(ticks, agent, effect.start, effect.end)
        yield Event(measure, Place.EFFECT_IN_SILENCE, effect.start, is_right)
    else:
        went_on = (speaking.end - effect.start) * ticks.tick_ms > IGNORE_WINDOW_MS
        yield Event(measure, Place.EFFECT_OVER_AGENT, effect.start, went_on, is_published=not went_on)


def _stop(ticks: Ticks, start: int, window_ms: int) -> int | None:
    """Ticks from `start` to the first in which the agent is silent, if that comes within the window and the call."""
    end = min(start + window_ms // ticks.tick_ms, ticks.count)
    return next((tick - start for tick in range(start, end) if not ticks.agent[tick]), None)


def _is_answered(ticks: Ticks, agent: list[AgentSegment], start: int, end: int) -> bool:
    until = end + REPLY_WINDOW_MS // ticks.tick_ms
    return any(start <= one.start <= until for one in agent)
