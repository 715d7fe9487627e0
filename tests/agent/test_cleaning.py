import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cleaning import Cleaner


def clean(text: str, token_chars: int = 10_000) -> str:
    cleaner = Cleaner()
    pieces = [cleaner.push(text[at : at + token_chars]) for at in range(0, len(text), token_chars)]
    return "".join(pieces) + cleaner.flush()


SPOKEN = {
    "nothing": ("", ""),
    "plain text": ("Hello there, how are you?", "Hello there, how are you?"),
    "emphasis": ("**Hello** _there_, *how* ***are*** __you__ ~~now~~?", "Hello there, how are you now?"),
    "code": ("Say `book` and ``it``.", "Say book and it."),
    "code at a line's start": ("`book` it", "book it"),
    "a fence": ("```python\nbook it\n```\nokay", "book it okay"),
    "a heading": ("## Hours\nNine to five.", "Hours. Nine to five."),
    "a number sign elsewhere": ("Press # or room #5.", "Press # or room #5."),
    "bullets": (
        "We have:\n* Monday\n- Tuesday\n• Friday\n\nWhich one?",
        "We have: Monday, Tuesday, Friday. Which one?",
    ),
    "loose bullets": ("- one\n\n- two", "one, two"),
    "bullets that end themselves": ("- One.\n- Two!\nOkay", "One. Two! Okay"),
    "bullets after running text": ("These days\n- Monday\n- Friday", "These days, Monday, Friday"),
    "tasks": ("- [ ] call\n- [x] book", "call, book"),
    "numbered lines": ("1. Monday\n2. Friday\nWhich?", "1. Monday, 2. Friday. Which?"),
    "a number that begins a line": ("15.5 is it\n-5 degrees", "15.5 is it -5 degrees"),
    "paragraphs": ("First line\n\nsecond line", "First line. second line"),
    "a wrapped line": ("first\nsecond", "first second"),
    "a rule": ("above\n---\nbelow\n***\nend", "above below end"),
    "a quote": ("> He said\n> - no", "He said, no"),
    "a table": ("| Day | Hour |\n|---|:-:|\n| Mon | 9 |", "Day Hour Mon 9"),
    "a link": ("See [our site](https://x.com/a_(b)?c=1) now.", "See our site now."),
    "a link at the end": ("See [us](https://x.com).", "See us."),
    "a picture": ("![our house](h.png) Nice!", "our house Nice!"),
    "a reference": ("See [us][1], as said[2].", "See us, as said."),
    "brackets": ("Well [pause] yes", "Well pause yes"),
    "a bracket that never closes": ("a](b c", "a(b c"),
    "an automatic link": ("<https://x.com/a> or <me@x.com>", "https://x.com/a or me@x.com"),
    "an address": ("Write to john_doe@example.com.", "Write to john_doe@example.com."),
    "a name with underscores": ("the free_slots field, __init__", "the free_slots field, init"),
    "tags": ("one<br>two <b>three</b><!-- x --> four", "one two three four"),
    "comparisons": ("3 < 5 and 5 > 3, a <3", "3 < 5 and 5 > 3, a <3"),
    "entities": ("Smith &amp; Co&nbsp;Ltd, AT&T & us", "Smith & Co Ltd, AT&T & us"),
    "multiplication": ("2*3 or 2 * 3", "2×3 or 2 × 3"),  # noqa: RUF001 - the sign is meant
    "roughly": ("~5 minutes", "about 5 minutes"),
    "escapes": (r"5\. \*yes\*", "5. yes"),
    "emoji": ("Great 😀! Let's go 👍🏽 now 👨‍👩‍👧 ❤️.", "Great! Let's go now."),
    "emoji between words": ("Hi😀there", "Hi there"),
    "keycaps and signs": ("1️⃣ first, 20° C, Acme™", "1 first, 20° C, Acme"),
    "arrows": ("Mon → Fri", "Mon Fri"),
    "controls": ("a\x00b\x07c\u200bd", "abcd"),
    "blanks": ("  a \t b  \n  c  ", "a b c"),
    "other scripts": ("Grüße, naïve café", "Grüße, naïve café"),
    "dashes": ("well — yes – no", "well — yes – no"),  # noqa: RUF001 - dashes as models write them
}


@pytest.mark.parametrize("name", SPOKEN)
def test_what_is_left_is_what_a_person_would_read_out(name: str) -> None:
    text, spoken = SPOKEN[name]
    assert clean(text) == spoken


@pytest.mark.parametrize("token_chars", [1, 2, 3, 5])
@pytest.mark.parametrize("name", SPOKEN)
def test_it_does_not_matter_how_the_text_was_cut(name: str, token_chars: int) -> None:
    text, spoken = SPOKEN[name]
    assert clean(text, token_chars) == spoken


@given(
    st.text(st.sampled_from("ab1 \n*_`[]()<>!#-+.~|&;:=😀\\/"), max_size=40),
    st.lists(st.integers(1, 5), min_size=1, max_size=8),
)
def test_no_text_depends_on_how_it_was_cut(text: str, sizes: list[int]) -> None:
    cleaner = Cleaner()
    pieces: list[str] = []
    at = 0
    while at < len(text):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(cleaner.push(text[at : at + size]))
        at += size
    assert "".join(pieces) + cleaner.flush() == clean(text)


@given(st.text(max_size=80))
def test_blanks_are_single_and_inside(text: str) -> None:
    spoken = clean(text)
    assert spoken == " ".join(spoken.split())


def test_plain_text_is_not_held_back() -> None:
    cleaner = Cleaner()
    assert cleaner.push("Hello") == "Hello"
    assert cleaner.push(" there") == " there"
    assert cleaner.push(", you ") == ", you"


def test_a_bracket_is_not_waited_for_without_end() -> None:
    cleaner = Cleaner()
    assert cleaner.push("a](" + "b" * 250) == "a"
    assert "b" * 250 in cleaner.push("b" * 100)
