from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from simulator.peers.twilio_playback import MARKS_LIMIT, CutBy, Gap, Playback, Stretch

SILENCE = 0xFF


def test_audio_sounds_from_the_instant_it_came_and_silence_surrounds_it() -> None:
    playback = Playback()
    playback.advance(100)
    playback.push(b"\x01" * 50, 100)
    playback.advance(200)
    assert playback.take(200) == b"\xff" * 100 + b"\x01" * 50 + b"\xff" * 50


def test_a_mark_is_reached_exactly_behind_its_audio() -> None:
    playback = Playback()
    playback.push(b"\x01" * 100, 0)
    assert not playback.mark("a")
    playback.push(b"\x02" * 30, 10)
    assert not playback.mark("b")
    assert playback.next_mark_at() == 100
    assert playback.advance(99) == []
    assert playback.advance(100) == ["a"]
    assert playback.next_mark_at() == 130
    assert playback.advance(500) == ["b"]
    assert playback.next_mark_at() is None


def test_a_mark_on_an_empty_buffer_is_reached_at_once() -> None:
    playback = Playback()
    assert playback.mark("first")
    playback.push(b"\x01" * 10, 0)
    playback.advance(10)
    assert playback.mark("last")


def test_clear_returns_the_marks_that_wait_and_later_audio_plays_at_once() -> None:
    playback = Playback()
    playback.push(b"\x01" * 100, 0)
    playback.mark("a")
    playback.mark("a")
    playback.mark("b")
    playback.advance(40)
    assert playback.clear() == ["a", "a", "b"]
    assert (playback.played_samples, playback.cleared_samples, playback.buffered_samples) == (40, 60, 0)
    playback.push(b"\x02" * 10, 40)
    playback.advance(60)
    assert playback.take(60) == b"\x01" * 40 + b"\x02" * 10 + b"\xff" * 10


def test_a_gap_in_mid_stretch_is_counted_with_its_length() -> None:
    playback = Playback()
    playback.push(b"\x01" * 100, 0)
    playback.advance(180)
    playback.push(b"\x01" * 100, 180)
    assert playback.gaps == [Gap(at_samples=100, length_samples=80, after_mark=False)]


def test_a_gap_behind_a_mark_is_told_apart() -> None:
    playback = Playback()
    playback.push(b"\x01" * 100, 0)
    playback.mark("end of sentence")
    playback.advance(180)
    playback.push(b"\x01" * 100, 180)
    assert playback.gaps == [Gap(at_samples=100, length_samples=80, after_mark=True)]


def test_no_gap_after_a_clear_nor_after_a_long_silence_nor_without_a_pause() -> None:
    playback = Playback()
    playback.push(b"\x01" * 100, 0)
    playback.advance(50)
    playback.clear()
    playback.push(b"\x01" * 100, 90)
    playback.advance(190)
    playback.push(b"\x01" * 100, 190)
    playback.advance(20_000)
    playback.push(b"\x01" * 100, 20_000)
    assert playback.gaps == []


def test_what_sounded_is_told_stretch_by_stretch_and_what_cut_it() -> None:
    playback = Playback()
    playback.push(bytes(300), 0)
    playback.advance(100)
    playback.push(bytes(50), 100)
    playback.advance(200)
    playback.clear()
    playback.push(bytes(80), 200)
    playback.advance(400)
    playback.push(bytes(60), 400)
    playback.advance(430)
    playback.clear(CutBy.STREAM_END)
    assert playback.stretches == [
        Stretch(at_samples=0, position=0, samples=200, cut_by=CutBy.CLEAR),
        Stretch(at_samples=200, position=350, samples=80),
        Stretch(at_samples=400, position=430, samples=30, cut_by=CutBy.STREAM_END),
    ]


def test_too_much_audio_and_too_many_marks_are_dropped_and_counted() -> None:
    playback = Playback(limit_samples=100)
    playback.push(b"\x01" * 130, 0)
    assert (playback.received_samples, playback.overflow_samples) == (100, 30)
    for index in range(MARKS_LIMIT + 5):
        playback.mark(str(index))
    assert len(playback.pending_marks) == MARKS_LIMIT
    assert playback.overflow_marks == 5


@dataclass
class Model:
    """What the server did, kept the slow and plain way."""

    now: int = 0
    fate: list[str] = field(default_factory=list)  # of each received byte: waiting, played, cleared
    waiting: list[tuple[str, int]] = field(default_factory=list)  # marks and the audio before them


ACTIONS = st.one_of(
    st.tuples(st.just("push"), st.integers(0, 700)),
    st.tuples(st.just("pass"), st.integers(0, 500)),
    st.tuples(st.just("mark"), st.just(0)),
    st.tuples(st.just("clear"), st.just(0)),
)


@given(st.lists(ACTIONS, max_size=60))
def test_every_sample_and_every_mark_is_accounted_for(actions: list[tuple[str, int]]) -> None:
    playback, model, heard, names = Playback(), Model(), b"", 0
    for action, amount in actions:
        if action == "push":
            number = len(model.fate) % 200
            playback.push(bytes([number]) * amount, model.now)
            model.fate += ["waiting"] * amount
        elif action == "pass":
            model.now += amount
            reached = playback.advance(model.now)
            waiting = [i for i, fate in enumerate(model.fate) if fate == "waiting"][:amount]
            for index in waiting:
                model.fate[index] = "played"
            behind = model.fate.index("waiting") if "waiting" in model.fate else len(model.fate)
            expected = [name for name, position in model.waiting if position <= behind]
            assert reached == expected, "marks in order, each when the audio before it was played and no sooner"
            model.waiting = model.waiting[len(expected) :]
        elif action == "mark":
            names += 1
            at_once = playback.mark(str(names))
            assert at_once == ("waiting" not in model.fate and not model.waiting)
            if not at_once:
                model.waiting.append((str(names), len(model.fate)))
        else:
            assert playback.clear() == [name for name, _ in model.waiting]
            model.waiting = []
            model.fate = ["cleared" if fate == "waiting" else fate for fate in model.fate]
        heard += playback.take(10_000)
        assert playback.received_samples == len(model.fate)
        assert playback.played_samples == model.fate.count("played")
        assert playback.cleared_samples == model.fate.count("cleared")
        assert playback.buffered_samples == model.fate.count("waiting")
        assert len(heard) == model.now
        assert sum(byte != SILENCE for byte in heard) == playback.played_samples
