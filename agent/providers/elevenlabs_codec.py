"""ElevenLabs' two speech sockets on the wire; the section numbers are those of its protocol page."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote

import orjson

from agent.errors import Fault, FaultKind, Whose
from agent.ports import Alignment
from agent.providers.faults import one_line
from agent.providers.urls import websocket_url
from fsm.units import SAMPLE_RATE_HZ, SAMPLES_PER_MS

PROVIDER = "elevenlabs"

INACTIVITY_TIMEOUT_S = 180
"""The longest the service allows (2.1); callers pause longer than its default of 20 s."""

LONGEST_PIECE_SAMPLES = 86_400 * SAMPLE_RATE_HZ
"""Times beyond a day are no times."""

Kind = Literal["multi", "single"]
"""A socket that carries a voice's utterances side by side (3), or one for each utterance (2)."""

_PATHS: Mapping[Kind, str] = {"multi": "multi-stream-input", "single": "stream-input"}


@dataclass(frozen=True, slots=True)
class ElevenLabsSettings:
    """Which voice, and how patiently it is waited for.

    `language_code`: ISO 639-1, empty: the model finds out. `first_audio_timeout_ms`: from a clause to its first audio;
    `stall_timeout_ms`: between pieces while audio is owed; `finish_timeout_ms`: quiet after which a finished utterance
    without an end marker counts as spoken, once all its text has sounded. `endpoint`: "auto" is "multi" where the
    server offers it, else "single".
    """

    api_key: str = field(repr=False)
    voice_id: str
    base_url: str = "https://api.elevenlabs.io"
    model_id: str = "eleven_flash_v2_5"
    language_code: str = ""
    stability: float = 0.5
    similarity_boost: float = 0.75
    style: float = 0.0
    use_speaker_boost: bool = True
    speed: float = 1.0
    endpoint: Literal["auto", "multi", "single"] = "auto"
    open_timeout_ms: int = 4_000
    first_audio_timeout_ms: int = 4_000
    stall_timeout_ms: int = 3_000
    finish_timeout_ms: int = 1_500


@dataclass(frozen=True, slots=True)
class Piece:
    """Audio, words or the end of one context; `context_id` is empty where the server did not say.

    `follows_text`: the alignment spells the text as it was sent, not as it is spoken ("12" and "twelve").
    """

    context_id: str
    audio: bytes
    alignment: Alignment | None
    follows_text: bool
    is_final: bool


@dataclass(frozen=True, slots=True)
class Complaint:
    """An error frame; the server usually closes the whole socket after it."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Other:
    """A message that tells us nothing we use."""

    type: str


Decoded = Piece | Complaint | Other


def speech_url(settings: ElevenLabsSettings, kind: Kind = "multi") -> str:
    """The URL to dial (2, 3): headerless 8 kHz mu-law out.

    `auto_mode`: our clauses are whole, so none is to be held back for more text. `sync_alignment`: the words' times
    come with each piece of audio, which tells what an interrupted caller has heard.
    """
    query = [
        ("model_id", settings.model_id),
        ("output_format", "ulaw_8000"),
        ("auto_mode", "true"),
        ("sync_alignment", "true"),
        ("inactivity_timeout", str(INACTIVITY_TIMEOUT_S)),
    ]
    if settings.language_code:
        query.append(("language_code", settings.language_code))
    path = f"/v1/text-to-speech/{quote(settings.voice_id, safe='')}/{_PATHS[kind]}"
    return websocket_url(settings.base_url, path, query)


def speech_headers(settings: ElevenLabsSettings) -> dict[str, str]:
    """The headers of the handshake (1)."""
    return {"xi-api-key": settings.api_key}


def encode_init(settings: ElevenLabsSettings, context_id: str = "") -> str:
    """Open a context, or without one the single stream of a socket; its settings stand from now on (2.2, 3.1)."""
    voice_settings = {
        "stability": settings.stability,
        "similarity_boost": settings.similarity_boost,
        "style": settings.style,
        "use_speaker_boost": settings.use_speaker_boost,
        "speed": settings.speed,
    }
    return _json({"text": " ", **_named(context_id), "voice_settings": voice_settings})


def encode_text(text: str, context_id: str = "") -> str:
    """Speak a whole clause now. The final blank keeps it apart from the next one (2.2)."""
    return _json({"text": f"{text.strip()} ", **_named(context_id), "flush": True})


def encode_keep_alive(context_id: str = "") -> str:
    """Keep an open stream from timing out; never before its init (3.3).

    The text is empty for a context, and a blank for a single stream, which an empty one would end (2.2).
    """
    return _json({"text": "" if context_id else " ", **_named(context_id)})


def encode_flush(context_id: str) -> str:
    """Speak what is held back. Together with `encode_close` it brings all audio and exactly one end marker (3.3)."""
    return _json({"context_id": context_id, "flush": True})


def encode_close(context_id: str) -> str:
    """No more text in this context."""
    return _json({"context_id": context_id, "close_context": True})


def encode_end() -> str:
    """No more text in this single stream: what is held back is spoken, then come end marker and close (2.2)."""
    return _json({"text": ""})


def _named(context_id: str) -> dict[str, str]:
    return {"context_id": context_id} if context_id else {}


def _json(fields: Mapping[str, object]) -> str:
    return orjson.dumps(fields).decode()


# --- what comes back -------------------------------------------------------------------------------------


def decode(message: str | bytes) -> Decoded:
    """What a message means (2.3, 3.2, 4). Total: whatever is not understood is an `Other`."""
    try:
        told = orjson.loads(message)
    except orjson.JSONDecodeError:
        return Other("malformed")
    if not isinstance(told, dict):
        return Other("malformed")
    fields = {_flat(name): value for name, value in told.items() if value is not None}
    kind = fields.get("type")
    if fields.get("error") or kind == "error":
        return Complaint(fault_of_error(fields))
    audio = fields.get("audio")
    is_final = fields.get("isfinal") is True
    alignment, follows_text = _alignment_of(fields)
    if not is_final and not isinstance(audio, str) and alignment is None:
        return Other(kind if isinstance(kind, str) else "empty")
    try:
        sound = base64.b64decode(audio, validate=True) if isinstance(audio, str) else b""
    except (binascii.Error, ValueError):
        return Other("bad_base64")
    context_id = fields.get("contextid")
    return Piece(context_id if isinstance(context_id, str) else "", sound, alignment, follows_text, is_final)


def _flat(name: str) -> str:
    """A member's name whichever way it is spelled: `contextId` and `context_id`, `isFinal` and `is_final` (3.2)."""
    return name.replace("_", "").lower()


def _alignment_of(fields: Mapping[str, object]) -> tuple[Alignment | None, bool]:
    """The alignment with the sent text, else the one with the spoken form; and which of the two it is."""
    for name, follows_text in (("alignment", True), ("normalizedalignment", False)):
        given = fields.get(name)
        if isinstance(given, dict) and (alignment := decode_alignment(given)) is not None:
            return alignment, follows_text
    return None, False


def decode_alignment(given: Mapping[str, object]) -> Alignment | None:
    """Where characters begin, in samples of their piece; `None` where nothing usable is told.

    Spellings differ (2.3): `charStartTimesMs` here, `charsStartTimesMs` there, `character_start_times_seconds` over
    HTTP (5). Durations are not needed.
    """
    chars, starts, samples_each = _columns(given)
    if not isinstance(chars, list | str) or not isinstance(starts, list):
        return None
    text: list[str] = []
    samples: list[int] = []
    for char, start in zip(chars, starts, strict=False):
        if not isinstance(char, str) or not isinstance(start, int | float):
            return None
        if abs(start) * samples_each > LONGEST_PIECE_SAMPLES:
            return None
        text.append(char)
        samples.extend([max(0, round(start * samples_each))] * len(char))
    return Alignment("".join(text), tuple(samples)) if samples else None


def _columns(given: Mapping[str, object]) -> tuple[object, object, int]:
    """Characters, the times at which they start, and the samples in one unit of time."""
    chars: object = None
    starts: object = None
    samples_each = SAMPLES_PER_MS
    for spelled, value in given.items():
        name = _flat(spelled)
        if name in {"chars", "characters"}:
            chars = value
        elif "start" in name:
            starts = value
            samples_each = SAMPLE_RATE_HZ if name.endswith("timesseconds") else SAMPLES_PER_MS
    return chars, starts, samples_each


# --- errors ----------------------------------------------------------------------------------------------

_ERRORS: tuple[tuple[tuple[str, ...], FaultKind, Whose], ...] = (
    (("quota", "authentication", "api_key", "unusual_activity", "only_for"), FaultKind.REFUSED_KEY, Whose.SETTINGS),
    (("too_many", "concurrent", "rate_limit"), FaultKind.RATE_LIMITED, Whose.PROVIDER),
    (("busy", "max_active_conversations"), FaultKind.OVERLOADED, Whose.PROVIDER),
    (("timeout",), FaultKind.CLOSED, Whose.PROVIDER),
    (("voice_settings", "invalid_input", "invalid_message"), FaultKind.BAD_MESSAGE, Whose.OURS),
    (("voice", "model", "output_format"), FaultKind.BAD_REQUEST, Whose.SETTINGS),
)
"""The first row of which a word occurs in the error's name decides (4). An unknown error is the service's own."""


def fault_of_error(fields: Mapping[str, object]) -> Fault:
    """The fault behind an error frame; the members' names are flat."""
    error = str(fields.get("error") or fields.get("code") or "error")
    detail = one_line(f"{error}: {fields.get('message') or ''}").rstrip(": ")
    for words, kind, whose in _ERRORS:
        if any(word in error.lower() for word in words):
            return Fault(whose, PROVIDER, kind, detail)
    return Fault(Whose.PROVIDER, PROVIDER, FaultKind.OVERLOADED, detail)
