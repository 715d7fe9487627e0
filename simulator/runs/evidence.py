"""What is known of a run that is over: the callers' truth, the phones' truth, and the traces of the agent."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from agent.call import Call
from fsm.units import NS_PER_MS
from simulator.caller import Caller
from simulator.peers.twilio import TwilioCall
from simulator.rehearsal import Rehearsal
from simulator.runs.plan import Plan
from simulator.simulated_call import SimulatedCall

Line = dict[str, Any]


@dataclass(frozen=True)
class CallEvidence:
    """One call. Instants of `caller` and `twilio` are the world's, in ns; `lines` count from `trace_began_at`."""

    name: str
    simulated: SimulatedCall
    agent: Call | None
    """The call as the agent had it; None for one that never got there."""
    lines: tuple[Line, ...]
    """The trace, line by line."""
    trace_began_at: int
    """Instant (ns, of the world) from which the trace counts."""

    @property
    def caller(self) -> Caller:
        """What they said and heard."""
        return self.simulated.caller

    @property
    def twilio(self) -> TwilioCall:
        """What the phone network knows."""
        return self.simulated.twilio

    def ms(self, at: int) -> int:
        """An instant of the world as ms since the call was placed."""
        return round((at - self.simulated.started_at) / NS_PER_MS)

    def line_ms(self, line: Line) -> int:
        """The instant of a line of the trace, counted like `ms`."""
        at_ns: int = line["at_ns"]
        return self.ms(self.trace_began_at + at_ns)

    @cached_property
    def events(self) -> tuple[Line, ...]:
        """The decisions."""
        return tuple(line for line in self.lines if line["kind"] == "event")

    @cached_property
    def effects(self) -> tuple[tuple[Line, str, Line], ...]:
        """Every order: the line of its decision, its name, its fields."""
        return tuple((line, name, data) for line in self.events for name, data in line["effects"])

    def notes(self, name: str) -> list[Line]:
        """The notes of this name."""
        return [line for line in self.lines if line["kind"] == "note" and line["note"] == name]

    def stages(self, name: str) -> list[Line]:
        """The stages of this name."""
        return [line for line in self.lines if line["kind"] == "stage" and line["stage"] == name]


@dataclass(frozen=True)
class Evidence:
    """A whole run, in the directory `data` while it is looked at; callers could call from `began_at` (ns) on.

    `leftovers`: what was still held two seconds after the last call; `trouble`: why the run could not end, if so;
    `never_ended`: why its script did not; `is_partial`: it was stopped on its way, so calls may have no end.
    """

    plan: Plan
    seed: int
    data: Path
    rehearsal: Rehearsal
    calls: tuple[CallEvidence, ...]
    began_at: int
    ended_at: int
    leftovers: tuple[str, ...] = ()
    trouble: str = ""
    never_ended: str = ""
    is_partial: bool = False
    struck: tuple[tuple[int, str], ...] = ()
    """When (ns) which fault struck."""

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The bodies of the requests the model got, oldest first."""
        return [dict(body) for body in self.rehearsal.groq.seen]
