import audioop
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.volume import APPEAR_SAMPLES, FADE_SAMPLES, STEPS, Volume, steps_at, table_of

LOUD = 0x80
"""The loudest positive sample that mu-law has: 32,124."""


def linear(audio: bytes) -> list[int]:
    pcm = audioop.ulaw2lin(audio, 2)
    return [audioop.getsample(pcm, 2, at) for at in range(len(audio))]


def test_full_volume_changes_nothing() -> None:
    volume = Volume()
    assert volume.is_full
    assert volume.shape(bytes(range(256))) == bytes(range(256))
    assert table_of(STEPS) == bytes(range(256))


@pytest.mark.parametrize(("quieter_db", "steps"), [(0, 64), (6, 32), (12, 16), (18, 8), (30, 2)])
def test_six_decibels_halve(quieter_db: int, steps: int) -> None:
    assert steps_at(quieter_db) == steps


def test_ducked_audio_is_as_much_quieter_as_it_was_told() -> None:
    volume = Volume()
    volume.fade_to(12)
    volume.shape(bytes([LOUD]) * FADE_SAMPLES)
    assert linear(volume.shape(bytes([LOUD]))) == [7_932]
    assert not volume.is_full


def test_what_was_lifted_again_is_as_it_was() -> None:
    volume = Volume()
    volume.fade_to(12)
    volume.shape(bytes([LOUD]) * 500)
    volume.fade_to(0)
    assert not volume.is_full
    volume.shape(bytes([LOUD]) * FADE_SAMPLES)
    assert volume.is_full


def test_a_sound_after_silence_begins_from_nothing() -> None:
    volume = Volume()
    volume.appear(0)
    first = linear(volume.shape(bytes([LOUD]) * APPEAR_SAMPLES))
    assert first[0] == 0
    assert volume.is_full


def test_samples_keep_their_signs() -> None:
    assert all((code ^ new) & 0x80 == 0 for code, new in enumerate(table_of(0)))


ORDERS = st.lists(
    st.tuples(st.sampled_from(["fade", "appear"]), st.integers(0, 30), st.lists(st.integers(1, 300), max_size=4)),
    min_size=1,
    max_size=8,
)


@given(orders=ORDERS)
def test_no_order_makes_a_click_and_none_is_lost(orders: list[tuple[str, int, list[int]]]) -> None:
    """A steady tone goes in: between two samples that come out there is never more than a few steps of volume."""
    volume = Volume()
    heard: list[int] = []
    for order, quieter_db, pieces in orders:
        if order == "fade":
            volume.fade_to(quieter_db)
        else:
            volume.appear(quieter_db)
            heard.append(0)  # the silence before it
        for samples in pieces:
            shaped = volume.shape(bytes([LOUD]) * samples)
            assert len(shaped) == samples
            heard += linear(shaped)
    largest = max((abs(after - before) for before, after in _neighbours(heard)), default=0)
    assert largest <= 32_124 * 4 // STEPS, "as mu-law's own steps are at this loudness, twice over"


def _neighbours(heard: list[int]) -> list[tuple[int, int]]:
    """Pairs of samples that sound one after the other; what comes before a silence is cut by whoever orders it."""
    return [(before, after) for before, after in pairwise(heard) if after or not before]


@given(
    quieter_db=st.integers(1, 30),
    cuts=st.lists(st.integers(1, 200), min_size=1, max_size=12),
)
def test_any_split_into_pieces_sounds_the_same(quieter_db: int, cuts: list[int]) -> None:
    tone = bytes(range(0x80, 0x100)) * (sum(cuts) // 128 + 1)
    whole, split = Volume(), Volume()
    for volume in (whole, split):
        volume.fade_to(quieter_db)
    at, pieces = 0, []
    for samples in cuts:
        pieces.append(split.shape(tone[at : at + samples]))
        at += samples
    assert b"".join(pieces) == whole.shape(tone[:at])
