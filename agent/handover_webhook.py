"""What Twilio asks about a call in other hands: what to tell who picks up, and how it went."""

from collections.abc import Callable, Mapping

from agent import twiml
from agent.handover import OUTCOME
from agent.switchboard import Switchboard
from agent.web_request import Form

TAKES = "1"
"""The key by which a person takes a call."""

PAYMENT_FACTS = {
    "Result": "result",
    "PaymentToken": "token",
    "ProfileId": "profile",
    "PaymentConfirmationCode": "confirmation",
    "PaymentCardType": "card_type",
    "PayErrorCode": "error_code",
}
"""What is kept of a payment's outcome: not even the masked number."""


class HandoverWebhook:
    """Answers with documents; `reconnect` makes the one that gives a call back to us."""

    def __init__(
        self, switchboard: Switchboard, origin: str, language: str, reconnect: Callable[[Form], bytes]
    ) -> None:
        self._switchboard = switchboard
        self._origin = origin
        self._language = language
        self._reconnect = reconnect
        self.answers: Mapping[str, Callable[[Form], bytes]] = {
            twiml.BRIEFING_PATH: self._briefing,
            twiml.TAKEN_PATH: self._taken,
            twiml.DIALLED_PATH: self._dialled,
            twiml.PAID_PATH: self._paid,
        }

    def _briefing(self, parameters: Form) -> bytes:
        """Somebody picked up: they hear what it is about, or have the caller at once."""
        call_sid = parameters.get("ParentCallSid", "")
        lent = self._switchboard.lendings.of(call_sid)
        if lent is None:
            return twiml.hang_up()
        if lent.briefing:
            return twiml.brief(self._origin, lent.briefing, self._language)
        return self._connected(call_sid)

    def _taken(self, parameters: Form) -> bytes:
        """They pressed a key."""
        call_sid = parameters.get("ParentCallSid", "")
        lent = self._switchboard.lendings.of(call_sid)
        if lent is None or parameters.get("Digits") != TAKES:
            return twiml.hang_up()
        return self._connected(call_sid)

    def _connected(self, call_sid: str) -> bytes:
        self._switchboard.connected(call_sid)
        return twiml.nothing()

    def _dialled(self, parameters: Form) -> bytes:
        """Nobody is on the other line any more."""
        lent = self._switchboard.lendings.of(parameters["CallSid"])
        if lent is None:
            return twiml.hang_up()
        status = parameters.get("DialCallStatus", "")
        lent.facts[OUTCOME] = "declined" if status in ("completed", "answered") else status or "failed"
        return self._reconnect(parameters)

    def _paid(self, parameters: Form) -> bytes:
        """The payment form is through, one way or the other."""
        lent = self._switchboard.lendings.of(parameters["CallSid"])
        if lent is None:
            return twiml.hang_up()
        lent.facts.update({ours: parameters[name] for name, ours in PAYMENT_FACTS.items() if parameters.get(name)})
        lent.facts[OUTCOME] = lent.facts.get("result", "failed")
        return self._reconnect(parameters)
