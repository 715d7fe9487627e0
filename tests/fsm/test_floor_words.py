"""What words want with the floor, by the tables."""

import pytest

from fsm.floor_words import LONGEST_PHRASE, Bid, bid_of, is_assent
from fsm.language import Language
from fsm.languages import LANGUAGES
from fsm.questions import ends_in_closed_question


@pytest.mark.parametrize("text", ["", "mm-hmm", "Oh, okay, I see.", "um", "No problem.", "Ha ha.", "Thank you."])
def test_listening_wants_nothing(text: str) -> None:
    assert bid_of(text, is_settled=True) is Bid.NOTHING


@pytest.mark.parametrize(
    "text", ["stop", "No", "hold on", "Actually", "excuse me", "yeah but", "um, wait", "I need", "What?"]
)
def test_a_bid_counts_before_it_is_settled(text: str) -> None:
    assert bid_of(text, is_settled=False) is Bid.FLOOR


@pytest.mark.parametrize("text", ["No,", "Just a second", "Mon", "hang on,"])
def test_what_may_become_something_else_counts_once_it_is_settled(text: str) -> None:
    assert bid_of(text, is_settled=False) is Bid.PERHAPS
    assert bid_of(text, is_settled=True) is Bid.FLOOR


@pytest.mark.parametrize("text", ["Honey, not now", "No, put it on the table", "I'm on the phone, mom", "Shh"])
def test_words_to_others_are_an_aside(text: str) -> None:
    assert bid_of(text, is_settled=True) is Bid.ASIDE


@pytest.mark.parametrize("text", ["It's for my mom", "No, with my dad", "The baby"])
def test_others_may_be_spoken_of(text: str) -> None:
    assert bid_of(text, is_settled=True) is Bid.FLOOR


@pytest.mark.parametrize(("text", "assents"), [("Yeah.", True), ("mm-hmm", True), ("um", False), ("no", False)])
def test_assent(text: str, assents: bool) -> None:
    assert is_assent(text) is assents


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=lambda language: language.code)
def test_no_phrase_is_longer_than_is_looked_for(language: Language) -> None:
    for table in (language.asides, language.backchannel_phrases, language.interruptions, language.addresses):
        assert max(len(phrase.split()) for phrase in table) <= LONGEST_PHRASE


@pytest.mark.parametrize(
    ("heard", "asks"),
    [
        ("Does ten suit you?", True),
        ("We have ten. Does that suit you? We", True),
        ("So that is Tuesday, right?", True),
        ("What is your name?", False),
        ("Is it fine. We also have", False),
        ("", False),
    ],
)
def test_closed_questions(heard: str, asks: bool) -> None:
    assert ends_in_closed_question(heard) is asks
