import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.clauses import ABBREVIATIONS, FIRST_MAX_CHARS, LATER_MAX_CHARS, Clauses
from agent.cleaning import Cleaner
from agent.opening_clauses import OpeningClauses


def cut(text: str, token_chars: int = 4, openings: OpeningClauses | None = None) -> list[str]:
    clauses = Clauses(openings)
    ready: list[str] = []
    for at in range(0, len(text), token_chars):
        ready += clauses.push(text[at : at + token_chars])
    return ready + list(clauses.flush())


def pushed(*tokens: str) -> list[tuple[str, ...]]:
    """What each token makes ready."""
    clauses = Clauses()
    return [clauses.push(token) for token in tokens]


# --- the first clause ------------------------------------------------------------------------------------


def test_the_first_clause_is_ready_with_the_first_token_after_its_comma() -> None:
    assert pushed("Sure", " thing", ",", " let") == [(), (), (), ("Sure thing,",)]


def test_one_word_before_a_comma_is_too_little() -> None:
    assert cut("Well, I can do that, no problem.") == ["Well, I can do that,", "no problem."]


def test_a_sentence_is_enough_however_short() -> None:
    assert pushed("Yes.", " I") == [(), ("Yes.",)]
    assert cut("Yes! Right away.") == ["Yes!", "Right away."]


def test_without_punctuation_it_ends_at_a_blank() -> None:
    first, *_ = cut("word " * 40)
    assert FIRST_MAX_CHARS - 10 < len(first) <= FIRST_MAX_CHARS


def test_after_a_flush_the_next_text_begins_anew() -> None:
    clauses = Clauses()
    clauses.push("Let me look. And")
    assert clauses.flush() == ("And",)
    assert clauses.push("All right then, on Tuesday") == ("All right then,",)


# --- openings ---------------------------------------------------------------------------------------------

OPENINGS = OpeningClauses(["Sure.", "Let me see.", "All right, let me see."], lambda _text: None)


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("Sure. We open at nine, as always, and close at six.", ["Sure.", "We open at nine,"]),
        ("sure, we open at nine.", ["sure,", "we open at nine."]),
        ("Sure \N{EM DASH} we open at nine.", ["Sure \N{EM DASH}", "we open at nine."]),
        ("Let me see! Yes. Certainly.", ["Let me see!", "Yes.", "Certainly."]),
        ("All right, let me see. Nine.", ["All right, let me see.", "Nine."]),
        ("All right, let us begin.", ["All right, let us begin."]),
        ("Let me see if there is one.", ["Let me see if there is one."]),
        ("Sure thing, at nine.", ["Sure thing,", "at nine."]),
        ("I can, sure. At nine.", ["I can, sure.", "At nine."]),
        ("Sure", ["Sure"]),
    ],
)
def test_an_opening_is_a_clause_wherever_a_pause_follows_it(text: str, clauses: list[str]) -> None:
    assert cut(text, openings=OPENINGS)[: len(clauses)] == clauses


def test_an_opening_is_ready_with_the_first_letter_after_it() -> None:
    cutting = Clauses(OPENINGS)
    assert [cutting.push(token) for token in ("Sure", ",", " ", "w")] == [(), (), (), ("Sure,",)]


def test_what_is_no_opening_is_cut_as_ever() -> None:
    text = "Well, I can do that, no problem. We open at nine, as always. Sure. Let me see."
    assert cut(text, openings=OPENINGS) == cut(text)


@given(
    st.lists(st.sampled_from("Sure. sure, Let me see. see, All right, 9:30 we open.".split(" ")), max_size=20),
    st.integers(1, 5),
)
def test_clauses_joined_are_the_text_whatever_it_begins_with(words: list[str], token_chars: int) -> None:
    assert " ".join(cut(" ".join(words), token_chars, OPENINGS)) == " ".join(words)


# --- later clauses ---------------------------------------------------------------------------------------


def test_later_clauses_are_sentences() -> None:
    assert cut("Yes. We are open on Monday, Tuesday and Friday. Which one suits you best? Any is fine.") == [
        "Yes.",
        "We are open on Monday, Tuesday and Friday.",
        "Which one suits you best?",
        "Any is fine.",
    ]


def test_short_sentences_join_the_next() -> None:
    assert cut("Yes. No. Maybe. It depends on the weather.") == ["Yes.", "No. Maybe. It depends on the weather."]


def test_long_sentences_are_cut_at_a_comma() -> None:
    text = "Yes. " + "on the one hand it is fine, " * 8 + "and that is it."
    _, second, *_ = cut(text)
    assert second.endswith("fine,")
    assert 100 < len(second) <= LATER_MAX_CHARS


def test_endless_ones_at_a_blank() -> None:
    text = "Yes. " + "word " * 100
    assert all(len(clause) <= LATER_MAX_CHARS for clause in cut(text))


def test_a_word_longer_than_any_clause_stays_whole() -> None:
    address = "https://example.com/" + "a" * 400
    assert cut(f"Here it is: {address} and more.") == ["Here it is:", address, "and more."]


def test_lines_of_a_list_are_sentences_too() -> None:
    assert cut("We have three:\n- Monday at nine\n- Friday at noon, or later\n\nWhich one?") == [
        "We have three:",
        "Monday at nine, Friday at noon, or later.",
        "Which one?",
    ]


# --- where not to cut ------------------------------------------------------------------------------------

WHOLE = [
    "Dr. Smith and Mrs. Jones",
    "St. Mark's Ave. near Ft. Worth",
    "at 10:30 a.m. on Monday",
    "at 3 p.m. Eastern time",
    "it is $3.50 or $1,200.75 a year",
    "J. R. R. Tolkien",
    "the U.S. Army",
    "No. 5 is free",
    "version 2.0.1 of it",
    "see example.com/a.b?c=1,2 for it",
    "write to a.b@c.co.uk about it",
    "vitamins, e.g. B12, i.e. pills etc. and so on",
    "Acme Inc. Ltd. and Sons",
    "the 3.5 percent of Sept. 5",
]


@pytest.mark.parametrize("text", WHOLE)
@pytest.mark.parametrize("token_chars", [1, 3, 100])
def test_no_full_stop_within_cuts(text: str, token_chars: int) -> None:
    clauses = cut(f"Yes. I know that {text} then. Good.", token_chars)
    assert clauses[0] == "Yes."
    assert clauses[1].startswith("I know that ")
    assert text in clauses[1]


def test_no_abbreviation_ends_a_first_clause() -> None:
    for word in ABBREVIATIONS:
        assert cut(f"So {word.capitalize()} Smith. Yes.")[0] == f"So {word.capitalize()} Smith."


def test_the_word_no_ends_a_sentence_unless_a_number_follows() -> None:
    assert cut("No. I can't.") == ["No.", "I can't."]
    assert cut("No. 5 is free. Yes.") == ["No. 5 is free.", "Yes."]


def test_the_numbers_of_a_list_stay_with_their_items() -> None:
    assert cut("1. Monday at nine\n2. Friday at noon\n3. Sunday") == [
        "1. Monday at nine,",
        "2. Friday at noon, 3. Sunday",
    ]


def test_a_number_may_end_a_sentence() -> None:
    assert cut("It costs 15. Shall we?") == ["It costs 15.", "Shall we?"]


def test_digits_in_groups_stay_together() -> None:
    assert cut("Call us on 555, 123, 4567, any time.")[0] == "Call us on 555, 123, 4567,"
    clause, *_ = cut("a" * 110 + " 555 123 4567 is it")
    assert clause == "a" * 110


def test_even_digits_are_cut_when_there_is_nothing_else() -> None:
    assert all(len(clause) <= LATER_MAX_CHARS for clause in cut("5 " * 300))


def test_quotation_marks_belong_to_their_sentence() -> None:
    assert cut('"Really?" she said.') == ['"Really?"', "she said."]
    assert cut('He said "no." Then he went away (at once). The end.') == [
        'He said "no."',
        "Then he went away (at once).",
        "The end.",
    ]


def test_dots_that_trail_off_end_nothing_in_mid_sentence() -> None:
    assert cut("So... maybe then. Yes.") == ["So... maybe then.", "Yes."]
    assert cut("Hmm… Let me see.") == ["Hmm…", "Let me see."]


def test_an_unknown_abbreviation_in_mid_sentence_is_no_end() -> None:
    assert cut("The xyz. of it. Yes.")[0] == "The xyz. of it."


def test_a_dash_is_as_good_as_a_comma() -> None:
    assert cut("Let me see then — yes.") == ["Let me see then —", "yes."]


def test_what_cannot_be_spoken_makes_no_clause() -> None:
    assert cut("**  ** 😀") == []
    assert cut("") == []


# --- in general ------------------------------------------------------------------------------------------

texts = st.lists(
    st.sampled_from(["Yes", "no", "Dr.", "5", "3.50", "$1,200", "a.m.", "well,", "so;", "What?", "end.", "x!", "\n",
                     "- a", "**b**", "😀", "1.", "…", "—", "(c)", '"d."', "w" * 90, "https://x.com/a.b"]),
    max_size=60,
).map(" ".join)  # fmt: skip


@given(texts | st.text(max_size=300), st.integers(1, 30))
def test_the_clauses_are_the_cleaned_text(text: str, token_chars: int) -> None:
    clauses = cut(text, token_chars)
    cleaner = Cleaner()
    assert " ".join(clauses) == cleaner.push(text) + cleaner.flush()
    assert all(clause and clause == clause.strip() for clause in clauses)


@given(texts, st.integers(1, 30))
def test_the_clauses_do_not_depend_on_how_the_text_came(text: str, token_chars: int) -> None:
    assert cut(text, token_chars) == cut(text, 10_000)


@given(texts)
def test_no_clause_is_longer_than_allowed(text: str) -> None:
    assert all(len(clause) <= LATER_MAX_CHARS for clause in cut(text))
