"""Messages that no media stream should carry: so many of them, for the stream of a leg."""

import base64
import json
from collections.abc import Iterator
from itertools import cycle, islice

from simulator.peers import twilio_messages as messages
from simulator.peers.twilio_messages import Leg


def giant(leg: Leg, megabytes: float) -> Iterator[str]:
    """One media message of that size."""
    yield _media(leg, "A" * (round(megabytes * 250_000) * 4))


def bad_base64(leg: Leg, count: float) -> Iterator[str]:
    """Audio that is no base64."""
    for payload in _some(("!!!", "AAA", "====", "f39/f39", "\u00e9"), count):
        yield _media(leg, payload)


def wrong_order(leg: Leg, count: float) -> Iterator[str]:
    """What comes once, again; audio of the past; the echo of a mark that nobody sent."""
    past = _media(leg, base64.b64encode(bytes(160)).decode())
    return _some((messages.connected(), past, messages.start(leg, 1), messages.mark(leg, 2, "9:9:9")), count)


def unknown_event(leg: Leg, count: float) -> Iterator[str]:
    """Events that no documentation knows."""
    for index in range(round(count)):
        yield json.dumps({"event": f"novelty{index}", "streamSid": leg.stream_sid, "novelty": {}})


def no_json(_leg: Leg, count: float) -> Iterator[str]:
    """What is no JSON, or no object."""
    return _some(("{", "null", "", '"media"', "[1, 2", '{"event": ["stop"]}'), count)


def binary(_leg: Leg, count: float) -> Iterator[bytes]:
    """Binary messages, where all are text."""
    for index in range(round(count)):
        yield bytes([index % 256, 0xFF, 0xFE]) * 50


def stray_marks(leg: Leg, count: float) -> Iterator[str]:
    """Echoes of marks that nobody sent."""
    for index in range(round(count)):
        yield messages.mark(leg, 1, f"{index}:{index * 160}")


def _some(kinds: tuple[str, ...], count: float) -> Iterator[str]:
    return islice(cycle(kinds), round(count))


def _media(leg: Leg, payload: str) -> str:
    media = {"track": "inbound", "chunk": "1", "timestamp": "0", "payload": payload}
    return json.dumps({"event": "media", "sequenceNumber": "1", "media": media, "streamSid": leg.stream_sid})
