import pytest

from agent.volume import APPEAR_SAMPLES, STEPS, table_of
from fsm.events import PlayoutFinished, ReplyAudioStarted
from fsm.units import ms_to_samples
from tests.agent.booth import Booth
from tests.agent.playout_script import is_a_rendering


@pytest.fixture(name="booth")
def speaking_booth() -> Booth:
    booth = Booth()
    booth.playout.begin(1)
    return booth


def test_holding_clears_at_once_and_says_what_was_heard(booth: Booth) -> None:
    booth.say("one", "two", "three", "four", "five")
    booth.clock.advance(450)
    assert booth.hold() == "one two"
    assert booth.hold() == "one two"
    assert booth.phone.sent[-1] == "clear"
    booth.clock.advance(1_000)
    assert booth.phone.clears == 1
    assert len(booth.phone.heard()) == ms_to_samples(450)
    assert booth.phone.sent[-1] == "clear"


def test_marks_that_a_clear_flushed_were_not_heard(booth: Booth) -> None:
    booth.say("one", "two", "three", "four", "five")
    booth.finish()
    booth.clock.advance(820)
    assert booth.phone.marks
    assert booth.hold() == "one two three four"
    booth.clock.advance(500)
    assert booth.heard_text() == "one two three four"
    assert booth.what == [ReplyAudioStarted]


def test_going_on_repeats_the_word_in_progress_and_loses_nothing(booth: Booth) -> None:
    booth.say("one", "two", "three", byte=1)
    booth.say("four", "five", byte=2)
    booth.finish()
    booth.clock.advance(450)
    booth.hold()
    booth.clock.advance(300)
    booth.resume()
    booth.clock.advance(2_000)
    heard = bytes([1]) * (ms_to_samples(450 + 200) + APPEAR_SAMPLES) + bytes([2]) * ms_to_samples(400)
    assert is_a_rendering(booth.phone.heard(), heard)
    assert booth.news[-1][1] == PlayoutFinished(1, "one two three four five")
    assert booth.playout.repeated_samples == ms_to_samples(50) + APPEAR_SAMPLES
    assert booth.playout.underruns == 0


def test_audio_that_comes_while_held_waits(booth: Booth) -> None:
    booth.say("one")
    booth.clock.advance(100)
    booth.hold()
    booth.say("two", byte=9)
    booth.clock.advance(1_000)
    assert len(booth.phone.heard()) == ms_to_samples(100)
    booth.resume()
    booth.clock.advance(1_000)
    assert booth.phone.heard() == bytes([7]) * ms_to_samples(300) + bytes([9]) * ms_to_samples(200)


def test_a_reply_can_be_held_before_it_sounds_and_released(booth: Booth) -> None:
    assert booth.hold() == ""
    booth.say("one")
    booth.clock.advance(500)
    assert booth.phone.sent == []
    booth.resume()
    assert len(booth.phone.sent_audio) == 1_600
    assert booth.phone.clears == 0


def test_a_reply_that_was_wholly_heard_when_held_is_over_once_it_goes_on(booth: Booth) -> None:
    booth.say("one")
    booth.finish()
    booth.clock.advance(300)
    assert booth.hold() == "one"
    assert booth.playout.was_heard_out(booth.clock.now())
    booth.clock.advance(1_000)
    assert booth.what == [ReplyAudioStarted]
    booth.resume()
    booth.clock.advance(20)
    assert booth.what == [ReplyAudioStarted, PlayoutFinished]


def test_what_is_still_to_come_was_not_heard(booth: Booth) -> None:
    booth.say("one")
    booth.clock.advance(300)
    assert booth.heard_text() == "one"
    assert not booth.playout.was_heard_out(booth.clock.now())


def test_after_a_drop_nothing_more_of_the_reply_is_sent(booth: Booth) -> None:
    booth.say("one", "two", "three", "four", "five")
    booth.clock.advance(210)
    assert booth.drop() == "one"
    booth.say("six")
    booth.finish()
    booth.clock.advance(1_000)
    assert booth.phone.sent[-1] == "clear"
    assert booth.playout.stale_samples == 1_600
    assert booth.heard_text() == ""
    assert booth.playout.next_due(booth.clock.now()) is None
    booth.playout.begin(2)
    booth.say("seven", byte=3)
    booth.clock.advance(1_000)
    assert booth.phone.heard()[ms_to_samples(210) :] == bytes([3]) * 1_600


def test_dropping_what_was_heard_needs_no_clear(booth: Booth) -> None:
    booth.say("one")
    booth.finish()
    booth.clock.advance(1_000)
    assert booth.drop() == "one"
    assert booth.drop() == ""
    assert booth.phone.clears == 0


def test_dropping_a_held_reply_clears_once(booth: Booth) -> None:
    booth.say("one", "two", "three", "four", "five")
    booth.clock.advance(450)
    assert booth.hold() == booth.drop() == "one two"
    assert booth.phone.clears == 1


def test_a_second_hold_in_the_repeated_word_loses_nothing(booth: Booth) -> None:
    booth.say("one", "two", "three", "four", "five")
    booth.clock.advance(540)
    assert booth.hold() == "one two three"
    booth.clock.advance(300)
    booth.resume()
    booth.clock.advance(20)
    assert booth.hold() == "one two three"
    booth.resume()
    booth.clock.advance(2_000)
    assert len(booth.phone.heard()) == ms_to_samples(540 + 20 + 600) + APPEAR_SAMPLES


def test_replies_may_not_overlap(booth: Booth) -> None:
    booth.say("one", "two", "three")
    with pytest.raises(AssertionError, match="reply 1 still has 3200 samples to send"):
        booth.playout.begin(2)


def test_the_next_reply_may_begin_while_the_last_still_sounds(booth: Booth) -> None:
    booth.say("one", byte=1)
    booth.finish()
    booth.clock.advance(50)
    booth.playout.begin(2)
    booth.say("two", byte=2)
    booth.clock.advance(100)
    assert booth.heard_text() == ""
    booth.clock.advance(200)
    assert booth.heard_text() == "two"
    booth.clock.advance(200)
    assert booth.phone.heard() == bytes([1]) * 1_600 + bytes([2]) * 1_600


# --- quiet


def test_ducked_audio_is_quieter_from_what_was_not_sent_yet(booth: Booth) -> None:
    booth.say("one", "two", "three", "four", "five", byte=1)
    booth.clock.advance(450)
    assert booth.duck(12) == "one two"
    booth.clock.advance(600)
    heard = booth.phone.heard()
    assert booth.phone.clears == 0
    assert is_a_rendering(heard, bytes([1]) * len(heard))
    assert heard[: ms_to_samples(450)] == bytes([1]) * ms_to_samples(450)
    assert heard[-100:] == table_of(STEPS // 4)[1:2] * 100
    assert booth.heard_text() == "one two three four five", "what is quiet is heard as well"


def test_a_silenced_reply_goes_on_quietly_and_is_lifted_later(booth: Booth) -> None:
    booth.say("one", "two", "three", "four", "five", byte=1)
    booth.finish()
    booth.clock.advance(450)
    booth.hold()
    booth.clock.advance(180)
    booth.duck(12)
    booth.clock.advance(200)
    booth.resume()
    booth.clock.advance(2_000)
    heard = booth.phone.heard()
    assert is_a_rendering(heard, bytes([1]) * (ms_to_samples(450 + 650 - 50) + APPEAR_SAMPLES))
    assert heard[-100:] == bytes([1]) * 100
    assert booth.what == [ReplyAudioStarted, PlayoutFinished]


def test_the_end_of_a_ducked_reply_is_told_once_it_goes_on_as_before(booth: Booth) -> None:
    booth.say("one")
    booth.finish()
    booth.clock.advance(50)
    booth.duck(12)
    booth.clock.advance(2_000)
    assert booth.what == [ReplyAudioStarted]
    assert booth.playout.was_heard_out(booth.clock.now())
    booth.resume()
    booth.clock.advance(20)
    assert booth.what == [ReplyAudioStarted, PlayoutFinished]


def test_the_next_reply_is_as_loud_as_ever(booth: Booth) -> None:
    booth.say("one", "two", "three", byte=1)
    booth.clock.advance(50)
    booth.duck(12)
    booth.drop()
    booth.playout.begin(2)
    booth.say("four", byte=2)
    booth.clock.advance(1_000)
    assert booth.phone.heard()[-ms_to_samples(200) :] == bytes([2]) * ms_to_samples(200)


def test_what_neither_waits_nor_is_quiet_cannot_be_resumed(booth: Booth) -> None:
    with pytest.raises(AssertionError, match="only a held or ducked reply"):
        booth.resume()
