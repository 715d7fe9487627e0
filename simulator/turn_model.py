"""An end-of-turn model as it behaves: it knows from a simulated caller whether more comes, and is wrong at times."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.desk import Desk
from agent.turn_scores import TurnOwner, TurnScores
from simulator.delays import Delay, draw_ns
from simulator.simulated_call import SimulatedCall
from simulator.world import World

SURE_PERCENT, UNSURE_PERCENT = (85, 99), (1, 15)
"""Between these lie scores of what it takes for an end, and for a pause: smart-turn is seldom undecided."""


@dataclass(frozen=True, slots=True)
class TurnModelBehaviour:
    """How a model that hears whether callers are done judges, where there is one.

    The shares are smart-turn v3.2's on 43 recordings of people who pause, over a telephone.
    """

    listens: bool = False
    """Whether there is one."""
    takes_ms: Delay = 90
    """From the silence that it is asked about to its score."""
    end_share: float = 0.67
    """Of silences after which no more comes: those taken for ends."""
    pause_share: float = 0.42
    """Of silences within a sentence: those taken for ends, too."""

    def __post_init__(self) -> None:
        for name in ("end_share", "pause_share"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise ValueError(f"{name}: expected a share from 0 to 1, got {share}")


class SimulatedTurnModel:
    """Judges the silences of all calls of a world; `calls` are those that were placed so far."""

    def __init__(
        self, world: World, behaviour: TurnModelBehaviour, calls: Callable[[], Sequence[SimulatedCall]]
    ) -> None:
        self._world = world
        self._rng = world.rng("turn-model")
        self._behaviour = behaviour
        self._calls = calls

    def attend(self, desk: Desk) -> None:
        """Calls that start from now on are judged, if there is a model at all."""
        if self._behaviour.listens:
            desk.score_with(self._new_scores)

    def _new_scores(self, call_id: str, owner: TurnOwner) -> TurnScores:
        return TurnScores(call_id, owner, self._wants)

    def _wants(self, scores: TurnScores) -> None:
        taken = scores.take()
        assert taken is not None, "who asks is silent"
        percent, heard_to = self._percent(scores.call_id), taken[1]
        due_at = self._world.now() + draw_ns(self._behaviour.takes_ms, self._rng)
        self._world.call_at(due_at, lambda: scores.scored(percent, heard_to))

    def _percent(self, call_id: str) -> int:
        behaviour = self._behaviour
        share = behaviour.pause_share if self._goes_on(call_id) else behaviour.end_share
        return self._rng.randint(*(SURE_PERCENT if self._rng.random() < share else UNSURE_PERCENT))

    def _goes_on(self, call_id: str) -> bool:
        """Whether the caller has not come to the end of what they are saying."""
        said = [said for call in self._calls() if call.twilio.record.sid == call_id for said in call.caller.said]
        return bool(said) and said[-1].ended_at > self._world.now()
