"""TwiML as Twilio reads it: the verbs a voice agent answers with (protocols/twilio.md, sections 3 and 6)."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

DOCUMENT_LIMIT_BYTES = 64 * 1024
"""Twilio refuses longer documents. From memory, unverified."""

PARSE_FAILED = 12100
"""The document is no TwiML. This and the next two codes are from memory, unverified."""

TOO_LARGE = 11750
SCHEMA_VIOLATED = 12200
SCHEME_UNSUPPORTED = 31922
QUERY_UNSUPPORTED = 31920
TRACK_INVALID = 31941


class TwimlError(ValueError):
    """A document Twilio would not run; `code` is the code it logs."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Say:
    """Twilio itself speaks `text`."""

    text: str


@dataclass(frozen=True, slots=True)
class Play:
    """Twilio plays the audio file at `url`."""

    url: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Hangup:
    """The call ends."""


@dataclass(frozen=True, slots=True)
class Reject:
    """The call is not answered; `reason` is `rejected` or `busy`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Redirect:
    """The document at `url` goes on."""

    url: str
    method: str


@dataclass(frozen=True, slots=True)
class Dial:
    """The caller is connected to `to`; `action` goes on, where given."""

    to: str
    action: str = ""
    method: str = "POST"
    url: str = ""
    """Whom to ask what to tell who picks up."""
    timeout_s: int = 30


@dataclass(frozen=True, slots=True)
class Gather:
    """Whoever listens is told `prompt`, and the key that they press goes to `action`."""

    prompt: str
    action: str
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Pay:
    """Twilio asks for a card and charges it; `action` is told how it went, and `status_callback` as well.

    Each entry may be made `max_attempts` times, and may take `timeout_s`; `knows_postal_code`: it is not asked for.
    """

    action: str
    amount: str
    method: str = "POST"
    status_callback: str = ""
    timeout_s: int = 5
    max_attempts: int = 1
    knows_postal_code: bool = False


@dataclass(frozen=True, slots=True)
class Enqueue:
    """The caller waits for a person: `queue` is the queue's name or the workflow's SID, `task` its JSON."""

    queue: str
    task: str = ""


@dataclass(frozen=True, slots=True)
class Connect:
    """A bidirectional media stream to `url`; `action` goes on when it ended, where given."""

    url: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    status_callback: str = ""
    status_callback_method: str = "POST"
    action: str = ""
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Unplayed:
    """A verb that this simulation does not play."""

    tag: str


Verb = Say | Play | Pause | Hangup | Reject | Redirect | Dial | Gather | Pay | Enqueue | Connect | Unplayed


def parse(document: bytes) -> list[Verb]:
    """The verbs of `document`, in order. Raises `TwimlError` for what is no TwiML."""
    if len(document) > DOCUMENT_LIMIT_BYTES:
        raise TwimlError(TOO_LARGE, f"expected at most {DOCUMENT_LIMIT_BYTES} bytes of TwiML, got {len(document)}")
    if b"<!DOCTYPE" in document or b"<!ENTITY" in document:
        raise TwimlError(PARSE_FAILED, "a document type declaration has no place in TwiML; remove it")
    if b"\0" in document:  # in UTF-16, the check above would see nothing
        raise TwimlError(PARSE_FAILED, "expected TwiML in UTF-8, got NUL bytes")
    try:
        root = ET.fromstring(document)  # noqa: S314 - short, and without declarations there are no entities to expand
    except (ET.ParseError, ValueError) as error:
        raise TwimlError(PARSE_FAILED, f"expected an XML document, got {document[:60]!r} ({error})") from error
    if root.tag != "Response":
        raise TwimlError(PARSE_FAILED, f"expected the root element <Response>, got <{root.tag}>")
    return [_verb(element) for element in root]


def _verb(element: ET.Element) -> Verb:
    read = READERS.get(element.tag)
    return Unplayed(element.tag) if read is None else read(element)


def _text(element: ET.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _method(element: ET.Element, attribute: str = "method") -> str:
    method = element.get(attribute, "POST").upper()
    if method not in {"GET", "POST"}:
        raise TwimlError(SCHEMA_VIOLATED, f"<{element.tag} {attribute}>: expected GET or POST, got {method!r}")
    return method


def _pause(element: ET.Element) -> Pause:
    length = element.get("length", "1")
    if not length.isdecimal():
        raise TwimlError(SCHEMA_VIOLATED, f"<Pause length>: expected whole seconds, got {length!r}")
    return Pause(int(length))


def _reject(element: ET.Element) -> Reject:
    reason = element.get("reason", "rejected")
    if reason not in {"rejected", "busy"}:
        raise TwimlError(SCHEMA_VIOLATED, f"<Reject reason>: expected rejected or busy, got {reason!r}")
    return Reject(reason)


def _dial(element: ET.Element) -> Dial:
    number = element.find("Number")
    url = "" if number is None else number.get("url", "")
    return Dial(_text(element), element.get("action", ""), _method(element), url, _number(element, "timeout", 30))


def _number(element: ET.Element, attribute: str, otherwise: int) -> int:
    told = element.get(attribute, str(otherwise))
    if not told.isdecimal():
        raise TwimlError(SCHEMA_VIOLATED, f"<{element.tag} {attribute}>: expected a whole number, got {told!r}")
    return int(told)


def _gather(element: ET.Element) -> Gather:
    return Gather(_text(element), element.get("action", ""), _method(element))


def _pay(element: ET.Element) -> Pay:
    action = element.get("action", "")
    if not action:
        raise TwimlError(SCHEMA_VIOLATED, "<Pay>: expected the attribute action")
    return Pay(
        action,
        element.get("chargeAmount", ""),
        _method(element),
        element.get("statusCallback", ""),
        _number(element, "timeout", 5),
        _number(element, "maxAttempts", 1),
        element.get("postalCode", "true") != "true",
    )


def _enqueue(element: ET.Element) -> Enqueue:
    task = element.find("Task")
    if task is not None:
        return Enqueue(element.get("workflowSid", ""), _text(task))
    return Enqueue(_text(element))


def _connect(element: ET.Element) -> Verb:
    streams = list(element)
    if len(streams) != 1:
        raise TwimlError(SCHEMA_VIOLATED, f"<Connect>: expected one noun such as <Stream>, got {len(streams)}")
    stream = streams[0]
    if stream.tag != "Stream":
        return Unplayed(f"Connect><{stream.tag}")
    url = stream.get("url", "").strip()
    if not url:
        raise TwimlError(SCHEMA_VIOLATED, "<Stream>: expected the attribute url")
    track = stream.get("track", "inbound_track")
    if track != "inbound_track":
        raise TwimlError(TRACK_INVALID, f"<Stream track>: under <Connect> only inbound_track is valid, got {track!r}")
    return Connect(
        url,
        _parameters(stream),
        stream.get("name", ""),
        stream.get("statusCallback", ""),
        _method(stream, "statusCallbackMethod"),
        element.get("action", ""),
        _method(element),
    )


def _parameters(stream: ET.Element) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for child in stream:
        name, value = child.get("name"), child.get("value")
        if child.tag != "Parameter" or name is None or value is None:
            raise TwimlError(SCHEMA_VIOLATED, f"<Stream>: expected <Parameter name value>, got <{child.tag}>")
        if len(name) + len(value) >= 500:
            raise TwimlError(
                SCHEMA_VIOLATED, f"<Parameter {name}>: name and value have {len(name) + len(value)} of 499 characters"
            )
        parameters[name] = value
    return parameters


READERS: Mapping[str, Callable[[ET.Element], Verb]] = {
    "Say": lambda element: Say(_text(element)),
    "Play": lambda element: Play(_text(element)),
    "Pause": _pause,
    "Hangup": lambda _element: Hangup(),
    "Reject": _reject,
    "Redirect": lambda element: Redirect(_text(element), _method(element)),
    "Dial": _dial,
    "Gather": _gather,
    "Pay": _pay,
    "Enqueue": _enqueue,
    "Connect": _connect,
}
