"""What another tuning would have decided in a recorded call, stretch by stretch.

A stretch is the time a call spends in one mode. Each is decided again from the situation that was recorded when it
began, with the other profile: recorded events come as they came, deadlines fall due as the profile says. The first
stretch that comes out otherwise is exact. What follows it is no longer what the caller would have done, so each later
one is told by itself, as if all before it had been as recorded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fsm.effects import Effect
from fsm.events import (
    CallEnded,
    DigitPressed,
    EarsFailed,
    EarsRestored,
    EndOfTurnScored,
    Event,
    PlayoutHeld,
    SpeechStarted,
    SpeechStopped,
    Tick,
    TurnEnded,
    TurnLikelyEnded,
    TurnResumed,
    WordsHeard,
)
from fsm.profile import Profile
from fsm.state import CallState, Mode
from fsm.step import step
from fsm.units import ms_to_ns
from fsm.values import replace
from simulator.replay.core import CoreReplay
from simulator.replay.recorded import Decision

HORIZON_NS = ms_to_ns(15_000)
"""How long after a stretch's recorded end the other tuning is given to end it too."""

CALLERS_OWN = (
    *(SpeechStarted, SpeechStopped, WordsHeard, DigitPressed, CallEnded),
    *(TurnEnded, TurnLikelyEnded, TurnResumed, EndOfTurnScored, EarsFailed, EarsRestored),
)
"""What goes on to happen by itself once the agent does something else than recorded."""


@dataclass(frozen=True, slots=True)
class Move:
    """A decision that led to another mode or ordered something. `at`: the clock's instant (ns)."""

    at: int
    event: Event
    to: Mode
    effects: tuple[Effect, ...]
    told: str
    """The caller's words that were being answered or collected then."""
    is_end: bool
    """Whether the stretch ended with it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A stretch in `mode` that came out otherwise: the first move that differs, and how the stretch ended.

    `line` is the recorded decision's in the trace; a move is None where there was none.
    """

    line: int
    turn: int
    mode: Mode
    began_at: int
    recorded: Move | None
    other: Move | None
    recorded_end: Move | None
    other_end: Move | None


def decide_otherwise(replay: CoreReplay, profile: Profile) -> tuple[Finding, ...]:
    """Where `profile` would have decided otherwise, in the order of the call; empty: nowhere."""
    found = []
    for begin, end in _stretches(replay):
        ends_at = _call_end_at(replay.states[begin], profile)
        if ends_at is not None and ends_at <= _decided(replay)[begin].at:
            break  # the call would have been over
        finding = _stretch(replay, begin, end, profile)
        if finding is not None:
            found.append(finding)
    return tuple(found)


def _call_end_at(state: CallState, profile: Profile) -> int | None:
    """When the longest call would have been over, in place of when it is."""
    was = state.deadlines.call_end_at
    return None if was is None else was + ms_to_ns(profile.max_call_ms - state.profile.max_call_ms)


def _stretches(replay: CoreReplay) -> Iterator[tuple[int, int]]:
    """Which decision led into each stretch, and which out of it; the last one may be open."""
    decisions = _decided(replay)
    turns = [index for index, decision in enumerate(decisions) if decision.to is not decision.mode]
    for index, begin in enumerate(turns):
        if decisions[begin].to is not Mode.ENDED:
            yield begin, turns[index + 1] if index + 1 < len(turns) else len(decisions) - 1


def _decided(replay: CoreReplay) -> Sequence[Decision]:
    return replay.recorded.decisions[: len(replay.states) - 1]


def _stretch(replay: CoreReplay, begin: int, end: int, profile: Profile) -> Finding | None:
    decisions, states = _decided(replay), replay.states
    mode = decisions[begin].to
    recorded = [
        _move(decisions[index].event, states[index + 1], decisions[index].effects, states[index + 1].mode is not mode)
        for index in range(begin, end + 1)
        if index == begin or decisions[index].effects or decisions[index].to is not mode
    ]
    first, *more = _other_moves(replay, begin, end, profile)
    other = [first, *(move for move in more if move.effects or move.is_end)]
    differing = next((at for at, pair in enumerate(_paired(recorded, other)) if not _is_same(*pair)), None)
    if differing is None:
        return None
    was, would = list(_paired(recorded, other))[differing]
    moment = was.at if was is not None else recorded[-1].at
    line = (
        next(d.line for d in decisions[begin : end + 1] if d.at >= moment) if was is not None else decisions[end].line
    )
    turn = states[begin + 1].turn + (mode is Mode.LISTENING)
    return Finding(line, turn, mode, decisions[begin].at, was, would, _ending(recorded), _ending(other))


def _other_moves(replay: CoreReplay, begin: int, end: int, profile: Profile) -> Iterator[Move]:
    decisions = _decided(replay)
    state = replay.states[begin].set_deadlines(call_end_at=_call_end_at(replay.states[begin], profile))
    other = _Other(replace(state, profile=profile), decisions[begin].to)
    late = _lateness(replay, begin, end)
    try:
        yield from other.take(decisions[begin].event, decisions[begin].at)
        for at, event in _events(decisions, begin + 1, end):
            while (due := other.due_by(at)) is not None:
                yield from other.take(Tick(), late.get(due, due))
            if event is not None and not other.is_over:
                yield from other.take(event, at)
    except AssertionError:
        return  # the recorded events do not fit what was decided otherwise: nothing more can be told


class _Other:
    """The machine with the other tuning, in one stretch."""

    def __init__(self, state: CallState, mode: Mode) -> None:
        self._state = state
        self._mode = mode
        self.is_over = False

    def take(self, event: Event, at: int) -> Iterator[Move]:
        """Decide on an event at instant `at`, or as soon after it as time goes, and on what follows at once.

        A phone that is silenced because the caller has the floor answers; what was heard by then is not known here.
        """
        self._state, effects = step(self._state, event, max(self._state.now, at))
        state = self._state
        self.is_over = state.mode is not self._mode
        yield _move(event, state, effects, self.is_over)
        if state.mode is Mode.BARGE_IN and state.is_claimed and not self.is_over:
            yield from self.take(PlayoutHeld(state.reply, state.heard_before), at)

    def due_by(self, at: int) -> int | None:
        """The deadline that falls due by instant `at`, None if none does or the stretch is over."""
        due = self._state.deadlines.earliest()
        return None if due is None or due > at or self.is_over else due


def _events(decisions: Sequence[Decision], begin: int, end: int) -> Iterator[tuple[int, Event | None]]:
    """What happened in a stretch except ticks; after its recorded end only what a caller does, up to the horizon."""
    last = decisions[end].at + HORIZON_NS
    for index in range(begin, len(decisions)):
        decision = decisions[index]
        if decision.at > last:
            break
        if isinstance(decision.event, Tick):
            continue
        if index <= end or isinstance(decision.event, CALLERS_OWN):
            yield decision.at, decision.event
    yield last, None


def _lateness(replay: CoreReplay, begin: int, end: int) -> dict[int, int]:
    """When each deadline that was due really came: a machine is a little late, the other tuning as much."""
    decisions, late = _decided(replay), {}
    for index in range(begin, end + 1):
        due = replay.states[index].deadlines.earliest()
        if isinstance(decisions[index].event, Tick) and due is not None:
            late[due] = decisions[index].at
    return late


def _move(event: Event, state: CallState, effects: tuple[Effect, ...], is_end: bool) -> Move:
    told = state.utterance.text if state.mode is Mode.LISTENING else state.asked.text
    return Move(state.now, event, state.mode, effects, told, is_end)


def _paired(one: Sequence[Move], other: Sequence[Move]) -> Iterator[tuple[Move | None, Move | None]]:
    for index in range(max(len(one), len(other))):
        yield (one[index] if index < len(one) else None), (other[index] if index < len(other) else None)


def _is_same(one: Move | None, other: Move | None) -> bool:
    return one is not None and other is not None and _shape(one) == _shape(other)


def _shape(move: Move) -> tuple[object, ...]:
    return move.at, move.to, move.effects


def _ending(moves: Sequence[Move]) -> Move | None:
    return moves[-1] if moves and moves[-1].is_end else None
