"""Lets the faults of a plan strike in a world: from the beginning, at an instant, at a cue, or at a rate."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

from fsm.effects import Effect, RunTool
from fsm.events import CallStarted, Event, ReplyAudioStarted, ToolReturned
from fsm.state import CallState, Mode
from simulator.caller import Caller
from simulator.faults.base import Stage
from simulator.faults.microphone import Microphone
from simulator.faults.planned import GREETING, TOOL, Armed, FaultError, armed, prepared, wrong_with
from simulator.peers.twilio_player import Handset
from simulator.rehearsal import Rehearsal
from simulator.runs.plan import FaultPlan, Moment
from simulator.simulated_call import SimulatedCall

__all__ = ["FaultError", "Strikes", "prepared", "wrong_with"]

STRIKES_KEPT = 1_000
"""Strikes that are told of; later ones strike all the same."""


class Observer(Protocol):
    """Somebody who watches calls; as `agent.trace.Observer`."""

    def on_decision(
        self, at_ns: int, before: Mode, event: Event, after: CallState, effects: tuple[Effect, ...]
    ) -> None:
        """The machine decided."""


class Strikes:
    """The faults of one run. An observer of its calls: cues are those of the first caller's.

    `begin` before the first call is placed, `stop` when all are over. `struck`: when (ns) what struck.
    """

    def __init__(self, plans: Sequence[FaultPlan], observer: Observer | None = None) -> None:
        self.struck: list[tuple[int, str]] = []
        self._faults = armed(plans)
        self._observer = observer
        self._rehearsal: Rehearsal | None = None
        self._stage: Stage | None = None
        self._microphone: Microphone | None = None
        self._is_starting = False
        self._cues: Counter[str] = Counter()

    def begin(self, rehearsal: Rehearsal) -> None:
        """Wait for the first call of this world."""
        self._rehearsal = rehearsal
        rehearsal.around_handset = self._around_handset
        rehearsal.on_placed = self._on_placed

    def stop(self) -> None:
        """Nothing strikes any more, and nothing that struck goes on."""
        if self._stage is not None:
            self._stage.leave()

    # --- when ----------------------------------------------------------------------------------------------------

    def _around_handset(self, caller: Caller) -> Handset:
        """Something may be wrong with the first caller's microphone."""
        assert self._rehearsal is not None
        if self._microphone is not None:
            return caller
        world = self._rehearsal.world
        self._microphone = Microphone(world, world.rng("faults/microphone"), caller)
        return self._microphone

    def _on_placed(self, call: SimulatedCall) -> None:
        """A call is about to ring; the first one is the target."""
        if self._stage is not None or self._rehearsal is None:
            return
        assert self._microphone is not None, "a handset is picked up before the call is placed"
        self._stage = Stage(self._rehearsal, call, self._microphone)
        for fault in self._faults:
            if fault.plan.rate_per_min is not None:
                self._await_next(fault)
            elif fault.plan.at is None:
                self._strike(fault)
            elif not fault.plan.at.cue:
                self._stage.after(fault.plan.at.delay_ms, partial(self._strike, fault))

    def on_decision(
        self, at_ns: int, before: Mode, event: Event, after: CallState, effects: tuple[Effect, ...]
    ) -> None:
        """The machine of some call decided: it may be the cue of a fault."""
        if self._observer is not None:
            self._observer.on_decision(at_ns, before, event, after, effects)
        if self._stage is None or not self._is_of_target(event, after):
            return
        if isinstance(event, ToolReturned):
            self._stage.on_tool_returned(event)
        for cue in _cues_of(before, event, after, effects):
            self._cues[cue] += 1
            for fault in self._faults:
                at = fault.plan.at
                if at is not None and at.cue == cue and at.nth == self._cues[cue]:
                    self._stage.after(at.delay_ms, partial(self._strike, fault))  # never within the decision itself

    def _is_of_target(self, event: Event, after: CallState) -> bool:
        """Whether this is a decision of the first caller's call; its first ones come before it is known as answered."""
        assert self._rehearsal is not None
        assert self._stage is not None
        record = self._stage.call.twilio.record
        call = self._rehearsal.answered.get(record.sid)
        if call is not None:
            return call.state is after
        if isinstance(event, CallStarted):
            self._is_starting = event.caller == record.from_number
        return self._is_starting  # a call starts in one go: nobody else decides meanwhile

    def _await_next(self, fault: Armed) -> None:
        """The next strike of what comes again and again."""
        assert self._stage is not None
        assert fault.plan.rate_per_min is not None
        rng = self._stage.rng(f"{fault.fault.name}/{fault.index}/when")
        self._stage.after(rng.expovariate(1.0) * 60_000 / fault.plan.rate_per_min, partial(self._strike_again, fault))

    def _strike_again(self, fault: Armed) -> None:
        self._strike(fault)
        if self._stage is not None and not self._stage.is_over:
            self._await_next(fault)

    def strike(self, plan: FaultPlan) -> None:
        """Let a fault strike at this moment, once; one that has no moment cannot."""
        (fault,) = armed([replace(plan, at=Moment(), rate_per_min=None)])
        self._strike(fault)

    # --- what ----------------------------------------------------------------------------------------------------

    def _strike(self, fault: Armed) -> None:
        assert self._stage is not None
        if self._stage.is_over:
            return
        if len(self.struck) < STRIKES_KEPT:
            self.struck.append((self._stage.world.now(), fault.text))
        if not fault.is_prepared:
            assert fault.fault.strike is not None
            fault.fault.strike(self._stage, fault.strength)


def _cues_of(before: Mode, event: Event, after: CallState, effects: tuple[Effect, ...]) -> Iterable[str]:
    """What a decision is the cue for."""
    if before is not after.mode:
        yield after.mode.name
    if isinstance(event, ReplyAudioStarted):
        yield GREETING  # the first sound of all is the greeting's; a later one is another occurrence
    for effect in effects:
        if isinstance(effect, RunTool):
            yield TOOL
