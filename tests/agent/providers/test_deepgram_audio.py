from hypothesis import given
from hypothesis import strategies as st

from agent.providers.deepgram_audio import UnsettledAudio, is_voiced


def test_silence_and_faint_noise_are_no_voice() -> None:
    assert not is_voiced(b"\xff" * 160)
    assert not is_voiced(b"\x7f\xff\x7e\xfd" * 40)
    assert not is_voiced(b"")


def test_loud_samples_are_voice() -> None:
    assert is_voiced(b"\x80" * 160)
    assert is_voiced((b"\xff" * 7 + b"\x90") * 19 + b"\x90" * 8)


def test_what_is_settled_is_forgotten_but_not_what_was_never_sent() -> None:
    audio = UnsettledAudio(limit_ms=1_000)
    audio.push(b"a" * 400)
    audio.take(300)
    audio.settle(400)
    assert (audio.begin, audio.end, audio.unsent) == (300, 400, 100)
    audio.settle(10)
    assert audio.begin == 300, "settling never goes back"


def test_the_oldest_goes_first_and_only_unsent_audio_is_lost() -> None:
    audio = UnsettledAudio(limit_ms=100)
    audio.push(bytes(800))
    audio.take(300)
    audio.push(bytes(500))
    assert audio.begin == 500
    assert audio.lost_samples == 200
    assert audio.sent_to == 500


@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("push"), st.binary(max_size=60)),
            st.tuples(st.just("take"), st.integers(0, 80)),
            st.tuples(st.just("settle"), st.integers(-10, 2_000)),
            st.tuples(st.just("rewind"), st.none()),
        ),
        max_size=40,
    )
)
def test_what_is_taken_is_what_was_pushed_at_that_place(steps: list[tuple[str, bytes | int | None]]) -> None:
    audio = UnsettledAudio(limit_ms=10)
    said = b""
    for name, value in steps:
        if isinstance(value, bytes):
            said += value
            audio.push(value)
        elif name == "take" and isinstance(value, int):
            start = audio.sent_to
            piece = audio.take(value)
            assert said[start : start + len(piece)] == piece
            assert len(piece) == min(value, len(said) - start)
        elif name == "settle" and isinstance(value, int):
            audio.settle(value)
        else:
            audio.rewind()
        assert audio.begin <= audio.sent_to <= audio.end == len(said)
        assert audio.end - audio.begin <= 80
        assert audio.unsent == audio.end - audio.sent_to
