import audioop

from agent.fillers import Filler, faded
from agent.ports import Alignment
from fsm.units import ULAW_SILENCE

LOUD = 0x80


def loudness(audio: bytes) -> int:
    return audioop.rms(audioop.ulaw2lin(audio, 2), 2)


def one_moment() -> Filler:
    """ "one" lies in 0-300, "moment" in 400-1000, "please" from 1200 on."""
    starts = (0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 1200, 1300)
    return Filler(bytes([LOUD]) * 2_000, Alignment("one moment pl", starts))


def test_it_is_taken_piece_by_piece() -> None:
    filler = Filler(b"abcde", None)
    assert (filler.take(3), filler.unsent_samples, filler.take(3), filler.take(3)) == (b"abc", 2, b"de", b"")


def test_it_gives_way_at_the_end_of_the_word_under_way() -> None:
    filler = one_moment()
    filler.take(480)
    assert filler.give_way() == 800
    assert filler.unsent_samples == 720, "and a breath after it"
    assert filler.give_way() == 0


def test_between_words_it_gives_way_before_the_next() -> None:
    filler = one_moment()
    filler.take(350)
    filler.give_way()
    assert filler.unsent_samples == 50


def test_no_more_of_a_long_gap_is_kept_than_a_breath() -> None:
    filler = Filler(bytes([LOUD]) * 8_000, Alignment("a b", (0, 800, 4_000)))
    filler.take(100)
    filler.give_way()
    assert filler.unsent_samples == 700 + 320


def test_without_known_words_it_fades() -> None:
    filler = Filler(bytes([LOUD]) * 2_000, None)
    filler.take(1_000)
    assert filler.give_way() == 360
    rest = filler.take(2_000)
    fade, breath = rest[:320], rest[320:]
    assert breath == bytes([ULAW_SILENCE]) * 320, "so that the answer's first word is clear of it"
    assert loudness(bytes([LOUD]) * 40) > loudness(fade[:40]) > loudness(fade[160:200]) > loudness(fade[280:])
    assert filler.give_way() == 0


def test_in_its_last_word_it_fades() -> None:
    filler = one_moment()
    filler.take(1_300)
    assert filler.give_way() == 2_000 - 1_300 - 320 - 320


def test_a_gap_that_is_far_away_is_not_waited_for() -> None:
    filler = Filler(bytes([LOUD]) * 20_000, Alignment("a b", (0, 10_000, 11_000)))
    filler.take(1_000)
    filler.give_way()
    assert filler.unsent_samples == 320 + 320


def test_at_its_very_end_it_just_ends() -> None:
    filler = Filler(bytes([LOUD]) * 2_000, None)
    filler.take(1_900)
    assert filler.give_way() == 0
    assert filler.unsent_samples == 100


def test_fading_nothing_is_nothing() -> None:
    assert faded(b"") == b""
