"""The languages that come with us: complete, and found by what a model calls them."""

from dataclasses import replace

import pytest

from agent.languages import language_names, meant, phrases_in, unsaid_in
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
