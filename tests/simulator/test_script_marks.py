import pytest

from simulator.script_marks import Mark, MarkError, MarkKind, read_marks


def test_marks_stand_between_words() -> None:
    words, marks = read_marks("My number is five five [900 ms] one two, [cough] sorry [mumble 400 ms].")
    assert words == "My number is five five one two, sorry ."
    assert marks == (
        Mark(MarkKind.SILENCE, len("My number is five five"), 900),
        Mark(MarkKind.COUGH, len("My number is five five one two,")),
        Mark(MarkKind.MUMBLE, len("My number is five five one two, sorry"), 400),
    )


def test_a_mark_may_come_first() -> None:
    assert read_marks("[noise 300ms] Hello") == ("Hello", (Mark(MarkKind.NOISE, 0, 300),))


def test_words_without_marks_stay_as_they_are() -> None:
    assert read_marks("Hello, who is it?") == ("Hello, who is it?", ())


@pytest.mark.parametrize("text", ["[cuogh]", "[900]", "[0 ms]", "[61000 ms]", "[", "a ] b", "[mumble]", "[[900 ms]]"])
def test_what_is_no_mark_is_complained_about(text: str) -> None:
    with pytest.raises(MarkError, match="expected"):
        read_marks(text)
