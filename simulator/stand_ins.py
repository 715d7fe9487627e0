"""Emulated providers in place of those that nobody configured, so that a server without keys runs all the same."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from agent.config import Config, Secret

MEANINGS = {
    "deepgram": "the emulated transcriber understands simulated callers only, no human voice, and the built-in "
    "voice detector hears them, whatever OFFHOOK_VAD says; set DEEPGRAM_API_KEY, or OFFHOOK_STT=local for a local one",
    "groq": "a scripted brain answers, which is no language model: it knows the rules in brain.toml beside the agent, "
    "or else how to book appointments; set GROQ_API_KEY, or GROQ_BASE_URL to any OpenAI-compatible server",
    "elevenlabs": "the emulated voice speaks to simulated callers only, humans hear a buzz; set ELEVENLABS_API_KEY, or "
    "OFFHOOK_TTS=local for a local one",
}
"""What it means for a caller that a provider is emulated."""


def missing_providers(config: Config) -> tuple[str, ...]:
    """Providers for which there is neither a key, nor a base URL of one's own, nor a local engine."""
    fresh = Config()
    missing = []
    if config.stt == "deepgram" and not config.deepgram_api_key and config.deepgram_base_url == fresh.deepgram_base_url:
        missing.append("deepgram")
    if not config.groq_api_key and config.groq_base_url == fresh.groq_base_url:
        missing.append("groq")
    if (
        config.tts == "elevenlabs"
        and not config.elevenlabs_api_key
        and config.elevenlabs_base_url == fresh.elevenlabs_base_url
    ):
        missing.append("elevenlabs")
    return tuple(missing)


@asynccontextmanager
async def stand_ins(config: Config) -> AsyncIterator[tuple[Config, dict[str, str]]]:
    """The settings with missing providers emulated on loopback, and what that means by provider."""
    missing = missing_providers(config)
    if not missing:
        yield config, {}
        return
    from simulator.brain.of_agent import brain_of  # noqa: PLC0415 - same as below
    from simulator.emulators import EmulatedProviders, Setup  # noqa: PLC0415 - a configured server starts without them

    async with EmulatedProviders(Setup(only=missing, brain=brain_of(config.agent))) as emulated:
        changes: dict[str, object] = {}
        for name, url in emulated.urls.items():
            changes[f"{name}_base_url"] = url
            changes[f"{name}_api_key"] = Secret("emulated")
        if "deepgram" in missing:
            changes["vad"] = "builtin"  # what simulated callers say is no speech to a model
        yield replace(config, **changes), {name: MEANINGS[name] for name in missing}  # type: ignore[arg-type]  # fields by name
