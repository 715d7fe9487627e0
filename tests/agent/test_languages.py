"""The languages that come with us: complete, and found by what a model calls them."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent.agent_file import load_agent
from agent.languages import language_names, meant, phrases_in, spoken_in, unsaid_in
from agent.twiml import brief
from fsm.languages import LANGUAGES
from fsm.profile import Phrases

KNOWN = ("en-US", "es", "de-CH", "fr")


def test_each_has_tables_of_its_words() -> None:
    assert language_names() == sorted(LANGUAGES)


@pytest.mark.parametrize("tag", ["es", "de"])
def test_each_says_all_that_is_said_without_the_model(tag: str) -> None:
    said = phrases_in(tag)
    assert list(said) == list(Phrases.texts())
    english = Phrases()
    assert [name for name, text in said.items() if text == getattr(english, name)] == []
    assert Phrases.from_table(said) != replace(english)


@pytest.mark.parametrize(
    ("told", "tag"),
    [
        ("es", "es"),
        ("es-MX", "es"),
        ("Spanish", "es"),
        (" español ", "es"),
        ("en", "en-US"),
        ("English", "en-US"),
        ("Deutsch", "de-CH"),
        ("fr-FR", "fr"),
        ("French", None),
        ("it", None),
        ("", None),
    ],
)
def test_what_a_model_may_call_a_language(told: str, tag: str | None) -> None:
    assert meant(told, KNOWN) == tag


def test_a_language_that_does_not_come_with_us_must_be_said_in_full() -> None:
    assert unsaid_in("es", []) == []
    assert unsaid_in("eo", ["greeting"]) == [name for name in Phrases.texts() if name != "greeting"]


@pytest.mark.parametrize("tag", ["es", "de-AT"])
def test_the_telephone_network_speaks_them_too(tag: str) -> None:
    said = spoken_in(tag)
    assert list(said) == ["busy", "sorry", "take_call"]
    assert f"Ada. {said['take_call']}" in brief("https://a.test", "Ada.", tag).decode()
    assert "Ada. To take the call, press 1." in brief("https://a.test", "Ada.", "fr").decode()


def test_an_agent_says_what_it_does_not_say_otherwise_in_its_own_language(tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_text('name = "desk"\nprompt = "Du antwortest."\nlanguage = "de"\nbusy = "Besetzt."\n')
    agent = load_agent(str(path))
    assert agent.fixed_phrases(agent.toolset()).goodbye == phrases_in("de")["goodbye"]
    assert agent.spoken_texts.busy == "Besetzt."
    assert agent.spoken_texts.apology == spoken_in("de")["sorry"]
