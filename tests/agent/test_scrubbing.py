"""Card numbers are masked however they are said; whatever else is said is kept as it is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.numerals import ONES
from agent.scrubbing import FEWEST, MASK, MOST, VISIBLE, Line, Screen, figures, holds_card_number, passes_check, scrub

CARD = "4242424242424242"


def with_check_digit(digits: str) -> str:
    return next(digits + check for check in "0123456789" if passes_check(digits + check))


cards = st.text("0123456789", min_size=FEWEST - 1, max_size=MOST - 1).map(with_check_digit)


def said(text: str) -> str:
    """The digits of a text in their order, and nothing else."""
    return "".join(figure.digits for figure in figures(text))


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("4242 4242-4242.4242", CARD),
        ("four two, forty-two 4242 and then double four", "4242424244"),
        ("oh triple seven, nineteen twenty", "07771920"),
        ("CA0123456789012345 is an id", ""),
        ("no number at all", ""),
    ],
)
def test_what_is_read_out_is_read(text: str, digits: str) -> None:
    assert said(text) == digits


def test_a_card_number_is_masked_and_the_words_around_it_stay() -> None:
    assert scrub(f"It is {CARD}, thanks.") == f"It is {MASK * 16}, thanks."
    spoken = " ".join(ONES[int(digit)] for digit in CARD)
    assert scrub(f"It is {spoken}.") == f"It is {' '.join(MASK * 16)}."


@pytest.mark.parametrize(
    "text",
    [
        "Call me at +1 555 000 1111.",
        '{"slot_id": "2026-11-24T10:00", "phone": "+15550001111"}',
        "4242424242424241",
        "Tuesday the twenty-fourth at ten, or Thursday the twenty-sixth at eleven",
        "",
    ],
)
def test_what_is_no_card_number_stays(text: str) -> None:
    assert scrub(text) == text


@given(cards, st.lists(st.sampled_from([" ", "-", ", ", " - ", " and ", " um, "]), min_size=19, max_size=19), st.data())
def test_no_way_to_say_a_card_number_escapes(card: str, gaps: list[str], data: st.DataObject) -> None:
    pieces: list[str] = []
    rest = card
    while rest:
        size = data.draw(st.integers(1, 4))
        piece, rest = rest[:size], rest[size:]
        is_spoken = data.draw(st.booleans())
        pieces.append(" ".join(ONES[int(digit)] for digit in piece) if is_spoken else piece)
    text = "".join(piece + gap for piece, gap in zip(pieces, gaps, strict=False)).rstrip(" ,-")
    assert said(scrub(f"Well, {text.removesuffix(' and').removesuffix(' um')}, okay?")) == ""


@given(st.text())
def test_scrubbing_twice_is_scrubbing_once_and_adds_no_digit(text: str) -> None:
    once = scrub(text)
    assert scrub(once) == once
    assert len(said(once)) <= len(said(text))


# --- a record that grows -------------------------------------------------------------------------------------------


def words(text: str, *, is_final: bool = True) -> Line:
    return {"kind": "event", "event": "WordsHeard", "data": {"text": text, "is_final": is_final}}


def key(digit: str) -> Line:
    return {"kind": "event", "event": "DigitPressed", "data": {"digit": digit}}


TICK: Line = {"kind": "event", "event": "Tick", "data": {}}


def screened(lines: list[Line]) -> list[Line]:
    screen = Screen()
    passed = [each for line in lines for each in screen.take(line)]
    return passed + screen.close()


def written(lines: list[Line]) -> str:
    return "".join(said(str(text)) for line in lines for text in line["data"].values() if isinstance(text, str))


def test_a_number_in_two_turns_is_masked_beyond_its_first_digits() -> None:
    told = [words("four two four two"), TICK, words("and it goes on 4242"), TICK, words("4242 4242"), words("Thanks.")]
    assert written(screened(told)) == "4242"


def test_a_guess_with_fewer_digits_than_the_one_before_passes_nothing_that_waits() -> None:
    told = [words("four two four two four"), words("two four", is_final=False), words("two foa", is_final=False), TICK]
    assert [said(line["data"].get("text", "")) for line in screened(told)] == ["42424", "24", "2", ""]


def test_lines_keep_their_order_and_none_is_lost() -> None:
    told = [
        words("My number is five five five oh one two three"),
        TICK,
        words("Thank you."),
        words("That is all."),
        TICK,
    ]
    assert screened(told) == told


def test_what_is_not_masked_is_not_counted_as_masked() -> None:
    screen = Screen()
    line: Line = {"kind": "event", "event": "ToolsRequested", "data": {"calls": ({"arguments": "{}"},)}}
    assert screen.take(line) == [line]
    assert screen.masked == 0


def test_a_telephone_number_passes_with_the_next_words() -> None:
    screen = Screen()
    number = words("555 000 1111")
    assert screen.take(number) == []
    assert screen.take(TICK) == []
    assert screen.take(words("Is that all you need?")) == []
    assert screen.take(words("Good.")) == [number, TICK, words("Is that all you need?"), words("Good.")]


def test_interim_words_are_no_second_number() -> None:
    told = [
        words("555", is_final=False),
        words("555 000", is_final=False),
        words("555 000 1111"),
        words("Bye."),
        words("!"),
    ]
    assert screened(told) == told


@given(cards, st.data())
def test_a_card_number_in_any_pieces_shows_no_more_than_its_first_digits(card: str, data: st.DataObject) -> None:
    told: list[Line] = []
    rest = card
    while rest:
        size = data.draw(st.integers(1, 8))
        piece, rest = rest[:size], rest[size:]
        how: Any = data.draw(st.sampled_from(["words", "interim", "keys", "spoken"]))
        if how == "keys":
            told += [key(digit) for digit in piece]
        elif how == "spoken":
            told.append(words("it's " + " ".join(ONES[int(digit)] for digit in piece)))
        else:
            told += [words(piece, is_final=False)] if how == "interim" else []
            told.append(words(piece))
        told += [TICK] * data.draw(st.integers(0, 2))
    shown = screened([*told, words("Thank you."), words("Bye."), words("Bye.")])
    assert len(shown) == len(told) + 3
    settled = [line for line in shown if line["data"].get("is_final", True)]  # an interim says what is said once more
    assert card[: VISIBLE + 1] not in written(settled)
    assert all(card[: VISIBLE + 1] not in written([line]) for line in shown)


@given(st.lists(st.sampled_from([words("yes please"), words("at ten"), TICK, key("1")]), max_size=30))
def test_nothing_waits_for_ever(lines: list[Line]) -> None:
    assert len(screened(lines)) == len(lines)


def test_whole_pieces_make_up_a_number() -> None:
    assert holds_card_number(["00", *(CARD[at : at + 4] for at in range(0, 16, 4)), "123"])
    assert not holds_card_number(["1234", "5678"])
