"""Improvises whole calls: what caller, providers and networks do next is decided while the world runs.

The server, the providers, the phone and the caller are those of every simulation. Promises are held against what the
phone really played so far, at every moment; at the end the call is over, and all checkers look at it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent.call import Call
from fsm.effects import Effect
from fsm.events import Event
from fsm.state import CallState, Mode
from fsm.units import NS_PER_MS
from simulator.brain.answers import Brain
from simulator.checkers import check_all
from simulator.faults.catalogue import ALL
from simulator.faults.strikes import Strikes
from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.rehearsal import Cast, Rehearsal
from simulator.runs.evidence import Evidence
from simulator.runs.plan import CallerPlan, FaultPlan, Plan
from simulator.runs.rendered import put_databases, put_phrases
from simulator.runs.run import RELEASE_MS, evidence_of
from simulator.script import At, AtOnce, Backchannel, Cough, HangUp, IfLate, IntoAgentSpeech, Mumble, Press, Say, Step
from simulator.simulated_call import SimulatedCall
from simulator.strategies.answers import brains
from simulator.strategies.people import KEYS, SAYINGS, SIGNS_OF_LISTENING
from simulator.strategies.providers import phones
from tools.catalog import CATALOG
from tools.tool import Tool

LAST_MS = 120_000
"""The caller hangs up by then, whatever came of it."""

SOON_MS = 400
"""Beyond the way to the phone and back: a phone that was silenced is silent after this."""

STRIKING = tuple(fault.name for fault in ALL if fault.has_moment and not fault.is_fatal)
WAITS_MS = st.one_of(st.sampled_from([20, 100, 300, 700, 1_500, 4_000]), st.integers(1, 3_000))


class CallMachine(RuleBasedStateMachine):
    """One call of an agent. `CallMachine.of(profile=..., tools=...).TestCase` is a test of yours.

    Rules are what the caller does and what goes wrong next. `profile` overrides values of the agent's; `tools` are of
    the catalog, and the agent has them besides its own.
    """

    agent: ClassVar[str] = "appointments"
    profile: ClassVar[Mapping[str, int]] = {}
    tools: ClassVar[Sequence[Tool]] = ()

    @classmethod
    def of(
        cls, *, agent: str = "appointments", profile: Mapping[str, int] | None = None, tools: Sequence[Tool] = ()
    ) -> Any:  # noqa: ANN401 - a subclass of this one; mypy knows no TestCase of it
        """The same machine for another agent (bundled, or a TOML file), profile and tools."""
        return type("CallMachine", (cls,), {"agent": agent, "profile": dict(profile or {}), "tools": tuple(tools)})

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory(prefix="offhook-")
        self._mode, self._mode_since = Mode.CONNECTING, 0
        self._call: SimulatedCall | None = None

    # --- the scene -------------------------------------------------------------------------------------------

    @initialize(seed=st.integers(0, 2**16), data=st.data(), phone=phones())
    def somebody_calls(self, seed: int, data: st.DataObject, phone: TwilioBehaviour) -> None:
        """An agent that is ready, a caller, a model that gives a few answers."""
        own = tuple(tool.name for tool in self.tools)
        known = (*self.tools, *(tool for tool in CATALOG if tool.name not in own))
        brain: Brain = data.draw(brains(known), label="brain")
        cast = Cast(seed=seed, brain=brain, agent=self.agent, profile=self.profile, tools=own)
        put_phrases(self._data, cast)
        put_databases(self._data)
        self._strikes = Strikes((), self)
        self._rehearsal = Rehearsal(self._data, cast, self._strikes)
        self._rehearsal.prepare()
        self._strikes.begin(self._rehearsal)
        self._began_at = self._rehearsal.world.now()
        script = (HangUp(At(LAST_MS, if_late=IfLate.HANG_UP)),)
        self._caller = CallerPlan(script=script, phone=phone)
        self._plan = Plan("improvised", cast=cast, callers=(self._caller,), is_strict=False)
        self._call = self._rehearsal.call(script, behaviour=phone)

    @property
    def _data(self) -> Path:
        return Path(self._folder.name)

    def on_decision(
        self,
        at_ns: int,
        before: Mode,
        event: Event,  # noqa: ARG002 - an observer is told all of it
        after: CallState,
        effects: tuple[Effect, ...],  # noqa: ARG002 - same
    ) -> None:
        """Note since when the machine is in its mode."""
        if after.mode is not before:
            self._mode, self._mode_since = after.mode, at_ns

    @property
    def is_going_on(self) -> bool:
        """Whether anybody is on the line."""
        return self._call is not None and self._call.ended_at is None

    def _do(self, step: Step) -> None:
        assert self._call is not None
        self._call.caller.interject(step)

    # --- what happens next -------------------------------------------------------------------------------------

    @rule(wait_ms=WAITS_MS)
    def time_passes(self, wait_ms: int) -> None:
        self._rehearsal.world.run_for(wait_ms)

    @precondition(lambda self: self.is_going_on)
    @rule(text=st.sampled_from(SAYINGS), wait_ms=WAITS_MS)
    def the_caller_says(self, text: str, wait_ms: int) -> None:
        self._do(Say(text, AtOnce()))
        self._rehearsal.world.run_for(wait_ms)

    @precondition(lambda self: self.is_going_on)
    @rule(text=st.sampled_from(SAYINGS), after_ms=st.integers(100, 3_000))
    def the_caller_interrupts(self, text: str, after_ms: int) -> None:
        """As soon as the agent has been speaking for that long."""
        self._do(Say(text, IntoAgentSpeech(after_ms, timeout_ms=6_000)))
        self._rehearsal.world.run_for(after_ms)

    @precondition(lambda self: self.is_going_on)
    @rule(text=st.sampled_from(SIGNS_OF_LISTENING))
    def the_caller_agrees(self, text: str) -> None:
        self._do(Backchannel(text, AtOnce()))
        self._rehearsal.world.run_for(500)

    @precondition(lambda self: self.is_going_on)
    @rule(step=st.one_of(st.just(Cough(AtOnce())), st.builds(Mumble, st.integers(100, 2_500), st.just(AtOnce()))))
    def the_caller_makes_a_sound(self, step: Step) -> None:
        self._do(step)
        self._rehearsal.world.run_for(300)

    @precondition(lambda self: self.is_going_on)
    @rule(keys=st.sampled_from(KEYS))
    def the_caller_presses(self, keys: str) -> None:
        self._do(Press(keys, AtOnce()))
        self._rehearsal.world.run_for(300)

    @precondition(lambda self: self.is_going_on and len(self._strikes.struck) < 3)
    @rule(name=st.sampled_from(STRIKING))
    def a_fault_strikes(self, name: str) -> None:
        """One of the catalogue, with its usual strength; at most three in a call."""
        self._strikes.strike(FaultPlan(name))

    # --- promises ----------------------------------------------------------------------------------------------

    @invariant()
    def every_promise_is_kept(self) -> None:
        """What holds at every moment; at the end all checkers look at the whole call."""
        if self._call is None:
            return
        self.every_sample_is_heard_or_thrown_away_or_waits(self._call)
        server_side = self._rehearsal.answered.get(self._call.twilio.record.sid)
        if server_side is not None and self.is_going_on:
            self.the_caller_is_never_left_without_an_answer_for_ever(server_side)
            self.the_phone_is_silent_while_the_caller_has_the_floor(self._call)

    def every_sample_is_heard_or_thrown_away_or_waits(self, call: SimulatedCall) -> None:
        for phone in call.twilio.phones:
            sound = phone.playback
            known = sound.played_samples + sound.cleared_samples + sound.buffered_samples + sound.overflow_samples
            assert sound.received_samples == known, f"{sound.received_samples} samples came, {known} are known of"

    def the_caller_is_never_left_without_an_answer_for_ever(self, server_side: Call) -> None:
        state = server_side.state
        assert state.mode is Mode.ENDED or state.deadlines.earliest() is not None, f"nothing is due in {state.mode}"

    def the_phone_is_silent_while_the_caller_has_the_floor(self, call: SimulatedCall) -> None:
        phone = call.twilio.phone
        since_ms = (self._rehearsal.world.now() - self._mode_since) // NS_PER_MS
        if phone is None or self._strikes.struck or self._mode is not Mode.LISTENING:
            return
        behaviour = self._caller.phone
        way_ms = 2 * (behaviour.one_way_ms + behaviour.jitter_ms) + behaviour.stall_ms
        if since_ms > way_ms + SOON_MS:
            assert not phone.playback.buffered_samples, f"still sounds {since_ms} ms after {self._mode} began"

    # --- the end -----------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """The caller hangs up at last, and the whole call is judged."""
        try:
            if self._call is not None:
                self._judge(self._call)
        finally:
            self._folder.cleanup()

    def _judge(self, call: SimulatedCall) -> None:
        world = self._rehearsal.world
        if self.is_going_on:
            self._do(HangUp(AtOnce()))
            world.run(lambda: call.ended_at is not None)
        self._strikes.stop()
        ended_at = world.now()
        world.run_for(RELEASE_MS)
        evidence = Evidence(
            plan=self._plan,
            seed=self._plan.cast.seed,
            data=self._data,
            rehearsal=self._rehearsal,
            calls=(evidence_of(self._data, self._rehearsal, self._caller, call),),
            began_at=self._began_at,
            ended_at=ended_at,
            leftovers=tuple(self._rehearsal.close()),
            struck=tuple(self._strikes.struck),
        )
        found = check_all(evidence)
        assert not found, "\n".join(f"{each.checker} at {each.at_ms} ms: {each.what}" for each in found)
