"""The TwiML we answer with: documents of one to three verbs (protocol page "twilio", section 3)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree as ET

CONTENT_TYPE = "text/xml"

PARAMETER_LIMIT = 400
"""Characters of a `<Parameter>`'s value; Twilio's limit is below 500 for name and value."""

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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
