"""The machine, decided again: the trace gives the recorded decisions, and each mode is left by its deadline."""

from collections.abc import Iterator
from typing import Any

from fsm.state import DEADLINES_OF, Deadlines, Mode
from simulator.checkers.base import Finding
from simulator.checkers.word_order import hides_words
from simulator.replay.core import CoreReplay, replay_core
from simulator.replay.recorded import recorded_of
from simulator.runs.evidence import CallEvidence, Evidence


def replay_of(call: CallEvidence) -> CoreReplay | None:
    """The call's trace decided again, once; None where nothing can be."""
    kept: dict[str, Any] = vars(call)
    if "_replay" not in kept:
        is_there = bool(call.lines) and not hides_words(call)
        kept["_replay"] = replay_core(recorded_of(call.lines)) if is_there else None
    replay: CoreReplay | None = kept["_replay"]
    return replay


def differences(_evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """A trace that, decided again, comes out otherwise."""
    replay = replay_of(call)
    if replay is None or call.notes("our_mistake"):
        return
    if replay.changed is not None:
        yield f"line {replay.changed.line} of the trace: {replay.changed.why}", None
    difference = replay.difference
    if difference is not None:
        expected, actual = difference.expected, difference.actual
        event = type(expected.event).__name__
        came = actual.mistake or f"{actual.to} with {actual.effects}"
        yield (
            f"{event} in {difference.before} led to {expected.to} with {expected.effects}; again, to {came}",
            expected.at,
        )


def missed_deadlines(evidence: Evidence, call: CallEvidence) -> Iterator[Finding]:
    """Instants at which the machine wanted to decide something, and was not asked."""
    replay = replay_of(call)
    if replay is None or call.notes("our_mistake"):
        return
    decisions = replay.recorded.decisions
    ends = [decision.at for decision in decisions[1:]] + [evidence.ended_at]
    for state, until in zip(replay.states[1:], ends, strict=False):
        yield from _foreign(state.mode, state.deadlines, until)
        due = state.deadlines.earliest()
        if state.mode is not Mode.ENDED and due is None:
            yield f"{state.mode} has no deadline to leave by", state.now
        elif due is not None and due < until:
            yield f"{state.mode} was to be looked at {until - due} ns before anything happened in it", due
    last = replay.states[-1]
    if last.mode is Mode.ENDED and last.deadlines.earliest() is not None:
        yield "a call that is over still waits for something", last.now


def _foreign(mode: Mode, deadlines: Deadlines, at: int) -> Iterator[Finding]:
    if deadlines != Deadlines(**{name: getattr(deadlines, name) for name in DEADLINES_OF[mode]}):
        yield f"{mode} has deadlines of other modes: {deadlines}", at
