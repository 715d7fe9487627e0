import pytest

from agent.loudness import IDLE_FRAME, RECENT_FRAMES, Loudness
from simulator.sounds import louder, mumble
from simulator.world import World


def heard(*loudness: float, is_sounding: bool = False) -> bool:
    """Whether the last of these sounds is faint."""
    caller, rng = Loudness(), World(1).rng("caller")
    for index, each in enumerate(loudness):
        sound = louder(mumble(600, rng), each)
        for begin in range(0, len(sound), 160):
            caller.hear(sound[begin : begin + 160], is_sounding=True)
        if index < len(loudness) - 1 or not is_sounding:
            caller.end()
    return caller.is_faint


@pytest.mark.parametrize("is_sounding", [True, False])
def test_half_as_loud_as_before_is_faint(is_sounding: bool) -> None:
    assert heard(1.0, 0.5, is_sounding=is_sounding)
    assert not heard(1.0, 0.8, is_sounding=is_sounding)


def test_who_always_speaks_softly_is_not_faint() -> None:
    assert not heard(0.4, 0.35, 0.4)


def test_the_first_sound_tells_nothing() -> None:
    assert not heard(0.3)
    assert not Loudness().is_faint


def test_one_shout_does_not_make_all_else_faint() -> None:
    assert not heard(1.0, 1.0, 1.0, 4.0, 1.0)


def test_after_one_shout_the_usual_is_as_before() -> None:
    assert not heard(1.0, 2.5, 1.0)


def test_asides_do_not_become_the_usual() -> None:
    assert heard(1.0, 0.5, 0.5, 0.5)


def test_who_stays_faint_has_moved_away_from_the_telephone() -> None:
    assert not heard(1.0, *[0.5] * 8)


def test_a_cough_is_too_short_to_count() -> None:
    caller = Loudness()
    caller.hear(b"\x80" * 800, is_sounding=True)
    caller.end()
    caller.hear(b"\xa0" * 800, is_sounding=True)
    assert not caller.is_faint


@pytest.mark.parametrize(("loudness", "is_faint"), [(0.5, True), (0.9, False), (0.0, False)])
def test_words_whose_sound_nobody_noticed_are_as_loud_as_the_last_second(loudness: float, is_faint: bool) -> None:
    caller, rng = Loudness(), World(1).rng("caller")
    caller.hear(mumble(600, rng), is_sounding=True)
    caller.end()
    for _ in range(RECENT_FRAMES):
        caller.hear(IDLE_FRAME, is_sounding=False)
    caller.hear(louder(mumble(300, rng), loudness), is_sounding=False)
    assert caller.is_faint == is_faint
