import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.heard_text import HeardText
from agent.ports import Alignment


def aligned(text: str, each: int = 100) -> Alignment:
    """Every character, blanks too, lasts `each` samples."""
    return Alignment(text, tuple(at * each for at in range(len(text))))


def spoken(text: str, each: int = 100) -> HeardText:
    heard = HeardText()
    heard.note_text(text)
    heard.note_audio(len(text) * each, aligned(text, each))
    return heard


def test_a_word_counts_once_its_greater_part_was_heard() -> None:
    heard = spoken("one three five")
    assert heard.heard(0) == ""
    assert heard.heard(149) == ""
    assert heard.heard(150) == "one"
    assert heard.heard(400 + 249) == "one"
    assert heard.heard(400 + 250) == "one three"
    assert heard.heard(1_400) == "one three five"


def test_going_on_repeats_at_most_the_word_in_progress() -> None:
    heard = spoken("one three five")
    assert heard.word_start(0) == 0
    assert heard.word_start(299) == 0
    assert heard.word_start(300) == 300
    assert heard.word_start(399) == 399
    assert heard.word_start(401) == 400
    assert heard.word_start(899) == 400
    assert heard.word_start(5_000) == 5_000


def test_clauses_are_joined_by_a_blank_and_pieces_may_split_words() -> None:
    heard = HeardText()
    heard.note_text("Good day,")
    heard.note_text("how are you?")
    for piece in ("Goo", "d day, ho", "w are", " you? "):
        heard.note_audio(len(piece) * 100, aligned(piece))
    heard.complete()
    assert heard.text == "Good day, how are you?"
    assert heard.heard(250) == "Good"
    assert heard.heard(850) == "Good day,"
    assert heard.heard(1_170) == "Good day, how"
    assert heard.heard(2_300) == heard.text


def test_empty_text_is_no_word() -> None:
    heard = HeardText()
    heard.note_text("  ")
    heard.note_audio(800)
    heard.complete()
    assert (heard.text, heard.heard(800), heard.word_start(400)) == ("", "", 400)


def test_without_alignment_the_audio_is_shared_out_once_complete() -> None:
    heard = HeardText()
    heard.note_text("aaaa bbbb")
    heard.note_audio(4_000)
    heard.note_audio(4_000)
    heard.complete()
    assert heard.heard(1_999) == ""
    assert heard.heard(2_000) == "aaaa"
    assert heard.heard(6_000) == "aaaa bbbb"
    assert heard.word_start(5_000) == 4_000


def test_without_alignment_incomplete_audio_is_taken_at_the_usual_pace() -> None:
    heard = HeardText(samples_per_weight=500)
    heard.note_text("aaaa bbbb cccc")
    heard.note_audio(3_000)
    assert heard.heard(1_000) == "aaaa"
    assert heard.heard(2_999) == "aaaa"
    assert heard.heard(3_000) == "aaaa bbbb"


def test_a_pause_at_the_end_of_a_sentence_takes_its_time() -> None:
    heard = HeardText()
    heard.note_text("aaaa. bbbb")
    heard.note_audio(15_000)
    heard.complete()
    assert heard.word_start(3_999) == 0
    assert heard.word_start(9_000) == 9_000
    assert heard.word_start(12_000) == 11_000


def test_a_reply_teaches_the_pace_of_the_next() -> None:
    heard = HeardText(500)
    heard.note_text("abcdefghij" * 5)
    heard.note_audio(40_000)
    assert heard.measured_samples_per_weight == 500
    heard.complete()
    assert heard.measured_samples_per_weight == 800


def test_too_little_text_or_a_failed_voice_teaches_nothing() -> None:
    short = HeardText(500)
    short.note_text("Hi")
    short.note_audio(40_000)
    short.complete()
    assert short.measured_samples_per_weight == 500
    cut = HeardText(500)
    cut.note_text("abcdefghij" * 5)
    cut.note_audio(100)
    cut.complete(cut_short=True)
    assert cut.measured_samples_per_weight == 500


def test_a_piece_without_alignment_between_aligned_ones_is_bridged() -> None:
    heard = HeardText()
    heard.note_text("aaaa bbbb cccc")
    heard.note_audio(400, aligned("aaaa"))
    heard.note_audio(500)
    heard.note_audio(500, aligned(" cccc"))
    assert heard.heard(699) == "aaaa"
    assert heard.heard(700) == "aaaa bbbb"
    assert heard.word_start(700) == 400
    assert heard.word_start(1_100) == 1_000


def test_an_alignment_that_says_something_else_counts_as_none() -> None:
    heard = HeardText(samples_per_weight=100)
    heard.note_text("It costs 30 in all of them")
    heard.note_audio(900, aligned("It costs "))
    heard.note_audio(1_200, aligned("thirty dolla"))
    heard.note_audio(900, aligned(" in all o"))
    assert heard.heard(900) == "It costs"
    assert heard.heard(2_100) == "It costs 30"
    assert heard.heard(2_300) == "It costs 30 in"


def test_a_letter_sounds_on_until_the_next_character_wherever_pieces_end() -> None:
    heard = HeardText()
    heard.note_text("ab cd")
    heard.note_audio(200, aligned("ab"))
    heard.note_audio(300, Alignment("", ()))
    heard.note_audio(200, Alignment(" ", (50,)))
    heard.note_audio(300, Alignment("cd", (100, 200)))
    assert heard.word_start(549) == 0
    assert heard.word_start(550) == 550
    assert heard.word_start(801) == 800


def test_an_alignment_of_a_letter_or_two_is_not_looked_for_elsewhere() -> None:
    heard = HeardText(samples_per_weight=100)
    heard.note_text("abcabc xyz")
    heard.note_audio(100, aligned("z"))
    assert heard.heard(100) == ""


def test_blanks_alone_and_disorder_in_an_alignment_do_no_harm() -> None:
    heard = HeardText()
    heard.note_text("ab cd")
    heard.note_audio(100, Alignment("  ", (0, 50)))
    heard.note_audio(0, Alignment("ab", ()))
    heard.note_audio(0, Alignment("", ()))
    heard.note_audio(400, Alignment("ab cd", (300, 100, 9_000, 0, 50)))
    heard.complete()
    assert heard.heard(500) == "ab cd"


def test_text_that_never_got_audio_was_not_heard() -> None:
    heard = HeardText()
    heard.note_text("aaaa bbbb")
    heard.note_audio(400, aligned("aaaa"))
    heard.complete(cut_short=True)
    assert heard.heard(400) == "aaaa"


def test_when_the_voice_pauses_its_audio_is_that_of_the_text_so_far() -> None:
    heard = HeardText(samples_per_weight=500)
    heard.note_text("Let me check.")
    heard.note_audio(3_500)
    assert heard.heard(3_500) == "Let me"
    heard.settle()
    assert heard.heard(3_500) == "Let me check."
    heard.note_text("Yes.")
    heard.note_audio(4_000)
    heard.complete()
    assert heard.heard(3_900) == "Let me check."
    assert heard.heard(7_500) == "Let me check. Yes."


def test_a_stall_in_mid_text_is_not_its_end() -> None:
    heard = HeardText(samples_per_weight=500)
    heard.note_text("Let me check the whole calendar.")
    heard.note_audio(3_500)
    heard.settle()
    assert heard.heard(3_500) == "Let me"


def test_new_text_does_not_claim_audio_that_was_there_before_it() -> None:
    heard = HeardText(samples_per_weight=500)
    heard.note_text("aaaa")
    heard.note_audio(8_000)
    heard.note_text("bbbb")
    assert heard.heard(8_000) == "aaaa"
    assert heard.word_start(7_000) == 0


@pytest.mark.parametrize(
    ("text", "spoken_text", "at_half"),
    [
        ("It is $3.50 now", "It is three dollars and fifty cents now", "It is $3.50"),
        ("5 o'clock sharp", "five o'clock sharp", "5 o'clock"),
        ("Hello there", "Oh hey Hello there", "Hello"),
        ("Call 911", "Please call nine one one", "Call"),
        ("a b", "a b and so on and on", "a b"),
    ],
)
def test_words_are_given_back_as_written_though_spoken_otherwise(text: str, spoken_text: str, at_half: str) -> None:
    heard = HeardText()
    heard.note_text(text, spoken_text)
    heard.note_audio(len(spoken_text) * 100, aligned(spoken_text))
    heard.complete()
    assert heard.heard(len(spoken_text) * 60) == at_half
    assert heard.heard(len(spoken_text) * 100) == text


words = st.lists(st.text("ab.7", min_size=1, max_size=6), min_size=1, max_size=8)
pieces = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 300), st.booleans()), max_size=12)


@given(st.lists(words, min_size=1, max_size=4), pieces, st.booleans(), st.booleans())
def test_heard_text_only_grows_and_is_always_a_prefix_of_whole_words(
    clauses: list[list[str]], parts: list[tuple[int, int, bool]], completes: bool, cut_short: bool
) -> None:
    heard = HeardText(samples_per_weight=20)
    text = " ".join(" ".join(clause) for clause in clauses)
    for clause in clauses:
        heard.note_text(" ".join(clause))
    at = 0
    for length, samples, tells in parts:
        piece = text[at : at + length]
        at += length
        heard.note_audio(samples, aligned(piece, 7) if tells else None)
    if completes:
        heard.complete(cut_short=cut_short)
    before = ""
    for position in range(0, heard.samples + 50, 13):
        now = heard.heard(position)
        assert text.startswith(now)
        assert not now or text[len(now) : len(now) + 1] in {"", " "}
        assert len(now) >= len(before)
        assert 0 <= heard.word_start(position) <= position
        before = now
    if completes and not cut_short:
        assert heard.heard(max(1, heard.samples)) == text


def test_silence_after_a_sentence_is_no_word_of_the_next() -> None:
    told = HeardText()
    told.note_text("Let me look.")
    told.note_text("One moment please.")
    told.note_audio(6_000, Alignment("Let me look.", tuple(range(0, 6_000, 500))))
    told.note_audio(2_200)
    assert told.heard(8_200) == "Let me look.", "the pause, which no letter stands for"
    told.note_audio(2_000)
    assert told.heard(10_200).startswith("Let me look. One"), "longer than any pause: words"
