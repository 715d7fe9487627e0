import pytest

from agent.playout import MARK_EVERY_SAMPLES, PLAYOUT_LIMIT_SAMPLES, Playout
from fsm.events import PlayoutDrained, PlayoutFinished, ReplyAudioStarted
from fsm.units import ms_to_ns, ms_to_samples
from tests.agent.booth import DELAY_MS, Booth
from tests.agent.model_phone import ModelPhone
from tests.fakes import ManualClock


@pytest.fixture(name="booth")
def speaking_booth() -> Booth:
    booth = Booth()
    booth.playout.begin(1)
    return booth


# --- the pace --------------------------------------------------------------------------------------------


def test_the_lead_leaves_at_once_in_frames_and_the_rest_in_real_time(booth: Booth) -> None:
    booth.say("one", "two", "three", "four", "five")
    assert booth.phone.sent == [bytes([7]) * 160] * 10
    booth.clock.advance(500)
    assert len(booth.phone.sent_audio) == 1_600 + 25 * 160


def test_every_sample_is_delivered_the_last_part_of_a_frame_too(booth: Booth) -> None:
    audio = bytes(range(1, 201)) * 17 + b"tail"
    booth.playout.push(audio)
    booth.finish()
    booth.clock.advance(1_000)
    assert booth.phone.heard() == audio
    assert booth.what == [ReplyAudioStarted, PlayoutFinished]


def test_less_than_a_frame_waits_for_more_but_not_until_the_phone_is_dry(booth: Booth) -> None:
    booth.playout.push(bytes([7]) * 1_000)
    booth.clock.advance(40)
    assert len(booth.phone.sent_audio) == 960
    booth.clock.advance(40)
    assert len(booth.phone.sent_audio) == 1_000
    assert booth.playout.underruns == 0


def test_a_late_tick_is_made_up_for() -> None:
    clock = ManualClock()
    phone = ModelPhone(clock, lambda name: None)
    playout = Playout(phone)
    playout.begin(1)
    playout.push(bytes([7]) * 8_000)
    playout.pump(0)
    playout.pump(ms_to_ns(130))
    assert len(phone.sent_audio) == ms_to_samples(320)


def test_running_dry_in_mid_reply_is_counted(booth: Booth) -> None:
    booth.playout.push(bytes([7]) * 1_600)
    booth.clock.advance(230)
    booth.playout.push(bytes([7]) * 1_600)
    booth.clock.advance(20)
    assert booth.playout.underruns == 1
    assert booth.what == [ReplyAudioStarted]


def test_the_queue_is_bounded(booth: Booth) -> None:
    booth.playout.push(bytes(PLAYOUT_LIMIT_SAMPLES))
    booth.playout.push(bytes(1))
    assert booth.playout.overflow_samples == 1
    assert booth.playout.queued_samples == PLAYOUT_LIMIT_SAMPLES


def test_heard_audio_is_not_kept_for_ever(booth: Booth) -> None:
    for _ in range(60):
        booth.say("one", "two", "three", "four", "five")
        booth.clock.advance(1_000)
    assert len(booth.playout._audio._audio) < 3 * 8_000


def test_marks_come_about_once_a_second_and_at_the_end(booth: Booth) -> None:
    booth.playout.push(bytes([7]) * (3 * MARK_EVERY_SAMPLES + 800))
    booth.finish()
    booth.clock.advance(4_000)
    assert booth.phone.marks == ["1:1", "1:2", "1:3", "1:4"]
    assert booth.phone.sent[-1] == "1:4"


# --- what happened ---------------------------------------------------------------------------------------


def test_the_end_is_told_once_heard_which_the_mark_says(booth: Booth) -> None:
    booth.say("good", "day")
    booth.finish()
    booth.clock.advance(400 + 2 * DELAY_MS - 1)
    assert booth.what == [ReplyAudioStarted]
    booth.clock.advance(1)
    assert booth.news[-1] == (550, PlayoutFinished(1, "good day"))
    booth.clock.advance(2_000)
    assert len(booth.news) == 2


def test_without_marks_the_end_is_told_half_a_second_later() -> None:
    booth = Booth(returns_marks=False)
    booth.playout.begin(1)
    booth.say("good", "day")
    booth.finish()
    booth.clock.advance(2_000)
    assert booth.news[-1] == (900, PlayoutFinished(1, "good day"))


def test_parts_drain_and_start_again(booth: Booth) -> None:
    booth.say("let", "me", "check")
    booth.clock.advance(2_000)
    assert booth.news[1:] == [(750, PlayoutDrained(1, "let me check"))]
    booth.say("yes")
    booth.finish()
    booth.clock.advance(1_000)
    assert booth.what == [ReplyAudioStarted, PlayoutDrained, ReplyAudioStarted, PlayoutFinished]
    assert booth.playout.underruns == 0
    assert booth.heard_text() == "let me check yes"


def test_a_reply_that_ends_after_it_drained_is_over_at_once(booth: Booth) -> None:
    booth.say("yes")
    booth.clock.advance(2_000)
    booth.finish()
    assert booth.news[-1] == (2_000, PlayoutFinished(1, "yes"))


def test_a_reply_without_audio_is_over_without_having_started(booth: Booth) -> None:
    booth.finish()
    assert booth.what == [PlayoutFinished]


def test_a_reply_cut_short_was_heard_as_far_as_its_voice_came(booth: Booth) -> None:
    booth.say("good", "day")
    booth.playout.note_text("and welcome to the clinic")
    booth.playout.finish(cut_short=True)
    booth.clock.advance(1_000)
    assert booth.news[-1][1] == PlayoutFinished(1, "good day")


def test_it_says_when_it_wants_to_be_asked_again() -> None:
    clock = ManualClock()
    playout = Playout(ModelPhone(clock, lambda name: None))
    assert playout.next_due(0) is None
    playout.begin(1)
    assert playout.next_due(5) is None
    playout.push(bytes(3_200))
    assert playout.next_due(5) == 5
    playout.pump(0)
    assert playout.next_due(0) == 0, "news waits"
    assert playout.poll(0) == ReplyAudioStarted(1)
    assert playout.next_due(0) == ms_to_ns(20)
    playout.pump(ms_to_ns(200))
    assert playout.next_due(ms_to_ns(200)) == ms_to_ns(340), "the mark that ends the part"
    playout.pump(ms_to_ns(340))
    assert playout.next_due(ms_to_ns(340)) == ms_to_ns(900), "the mark may be lost"
    playout.finish()
    assert playout.poll(ms_to_ns(900)) == PlayoutFinished(1, "")
    assert playout.next_due(ms_to_ns(900)) is None
