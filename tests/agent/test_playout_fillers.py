import pytest

from agent.fillers import FADE_SAMPLES
from agent.ports import Alignment
from fsm.units import ms_to_samples
from tests.agent.booth import DELAY_MS, Booth

MOMENT = Alignment("one moment please", tuple(at * 200 for at in range(17)))


@pytest.fixture(name="booth")
def speaking_booth() -> Booth:
    booth = Booth()
    booth.playout.begin(1)
    return booth


def test_a_filler_plays_alone_and_is_no_part_of_the_reply(booth: Booth) -> None:
    assert booth.fill(bytes([5]) * 3_400, MOMENT)
    assert not booth.fill(bytes([5]) * 3_400, MOMENT)
    booth.clock.advance(1_000)
    assert booth.phone.heard() == bytes([5]) * 3_400
    assert booth.heard_text() == ""
    assert booth.news == []
    assert booth.fill(bytes([5]) * 800)


def test_a_filler_gives_way_at_the_end_of_a_word(booth: Booth) -> None:
    booth.fill(bytes([5]) * 3_400, MOMENT)
    booth.clock.advance(20)
    booth.say("Yes", byte=1)
    booth.clock.advance(1_000)
    assert booth.phone.heard() == bytes([5]) * 2_200 + bytes([1]) * 1_600
    assert booth.heard_text() == "Yes"


def test_a_filler_is_not_wanted_when_the_reply_has_audio(booth: Booth) -> None:
    booth.say("one", "two", "three")
    assert not booth.fill(bytes([5]) * 800)


def test_a_filler_between_two_parts_leaves_the_words_of_both_in_order(booth: Booth) -> None:
    booth.say("let", "me", "check", byte=1)
    booth.clock.advance(800)
    booth.fill(bytes([5]) * 1_600)
    booth.clock.advance(40)
    booth.say("yes", "indeed", byte=2)
    assert booth.heard_text() == "let me check"
    booth.clock.advance(400)
    assert booth.heard_text() == "let me check yes"
    assert booth.hold() == "let me check yes"
    booth.clock.advance(1_000)
    assert len(booth.phone.heard()) == 4_800 + ms_to_samples(440)


def test_holding_silences_a_filler_for_good(booth: Booth) -> None:
    booth.fill(bytes([5]) * 3_400, MOMENT)
    booth.clock.advance(100)
    assert booth.hold() == ""
    assert not booth.fill(bytes([5]) * 800)
    booth.resume()
    booth.clock.advance(1_000)
    assert booth.phone.heard() == bytes([5]) * 800
    assert booth.playout.cleared_samples == 2_600


# --- music


def play_music(booth: Booth, samples: int = 80_000, byte: int = 5) -> None:
    assert booth.playout.begin_filler(bytes([byte]) * samples, is_music=True)
    booth.clock.advance(20)


def test_music_gives_way_to_the_answer_at_once_but_for_a_short_fade(booth: Booth) -> None:
    play_music(booth)
    booth.clock.advance(2_000)
    booth.say("Yes", byte=1)
    asked_at = booth.clock.now()
    booth.clock.advance(1_000)
    heard = booth.phone.heard()
    before = len(heard) - 1_600
    assert heard[before:] == bytes([1]) * 1_600
    assert heard[: before - FADE_SAMPLES] == bytes([5]) * (before - FADE_SAMPLES)
    assert before <= ms_to_samples(2_020 - 20 + DELAY_MS + 160), "no more was on its way than a few frames"
    assert asked_at > 0
    assert booth.heard_text() == "Yes"


def test_music_is_no_part_of_what_was_heard_and_all_of_it_is_accounted_for(booth: Booth) -> None:
    booth.say("let", "me", "check", byte=1)
    booth.clock.advance(800)
    play_music(booth)
    booth.clock.advance(1_000)
    assert booth.hold() == "let me check"
    booth.clock.advance(1_000)
    playout, now = booth.playout, booth.clock.now()
    kept = playout.played_samples(now) + playout.in_flight_samples(now) + playout.queued_samples
    assert playout.pushed_samples == kept + playout.cleared_samples
    assert playout.queued_samples == 0


def test_music_that_the_caller_silences_does_not_come_back_by_itself(booth: Booth) -> None:
    play_music(booth)
    booth.clock.advance(1_000)
    booth.hold()
    heard = len(booth.phone.heard())
    booth.resume()
    booth.clock.advance(1_000)
    assert len(booth.phone.heard()) == heard + ms_to_samples(DELAY_MS), "what sounded before the clear was there"


def test_a_reply_that_ends_without_a_sound_ends_its_music(booth: Booth) -> None:
    play_music(booth)
    booth.clock.advance(1_000)
    booth.finish()
    booth.clock.advance(2_000)
    assert booth.playout.queued_samples == 0
    assert len(booth.phone.heard()) < ms_to_samples(1_300)
