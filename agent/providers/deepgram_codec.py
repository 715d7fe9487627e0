"""Deepgram's live transcription on the wire; the section numbers are those of its protocol page."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from agent.providers.urls import websocket_url
from fsm.units import SAMPLE_RATE_HZ

KEEP_ALIVE = '{"type":"KeepAlive"}'
FINALIZE = '{"type":"Finalize"}'
CLOSE_STREAM = '{"type":"CloseStream"}'

LONGEST_STREAM_S = 1_000_000
"""Times beyond this (eleven days) are no times."""


@dataclass(frozen=True, slots=True)
class DeepgramSettings:
    """What is asked of Deepgram, and how patiently.

    `endpointing_ms`: silence after which it says `speech_final`. `utterance_end_ms`: gap between words after which it
    says so again, by the words' times, which works in noise; 1000 at least. `keyterms`: words to expect, such as names.
    `send_every_frames`: 20 ms frames to a message; more save CPU and cost as much delay. `stall_timeout_ms`: not a
    single message for so long, while the caller's voice is sent: the connection is deaf.
    """

    api_key: str = field(repr=False)
    base_url: str = "https://api.deepgram.com"
    model: str = "nova-3"
    language: str = "en"
    endpointing_ms: int = 300
    utterance_end_ms: int = 1_000
    smart_format: bool = True
    keyterms: tuple[str, ...] = ()
    opts_out: bool = False
    send_every_frames: int = 1
    open_timeout_ms: int = 4_000
    stall_timeout_ms: int = 6_000
    close_timeout_ms: int = 1_000


@dataclass(frozen=True, slots=True)
class Heard:
    """A `Results` message; its end is in samples since the beginning of the connection, `None` where it is not told."""

    text: str
    is_final: bool
    speech_final: bool
    end_samples: int | None


@dataclass(frozen=True, slots=True)
class UtteranceEnded:
    """An `UtteranceEnd` message; `last_word_end_samples` is negative where no word is known."""

    last_word_end_samples: int


@dataclass(frozen=True, slots=True)
class VoiceNoticed:
    """A `SpeechStarted` message. It may come late, and again within one utterance (2.4)."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """An `Error` message; the server closes after it."""

    detail: str


@dataclass(frozen=True, slots=True)
class Other:
    """A message that tells us nothing we use; `type` is empty where it is none of Deepgram's shapes."""

    type: str


Decoded = Heard | UtteranceEnded | VoiceNoticed | Complaint | Other


def listen_url(settings: DeepgramSettings) -> str:
    """The URL to dial (2.1): raw 8 kHz mu-law in, interim results and both ends of an utterance out."""
    flag = {True: "true", False: "false"}
    query = [
        ("model", settings.model),
        ("language", settings.language),
        ("encoding", "mulaw"),
        ("sample_rate", str(SAMPLE_RATE_HZ)),
        ("channels", "1"),
        ("interim_results", "true"),
        ("endpointing", str(settings.endpointing_ms)),
        ("utterance_end_ms", str(settings.utterance_end_ms)),
        ("vad_events", "true"),
        ("smart_format", flag[settings.smart_format]),
        ("no_delay", "true"),
    ]
    if settings.opts_out:
        query.append(("mip_opt_out", "true"))
    query.extend(("keyterm", term) for term in settings.keyterms)
    return websocket_url(settings.base_url, "/v1/listen", query)


def listen_headers(api_key: str) -> dict[str, str]:
    """The headers of the handshake (1)."""
    return {"Authorization": f"Token {api_key}"}


def decode(message: str | bytes) -> Decoded:
    """What a message means (2.3). Total: whatever is not understood is an `Other`."""
    try:
        fields = orjson.loads(message)
    except orjson.JSONDecodeError:
        fields = None
    match fields:
        case {"type": "Results"}:
            return _decode_results(fields)
        case {"type": "UtteranceEnd"}:
            end = samples_of(fields.get("last_word_end"))
            return UtteranceEnded(-1 if end is None else end)
        case {"type": "SpeechStarted"}:
            return VoiceNoticed()
        case {"type": "Error"}:
            return Complaint(complaint_of(fields))
        case {"type": str() as known}:
            return Other(known)
        case _:
            return Other("")


def _decode_results(fields: Mapping[str, object]) -> Heard:
    start, duration = samples_of(fields.get("start")), samples_of(fields.get("duration"))
    end = None if start is None or duration is None else start + max(0, duration)
    text = _transcript(fields.get("channel"))
    return Heard(text, fields.get("is_final") is True, fields.get("speech_final") is True, end)


def _transcript(channel: object) -> str:
    match channel:
        case {"alternatives": [{"transcript": str() as transcript}, *_]}:
            return transcript.strip()
        case _:
            return ""


def complaint_of(fields: Mapping[str, object]) -> str:
    """What an `Error` says, in one text."""
    words = [fields.get(name) for name in ("code", "variant", "description", "message")]
    return " ".join(word for word in words if isinstance(word, str) and word)


def samples_of(seconds: object) -> int | None:
    """Seconds as samples; `None` where they are missing or no time at all."""
    if not isinstance(seconds, int | float) or abs(seconds) > LONGEST_STREAM_S:
        return None
    return round(seconds * SAMPLE_RATE_HZ)
