"""The settings: one frozen value, read once from the environment and `.env`, and what each means when it is missing.

A variable's name is its field's: `OFFHOOK_` before our own, the provider's before the rest. Plain dataclasses, because
a settings library costs more at start than everything else here together.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from agent.errors import SettingsError
from agent.setting_values import account_sid, file_path, one_of, telephone_number, whole

PROVIDERS = ("twilio_", "deepgram_", "groq_", "elevenlabs_", "database_", "redis_", "vapi_")

SPEECH_TO_TEXT = ("deepgram", "local")
TEXT_TO_SPEECH = ("elevenlabs", "local")
TRACE_WORDS = ("kept", "hidden")
TRACE_WIRES = ("none", "kept")
VOICE_DETECTORS = ("builtin", "silero")
NO_VARIABLES = frozenset({"is_open", "unknown", "variables"})
"""Fields that no variable sets."""

SpeechEndpoint = Literal["auto", "multi", "single"]


@dataclass(frozen=True, slots=True)
class Secret:
    """A key. Shows itself only when asked to `reveal`; false when it is not set."""

    _value: str = ""

    def reveal(self) -> str:
        """The key itself: for a header, never for a log."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(set)" if self._value else "Secret(not set)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that the environment decides. Base URLs have no slash at their end and any of the four schemes."""

    twilio_account_sid: str = ""
    twilio_auth_token: Secret = Secret()
    twilio_shared_key_secret: Secret = Secret()
    twilio_number: str = ""
    twilio_pay_connector: str = ""
    twilio_base_url: str = ""
    twilio_edge: str = ""
    twilio_region: str = ""
    deepgram_api_key: Secret = Secret()
    deepgram_base_url: str = "wss://api.deepgram.com"
    deepgram_model: str = "nova-3"
    groq_api_key: Secret = Secret()
    groq_base_url: str = "https://api.groq.com"
    groq_model: str = "openai/gpt-oss-120b"
    elevenlabs_api_key: Secret = Secret()
    elevenlabs_base_url: str = "wss://api.elevenlabs.io"
    elevenlabs_model: str = "eleven_flash_v2_5"
    elevenlabs_voice_id: str = "JBFqnCBsd6RMkjVDRZzb"
    elevenlabs_endpoint: SpeechEndpoint = "auto"
    """`multi-stream-input` (one socket a call), `stream-input` (one an utterance), or the first that is offered."""
    vapi_secret: Secret = Secret()
    vapi_transfer_number: str = ""
    public_url: str = ""
    """Where Twilio reaches us, `https://host[:port][/prefix]`; what it signs."""
    host: str = "127.0.0.1"
    port: int = 8080
    """0: any free one."""
    data: Path = Path("data")
    """Traces, rendered phrases, the journal of effects, and the businesses' databases where they are SQLite."""
    database_url: Secret = Secret()
    """Of a PostgreSQL server that holds the businesses' databases; it may hold a password."""
    redis_url: Secret = Secret()
    """Where answers of tools are kept for all processes; it may hold a password."""
    trace_words: str = "kept"
    """Whether traces keep what was said and who called, or only how long it was."""
    trace_wires: str = "none"
    """Whether all that a call's wires carried is kept beside its trace, audio included."""
    agent: str = "appointments"
    """An agent's TOML file, or the name of one that comes with us."""
    max_calls: int = 100
    stt: str = "deepgram"
    tts: str = "elevenlabs"
    vad: str = "builtin"
    """Who tells when the caller begins and ceases to speak."""
    end_of_turn_model: Path | None = None
    """An ONNX file like smart-turn v3's, which hears whether callers are done; None: none is asked."""
    drain_s: int = 120
    """How long running calls may go on after the first SIGTERM."""
    is_open: bool = False
    """Accept streams and webhooks from anybody: on loopback only, by `offhook serve --open`, by no variable."""
    unknown: tuple[str, ...] = ()
    """Variables that begin with OFFHOOK_ and mean nothing to us."""
    variables: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """All that is set: an agent's file names those with the secrets of its tools."""

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach us."""
        return is_loopback(self.host)


def load_config(environ: Mapping[str, str], dotenv: Path | None = None) -> Config:
    """Read the settings; the environment outranks the `.env` file, and a blank value counts as none.

    Raises SettingsError with the variable's name, what was expected and what came.
    """
    values = {**_read_dotenv(dotenv), **{name: value for name, value in environ.items() if value.strip()}}
    names = {variable_of(f.name): f.name for f in fields(Config) if f.name not in NO_VARIABLES}
    read = {key: _parse(name, key, values[name].strip()) for name, key in names.items() if values.get(name)}
    unknown = sorted(name for name in values if name.startswith("OFFHOOK_") and name not in names)
    config = Config(**read, unknown=tuple(unknown), variables=values)
    _check_wires(config)
    return config


def _check_wires(config: Config) -> None:
    """SettingsError where wires are to be kept and cannot be."""
    if config.trace_wires != "kept":
        return
    if config.trace_words == "hidden":
        raise SettingsError(
            "OFFHOOK_TRACE_WIRES=kept keeps all that was said, and OFFHOOK_TRACE_WORDS=hidden forbids it: leave one out"
        )
    if "local" in (config.stt, config.tts):
        raise SettingsError(
            "OFFHOOK_TRACE_WIRES=kept: local speech has no wires that could be kept; leave it out, or leave out "
            "OFFHOOK_STT=local and OFFHOOK_TTS=local"
        )
    if config.vad != "builtin":
        raise SettingsError(
            f"OFFHOOK_TRACE_WIRES=kept: a call can be replayed only where the built-in detector told the voice edges; "
            f"leave it out, or leave out OFFHOOK_VAD={config.vad}"
        )


def opened(config: Config) -> Config:
    """The same settings with the doors open; SettingsError unless only this machine can reach them."""
    if not config.is_loopback:
        raise SettingsError(
            "--open lets anybody talk to the agent at your expense, so it works on loopback only: OFFHOOK_HOST must "
            f"be 127.0.0.1, ::1 or localhost, got {config.host!r}. Without --open any address is fine."
        )
    return replace(config, is_open=True)


def variable_of(field: str) -> str:
    """The environment variable of a field."""
    return field.upper() if field.startswith(PROVIDERS) else f"OFFHOOK_{field.upper()}"


def is_loopback(host: str) -> bool:
    """Whether `host` is an address that only this machine can reach."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def http_url(url: str) -> str:
    """The same URL as `http` or `https`, whichever of the four schemes it has."""
    return "http" + url.removeprefix("ws") if url.startswith("ws") else url


# --- reading ---------------------------------------------------------------------------------------------


def _read_dotenv(path: Path | None) -> dict[str, str]:
    if path is None or not path.is_file():
        return {}
    from dotenv import dotenv_values  # noqa: PLC0415 - most starts have no such file

    try:
        values = dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    return {name: value for name, value in values.items() if value and value.strip()}


def _parse(name: str, field: str, text: str) -> Any:  # noqa: ANN401 - the type of the field
    parser = _PARSERS.get(field)
    if parser is None and field.endswith("_base_url"):
        parser = _base_url
    elif parser is None and isinstance(getattr(_DEFAULTS, field), Secret):
        parser = _secret
    return parser(name, text) if parser is not None else text


def _secret(name: str, text: str) -> Secret:
    if not text.isascii() or not text.isprintable() or " " in text:
        raise SettingsError(
            f"{name} must be one word of plain characters; got {len(text)} characters with blanks or others among them "
            "(is a quote, a second line or a comment stuck to it?)"
        )
    return Secret(text)


def _service_url(form: str, *schemes: str) -> Callable[[str, str], Secret]:
    def parse(name: str, text: str) -> Secret:
        if not text.startswith(schemes):
            kind = text.partition("://")[0] if "://" in text else "what is no URL"
            raise SettingsError(f"{name} must be {form}, or left out; got {kind}")
        return _secret(name, text)

    return parse


def _base_url(name: str, text: str) -> str:
    parts = _split_url(name, text)
    if parts.scheme not in {"http", "https", "ws", "wss"}:
        raise SettingsError(f"{name} must begin with https://, wss://, http:// or ws://; got {text!r}")
    return text.rstrip("/")


def _public_url(name: str, text: str) -> str:
    parts = _split_url(name, text)
    url = http_url(text).rstrip("/")
    if urlsplit(url).scheme not in {"http", "https"}:
        raise SettingsError(f"{name} must be the address Twilio reaches, like https://example.com; got {text!r}")
    if parts.path.rstrip("/").endswith(("/voice", "/media")):
        raise SettingsError(f"{name} must be the address before {parts.path}, which is added here; got {text!r}")
    return url


def _split_url(name: str, text: str) -> Any:  # noqa: ANN401 - SplitResult
    try:
        parts = urlsplit(text)
        is_whole = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError as error:
        raise SettingsError(f"{name} must be a URL; got {text!r} ({error})") from error
    if not is_whole or parts.query or parts.fragment or parts.username:
        raise SettingsError(f"{name} must be a URL of scheme and host, without user, ? and #; got {text!r}")
    return parts


_DEFAULTS = Config()
_PARSERS: dict[str, Callable[[str, str], Any]] = {
    "twilio_account_sid": account_sid,
    "twilio_number": telephone_number,
    "vapi_transfer_number": telephone_number,
    "public_url": _public_url,
    "redis_url": _service_url("redis://HOST:PORT/NUMBER", "redis://", "rediss://", "unix://"),
    "port": whole(0, 65_535),
    "max_calls": whole(1, 10_000),
    "drain_s": whole(0, 86_400),
    "data": file_path,
    "end_of_turn_model": file_path,
    "database_url": _service_url("postgresql://USER:PASSWORD@HOST:PORT/NAME", "postgresql://", "postgres://"),
    "stt": one_of(SPEECH_TO_TEXT),
    "tts": one_of(TEXT_TO_SPEECH),
    "vad": one_of(VOICE_DETECTORS),
    "trace_words": one_of(TRACE_WORDS),
    "trace_wires": one_of(TRACE_WIRES),
    "elevenlabs_endpoint": one_of(get_args(SpeechEndpoint)),
}
