"""A healthy call, and copies of what is known of it with one thing changed in each: what a bug would have left."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from agent.call import Call
from fsm.transcript import Message
from simulator.runs.evidence import CallEvidence, Evidence, Line
from simulator.simulated_call import SimulatedCall
from simulator.witness import Raw, Witness

MS = 1_000_000


def with_call(evidence: Evidence, **changes: Any) -> Evidence:  # noqa: ANN401 - fields of `CallEvidence`
    """The run with its only call changed."""
    (call,) = evidence.calls
    return replace(evidence, calls=(replace(call, **changes),))


def with_lines(evidence: Evidence, change: Callable[[list[Line]], None]) -> Evidence:
    """The run with other lines in its trace."""
    lines = [dict(line) for line in the_call(evidence).lines]
    change(lines)
    return with_call(evidence, lines=tuple(lines))


def with_rehearsal(evidence: Evidence, **changes: Any) -> Evidence:  # noqa: ANN401 - attributes of a rehearsal
    """The run with something else behind it."""
    behind = evidence.rehearsal
    known = {name: getattr(behind, name) for name in ("witness", "cast", "deepgram", "groq", "world")}
    stand_in: Any = SimpleNamespace(**(known | changes))
    return with_call(replace(evidence, rehearsal=stand_in))


def with_wire(evidence: Evidence, change: Callable[[list[Raw]], None]) -> Evidence:
    """The run with other messages sent to the phone."""
    witness = seen_by(evidence)
    witness._wires = [list(messages) for messages in witness._wires]
    change(witness._wires[0])
    return with_rehearsal(evidence, witness=witness)


def seen_by(evidence: Evidence) -> Witness:
    """A copy of the run's witness."""
    return copy(evidence.rehearsal.witness)


def with_truth(evidence: Evidence, **changes: Any) -> Evidence:  # noqa: ANN401 - attributes of a caller
    """The run with a caller who heard or said something else."""
    told = the_call(evidence).simulated
    known = {name: getattr(told.caller, name) for name in ("heard", "said", "agent_speech")}
    caller: Any = SimpleNamespace(**(known | changes))
    return with_call(evidence, simulated=SimulatedCall(caller, told.twilio, told.started_at, told.ended_at))


def with_twilio(evidence: Evidence, **changes: Any) -> Evidence:  # noqa: ANN401 - attributes of a phone
    """The run with another phone."""
    told = the_call(evidence).simulated
    (phone,) = told.twilio.phones
    twilio, changed = copy(told.twilio), copy(phone)
    for name, value in changes.items():
        setattr(changed, name, value)
    twilio.phones = [changed]
    return with_call(evidence, simulated=SimulatedCall(told.caller, twilio, told.started_at, told.ended_at))


def with_agent(evidence: Evidence, change: Callable[[Call], None]) -> Evidence:
    """The run with another state of the agent's at its end."""
    agent = copy(the_agent(evidence))
    agent._mouth = copy(agent._mouth)
    agent._mouth.playout = copy(agent._mouth.playout)
    change(agent)
    return with_call(evidence, agent=agent)


def with_transcript(evidence: Evidence, change: Callable[[list[Message]], None]) -> Evidence:
    """The run with another conversation at its end."""
    messages = list(the_agent(evidence).state.transcript)
    change(messages)

    def put(agent: Call) -> None:
        agent.state = replace(agent.state, transcript=tuple(messages))

    return with_agent(evidence, put)


# --- what there is


def the_call(evidence: Evidence) -> CallEvidence:
    """The only call."""
    (call,) = evidence.calls
    return call


def the_agent(evidence: Evidence) -> Call:
    """The call as the agent had it."""
    agent = the_call(evidence).agent
    assert agent is not None
    return agent


def find(lines: list[Line], event: str, *, last: bool = False, **data: object) -> int:
    """Where the first, or last, decision on such an event stands."""
    found = [
        place
        for place, line in enumerate(lines)
        if line.get("event") == event and all(line["data"].get(name) == value for name, value in data.items())
    ]
    return found[-1 if last else 0]


def order_at(evidence: Evidence, name: str) -> tuple[int, Line]:
    """When (ns of the world) the last such order was given, and its fields."""
    call = the_call(evidence)
    line, _, data = [effect for effect in call.effects if effect[1] == name][-1]
    return call.trace_began_at + line["at_ns"], data
