"""Emulated providers in place of missing ones: which are missing, what the settings become, and what callers notice."""

import asyncio
from dataclasses import replace

import aiohttp
import pytest

from agent.config import Config, Secret, load_config
from simulator.stand_ins import MEANINGS, missing_providers, stand_ins
from tests.patience import PATIENCE_S, run_patiently

KEY = Secret("a-key")
ALL = Config(deepgram_api_key=KEY, groq_api_key=KEY, elevenlabs_api_key=KEY)


def test_without_any_key_all_three_are_missing() -> None:
    assert missing_providers(Config()) == ("deepgram", "groq", "elevenlabs")


def test_with_all_keys_none_is_missing() -> None:
    assert missing_providers(ALL) == ()


def keyless(name: str, **more: str) -> Config:
    """The settings of somebody who has every key but one."""
    keys = {f"{other.upper()}_API_KEY": "a-key" for other in MEANINGS if other != name}
    return load_config({**keys, **more})


@pytest.mark.parametrize("name", MEANINGS)
def test_a_provider_is_there_with_a_key_or_a_base_url_of_ones_own(name: str) -> None:
    assert missing_providers(keyless(name)) == (name,)
    assert missing_providers(keyless(name, **{f"{name.upper()}_BASE_URL": "http://127.0.0.1:9"})) == ()


def test_local_engines_need_no_stand_in() -> None:
    assert missing_providers(Config(stt="local")) == ("groq", "elevenlabs")
    assert missing_providers(Config(tts="local")) == ("deepgram", "groq")
    assert missing_providers(Config(stt="local", tts="local", groq_api_key=KEY)) == ()


def test_where_nothing_is_missing_the_settings_stay_as_they_are() -> None:
    async def story() -> None:
        async with stand_ins(ALL) as (config, emulated):
            assert config is ALL
            assert emulated == {}

    run_patiently(story())


def test_only_what_is_missing_is_emulated_and_the_rest_untouched() -> None:
    async def story() -> None:
        own = replace(ALL, groq_api_key=Secret(), max_calls=7)
        async with stand_ins(own) as (config, emulated):
            assert emulated == {"groq": MEANINGS["groq"]}
            assert config.groq_base_url.startswith("http://127.0.0.1:")
            assert config.groq_api_key.reveal() == "emulated"
            changed = replace(config, groq_base_url=own.groq_base_url, groq_api_key=own.groq_api_key)
            assert changed == own

    run_patiently(story())


def test_a_stand_in_answers_until_it_is_left() -> None:
    async def story() -> None:
        async with aiohttp.ClientSession() as http, asyncio.timeout(PATIENCE_S):
            async with stand_ins(Config()) as (config, emulated):
                assert list(emulated) == ["deepgram", "groq", "elevenlabs"]
                models = f"{config.groq_base_url}/openai/v1/models"
                key = {"Authorization": f"Bearer {config.groq_api_key.reveal()}"}
                async with http.get(models, headers=key) as answer:
                    assert answer.status == 200
            with pytest.raises(aiohttp.ClientConnectionError):
                await http.get(models, headers=key)

    run_patiently(story())


def test_a_failure_inside_releases_them_too() -> None:
    urls: list[str] = []

    async def broken() -> None:
        async with stand_ins(Config()) as (config, _):
            urls.append(config.deepgram_base_url)
            raise RuntimeError("inside")

    async def story() -> None:
        with pytest.raises(RuntimeError, match="inside"):
            await broken()
        async with aiohttp.ClientSession() as http:
            with pytest.raises(aiohttp.ClientConnectionError):
                await http.get(urls[0])

    run_patiently(story())


def test_each_meaning_says_what_to_set() -> None:
    for name, meaning in MEANINGS.items():
        assert f"{name.upper()}_API_KEY" in meaning
