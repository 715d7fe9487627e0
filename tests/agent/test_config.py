"""Settings: read once, checked with words a person can act on, never shown."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from agent.config import Config, Secret, http_url, load_config, opened, variable_of
from agent.config_report import check_can_serve, describe
from agent.errors import SettingsError


def test_nothing_set_is_a_config_too() -> None:
    assert load_config({}) == Config()


def test_a_redis_is_named_by_its_url_which_stays_hidden() -> None:
    config = load_config({"REDIS_URL": "rediss://:pass@cache.example:6380/1"})
    assert config.redis_url.reveal() == "rediss://:pass@cache.example:6380/1"
    assert "pass@" not in repr(config) + "".join(map(str, describe(config)))
    assert any("REDIS_URL: in Redis" in str(line) for line in describe(config))
    with pytest.raises(SettingsError, match="REDIS_URL must be redis://HOST"):
        load_config({"REDIS_URL": "localhost:6379"})


def test_every_setting_has_its_name() -> None:
    names = {variable_of(f.name) for f in fields(Config)}
    assert names >= set(
        "TWILIO_ACCOUNT_SID TWILIO_AUTH_TOKEN DEEPGRAM_API_KEY GROQ_API_KEY ELEVENLABS_API_KEY TWILIO_BASE_URL "
        "DEEPGRAM_BASE_URL GROQ_BASE_URL ELEVENLABS_BASE_URL OFFHOOK_PUBLIC_URL OFFHOOK_HOST OFFHOOK_PORT OFFHOOK_DATA "
        "OFFHOOK_AGENT OFFHOOK_MAX_CALLS OFFHOOK_STT OFFHOOK_TTS GROQ_MODEL DEEPGRAM_MODEL ELEVENLABS_MODEL "
        "ELEVENLABS_VOICE_ID ELEVENLABS_ENDPOINT".split()
    )


def test_all_kinds_of_values_are_read() -> None:
    config = load_config(
        {
            "TWILIO_ACCOUNT_SID": "AC" + "a" * 32,
            "TWILIO_AUTH_TOKEN": "abc",
            "OFFHOOK_PUBLIC_URL": "wss://Example.com/phones/",
            "OFFHOOK_PORT": "0",
            "OFFHOOK_MAX_CALLS": " 7 ",
            "OFFHOOK_DATA": "elsewhere/x",
            "OFFHOOK_STT": "Local",
            "GROQ_BASE_URL": "http://127.0.0.1:9/v1/",
            "HOME": "/root",
        }
    )
    assert config.twilio_auth_token.reveal() == "abc"
    assert (config.public_url, config.port, config.max_calls) == ("https://Example.com/phones", 0, 7)
    assert (config.data, config.stt, config.groq_base_url) == (Path("elsewhere/x"), "local", "http://127.0.0.1:9/v1")
    assert config.unknown == ()


def test_a_dotenv_file_is_outranked_by_the_environment_and_blanks_count_as_none(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(
        '# keys\nexport GROQ_API_KEY="gsk_$file"\nDEEPGRAM_API_KEY=\nOFFHOOK_PORT=1111\nGROQ_MODEL=from-file\nEMPTY\n'
    )
    config = load_config({"OFFHOOK_PORT": "2222", "GROQ_MODEL": "  "}, dotenv)
    assert config.groq_api_key == Secret("gsk_$file")
    assert (config.port, config.groq_model) == (2222, "from-file")
    assert not config.deepgram_api_key
    assert load_config({}, tmp_path / "none") == Config()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("OFFHOOK_PORT", "eighty", "OFFHOOK_PORT must be a whole number from 0 to 65535; got 'eighty'"),
        ("OFFHOOK_PORT", "65536", "OFFHOOK_PORT must be a whole number from 0 to 65535; got '65536'"),
        ("OFFHOOK_MAX_CALLS", "0", "OFFHOOK_MAX_CALLS must be a whole number from 1 to 10000; got '0'"),
        ("OFFHOOK_MAX_CALLS", "-3", "OFFHOOK_MAX_CALLS must be"),
        (
            "OFFHOOK_STT",
            "deepgrm",
            "OFFHOOK_STT must be one of deepgram, local; got 'deepgrm'; did you mean 'deepgram'?",
        ),
        ("OFFHOOK_TTS", "x", "OFFHOOK_TTS must be one of elevenlabs, local; got 'x'"),
        (
            "ELEVENLABS_ENDPOINT",
            "singel",
            "ELEVENLABS_ENDPOINT must be one of auto, multi, single; got 'singel'; did you mean 'single'?",
        ),
        ("OFFHOOK_PUBLIC_URL", "example.com", "OFFHOOK_PUBLIC_URL must be a URL"),
        ("OFFHOOK_PUBLIC_URL", "ftp://example.com", "like https://example.com; got 'ftp://example.com'"),
        ("OFFHOOK_PUBLIC_URL", "https://example.com/voice", "the address before /voice"),
        ("OFFHOOK_PUBLIC_URL", "https://example.com?a=b", "without user, ? and #"),
        ("DEEPGRAM_BASE_URL", "api.deepgram.com", "DEEPGRAM_BASE_URL must be a URL"),
        ("GROQ_BASE_URL", "ftp://x", "GROQ_BASE_URL must begin with https://, wss://"),
        ("GROQ_BASE_URL", "http://x:port", "GROQ_BASE_URL must be a URL"),
        ("TWILIO_ACCOUNT_SID", "SK" + "0" * 32, "SK… is an API key"),
        ("TWILIO_NUMBER", "0171 123", "TWILIO_NUMBER must be a telephone number like +15551234567"),
        ("GROQ_API_KEY", "gsk_1 # mine", "GROQ_API_KEY must be one word of plain characters; got 12 characters"),
    ],
)
def test_a_wrong_value_names_the_variable_the_expected_and_what_came(name: str, value: str, told: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load_config({name: value})
    assert told in str(raised.value)


def test_secrets_are_never_shown() -> None:
    secret = "sk-live-0123456789"
    environ = dict.fromkeys(
        ["TWILIO_AUTH_TOKEN", "TWILIO_SHARED_KEY_SECRET", "DEEPGRAM_API_KEY", "GROQ_API_KEY", "ELEVENLABS_API_KEY"],
        secret,
    )
    config = load_config(environ)
    report = "\n".join(map(str, describe(config)))
    shown = f"{config} {config!r} {config.groq_api_key} {config.groq_api_key!s:>40} {report}"
    assert "sk-live" not in shown
    assert "Secret(set)" in shown
    with pytest.raises(SettingsError) as raised:
        load_config({"GROQ_API_KEY": f"{secret} x"})
    assert "sk-live" not in str(raised.value)


def test_open_is_for_loopback_only() -> None:
    for host in ("127.0.0.1", "127.8.8.8", "::1", "localhost"):
        assert opened(Config(host=host)).is_open
    for host in ("0.0.0.0", "::", "192.168.1.5", "example.com", "localhost.example.com", "127.0.0.1.example.com"):
        with pytest.raises(SettingsError, match="OFFHOOK_HOST"):
            opened(Config(host=host))
        with pytest.raises(SettingsError, match="OFFHOOK_HOST"):
            check_can_serve(Config(host=host, is_open=True))


def test_serving_needs_what_tells_twilio_from_strangers() -> None:
    with pytest.raises(SettingsError, match="TWILIO_AUTH_TOKEN is not set"):
        check_can_serve(Config())
    with pytest.raises(SettingsError, match="OFFHOOK_PUBLIC_URL is not set"):
        check_can_serve(Config(host="0.0.0.0", twilio_auth_token=Secret("x")))
    check_can_serve(Config(twilio_auth_token=Secret("x")))
    check_can_serve(opened(Config()))


def test_the_report_says_what_is_missing_and_what_that_means() -> None:
    lines = {line.name: line for line in describe(load_config({"OFFHOOK_PUBLIC_ULR": "x", "GROQ_API_KEY": "g"}))}
    assert lines["GROQ_API_KEY"].is_fine
    assert "openai/gpt-oss-120b at https://api.groq.com" in lines["GROQ_API_KEY"].meaning
    assert not lines["DEEPGRAM_API_KEY"].is_fine
    assert "deaf" in lines["DEEPGRAM_API_KEY"].meaning
    assert "did you mean OFFHOOK_PUBLIC_URL?" in lines["OFFHOOK_PUBLIC_ULR"].meaning
    assert str(lines["TWILIO_AUTH_TOKEN"]).startswith("missing  TWILIO_AUTH_TOKEN: ")


def test_the_report_of_a_whole_set_misses_nothing() -> None:
    config = load_config(
        {
            "TWILIO_ACCOUNT_SID": "AC" + "a" * 32,
            "TWILIO_AUTH_TOKEN": "t",
            "TWILIO_NUMBER": "+15551234567",
            "DEEPGRAM_API_KEY": "d",
            "GROQ_API_KEY": "g",
            "ELEVENLABS_API_KEY": "e",
            "OFFHOOK_PUBLIC_URL": "https://example.com",
        }
    )
    lines = describe(config)
    assert [line.name for line in lines if not line.is_fine] == []
    assert any("https://example.com/voice" in line.meaning for line in lines)


def test_the_local_speech_needs_no_keys() -> None:
    names = {line.name for line in describe(load_config({"OFFHOOK_STT": "local", "OFFHOOK_TTS": "local"}))}
    assert {"OFFHOOK_STT", "OFFHOOK_TTS"} <= names
    assert not {"DEEPGRAM_API_KEY", "ELEVENLABS_API_KEY"} & names


def test_the_report_says_which_speech_endpoint_was_asked_for() -> None:
    def meaning(**environ: str) -> str:
        lines = describe(load_config({"ELEVENLABS_API_KEY": "e", **environ}))
        return next(line.meaning for line in lines if line.name == "ELEVENLABS_API_KEY")

    assert "stream-input" not in meaning(), "whichever the server offers"
    assert "stream-input only" in meaning(ELEVENLABS_ENDPOINT="Single")
    assert "multi-stream-input only" in meaning(ELEVENLABS_ENDPOINT="multi")


def test_urls_of_any_scheme_serve_both_protocols() -> None:
    assert [http_url(u) for u in ("ws://a", "wss://a", "http://a", "https://a")] == ["http://a", "https://a"] * 2


def test_reading_the_settings_imports_nothing_slow() -> None:
    script = (
        "import sys, agent.config, agent.config_report; "
        "print([m for m in ('pydantic', 'aiohttp', 'dotenv', 'twilio') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert done.stdout.strip() == "[]"


def test_wires_are_kept_only_where_asked_for() -> None:
    assert load_config({}).trace_wires == "none"
    config = load_config({"OFFHOOK_TRACE_WIRES": "kept"})
    assert config.trace_wires == "kept"
    assert any("OFFHOOK_TRACE_WIRES" in str(line) for line in describe(config))
    assert not any("OFFHOOK_TRACE_WIRES" in str(line) for line in describe(Config()))


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"OFFHOOK_TRACE_WORDS": "hidden"}, "OFFHOOK_TRACE_WORDS=hidden forbids it"),
        ({"OFFHOOK_STT": "local"}, "local speech has no wires"),
        ({"OFFHOOK_TTS": "local"}, "local speech has no wires"),
    ],
)
def test_wires_that_may_not_or_cannot_be_kept_are_refused(more: dict[str, str], complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        load_config({"OFFHOOK_TRACE_WIRES": "kept", **more})
