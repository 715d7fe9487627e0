"""The machine's side of a call, decided again: recorded events with their instants through `fsm.step`.

A fold without waiting or files; `offhook bench` measures it. Exact for traces of any clock, since an event's instant is
recorded as the machine was told it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fsm.effects import Effect
from fsm.state import CallState, Mode
from fsm.step import begin, step
from simulator.replay.recorded import Changed, Decision, Recorded


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided this time; `mistake`: an assertion of the machine's instead."""

    to: Mode | None
    effects: tuple[Effect, ...] = ()
    mistake: str = ""


@dataclass(frozen=True, slots=True)
class CoreDifference:
    """The first decision that came out otherwise than recorded, after a call that stood in mode `before`."""

    expected: Decision
    before: Mode
    actual: Decided


@dataclass(frozen=True, slots=True)
class CoreReplay:
    """A trace decided again. `states[0]` is the call's beginning, `states[n]` what the n-th decision led to.

    `states` end with the last decision that was as recorded. `changed`: the first line that is not as it was written.
    """

    recorded: Recorded
    states: Sequence[CallState]
    difference: CoreDifference | None = None

    @property
    def changed(self) -> Changed | None:
        """The first line of the trace that is not as it was written."""
        return self.recorded.changed

    @property
    def is_same(self) -> bool:
        """Whether every line is as written and every decision as recorded."""
        return self.difference is None and self.changed is None


def replay_core(recorded: Recorded) -> CoreReplay:
    """Decide every recorded event again, up to the first difference in mode or effects."""
    state = begin(recorded.profile, recorded.phrases, recorded.began_at, recorded.language)
    states = [state]
    for decision in recorded.decisions:
        before = state.mode
        try:
            state, effects = step(state, decision.event, decision.at)
        except AssertionError as error:
            actual = Decided(None, mistake=str(error))
            return CoreReplay(recorded, states, CoreDifference(decision, before, actual))
        if before is not decision.mode or state.mode is not decision.to or effects != decision.effects:
            return CoreReplay(recorded, states, CoreDifference(decision, before, Decided(state.mode, effects)))
        states.append(state)
    return CoreReplay(recorded, states)
