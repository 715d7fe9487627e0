"""What Twilio asks about a call in other hands: what to tell who picks up, and how it went."""

import re
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
"""What is kept of a payment's outcome; of the masked number its last four digits."""

_LAST_FOUR = re.compile(r"[^0-9]([0-9]{4})")
"""At the end of a number of which all else is masked; one that is not is dropped as a whole."""


class HandoverWebhook:
    """Answers with documents; `reconnect` makes the one that gives a call back to us."""

    def __init__(
        self, switchboard: Switchboard, origin: str, language: str, reconnect: Callable[[Form], bytes]
    ) -> None:
        self._switchboard = switchboard
        self._origin = origin
        self._language = language
        self._reconnect = reconnect
        self.answers: Mapping[str, Callable[[Form, Form], bytes]] = {
            twiml.BRIEFING_PATH: self._briefing,
            twiml.TAKEN_PATH: self._taken,
            twiml.DIALLED_PATH: self._dialled,
            twiml.PAID_PATH: self._paid,
            twiml.PAYMENT_STATUS_PATH: self._payment_told,
        }

    def _briefing(self, parameters: Form, _query: Form) -> bytes:
        """Somebody picked up: they hear what it is about, or have the caller at once."""
        call_sid = parameters.get("ParentCallSid", "")
        lent = self._switchboard.lendings.of(call_sid)
        if lent is None:
            return twiml.hang_up()
        if lent.briefing:
            return twiml.brief(self._origin, lent.briefing, self._language)
        return self._connected(call_sid)

    def _taken(self, parameters: Form, _query: Form) -> bytes:
        """They pressed a key."""
        call_sid = parameters.get("ParentCallSid", "")
        lent = self._switchboard.lendings.of(call_sid)
        if lent is None or parameters.get("Digits") != TAKES:
            return twiml.hang_up()
        return self._connected(call_sid)

    def _connected(self, call_sid: str) -> bytes:
        self._switchboard.connected(call_sid)
        return twiml.nothing()

    def _dialled(self, parameters: Form, _query: Form) -> bytes:
        """Nobody is on the other line any more."""
        lent = self._switchboard.lendings.of(parameters["CallSid"])
        if lent is None:
            return twiml.hang_up()
        status = parameters.get("DialCallStatus", "")
        lent.facts[OUTCOME] = "declined" if status in ("completed", "answered") else status or "failed"
        return self._reconnect(parameters)

    def _paid(self, parameters: Form, query: Form) -> bytes:
        """The payment form is through, one way or the other: the caller comes back, however often we are told."""
        self._take_result(parameters, query)
        call_sid = parameters["CallSid"]
        is_ours = self._switchboard.lendings.of(call_sid) is not None or self._switchboard.has(call_sid)
        return self._reconnect(parameters) if is_ours else twiml.hang_up()

    def _payment_told(self, parameters: Form, query: Form) -> bytes:
        """How far a payment is: only its result counts, and only once."""
        if parameters.get("Result"):
            self._take_result(parameters, query)
        return twiml.nothing()

    def _take_result(self, parameters: Form, query: Form) -> None:
        """Keep it first: whoever waits for it may be gone."""
        key, facts = query.get(twiml.PAYMENT_FIELD, ""), facts_of_payment(parameters)
        if not key:
            return
        lendings = self._switchboard.lendings
        lendings.on_paid(key, facts)
        lent = lendings.of(parameters["CallSid"])
        if lent is not None and lent.payment == key and OUTCOME not in lent.facts:
            lent.facts.update(facts)


def facts_of_payment(parameters: Form) -> dict[str, str]:
    """What is ours to know of a payment."""
    facts = {ours: parameters[name] for name, ours in PAYMENT_FACTS.items() if parameters.get(name)}
    masked = _LAST_FOUR.fullmatch(parameters.get("PaymentCardNumber", "")[-5:])
    shown = {"last_four": masked[1]} if masked else {}
    return {**facts, **shown, OUTCOME: facts.get("result", "failed")}
