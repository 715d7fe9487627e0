"""One call of a rehearsal, as its caller knows it."""

from dataclasses import dataclass

from simulator.caller import Caller
from simulator.peers.twilio import TwilioCall


@dataclass(slots=True)
class SimulatedCall:
    """One caller, the call they placed, and whether it is over."""

    caller: Caller
    twilio: TwilioCall
    started_at: int
    ended_at: int | None = None
