import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.speakable import speakable

SPOKEN = {
    "It costs $3.50, or $1,200.": "It costs three dollars and fifty cents, or one thousand two hundred dollars.",
    "$1": "one dollar",
    "$0.99 and €1.01": "ninety-nine cents and one euro and one cent",
    "£2.01 or £5": "two pounds and one penny or five pounds",
    "-$5": "minus five dollars",
    "$1.5 million, $20k": "one point five million dollars, twenty thousand dollars",
    "$0.125": "zero point one two five dollars",
    "$0": "zero dollars",
    "at 10:30 a.m. or 3pm": "at ten thirty a.m. or three p.m.",
    "It is 10:30am. Good.": "It is ten thirty a.m. Good.",
    "10:00 PM, 7:05 p.m.": "ten p.m., seven oh five p.m.",
    "14:30, 14:00, 10:00, 0:30": "fourteen thirty, fourteen hundred, ten o'clock, zero thirty",
    "2026-11-24": "November twenty-fourth, twenty twenty-six",
    "on 2026-11-24T10:30:00Z.": "on November twenty-fourth, twenty twenty-six at ten thirty.",
    "2026-13-45": "two zero two six, one three, four five",
    "11/24/2026": "November twenty-fourth, twenty twenty-six",
    "November 24th, 2026": "November twenty-fourth, twenty twenty-six",
    "Sept. 5 and May 1st": "September fifth and May first",
    "May 5,000 people come": "May five thousand people come",
    "(415) 555-2671": "four one five, five five five, two six seven one",
    "+1 415 555 2671": "plus one, four one five, five five five, two six seven one",
    "+44 20 7946 0958": "plus four four, two zero, seven nine four six, zero nine five eight",
    "555-1234": "five five five, one two three four",
    "123-45-6789": "one two three, four five, six seven eight nine",
    "12.5% and 3 % or -2%": "twelve point five percent and three percent or minus two percent",
    "1st, 22nd, 103rd": "first, twenty-second, one hundred third",
    "in 2026, 1999 and 2005": "in twenty twenty-six, nineteen ninety-nine and two thousand five",
    "2–3 days, 9-5": "two to three days, nine to five",  # noqa: RUF001 - a dash as models write it
    "10-11 am": "ten to eleven a.m.",
    "9:00-17:00": "nine o'clock to seventeen hundred",
    "5-10%": "five to ten percent",
    "$5-$10": "five dollars to ten dollars",
    "1/2 cup, 4/5, 24/7": "one half cup, four slash five, twenty-four seven",
    "v2.0.1": "v two point zero point one",
    "5kg, 10 km, 1h, 2x, 90min": "five kilograms, ten kilometers, one hour, two x, ninety minutes",
    "AB123, B12, A1-B2": "AB one two three, B one two, A one B two",
    "COVID-19, a 10-minute walk": "COVID nineteen, a ten minute walk",
    "90210, 007, 1234": "nine zero two one zero, zero zero seven, one thousand two hundred thirty-four",
    "3.14, -5, 1,234,567": "three point one four, minus five, one million two hundred thirty-four thousand "
    "five hundred sixty-seven",
    "72°F, -3 °C, 1°, 20°": "seventy-two degrees Fahrenheit, minus three degrees Celsius, one degree, twenty degrees",
    "Smith & Co, #5": "Smith and Co, number five",
    "2×3 = 6, 2 + 3": "two times three equals six, two plus three",  # noqa: RUF001 - the sign is meant
    "3:1": "three to one",
    "john.doe_1@example.com": "john dot doe underscore one at example dot com",
    "Visit https://www.example.com/a-b/.": "Visit www dot example dot com slash a dash b.",
    "Dr. Smith, no numbers here!": "Dr. Smith, no numbers here!",
    "hello": "hello",
    "": "",
}


@pytest.mark.parametrize("text", SPOKEN)
def test_it_is_written_out_as_it_is_read(text: str) -> None:
    assert speakable(text) == SPOKEN[text]


pieces = st.sampled_from([*"0123456789 .,:-/$%#°@&+ab", "am", "2026", "May ", "1,000", "://", " pm", "(", ")", "www."])


@given(st.lists(pieces, max_size=20).map("".join))
def test_no_digit_is_left_and_what_was_written_out_stays(text: str) -> None:
    spoken = speakable(text)
    assert not any(char.isdecimal() for char in spoken)
    assert speakable(spoken) == spoken


@given(st.text(st.sampled_from("abc XYZ.,!?'"), max_size=60).map(lambda text: " ".join(text.split())))
def test_words_stay_as_they_are(text: str) -> None:
    if "www." not in text:
        assert speakable(text) == text
