"""Calls that the agent places, as `offhook call` does: the record that Twilio keeps of one."""

from dataclasses import dataclass
from random import Random
from urllib.parse import urlencode

from agent.webhook import DETECT_FIELD, MESSAGE_FIELD
from simulator.peers.twilio_records import CallPlan, CallRecord, TwilioAccount, fresh_sid

OWN_NUMBER = "+15550002222"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """How a call is placed: what a machine is told, empty for the agent's own message; whether to find out who it is.

    Twilio says who picked up where the phone's `answered_by` says so.
    """

    message: str = ""
    detects: bool = True

    @property
    def query(self) -> str:
        """Of the voice URL."""
        told = {MESSAGE_FIELD: self.message} if self.message else {}
        told |= {} if self.detects else {DETECT_FIELD: "no"}
        return f"?{urlencode(told)}" if told else ""


def record_of(
    account: TwilioAccount, rng: Random, number: str, now: int, origin: str, outgoing: Outgoing | None
) -> CallRecord:
    """Twilio's record of a call by somebody with that number, or, with `outgoing`, of one that we place to them."""
    plan = CallPlan(
        url=f"{origin}/voice{'' if outgoing is None else outgoing.query}",
        status_callback=f"{origin}/status",
        amd_callback="" if outgoing is None else f"{origin}/answered-by",
    )
    from_number, to_number = (number, OWN_NUMBER) if outgoing is None else (OWN_NUMBER, number)
    direction = "inbound" if outgoing is None else "outbound-api"
    sid = fresh_sid("CA", rng)
    return CallRecord(sid, account.account_sid, from_number, to_number, now, direction=direction, plan=plan)
