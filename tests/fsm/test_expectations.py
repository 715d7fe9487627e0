"""What our question asks for, and what that does to the wait for the answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm.expectations import ANYTHING, ENOUGH, SHORT, Expected, Kind, expected_after, leaning_for
from fsm.opening import with_expected
from fsm.profile import Phrases
from fsm.state import CallState

DIGITS_10 = Expected(Kind.DIGITS, 10)


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        ("Tuesday at ten. Shall I book that for you?", "yes_no"),
        ("So, is that right?", "yes_no"),
        ("I have ten o'clock for Ada Lovelace, correct?", "yes_no"),
        ("Would Tuesday at ten suit you?", "yes_no"),
        ("Would you prefer Tuesday or Friday?", "open"),
        ("What is your new number?", "digits(10)"),
        ("Could you tell me your phone number, please?", "digits(10)"),
        ("Please give me the last four digits of your card.", "digits(4)"),
        ("And the card number?", "digits(16)"),
        ("What's your zip?", "digits(5)"),
        ("May I have your order number?", "digits"),
        ("Which day would suit you?", "date_time"),
        ("When would you like to come?", "date_time"),
        ("May I have your full name?", "name"),
        ("Who am I speaking with?", "name"),
        ("What name shall I put down?", "name"),
        ("Under which name is it booked?", "name"),
        ("What is your e-mail?", "address"),
        ("And your address?", "address"),
        ("How can I help you?", "open"),
        ("I have sent it to your e-mail.", "open"),
        ("It is booked. Goodbye.", "open"),
        ("", "open"),
    ],
)
def test_the_last_sentence_heard_tells_what_is_asked(heard: str, expected: str) -> None:
    assert str(expected_after(heard)) == expected


def test_only_the_last_sentence_counts() -> None:
    assert expected_after("What is your phone number? Thank you, I have noted that.") == ANYTHING


def test_a_hint_comes_before_what_the_words_seem_to_ask() -> None:
    hints = [("member card", Expected(Kind.DIGITS, 8))]
    assert expected_after("Would you read me your member card?", hints) == Expected(Kind.DIGITS, 8)


def test_an_agents_phrases_say_what_its_questions_ask_for() -> None:
    phrases = Phrases(expect={"Member card": "digits(8)"})
    assert phrases.hints == (("Member card", Expected(Kind.DIGITS, 8)),)
    assert "Member card" not in phrases.all(), "it is nothing to be spoken"
    state = with_expected(CallState(phrases=phrases), "Would you read me your member card?")
    assert state.expected == Expected(Kind.DIGITS, 8)


def test_kinds_are_written_as_they_are_read() -> None:
    for told in ("open", "yes_no", "digits", "digits(10)", "date_time", "name", "address"):
        assert str(Expected.parse(told)) == told


@pytest.mark.parametrize("told", ["digit", "digits()", "digits(99)", "name(3)", "", "yes no"])
def test_what_is_no_kind_is_refused(told: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        Expected.parse(told)


@pytest.mark.parametrize(
    ("expected", "words", "keys", "leaning"),
    [
        (DIGITS_10, "five five five", "", SHORT),
        (DIGITS_10, "five five five one two three four five six", "", SHORT),
        (DIGITS_10, "five five five one two three four five six seven", "", ENOUGH),
        (DIGITS_10, "it is 555-123-4567", "", ENOUGH),
        (DIGITS_10, "", "5551234567", ENOUGH),
        (DIGITS_10, "five five five", "1234567", ENOUGH),
        (DIGITS_10, "", "555", SHORT),
        (DIGITS_10, "I don't have one.", "", None),
        (DIGITS_10, "five five five one two three four five six seven eight", "", None),
        (Expected(Kind.YES_NO), "Yeah.", "", ENOUGH),
        (Expected(Kind.YES_NO), "Yes, but", "", None),
        (Expected(Kind.YES_NO), "On Friday", "", None),
        (Expected(Kind.ADDRESS), "anna at", "", SHORT),
        (Expected(Kind.ADDRESS), "anna dot smith at example dot com", "", 0),
        (Expected(Kind.ADDRESS), "twelve Willow Street", "", 60),
        (Expected(Kind.NAME), "Ada", "", 30),
        (ANYTHING, "Yes.", "", None),
    ],
)
def test_an_answer_is_held_against_what_was_asked(
    expected: Expected, words: str, keys: str, leaning: int | None
) -> None:
    assert leaning_for(expected, words, keys) == leaning


@given(st.text(), st.text(alphabet="0123456789*#", max_size=12), st.sampled_from(Kind))
def test_whatever_is_said_a_leaning_stays_on_the_scale(words: str, keys: str, kind: Kind) -> None:
    leaning = leaning_for(Expected(kind, 10 if kind is Kind.DIGITS else 0), words, keys)
    assert leaning is None or ENOUGH <= leaning <= SHORT
