"""The messages of a media stream, in Twilio's words (protocols/twilio.md, sections 4.1 and 4.2).

Writing is what Twilio sends; reading is as strict as Twilio: anything it would drop comes back as `Rejected`.
"""

import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import orjson

from fsm.units import FRAME_SAMPLES, ULAW_SILENCE

MALFORMED = 31950
"""Malformed message, for example a binary frame; a warning, the message is dropped."""

INVALID = 31951
"""Invalid message: JSON, event, fields or streamSid wrong; a warning, the message is dropped."""


@dataclass(frozen=True, slots=True)
class Leg:
    """Who a stream belongs to, and what the TwiML's `<Parameter>`s said."""

    account_sid: str
    call_sid: str
    stream_sid: str
    custom_parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)  # not frozen: fifty a second, and freezing would double the price of making one
class Media:
    """Audio to play: raw mu-law, any length."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """A wish to be told when everything before it has been played."""

    name: str


@dataclass(frozen=True, slots=True)
class Clear:
    """An order to drop what has not been played."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message that Twilio drops, with the code and reason of its warning."""

    code: int
    reason: str


FIELDS = {
    "media": {"event", "streamSid", "media"},
    "mark": {"event", "streamSid", "mark"},
    "clear": {"event", "streamSid"},
}


def read(message: str | bytes, stream_sid: str) -> Media | Mark | Clear | Rejected:
    """What a message from the server asks for."""
    if isinstance(message, bytes):
        return Rejected(MALFORMED, f"expected a text frame, got a binary one of {len(message)} bytes")
    try:
        content = orjson.loads(message)
    except (ValueError, RecursionError) as error:
        return Rejected(INVALID, f"expected JSON, got {message[:40]!r} ({error})")
    wrong = _wrong_envelope(content, stream_sid)
    if wrong is not None:
        return Rejected(INVALID, wrong)
    return READERS[content["event"]](content)


def reader(stream_sid: str) -> Callable[[str | bytes], Media | Mark | Clear | Rejected]:
    """`read` for one stream, quicker for media.

    As most servers write them they are known by their first bytes and their last; where strict base64 is all that lies
    between, JSON cannot say anything else.
    """
    head, tail = f'{{"event":"media","streamSid":{json.dumps(stream_sid)},"media":{{"payload":"', '"}}'
    begin, end = len(head), -len(tail)

    def read_quickly(message: str | bytes) -> Media | Mark | Clear | Rejected:
        if isinstance(message, str) and message.startswith(head) and message.endswith(tail):
            try:
                return Media(binascii.a2b_base64(message[begin:end], strict_mode=True))
            except ValueError:
                pass  # whatever else it is
        return read(message, stream_sid)

    return read_quickly


def _wrong_envelope(content: object, stream_sid: str) -> str | None:
    if not isinstance(content, dict):
        return f"expected a JSON object, got {type(content).__name__}"
    event = content.get("event")
    expected = FIELDS.get(event) if isinstance(event, str) else None
    if expected is None:
        return f"expected event media, mark or clear, got {event!r}"
    if content.keys() != expected:
        return f"{event}: expected exactly the fields {sorted(expected)}, got {sorted(content)}"
    if content["streamSid"] != stream_sid:
        return f"{event}: expected streamSid {stream_sid}, got {content['streamSid']!r}"
    return None


def _read_media(content: dict[str, object]) -> Media | Rejected:
    body = content["media"]
    if not isinstance(body, dict) or body.keys() != {"payload"} or not isinstance(body["payload"], str):
        return Rejected(INVALID, "media: expected exactly one field, payload, a string")
    try:
        return Media(binascii.a2b_base64(body["payload"], strict_mode=True))
    except (binascii.Error, ValueError) as error:
        return Rejected(INVALID, f"media: expected base64 in payload ({error})")


def _read_mark(content: dict[str, object]) -> Mark | Rejected:
    body = content["mark"]
    if not isinstance(body, dict) or body.keys() != {"name"} or not isinstance(body["name"], str):
        return Rejected(INVALID, "mark: expected exactly one field, name, a string")
    return Mark(body["name"])


READERS: Mapping[str, Callable[[dict[str, object]], Media | Mark | Clear | Rejected]] = {
    "media": _read_media,
    "mark": _read_mark,
    "clear": lambda _content: Clear(),
}


def connected() -> str:
    """The first message of all; it has neither sequence number nor streamSid."""
    return _written({"event": "connected", "protocol": "Call", "version": "1.0.0"})


def start(leg: Leg, sequence: int) -> str:
    """The stream's description, sent once."""
    body = {
        "accountSid": leg.account_sid,
        "streamSid": leg.stream_sid,
        "callSid": leg.call_sid,
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": dict(leg.custom_parameters),
    }
    return _written(
        {"event": "start", "sequenceNumber": str(sequence), "start": body, "streamSid": leg.stream_sid},
    )


def media(leg: Leg, sequence: int, chunk: int, timestamp_ms: int, audio: bytes) -> str:
    """20 ms of the caller's voice. Written by hand: it is the one message that comes fifty times a second."""
    payload = SILENT_PAYLOAD if audio == SILENT_FRAME else _payload(audio)
    return (
        f'{{"event":"media","sequenceNumber":"{sequence}","media":{{"track":"inbound","chunk":"{chunk}",'
        f'"timestamp":"{timestamp_ms}","payload":"{payload}"}},"streamSid":"{leg.stream_sid}"}}'
    )


def dtmf(leg: Leg, sequence: int, digit: str) -> str:
    """One pressed key; mind `inbound_track` here, `inbound` in media."""
    return _written(
        {
            "event": "dtmf",
            "streamSid": leg.stream_sid,
            "sequenceNumber": str(sequence),
            "dtmf": {"track": "inbound_track", "digit": digit},
        }
    )


def mark(leg: Leg, sequence: int, name: str) -> str:
    """The echo of a mark: reached by the playhead, or flushed by a clear."""
    return _written(
        {"event": "mark", "sequenceNumber": str(sequence), "streamSid": leg.stream_sid, "mark": {"name": name}}
    )


def stop(leg: Leg, sequence: int) -> str:
    """The end of the stream: the caller hung up, or the call was redirected."""
    body = {"accountSid": leg.account_sid, "callSid": leg.call_sid}
    return _written(
        {"event": "stop", "sequenceNumber": str(sequence), "streamSid": leg.stream_sid, "stop": body},
    )


def _payload(audio: bytes) -> str:
    return binascii.b2a_base64(audio, newline=False).decode("ascii")


SILENT_FRAME = bytes([ULAW_SILENCE]) * FRAME_SAMPLES
SILENT_PAYLOAD = _payload(SILENT_FRAME)
"""Written once: most of what a person sends is silence."""


def _written(message: dict[str, object]) -> str:
    return json.dumps(message, separators=(",", ":"))
