"""Twilio's media streams: the words on the wire, and the phone that a call speaks through.

Everything here is from the protocol page "twilio", section 4. Nothing waits and nothing raises on what the world sends:
what cannot be read becomes `Malformed`, what is not known becomes `Unknown`.
"""

import re
from binascii import a2b_base64, b2a_base64
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

import orjson

from agent.ports import Wire

TOKEN_PARAMETER = "token"  # noqa: S105 - the name of the parameter, not a token
CALLER_PARAMETER = "caller"
CALLED_PARAMETER = "called"
PLACED_PARAMETER = "placed"
VOICEMAIL_PARAMETER = "voicemail"
"""Names of our TwiML `<Parameter>`s, which come back in `start`."""

WITHHELD = frozenset(
    {
        *("anonymous", "restricted", "unavailable", "blocked", "unknown"),
        *("+266696687", "+7378742833", "+86282452253", "+2562533", "+8656696"),
    }
)
"""What stands in place of a number that is withheld, and what the words spell on a keypad (section 1; from memory)."""

ID_PATTERN = re.compile(r"[\w.:-]{1,64}", re.ASCII)
"""Ids that are safe in JSON, XML and log lines as they are; Twilio's are two letters and 32 hexadecimal digits."""

LATEST_TIMESTAMP_MS = 7 * 24 * 3_600_000
"""No stream lasts a week: a later timestamp is an error, and must not carry our clocks away."""


# --- messages from Twilio ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Connected:
    """The websocket speaks the media stream protocol; the first message."""


@dataclass(frozen=True, slots=True)
class Started:
    """The stream of a call begins; comes once. `parameters` are those of our TwiML."""

    stream_id: str
    call_sid: str
    account_sid: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    encoding: str = "audio/x-mulaw"
    sample_rate_hz: int = 8_000
    channels: int = 1


@dataclass(slots=True)  # not frozen: fifty a second and call, and freezing would double the price of making one
class Media:
    """What the caller sounds like: `audio` is mu-law; `timestamp_ms` counts from the stream's start, -1 if not told."""

    timestamp_ms: int
    chunk: int
    audio: bytes


@dataclass(frozen=True, slots=True)
class MarkReturned:
    """Everything sent before this mark was played, or was thrown away by a `clear`."""

    name: str


@dataclass(frozen=True, slots=True)
class Digit:
    """The caller pressed a key: one of `0-9*#A-D`."""

    digit: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The stream ends: the caller hung up, or the call was sent elsewhere."""

    reason: str = "stopped"


@dataclass(frozen=True, slots=True)
class Malformed:
    """A message that breaks the protocol; `reason` never quotes it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A well-formed message of a kind that means nothing to us."""

    event: str


StreamMessage = Connected | Started | Media | MarkReturned | Digit | Stopped | Malformed | Unknown


def decode(message: str | bytes) -> StreamMessage:
    """Read one message. Counters may come as strings or as numbers."""
    try:
        data = orjson.loads(message)
        event = data["event"]
        decoder = _media if event == "media" else _DECODERS.get(event)
        if decoder is None:
            return Unknown(str(event)[:32])
        return decoder(data)
    except orjson.JSONDecodeError:
        return Malformed("not JSON")
    except KeyError as error:
        return Malformed(f"{error.args[0]} is missing")
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        return Malformed(f"a field has the wrong form ({type(error).__name__})")


def _media(data: dict[str, Any]) -> Media | Unknown | Malformed:
    media = data["media"]
    if media.get("track") == "outbound":
        return Unknown("media, outbound")  # our own voice: never part of a bidirectional stream
    timestamp_ms = int(media.get("timestamp", -1))
    if not -1 <= timestamp_ms <= LATEST_TIMESTAMP_MS:
        return Malformed("the timestamp is out of range")
    return Media(timestamp_ms, int(media.get("chunk", 0)), a2b_base64(media["payload"], strict_mode=True))


def _start(data: dict[str, Any]) -> Started | Malformed:
    start = data["start"]
    stream_id = start.get("streamSid") or data["streamSid"]
    ids = (stream_id, start["callSid"], start.get("accountSid") or "-")
    if not all(ID_PATTERN.fullmatch(i) for i in ids):
        return Malformed("an id in start has the wrong form")
    parameters = start.get("customParameters") or {}
    media_format = start.get("mediaFormat") or {}
    return Started(
        stream_id,
        ids[1],
        start.get("accountSid") or "",
        {str(name): str(value) for name, value in parameters.items()},
        str(media_format.get("encoding", "audio/x-mulaw")),
        int(media_format.get("sampleRate", 8_000)),
        int(media_format.get("channels", 1)),
    )


def _mark(data: dict[str, Any]) -> MarkReturned | Malformed:
    name = data["mark"]["name"]
    return MarkReturned(name) if isinstance(name, str) else Malformed("a mark's name is not a string")


def _digit(data: dict[str, Any]) -> Digit | Malformed:
    digit = str(data["dtmf"]["digit"]).upper()
    if len(digit) != 1 or digit not in "0123456789*#ABCD":
        return Malformed("no key of a telephone")
    return Digit(digit)


_DECODERS: dict[str, Callable[[dict[str, Any]], StreamMessage]] = {
    "connected": lambda _: Connected(),
    "start": _start,
    "media": _media,
    "mark": _mark,
    "dtmf": _digit,
    "stop": lambda _: Stopped(),
}


# --- messages to Twilio (section 4.2: nothing else is accepted, no field more, no field less) -----------------


@lru_cache(maxsize=1024)
def _media_head(stream_id: str) -> str:
    quoted = orjson.dumps(stream_id).decode()
    return f'{{"event":"media","streamSid":{quoted},"media":{{"payload":"'


def encode_media(stream_id: str, audio: bytes) -> str:
    """Play `audio` (headerless mu-law, any length) after all that was sent before."""
    return f'{_media_head(stream_id)}{b2a_base64(audio, newline=False).decode()}"}}}}'


def encode_mark(stream_id: str, name: str) -> str:
    """Return `name` to us once all that was sent before was played or cleared."""
    return orjson.dumps({"event": "mark", "streamSid": stream_id, "mark": {"name": name}}).decode()


def encode_clear(stream_id: str) -> str:
    """Throw away what was not played yet, and return all pending marks."""
    return orjson.dumps({"event": "clear", "streamSid": stream_id}).decode()


# --- the phone -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class StreamCounters:
    """What one stream carried; `irregular` counts what was ignored, by reason."""

    frames_in: int = 0
    bytes_in: int = 0
    messages_out: int = 0
    bytes_out: int = 0
    marks_out: int = 0
    marks_in: int = 0
    clears: int = 0
    irregular: Counter[str] = field(default_factory=Counter)


class CallPort(Protocol):
    """What a stream tells its call. `on_stream_ended` comes exactly once and last."""

    def on_media(self, audio: bytes, timestamp_ms: int) -> None:
        """The next audio of the caller, mu-law, any length but zero; `timestamp_ms` never goes backwards."""

    def on_mark(self, name: str) -> None:
        """A mark came back: its audio was played or cleared."""

    def on_digit(self, digit: str) -> None:
        """The caller pressed one of `0-9*#A-D`."""

    def on_answerer_reported(self, answered_by: str) -> None:
        """Twilio's machine detection says who picked up: one of its values of `AnsweredBy` (section 5.4)."""

    def on_stream_replaced(self, phone: "Phone") -> None:
        """The same call goes on over a new stream: nothing is buffered, timestamps begin at 0, old marks are lost."""

    def on_stream_ended(self, reason: str) -> None:
        """Nobody can be heard or spoken to any more; release everything."""

    def end_politely(self, reason: str) -> None:
        """Say goodbye and hang up soon: the house is closing."""


class Phone:
    """What a call speaks through: one stream of it. After the stream's end everything is dropped by the wire."""

    __slots__ = (
        "_on_hang_up",
        "_wire",
        "call_sid",
        "called",
        "caller",
        "counters",
        "is_placed",
        "stream_id",
        "voicemail",
    )

    def __init__(
        self,
        wire: Wire,
        started: Started,
        on_hang_up: Callable[[bool], None] | None = None,
        counters: StreamCounters | None = None,
    ) -> None:
        self._wire = wire
        self._on_hang_up = on_hang_up
        self.stream_id = started.stream_id
        self.call_sid = started.call_sid
        caller = started.parameters.get(CALLER_PARAMETER, "")
        self.caller = "" if caller.lower() in WITHHELD else caller
        self.called = started.parameters.get(CALLED_PARAMETER, "")
        self.is_placed = PLACED_PARAMETER in started.parameters
        self.voicemail = started.parameters.get(VOICEMAIL_PARAMETER, "")
        self.counters = counters or StreamCounters()

    def send_audio(self, audio: bytes) -> None:
        """Play `audio` (mu-law, any length) after all that was sent before."""
        self.counters.messages_out += 1
        self.counters.bytes_out += len(audio)
        self._wire.send(encode_media(self.stream_id, audio))

    def send_mark(self, name: str) -> None:
        """Ask for `name` back once all audio sent so far was played."""
        self.counters.marks_out += 1
        self._wire.send(encode_mark(self.stream_id, name))

    def clear(self) -> None:
        """Silence the phone at once; pending marks come back although their audio was not heard."""
        self.counters.clears += 1
        self._wire.send(encode_clear(self.stream_id))

    def hang_up(self, *, failed: bool = False) -> None:
        """Close the stream; Twilio goes on with `<Connect action>`: a hang-up, after a sorry where we `failed`."""
        if self._on_hang_up is None:
            self._wire.close()
        else:
            self._on_hang_up(failed)
