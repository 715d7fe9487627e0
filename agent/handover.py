"""Calls that are in other hands for a while: a person's telephone, a payment form. Their stream is gone meanwhile.

A call is handed over by a TwiML document that replaces its stream (protocol page "twilio", sections 5.2 and 6); the
document's `action` gives it back, and we answer that with a new stream. Whoever waits is told once how it went.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from agent.agent_file import Agent
from agent.config import Config

log = logging.getLogger(__name__)

Facts = Mapping[str, str]
"""What Twilio told of how it went, as far as it is ours to know."""

OUTCOME = "outcome"
CONNECTED = "connected"
"""The outcome of a call that a person took: it does not come back."""

Kept = Callable[[str, Facts], None]
"""Told how a payment ended, by its idempotency key: as soon as it comes, late or twice, whatever became of its call."""


class Redirects(Protocol):
    """What can be done to a call beside its stream."""

    async def redirect(self, call_sid: str, document: str) -> bool:
        """Run another TwiML document; False: the call is over. Raises TelephonyError."""
        ...


@dataclass(slots=True)
class Lent:
    """A call in other hands. `briefing` is for whoever picks up: they take the call by a key; empty: they have it.

    `payment` is the idempotency key of what is paid meanwhile.
    """

    briefing: str
    limit_ms: int
    on_back: Callable[[Facts], None]
    payment: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    is_connected: bool = False


class Lendings:
    """The calls that are lent, by id."""

    def __init__(self) -> None:
        self._lent: dict[str, Lent] = {}
        self.on_paid: Kept = lambda _key, _facts: None

    def of(self, call_sid: str) -> Lent | None:
        """The lending of a call, None for one that is ours."""
        return self._lent.get(call_sid)

    def lend(self, call_sid: str, lent: Lent) -> None:
        """The call goes out of our hands."""
        self._lent[call_sid] = lent

    def end(self, call_sid: str) -> None:
        """The call is ours again, or over: whoever waits is told how it went."""
        lent = self._lent.pop(call_sid, None)
        if lent is not None:
            lent.on_back(lent.facts)


@dataclass(frozen=True, slots=True)
class Handover:
    """Hands calls over; `origin` is our public one, `pay_connector` Twilio's name for who charges cards, if anybody."""

    lendings: Lendings
    telephony: Redirects
    origin: str
    people: Mapping[str, str] = field(default_factory=dict)
    """Telephone numbers (E.164) of those whom a caller may be connected with, by name."""
    pay_connector: str = ""
    language: str = "en-US"

    async def give(self, call_sid: str, document: bytes, lent: Lent) -> bool:
        """Hand a call over; False: it is over. Raises TelephonyError; then the call is ours still."""
        self.lendings.lend(call_sid, lent)
        is_given = False
        try:
            is_given = await self.telephony.redirect(call_sid, document.decode())
        finally:
            if not is_given:
                lent.on_back = _nobody_waits
                self.lendings.end(call_sid)
        return is_given


def make_handover(config: Config, agent: Agent, lendings: Lendings, telephony: Redirects, origin: str) -> Handover:
    """To whom an agent's calls may be handed over, by its file and the settings."""
    connector = config.twilio_pay_connector
    return Handover(lendings, telephony, origin.rstrip("/"), agent.people, connector, agent.language)


def _nobody_waits(_facts: Facts) -> None:
    """It was never given."""
