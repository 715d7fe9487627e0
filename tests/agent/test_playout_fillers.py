import pytest

from agent.ports import Alignment
from fsm.units import ms_to_samples
from tests.agent.booth import Booth

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
