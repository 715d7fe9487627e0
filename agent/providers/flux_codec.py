"""Deepgram's Flux on the wire; the section numbers are those of Deepgram's protocol page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import orjson

from agent.providers.deepgram_codec import Complaint, Other, complaint_of, samples_of
from agent.providers.urls import websocket_url
from fsm.units import SAMPLE_RATE_HZ

CLOSE_STREAM = '{"type":"CloseStream"}'
FORCE_END_TURN = '{"type":"ForceEndTurn"}'

MODEL_PREFIX = "flux"
"""Models with such names are served by this endpoint, and by no other."""

MULTILINGUAL = "flux-general-multi"
"""The model that takes hints of the language."""

SHORTEST_TIMEOUT_MS, LONGEST_TIMEOUT_MS = 500, 60_000
"""What `eot_timeout_ms` may be (3.1)."""

FRAMES_TO_A_MESSAGE = 4
"""80 ms to a message are strongly recommended (3.2)."""


@dataclass(frozen=True, slots=True)
class FluxSettings:
    """What is asked of Flux, and how patiently.

    `end_threshold`: how sure it must be that a turn is over; `eager_threshold`: to guess so, for a draft of the answer.
    `end_timeout_ms`: silence that ends a turn however unsure it is. `stall_timeout_ms`: it tells how things stand four
    times a second of audio, so that so long without a message means that it is gone.
    """

    api_key: str = field(repr=False)
    base_url: str = "https://api.deepgram.com"
    model: str = "flux-general-en"
    language: str = "en"
    end_threshold: float = 0.7
    eager_threshold: float = 0.5
    end_timeout_ms: int = 1_500
    keyterms: tuple[str, ...] = ()
    opts_out: bool = False
    send_every_frames: int = FRAMES_TO_A_MESSAGE
    open_timeout_ms: int = 4_000
    stall_timeout_ms: int = 3_000
    close_timeout_ms: int = 1_000


class TurnEvent(StrEnum):
    """What a `TurnInfo` tells (3.3). The list may grow: others are taken for updates."""

    UPDATE = "Update"
    START = "StartOfTurn"
    EAGER_END = "EagerEndOfTurn"
    RESUMED = "TurnResumed"
    END = "EndOfTurn"


@dataclass(frozen=True, slots=True)
class TurnTold:
    """A `TurnInfo` message: the words of the whole turn so far, and what happened to it.

    `end_samples`: how far it had listened, since the beginning of the connection, None where it is not told.
    `is_forced`: the turn ended because we said so.
    """

    event: TurnEvent
    text: str
    end_samples: int | None
    confidence_percent: int
    is_forced: bool = False


Decoded = TurnTold | Complaint | Other


def listen_url(settings: FluxSettings) -> str:
    """The URL to dial (3.1): raw 8 kHz mu-law in, turns with early guesses of their end out."""
    timeout_ms = min(LONGEST_TIMEOUT_MS, max(SHORTEST_TIMEOUT_MS, settings.end_timeout_ms))
    query = [
        ("model", settings.model),
        ("encoding", "mulaw"),
        ("sample_rate", str(SAMPLE_RATE_HZ)),
        ("eot_threshold", str(settings.end_threshold)),
        ("eager_eot_threshold", str(settings.eager_threshold)),
        ("eot_timeout_ms", str(timeout_ms)),
    ]
    if settings.model == MULTILINGUAL:
        query.append(("language_hint", settings.language.partition("-")[0]))
    if settings.opts_out:
        query.append(("mip_opt_out", "true"))
    query.extend(("keyterm", term) for term in settings.keyterms)
    return websocket_url(settings.base_url, "/v2/listen", query)


def decode(message: str | bytes) -> Decoded:
    """What a message means (3.3). Total: whatever is not understood is an `Other`."""
    try:
        fields = orjson.loads(message)
    except orjson.JSONDecodeError:
        fields = None
    match fields:
        case {"type": "TurnInfo"}:
            return _turn_told(fields)
        case {"type": "Error"}:
            return Complaint(complaint_of(fields))
        case {"type": str() as known}:
            return Other(known)
        case _:
            return Other("")


def _turn_told(fields: Mapping[str, object]) -> TurnTold:
    text, confidence = fields.get("transcript"), fields.get("end_of_turn_confidence")
    event = fields.get("event")
    return TurnTold(
        _EVENTS.get(event, TurnEvent.UPDATE) if isinstance(event, str) else TurnEvent.UPDATE,
        text.strip() if isinstance(text, str) else "",
        samples_of(fields.get("audio_window_end")),
        round(max(0.0, min(1.0, confidence)) * 100) if isinstance(confidence, int | float) else 0,
        fields.get("trigger") == "manual",
    )


_EVENTS: Mapping[str, TurnEvent] = {event.value: event for event in TurnEvent}
