"""What is configured, what is missing and what that means: the first thing `offhook serve` says."""

from dataclasses import dataclass, fields
from difflib import get_close_matches

from agent.config import NO_VARIABLES, Config, Secret, variable_of
from agent.errors import SettingsError
from agent.silero import INSTALL, weights_path


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One line of the report; `is_fine` is false where something a caller would notice is missing."""

    name: str
    is_fine: bool
    meaning: str

    def __str__(self) -> str:
        return f"{'ok     ' if self.is_fine else 'missing'}  {self.name}: {self.meaning}"


def describe(config: Config) -> tuple[SettingLine, ...]:
    """The report's lines, in the order in which a call needs what they name. Never shows a secret."""
    return (
        *_how_reached(config),
        _twilio_rest(config),
        _payments(config),
        _ears(config),
        _key("GROQ_API_KEY", config.groq_api_key, config.groq_base_url, config.groq_model, "cannot answer"),
        _voice(config),
        SettingLine("OFFHOOK_AGENT", True, config.agent),
        SettingLine("OFFHOOK_DATA", True, str(config.data)),
        *_databases(config),
        _voice_edges(config),
        *_end_of_turn(config),
        _memory(config),
        *_wires(config),
        *_vapi(config),
        SettingLine(
            "OFFHOOK_MAX_CALLS", True, f"{config.max_calls} calls at a time, further ones are told to call again"
        ),
        *_unknown(config),
    )


def check_can_serve(config: Config) -> None:
    """SettingsError unless strangers can be told from Twilio, or the doors are open on loopback."""
    if config.is_open:
        if not config.is_loopback:
            raise SettingsError(f"an open server needs a loopback OFFHOOK_HOST, got {config.host!r}")
        return
    if not config.twilio_auth_token and not config.vapi_secret:
        raise SettingsError(
            "TWILIO_AUTH_TOKEN is not set: without it Twilio's requests cannot be told from anybody's. Copy it from "
            "the Twilio console (Account, API keys & tokens), or try without a telephone: offhook demo, or "
            "offhook serve --open"
        )
    if not config.public_url and not config.is_loopback:
        raise SettingsError(
            "OFFHOOK_PUBLIC_URL is not set: Twilio signs the address it calls, so that address must be known, like "
            "https://example.com (the tunnel's or proxy's, without /voice)"
        )


def _voice_edges(config: Config) -> SettingLine:
    if config.vad == "builtin":
        return SettingLine("OFFHOOK_VAD", True, "builtin: our own detector tells when callers begin and cease to speak")
    if weights_path() is None:
        return SettingLine(
            "OFFHOOK_VAD", False, f"silero is not installed, so the built-in detector is used; {INSTALL}"
        )
    return SettingLine(
        "OFFHOOK_VAD", True, "silero: one model for all calls tells when callers begin and cease to speak"
    )


def _end_of_turn(config: Config) -> tuple[SettingLine, ...]:
    if config.end_of_turn_model is None:
        return ()
    meaning = f"{config.end_of_turn_model}: one model for all calls hears whether callers are done, beside all else"
    return (SettingLine("OFFHOOK_END_OF_TURN_MODEL", True, meaning),)


def _databases(config: Config) -> tuple[SettingLine, ...]:
    if not config.database_url:
        return ()
    return (SettingLine("DATABASE_URL", True, "set; businesses keep what they keep on that PostgreSQL server"),)


def _memory(config: Config) -> SettingLine:
    where = "in Redis, for all processes" if config.redis_url else "not set: in this process alone"
    return SettingLine("REDIS_URL", True, f"{where}; there lie kept answers of tools")


def _wires(config: Config) -> tuple[SettingLine, ...]:
    if config.trace_wires != "kept":
        return ()
    meaning = "all that calls' wires carry is kept beside their traces, what was said included: about 3 MB a minute"
    return (SettingLine("OFFHOOK_TRACE_WIRES", True, meaning),)


def _vapi(config: Config) -> tuple[SettingLine, ...]:
    if not config.vapi_secret:
        return ()
    url = config.public_url or f"http://{config.host}:{config.port}"
    who = config.vapi_transfer_number or "nobody (VAPI_TRANSFER_NUMBER)"
    meaning = f"set; Vapi's server URL is {url}/vapi/webhook, its custom LLM {url}/vapi; calls are handed over to {who}"
    return (SettingLine("VAPI_SECRET", True, meaning),)


def _how_reached(config: Config) -> tuple[SettingLine, ...]:
    where = f"{config.host}:{config.port}"
    reach = (
        "only this machine reaches it: a tunnel or proxy here, or OFFHOOK_HOST=0.0.0.0" if config.is_loopback else ""
    )
    listening = SettingLine("OFFHOOK_HOST, OFFHOOK_PORT", True, f"listening on {where}{'; ' if reach else ''}{reach}")
    if config.is_open:
        return (listening, SettingLine("--open", True, "streams without token and signature are accepted, on loopback"))
    token = SettingLine(
        "TWILIO_AUTH_TOKEN",
        bool(config.twilio_auth_token),
        "set; requests without Twilio's signature are refused"
        if config.twilio_auth_token
        else "Twilio's requests cannot be told from anybody's, so none is served",
    )
    public = SettingLine(
        "OFFHOOK_PUBLIC_URL",
        config.public_url.startswith("https://"),
        _public_meaning(config),
    )
    return (listening, token, public)


def _public_meaning(config: Config) -> str:
    url = config.public_url
    if not url:
        return "Twilio cannot reach us; only a caller simulated on this machine can"
    if url.startswith("http://"):
        return f"{url} is not https: Twilio opens streams by wss only"
    return f"set the number's voice URL to {url}/voice and its status callback to {url}/status"


def _twilio_rest(config: Config) -> SettingLine:
    name = "TWILIO_ACCOUNT_SID"
    if not config.twilio_account_sid:
        return SettingLine(name, False, "calls can be answered, but not placed (offhook call) or ended by REST")
    number = config.twilio_number or "set TWILIO_NUMBER, or say --from"
    return SettingLine(name, True, f"calls can be placed (offhook call), from: {number}")


def _payments(config: Config) -> SettingLine:
    if not config.twilio_pay_connector:
        return SettingLine("TWILIO_PAY_CONNECTOR", True, "not set: no cards are taken by Twilio's payment form")
    meaning = f"cards are asked for by Twilio's payment form, and charged through {config.twilio_pay_connector}"
    return SettingLine("TWILIO_PAY_CONNECTOR", True, meaning)


def _ears(config: Config) -> SettingLine:
    if config.stt == "local":
        return SettingLine("OFFHOOK_STT", True, "local: speech is transcribed on this machine (needs offhook[local])")
    return _key("DEEPGRAM_API_KEY", config.deepgram_api_key, config.deepgram_base_url, config.deepgram_model, "is deaf")


def _voice(config: Config) -> SettingLine:
    if config.tts == "local":
        return SettingLine("OFFHOOK_TTS", True, "local: the voice is made on this machine (needs offhook[local])")
    endpoint = {"auto": "", "multi": ", multi-stream-input only", "single": ", stream-input only"}
    model = f"{config.elevenlabs_model}, voice {config.elevenlabs_voice_id}{endpoint[config.elevenlabs_endpoint]}"
    return _key("ELEVENLABS_API_KEY", config.elevenlabs_api_key, config.elevenlabs_base_url, model, "is mute")


def _key(name: str, key: Secret, base_url: str, model: str, lack: str) -> SettingLine:
    if key:
        return SettingLine(name, True, f"set; {model} at {base_url}")
    return SettingLine(name, False, f"without it the agent {lack}, unless {base_url} asks for no key")


def _unknown(config: Config) -> tuple[SettingLine, ...]:
    known = [variable_of(f.name) for f in fields(config) if f.name not in NO_VARIABLES]
    lines = []
    for name in config.unknown:
        near = get_close_matches(name, known, n=1)
        lines.append(SettingLine(name, False, f"means nothing here{f'; did you mean {near[0]}?' if near else ''}"))
    return tuple(lines)
