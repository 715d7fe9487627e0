"""From settings and an agent's file to providers, character and tools."""

import asyncio
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import orjson
import pytest

from agent.agent_file import load_agent
from agent.assembly import (
    DATA_RULE,
    Providers,
    make_character,
    make_ears,
    make_model,
    make_voices,
    system_prompt,
    unheard_languages,
)
from agent.clock import RandomIds
from agent.config import load_config
from agent.providers.deepgram_codec import DeepgramSettings
from agent.workshop import Workshop
from fsm.profile import Profile
from simulator.scenario.reader import SCENARIOS
from tests.agent.call_fakes import MONDAY, FakeHearing, FakeModel, FakeVoices
from tests.agent.providers.fakes import FakeNetwork
from tests.fakes import ManualClock
from tools.registry import UnknownToolError

AGENT = load_agent("appointments")
URLS = {"DEEPGRAM_BASE_URL": "http://ears.test", "GROQ_BASE_URL": "http://brain.test"}
CONFIG = load_config(URLS)


def test_the_ears_listen_in_the_agents_language_and_wait_no_longer_than_it_does() -> None:
    ears = make_ears(CONFIG, AGENT.model_copy(update={"language": "de"}), FakeNetwork(), ManualClock())
    assert ears.settings.language == "de"
    assert ears.settings.base_url == "http://ears.test"
    hasty = AGENT.model_copy(update={"profile": {"wait_ms": 200}})
    ears = make_ears(CONFIG, hasty, FakeNetwork(), ManualClock())
    assert isinstance(ears.settings, DeepgramSettings)
    assert ears.settings.endpointing_ms == 200


def test_a_model_of_flux_is_asked_where_flux_is_served_and_waits_no_longer_than_the_agent() -> None:
    network, config = FakeNetwork(), replace(CONFIG, deepgram_model="flux-general-en")
    patient = AGENT.model_copy(update={"profile": {"patient_wait_ms": 2_000}})
    make_ears(config, patient, network, ManualClock()).warm()
    assert "/v2/listen?model=flux-general-en&" in network.wire.url
    assert "eot_timeout_ms=2000" in network.wire.url


def test_without_a_key_any_key_is_sent() -> None:
    network, clock = FakeNetwork(), ManualClock()
    assert make_ears(CONFIG, AGENT, network, clock).settings.api_key
    assert make_model(CONFIG, AGENT, network, clock).settings.api_key
    assert make_voices(CONFIG, AGENT, network, clock).settings.api_key


def test_an_agent_may_have_a_model_and_a_voice_of_its_own() -> None:
    own = AGENT.model_copy(update={"model": "tiny", "voice": "v9"})
    assert make_model(CONFIG, own, FakeNetwork(), ManualClock()).settings.model == "tiny"
    assert make_voices(CONFIG, own, FakeNetwork(), ManualClock()).settings.voice_id == "v9"
    assert make_model(CONFIG, AGENT, FakeNetwork(), ManualClock()).settings.model == CONFIG.groq_model
    assert make_voices(CONFIG, AGENT, FakeNetwork(), ManualClock()).settings.voice_id == CONFIG.elevenlabs_voice_id


def test_a_character_is_the_agents_file_checked() -> None:
    character = make_character(AGENT)
    assert character.name == "appointments"
    assert character.profile == Profile.from_table(AGENT.profile)
    assert [tool.name for tool in character.tools] == list(AGENT.tools)
    assert all(tool.parameters["type"] == "object" for tool in character.tools)


def test_a_tool_that_does_not_exist_is_refused_at_start() -> None:
    with pytest.raises(UnknownToolError, match="fly"):
        make_character(AGENT.model_copy(update={"tools": ["fly"]}))


def test_the_prompt_tells_what_changes_last() -> None:
    told = system_prompt("  You answer the phone. ", "+15550001111", datetime(2026, 11, 23, 8, 5))  # noqa: DTZ001 - the business's own clock
    assert told == (
        f"You answer the phone.\n\n{DATA_RULE}\n\n"
        "Today is 2026-11-23, a Monday. It is 08:05. The caller's number is +15550001111."
    )
    assert "number" not in system_prompt("x", "", MONDAY)


def test_a_model_is_told_of_the_openings_of_its_agent_only() -> None:
    told = system_prompt("x", "", MONDAY, ("Sure.", "Let me see."))
    assert 'word for word: "Sure." "Let me see." Not where' in told
    assert told.index("word for word") < told.index(DATA_RULE), "the fixed part comes first"
    character = make_character(AGENT)
    assert "word for word" in character.prompt("", MONDAY, character.phrases.openings)
    assert "word for word" not in character.prompt("", MONDAY, ())


def test_each_call_has_tools_of_its_own_data(tmp_path: Path) -> None:
    runner = Workshop(AGENT.toolset(), tmp_path, lambda: MONDAY, RandomIds()).runner("CA1", "+15550001111")
    outcome = asyncio.run(runner.run("find_free_slots", '{"date": "2026-11-24"}'))
    assert not outcome.failed
    assert orjson.loads(outcome.result)["slots"]
    assert list(tmp_path.iterdir())


def test_providers_are_warmed_and_closed_together() -> None:
    model = FakeModel()
    providers = Providers(FakeHearing(), model, FakeVoices())
    providers.warm()
    assert model.warmed == 1
    providers.close()


def test_what_a_call_may_change_to_is_told_to_a_model_that_has_the_tools_for_it() -> None:
    agent = load_agent(str(SCENARIOS / "agents" / "reception.toml"))
    prompt = make_character(agent).prompt("", MONDAY, ())
    assert "change_profile knows these profiles: usual, patient." in prompt
    assert "You speak en-US, es, de, eo; switch_language goes from one to another." in prompt
    without = make_character(agent.model_copy(update={"tools": ()})).prompt("", MONDAY, ())
    assert "switch_language" not in without
    assert "change_profile" not in without


@pytest.mark.parametrize(
    ("settings", "unheard"),
    [
        ({}, []),
        ({"DEEPGRAM_MODEL": "flux-general-multi"}, []),
        ({"DEEPGRAM_MODEL": "flux-general-en"}, ["es", "de", "eo"]),
        ({"OFFHOOK_STT": "local"}, ["es", "de", "eo"]),
    ],
)
def test_languages_that_the_ears_do_not_know_are_found_at_start(settings: dict[str, str], unheard: list[str]) -> None:
    agent = load_agent(str(SCENARIOS / "agents" / "reception.toml"))
    assert unheard_languages(load_config(settings), agent) == unheard
