import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.numerals import cardinal, decimal, digits, minutes, ordinal, year


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (20, "twenty"),
        (99, "ninety-nine"),
        (100, "one hundred"),
        (205, "two hundred five"),
        (1_200, "one thousand two hundred"),
        (10_010, "ten thousand ten"),
        (999_999, "nine hundred ninety-nine thousand nine hundred ninety-nine"),
        (1_000_000, "one million"),
        (2_000_000_003, "two billion three"),
        (5 * 10**12, "five trillion"),
        (10**15, "one" + " zero" * 15),
        (-7, "minus seven"),
    ],
)
def test_cardinals(number: int, words: str) -> None:
    assert cardinal(number) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "first"), (2, "second"), (3, "third"), (4, "fourth"), (5, "fifth"), (8, "eighth"), (9, "ninth"),
        (12, "twelfth"), (20, "twentieth"), (21, "twenty-first"), (30, "thirtieth"), (100, "one hundredth"),
        (103, "one hundred third"), (112, "one hundred twelfth"), (1_000, "one thousandth"),
    ],
)  # fmt: skip
def test_ordinals(number: int, words: str) -> None:
    assert ordinal(number) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1905, "nineteen oh five"),
        (1984, "nineteen eighty-four"),
        (1900, "nineteen hundred"),
        (2000, "two thousand"),
        (2009, "two thousand nine"),
        (2010, "twenty ten"),
        (2026, "twenty twenty-six"),
    ],
)
def test_years(number: int, words: str) -> None:
    assert year(number) == words


def test_the_rest() -> None:
    assert digits("04-55") == "zero four five five"
    assert decimal("1,200.50") == "one thousand two hundred point five zero"
    assert decimal(".5") == "zero point five"
    assert (minutes(5), minutes(30)) == ("oh five", "thirty")


@given(st.integers(0, 10**15 - 1), st.integers(0, 10**15 - 1))
def test_different_numbers_have_different_words(one: int, other: int) -> None:
    assert (cardinal(one) == cardinal(other)) == (one == other)
