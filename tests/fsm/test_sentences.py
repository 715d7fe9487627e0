"""How finished words look: every rule by its example, and what must not be taken for an end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm.sentences import RULES, Rule, digits_in, is_answer, is_introduction, is_thinking, leaning_of, rule_for


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.sees)
def test_each_rule_decides_on_its_example(rule: Rule) -> None:
    assert rule_for(rule.example) is rule


@pytest.mark.parametrize(
    "text",
    [
        "I would like to come on",
        "Tuesday or",
        "Tuesday and.",
        "so, um",
        "Uh...",
        "My number is five five five",
        "five five five one two three",
        "555 123",
        "S M I",
        "anna underscore",
        "Maybe I could",
        "Well, I am calling",
        "I need the.",
        "On Tuesday,",
    ],
)
def test_what_hangs_in_the_air_is_waited_for(text: str) -> None:
    assert leaning_of(text) >= 70


@pytest.mark.parametrize(
    "text",
    [
        "On Tuesday at ten",
        "Ten thirty.",
        "I need an appointment",
        "That is what I put it on.",
        "Room 12",
        "five five five one two three four five six seven",
        "",
    ],
)
def test_what_may_well_be_all_leans_nowhere(text: str) -> None:
    assert leaning_of(text) == 0


@pytest.mark.parametrize("text", ["Do you have ten?", "no thanks", "That's all, thank you.", "Goodbye.", "Yes."])
def test_what_is_a_whole_leans_to_its_end(text: str) -> None:
    assert leaning_of(text) < 0


@pytest.mark.parametrize(
    "text",
    ["Stop.", "No, wait.", "Hold on a second.", "Um, excuse me.", "Stop stop stop.", "Please stop.", "Wait a minute"],
)
def test_who_only_asks_for_the_floor_is_given_time_to_use_it(text: str) -> None:
    assert leaning_of(text) == 50


@pytest.mark.parametrize("text", ["Wait, what was the second one?", "Stop calling me.", "No.", "A minute.", "Sorry?"])
def test_who_says_more_is_judged_by_that(text: str) -> None:
    assert leaning_of(text) <= 0


def test_a_greeting_with_a_question_mark_is_no_question() -> None:
    assert leaning_of("Hello?") == leaning_of("Hi there?") == 0


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("five five five, one two", "55512"),
        ("double five 12", "5512"),
        ("triple oh one", "0001"),
        ("555-1234", "5551234"),
        ("I have none", ""),
    ],
)
def test_digits_are_read_as_they_are_said(text: str, digits: str) -> None:
    assert digits_in(text) == digits


def test_a_bare_answer_is_one_and_what_goes_on_is_none() -> None:
    assert all(map(is_answer, ["Yes.", "yeah, sure", "Um, no thanks.", "That's right!", "No. No."]))
    assert not any(map(is_answer, ["Yes, but not on Tuesday", "no I meant ten", "yesterday", "", "um"]))


@given(st.text())
def test_whatever_is_said_some_rule_decides(text: str) -> None:
    assert -100 <= leaning_of(text) <= 100


@pytest.mark.parametrize("text", ["Um.", "Hmm", "uh, um", "Ummm...", "Ehh"])
def test_a_sound_of_somebody_who_thinks_says_nothing(text: str) -> None:
    assert is_thinking(text)


@pytest.mark.parametrize("text", ["Hm?", "Um, no.", "Mm-hmm.", "U", "Oh.", ""])
def test_what_says_something_is_more_than_thinking(text: str) -> None:
    assert not is_thinking(text)


@pytest.mark.parametrize("text", ["My name is Susan Clark.", "Hello, this is Tom.", "Good day. I'm calling from Acme."])
def test_who_says_who_they_are_has_more_to_say(text: str) -> None:
    assert is_introduction(text)
    assert leaning_of(text) == 50


@pytest.mark.parametrize(
    "text", ["My name is Ada and I have lost my card.", "I need a name.", "My name is Ada. Can you help me?"]
)
def test_who_says_what_they_want_as_well_does_not(text: str) -> None:
    assert not is_introduction(text)
