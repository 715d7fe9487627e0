"""ElevenLabs' words on the socket: frames, finals and errors out, checked messages in (protocol page, 2.2 to 4)."""

import base64
from collections.abc import Mapping, Sequence

import orjson

from simulator.peers.elevenlabs_audio import DEFAULT_FORMAT, FORMATS, Timing
from simulator.peers.elevenlabs_behaviour import SOCKETLESS_MODELS, ElevenLabsBehaviour, VoiceFault

REASON_LIMIT_BYTES = 123
"""Room for a reason in a close frame; the service cuts it, so clients must read the error frame."""

APOLOGY = "We are sorry, an unexpected error occurred while generating your audio. You were not charged. Please retry."


class SocketError(Exception):
    """Becomes an error frame, followed by close 1008; `error` is its code, the text is for people."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error

    @property
    def frame(self) -> str:
        """As it is sent."""
        return _text({"message": str(self), "error": self.error, "code": 1008})

    @property
    def reason(self) -> str:
        """The message in as many bytes as a close frame takes."""
        return str(self).encode()[:REASON_LIMIT_BYTES].decode(errors="ignore")


FAULT_ERRORS: Mapping[VoiceFault, SocketError] = {
    VoiceFault.ERROR_FRAME: SocketError("internal_error", APOLOGY),
    VoiceFault.APOLOGY: SocketError("something_went_wrong", APOLOGY),
    VoiceFault.QUOTA: SocketError(
        "quota_exceeded",
        "This request exceeds your quota of 10000. You have 3 credits remaining, while 41 credits are required for this"
        " request. Please upgrade your plan or wait until your credits are renewed.",
    ),
    VoiceFault.UNUSUAL_ACTIVITY: SocketError(
        "detected_unusual_activity",
        "Unusual activity detected. Free Tier usage disabled. If you are using a proxy/VPN you might need to purchase a"
        " Paid Plan to not trigger our abuse detectors.",
    ),
}


def audio_message(
    audio: bytes | None,
    sent: Timing | None,
    spoken: Timing | None,
    behaviour: ElevenLabsBehaviour,
    context: Mapping[str, str | None],
) -> str:
    """A frame with audio, or with alignments only (`audio` empty)."""
    return _text(
        {
            "audio": None if audio is None else base64.b64encode(audio).decode(),
            behaviour.final_key: False if behaviour.final_is_false else None,
            "normalizedAlignment": _alignment(spoken, behaviour),
            "alignment": _alignment(sent, behaviour),
            **context,
        }
    )


def final_message(behaviour: ElevenLabsBehaviour, context: Mapping[str, str | None]) -> str:
    """The last message of a stream or context."""
    return _text({"audio": None, behaviour.final_key: True, **context})


def flush_done_message(context: Mapping[str, str | None]) -> str:
    """A message that no schema lists."""
    return _text({"type": "flush_done", **context})


def _alignment(timing: Timing | None, behaviour: ElevenLabsBehaviour) -> dict[str, Sequence[object]] | None:
    if timing is None:
        return None
    return {
        "chars": timing.chars,
        behaviour.starts_key: timing.starts_ms,
        behaviour.durations_key: timing.durations_ms,
    }


def read_message(message: str | bytes) -> dict[str, object]:
    """A client's message; raises `SocketError` for what is no JSON object or breaks the schema."""
    if isinstance(message, bytes):
        raise _bad_message("expected a text message with a JSON object, got a binary one")
    try:
        decoded = orjson.loads(message)
    except orjson.JSONDecodeError as error:
        raise _bad_message(f"expected a JSON object: {error}") from error
    if not isinstance(decoded, dict):
        raise _bad_message(f"expected a JSON object, got {type(decoded).__name__}")
    _check_types(decoded)
    return decoded


_TYPES: Mapping[str, type] = {
    "text": str,
    "context_id": str,
    "flush": bool,
    "try_trigger_generation": bool,
    "close_context": bool,
    "close_socket": bool,
    "voice_settings": dict,
    "generation_config": dict,
}


def _check_types(message: Mapping[str, object]) -> None:
    for name, kind in _TYPES.items():
        value = message.get(name)
        if value is not None and not isinstance(value, kind):
            raise _bad_message(f"'{name}': expected {kind.__name__}, got {type(value).__name__}")


def read_schedule(message: Mapping[str, object], default: Sequence[int]) -> Sequence[int]:
    """The chunk length schedule that a first message asks for."""
    config = message.get("generation_config")
    schedule = config.get("chunk_length_schedule") if isinstance(config, dict) else None
    if schedule is None:
        return default
    if not isinstance(schedule, list) or not schedule or not all(_is_entry(entry) for entry in schedule):
        raise _bad_message("'chunk_length_schedule': expected numbers of characters between 50 and 500")
    return schedule


def _is_entry(entry: object) -> bool:
    return isinstance(entry, int) and 50 <= entry <= 500


def read_speed(voice_settings: object) -> float:
    """The speed that voice settings ask for."""
    speed = voice_settings.get("speed") if isinstance(voice_settings, dict) else None
    if speed is None:
        return 1.0
    if not isinstance(speed, int | float) or not 0.7 <= speed <= 1.2:
        raise _bad_message(f"'voice_settings.speed': expected a number between 0.7 and 1.2, got {speed!r}")
    return float(speed)


def check_socket_query(query: Mapping[str, Sequence[str]]) -> None:
    """Raise `SocketError` for a model or format that the sockets here do not offer."""
    model = query.get("model_id", [""])[0]
    if model in SOCKETLESS_MODELS:
        raise SocketError("model_not_supported", f"The model {model} is not available on this websocket.")
    wanted = query.get("output_format", [DEFAULT_FORMAT])[0]
    if wanted not in FORMATS:
        raise SocketError("unsupported_output_format", unsupported_format(wanted))


def unsupported_format(wanted: str) -> str:
    """Why an output format is refused."""
    return f"output_format {wanted} is not offered by this emulator; ask for one of {', '.join(FORMATS)}"


def read_flag(query: Mapping[str, Sequence[str]], name: str) -> bool:
    """A boolean of the query; absent is false."""
    value = query.get(name, ["false"])[0].lower()
    if value not in ("true", "false", "1", "0"):
        raise _bad_message(f"query '{name}': expected true or false, got {value!r}")
    return value in ("true", "1")


def read_inactivity_s(query: Mapping[str, Sequence[str]]) -> int:
    """Seconds without text that a stream survives."""
    value = query.get("inactivity_timeout", ["20"])[0]
    if not value.isdecimal() or not 1 <= int(value) <= 180:
        raise _bad_message(f"query 'inactivity_timeout': expected seconds between 1 and 180, got {value!r}")
    return int(value)


def _bad_message(message: str) -> SocketError:
    return SocketError("invalid_input_message", message)


def _text(message: Mapping[str, object]) -> str:
    return orjson.dumps(message).decode()
