"""The TwiML we answer with: documents of one to three verbs (protocol page "twilio", section 3)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from agent.languages import spoken_in

CONTENT_TYPE = "text/xml"

PARAMETER_LIMIT = 400
"""Characters of a `<Parameter>`'s value; Twilio's limit is below 500 for name and value."""

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

BRIEFING_PATH, TAKEN_PATH, DIALLED_PATH, PAID_PATH, PAYMENT_STATUS_PATH = (
    "/transfer/brief",
    "/transfer/take",
    "/transfer/after",
    "/pay/after",
    "/pay/status",
)
PAYMENT_FIELD = "payment"
"""Of the query of both payment paths: the idempotency key of the payment, by which its result is kept."""

PAY_ATTEMPTS, PAY_ENTRY_S = 3, 15
"""A caller may key each entry three times, and looks for their card meanwhile."""

TAKE_CALL = "To take the call, press 1."
KEY_S = 10
"""So long somebody who picked up may take for the key that takes the call."""


@dataclass(frozen=True, slots=True)
class SpokenTexts:
    """What Twilio itself says for us, where no call of ours can speak; `language` as in `en-US`."""

    busy: str = "All our lines are busy right now. Please call again in a few minutes. Goodbye."
    apology: str = "We are sorry, something went wrong on our side. Please call again in a few minutes. Goodbye."
    language: str = "en-US"


def connect(origin: str, parameters: Mapping[str, str]) -> bytes:
    """Connect the call to our stream at the public `origin` (`https://host`); a stream's URL may have no query.

    `parameters` come back in the stream's `start`; empty ones are left out.
    """
    response = ET.Element("Response")
    connect_verb = ET.SubElement(response, "Connect", action=f"{origin}/voice/after", method="POST")
    stream = ET.SubElement(
        connect_verb,
        "Stream",
        url=f"{_websocket_origin(origin)}/media",
        statusCallback=f"{origin}/stream-status",
        statusCallbackMethod="POST",
    )
    for name, value in parameters.items():
        if value:
            ET.SubElement(stream, "Parameter", name=name, value=_clean(value)[:PARAMETER_LIMIT])
    return _document(response)


def say_and_hang_up(text: str, language: str) -> bytes:
    """Say something in one of Twilio's own voices, then hang up."""
    response = ET.Element("Response")
    ET.SubElement(response, "Say", language=language).text = _clean(text)
    ET.SubElement(response, "Hangup")
    return _document(response)


def dial(origin: str, to: str, ring_s: int) -> bytes:
    """Ring `to`; who picks up is briefed first, and whatever comes of it is told."""
    response = ET.Element("Response")
    dial_verb = ET.SubElement(
        response, "Dial", action=f"{origin}{DIALLED_PATH}", method="POST", timeout=str(ring_s), answerOnBridge="true"
    )
    ET.SubElement(dial_verb, "Number", url=f"{origin}{BRIEFING_PATH}", method="POST").text = to
    return _document(response)


def brief(origin: str, text: str, language: str) -> bytes:
    """Tell somebody what a call is about; a key takes it, anything else leaves it."""
    response = ET.Element("Response")
    gather = ET.SubElement(
        response,
        "Gather",
        input="dtmf",
        numDigits="1",
        timeout=str(KEY_S),
        action=f"{origin}{TAKEN_PATH}",
        method="POST",
    )
    ET.SubElement(gather, "Say", language=language).text = _clean(
        f"{text} {spoken_in(language).get('take_call', TAKE_CALL)}"
    )
    ET.SubElement(response, "Hangup")
    return _document(response)


def pay(origin: str, key: str, attributes: Mapping[str, str]) -> bytes:
    """Twilio's own payment form, which asks for the card by keys; `attributes` are those of `<Pay>`.

    Its result is told twice: by `action`, to which we answer with what comes next, and by `statusCallback`, which comes
    even where the caller is gone.
    """
    query = urlencode({PAYMENT_FIELD: key})
    usual = {
        "input": "dtmf",
        "action": f"{origin}{PAID_PATH}?{query}",
        "method": "POST",
        "statusCallback": f"{origin}{PAYMENT_STATUS_PATH}?{query}",
        "statusCallbackMethod": "POST",
        "maxAttempts": str(PAY_ATTEMPTS),
        "timeout": str(PAY_ENTRY_S),
    }
    response = ET.Element("Response")
    ET.SubElement(response, "Pay", {**usual, **attributes})
    return _document(response)


def nothing() -> bytes:
    """Go on with what was under way."""
    return _document(ET.Element("Response"))


def hang_up() -> bytes:
    """Hang up without a word."""
    response = ET.Element("Response")
    ET.SubElement(response, "Hangup")
    return _document(response)


def _websocket_origin(origin: str) -> str:
    return "ws" + origin.removeprefix("http")


def _clean(text: str) -> str:
    """Without the characters that XML cannot hold, escaped or not."""
    return _NOT_XML.sub("", text)


def _document(response: ET.Element) -> bytes:
    text: str = ET.tostring(response, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()
