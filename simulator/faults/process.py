"""What befalls the process: other calls, strangers, the order to stop."""

from simulator.faults.base import Fault, Kind, Stage
from simulator.faults.strangers import Intruder, forged_request
from simulator.faults.ways import ms, some
from simulator.rehearsal import AGENT_ORIGIN
from simulator.script import At, HangUp

STAYS_MS = 4_000
ARRIVALS_MS = 50
"""Twenty a second."""


def _crowd(stage: Stage, strength: float) -> None:
    """Callers of no script: their calls are not the plan's, and end before it does."""

    def arrive() -> None:
        stage.rehearsal.call((HangUp(At(STAYS_MS)),))

    for index in range(round(strength)):
        stage.after(index * ARRIVALS_MS, arrive)


def _intruders(stage: Stage, strength: float) -> None:
    for index in range(round(strength)):
        Intruder(index).dial(stage.rehearsal.network, AGENT_ORIGIN)


def _forge(stage: Stage, strength: float) -> None:
    for index in range(round(strength)):
        forged_request(index, stage.rehearsal.network, AGENT_ORIGIN, stage.call.twilio.record.sid)


def _shut_down(stage: Stage, strength: float) -> None:
    switchboard = stage.rehearsal.switchboard
    switchboard.end_politely("shutdown")
    stage.after(strength, lambda: switchboard.cut_all("shutdown"))


FAULTS = (
    Fault(
        "crowd",
        Kind.PROCESS,
        "So many others call within a moment, listen, and hang up.",
        some("callers", 60, 8),
        strike=_crowd,
        field_bug="new_call_stutters",
        swarm=(1, 4),
    ),
    Fault(
        "intruders",
        Kind.PROCESS,
        "So many strangers dial the media stream, with rubbish, a forged call, or no word at all.",
        some("connections", 200, 6),
        strike=_intruders,
    ),
    Fault(
        "forged_webhooks",
        Kind.PROCESS,
        "So many requests come that Twilio did not sign, some of them saying that the call is over.",
        some("requests", 200, 6),
        strike=_forge,
    ),
    Fault(
        "shutdown",
        Kind.PROCESS,
        "The server is told to stop: it says goodbye, and is ended after so long.",
        ms(0, 600_000, 20_000),
        strike=_shut_down,
        repeats=False,
        is_fatal=True,
    ),
)
