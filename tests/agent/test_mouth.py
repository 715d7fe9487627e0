"""Our voice in one call, as timelines in ms: what the phone is sent, what the machine is told."""

from dataclasses import replace

import pytest

from agent.errors import FaultKind
from agent.line import Line
from agent.mouth import Mouth
from fsm.events import PlayoutDrained, PlayoutFinished, PlayoutHeld, ReplyAudioStarted, ReplyFailed, Stage, ToolCall
from fsm.transcript import Message
from fsm.units import ms_to_ns
from tests.agent.call_fakes import FakeOwner, FakeVoice, FakeWire, fault
from tests.agent.call_fakes import Stage as Set

MESSAGES = (Message("user", "When do you open?"),)
GREETING = "Hello, how can I help you?"


class Booth(Set):
    """A mouth on a phone; `runs` lets time pass with every mark coming back as soon as its audio was played."""

    def __init__(self) -> None:
        super().__init__()
        self.told = FakeOwner(self.clock)
        self.line = Line(self.phone, self.clock)
        self.mouth = Mouth(self.services, self.line, self.told)
        self.marks_returned = 0

    @property
    def voice(self) -> FakeVoice:
        return self.voices.opened[0]

    def starts(self, number: int = 1) -> None:
        self.mouth.start_reply(number, MESSAGES, ())

    def speaks(self, text: str, ms: int, number: int = 1) -> None:
        """A clause goes to the voice, which speaks it at once."""
        self.mouth.say(number, text)
        self.voice.speaks(number, text, ms)

    def ends(self, number: int = 1) -> None:
        self.mouth.finish(number)
        self.voice.ends(number)

    def runs(self, ms: int) -> None:
        for _ in range(ms // 20):
            self.clock.advance(20)
            marks = [message for message in self.wire.sent if '"mark"' in message[:20]]
            played = self.mouth.playout.in_flight_samples(self.clock.now()) == 0
            if played and len(marks) > self.marks_returned:
                self.marks_returned = len(marks)
                self.mouth.on_mark(marks[-1].split('"name":"')[1].split('"')[0], self.clock.now())

    @property
    def fed(self) -> list[type]:
        return [type(event) for event in self.told.fed]


@pytest.fixture(name="booth")
def quiet_booth() -> Booth:
    return Booth()


# --- from order to ear


def test_an_answer_is_spoken_heard_and_over(booth: Booth) -> None:
    booth.starts()
    booth.speaks("We open at nine.", 1_000)
    booth.ends()
    booth.runs(1_500)
    assert booth.told.fed == [ReplyAudioStarted(1), PlayoutFinished(1, "We open at nine.")]
    assert booth.wire.kinds == ["media", "mark"]
    assert booth.told.stamps == ["asked", "first_audio", "sent", "heard"]


def test_what_the_model_says_goes_to_the_voice_as_it_is_pronounced(booth: Booth) -> None:
    booth.services = replace(booth.services, pronounce=lambda text: text.replace("9", "nine"))
    booth.mouth = Mouth(booth.services, booth.line, booth.told)
    booth.starts()
    booth.model.generations[0].says("We open at 9.")
    booth.model.generations[0].ends()
    voice = booth.voices.opened[-1]
    assert voice.orders == [("say", 1, "We open at nine."), ("finish", 1, "")]
    voice.speaks(1, "We open at nine.", 800)
    voice.ends(1)
    booth.runs(1_500)
    assert booth.told.fed[-1] == PlayoutFinished(1, "We open at 9."), "the transcript has what was written"


def test_audio_goes_to_the_phone_before_anything_is_decided_about_it(booth: Booth) -> None:
    booth.starts()
    sent_when_told: list[int] = []
    booth.told.on_fed = lambda: sent_when_told.append(len(booth.wire.sent))
    booth.speaks("We open at nine.", 1_000)
    assert sent_when_told[0] > 0


def test_a_rendered_phrase_sounds_at_once_and_costs_no_voice(booth: Booth) -> None:
    booth.knows(GREETING, 800)
    booth.mouth.recite(1, GREETING)
    assert booth.wire.kinds == ["media"]
    booth.runs(1_500)
    assert booth.told.fed == [ReplyAudioStarted(1), PlayoutFinished(1, GREETING)]
    assert booth.voice.orders == []


def test_a_phrase_that_is_not_rendered_is_spoken_by_the_voice(booth: Booth) -> None:
    booth.mouth.recite(1, GREETING)
    assert booth.voice.orders == [("say", 1, GREETING), ("finish", 1, "")]
    booth.voice.speaks(1, GREETING, 900)
    booth.voice.ends(1)
    booth.runs(1_400)
    assert booth.told.fed[-1] == PlayoutFinished(1, GREETING)


def test_a_reply_goes_on_after_its_tools(booth: Booth) -> None:
    booth.starts()
    booth.speaks("Let me look.", 600)
    booth.model.generations[0].ends(ToolCall("c1", "look", "{}"))
    booth.runs(1_400)
    assert booth.told.fed[-1] == PlayoutDrained(1, "Let me look.")
    booth.mouth.continue_reply(1, MESSAGES)
    booth.speaks("Ten is free.", 600)
    booth.ends()
    booth.runs(1_400)
    assert booth.told.fed[-2:] == [ReplyAudioStarted(1), PlayoutFinished(1, "Let me look. Ten is free.")]


def test_a_reply_may_be_over_with_its_tools(booth: Booth) -> None:
    booth.starts()
    booth.speaks("Goodbye.", 400)
    booth.model.generations[0].ends(ToolCall("c1", "hang_up", "{}"))
    booth.mouth.finish_reply(1)
    assert booth.voice.orders[-1] == ("finish", 1, "")
    booth.voice.ends(1)
    booth.runs(1_000)
    assert booth.told.fed[-1] == PlayoutFinished(1, "Goodbye.")


# --- fillers


def test_a_filler_sounds_until_the_answer_comes_and_is_no_part_of_it(booth: Booth) -> None:
    booth.knows("One moment.", 2_000)
    booth.starts()
    booth.mouth.interlude.fill("One moment.")
    assert booth.wire.kinds == ["media"]
    booth.runs(500)
    booth.speaks("We open at nine.", 1_000)
    booth.ends()
    booth.runs(3_500)
    assert booth.told.fed[-1] == PlayoutFinished(1, "We open at nine.")


def test_a_filler_outlives_another_attempt(booth: Booth) -> None:
    booth.knows("One moment.", 2_000)
    booth.starts(1)
    booth.mouth.interlude.fill("One moment.")
    booth.runs(200)
    sent = len(booth.wire.sent)
    booth.starts(2)
    booth.runs(200)
    assert "clear" not in booth.wire.kinds
    assert len(booth.wire.sent) > sent


def test_a_filler_that_was_never_rendered_is_noted(booth: Booth) -> None:
    booth.starts()
    booth.mouth.interlude.fill("One moment.")
    assert booth.told.notes == [("filler not rendered", {"text": "One moment."})]
    assert booth.wire.sent == []


# --- silence


def test_holding_silences_the_phone_and_tells_what_was_heard(booth: Booth) -> None:
    booth.starts()
    booth.speaks("We open at nine in the morning.", 2_000)
    booth.ends()
    booth.runs(1_000)
    booth.mouth.hold(1)
    assert booth.wire.kinds[-1] == "clear"
    held = booth.told.fed[-1]
    assert isinstance(held, PlayoutHeld)
    assert held.heard.startswith("We open at nine")
    assert not held.heard.endswith("morning.")
    assert not held.is_whole
    sent = len(booth.wire.sent)
    booth.runs(500)
    assert len(booth.wire.sent) == sent, "nothing is sent while it is held"
    booth.mouth.resume(1)
    booth.runs(2_500)
    assert booth.told.fed[-1] == PlayoutFinished(1, "We open at nine in the morning.")


def test_a_reply_held_after_its_last_word_was_whole(booth: Booth) -> None:
    booth.starts()
    booth.speaks("Yes.", 400)
    booth.ends()
    booth.clock.advance(400)
    booth.mouth.hold(1)
    assert booth.told.fed[-1] == PlayoutHeld(1, "Yes.", is_whole=True)


def test_an_answer_that_comes_while_it_is_held_is_withheld(booth: Booth) -> None:
    booth.starts()
    booth.mouth.hold(1)
    booth.speaks("We open at nine.", 1_000)
    assert booth.wire.sent == []
    booth.mouth.resume(1)
    assert booth.wire.kinds == ["media"]
    assert booth.fed == [PlayoutHeld, ReplyAudioStarted]


def test_the_next_attempt_is_withheld_as_well(booth: Booth) -> None:
    booth.starts(1)
    booth.mouth.hold(1)
    booth.starts(2)
    booth.speaks("We open at nine.", 1_000, number=2)
    assert booth.wire.sent == []
    booth.mouth.resume(2)
    assert booth.wire.kinds == ["media"]


def test_resuming_what_was_not_held_changes_nothing(booth: Booth) -> None:
    booth.starts()
    booth.mouth.resume(1)
    assert booth.fed == []


def test_a_cancelled_reply_is_silent_first_and_then_dropped(booth: Booth) -> None:
    booth.starts()
    booth.speaks("We open at nine. And on Fridays", 2_000)
    booth.runs(400)
    booth.mouth.cancel()
    assert booth.wire.kinds[-1] == "clear"
    assert booth.model.generations[0].is_cancelled
    assert booth.voice.orders[-1] == ("drop", 1, "")
    sent = len(booth.wire.sent)
    booth.voice.speaks(1, "late audio", 1_000)
    booth.voice.ends(1)
    booth.runs(500)
    assert len(booth.wire.sent) == sent, "nothing of a dead reply reaches the phone"


def test_late_audio_of_an_older_reply_falls_on_the_floor(booth: Booth) -> None:
    booth.starts(1)
    booth.mouth.cancel()
    booth.starts(2)
    booth.voice.speaks(1, "old words", 500)
    booth.voice.ends(1)
    booth.voice.listener.on_voice_failed(1, fault())
    assert booth.wire.sent == []
    assert booth.told.fed == []


# --- trouble


def test_a_voice_that_fails_is_told_with_what_may_help(booth: Booth) -> None:
    booth.starts()
    booth.model.generations[0].says("We open at nine. ")
    booth.voice.listener.on_voice_failed(1, fault(FaultKind.RATE_LIMITED, 1_000))
    assert booth.told.fed == [ReplyFailed(1, Stage.VOICE, "rate_limited", retryable=True, retry_after_ms=1_000)]
    booth.mouth.cancel()
    assert ("drop", 1, "") not in booth.voice.orders, "it dropped it itself"


def test_a_mistake_of_the_beat_ends_the_call_and_not_the_pacer(booth: Booth) -> None:
    booth.starts()
    booth.speaks("We open at nine.", 2_000)

    def fail(now: int) -> None:
        raise ZeroDivisionError

    booth.mouth.playout.pump = fail  # type: ignore[method-assign]  # a mistake
    booth.clock.advance(20)
    assert [type(error) for error in booth.told.mistakes] == [ZeroDivisionError]
    assert booth.errors == []


@pytest.mark.parametrize("order", ["hold", "resume", "say", "finish", "continue"])
def test_orders_for_another_reply_are_a_mistake(booth: Booth, order: str) -> None:
    booth.starts(3)
    orders = {
        "hold": lambda: booth.mouth.hold(2),
        "resume": lambda: booth.mouth.resume(2),
        "say": lambda: booth.mouth.say(2, "x"),
        "finish": lambda: booth.mouth.finish(2),
        "continue": lambda: booth.mouth.continue_reply(2, MESSAGES),
    }
    with pytest.raises(AssertionError, match="reply 2 is not the current one"):
        orders[order]()


def test_reply_numbers_only_rise(booth: Booth) -> None:
    booth.starts(3)
    with pytest.raises(AssertionError, match="older"):
        booth.starts(3)


# --- the phone


def test_what_a_lost_phone_had_not_played_is_sent_again_to_the_new_one(booth: Booth) -> None:
    booth.starts()
    booth.speaks("We open at nine in the morning.", 3_000)
    booth.ends()
    booth.runs(1_000)
    lost_at = booth.clock.now()
    booth.runs(800)
    wire = FakeWire()
    booth.line.phone = booth.new_phone(wire, "MZ2")
    booth.mouth.resend(lost_at)
    booth.wire, booth.marks_returned = wire, 0
    booth.runs(3_000)
    assert all('"MZ2"' in message for message in wire.sent)
    sent_ms = sum(len(message) for message in wire.sent if "media" in message[:20]) * 3 // 4 // 8
    assert sent_ms >= 2_000, "the eight tenths of a second that nobody heard, and the rest"
    assert booth.told.fed[-1] == PlayoutFinished(1, "We open at nine in the morning.")


def test_what_was_on_its_way_to_a_lost_phone_is_sent_again_as_well(booth: Booth) -> None:
    booth.starts()
    booth.speaks("We open at nine in the morning.", 3_000)
    booth.ends()
    booth.clock.advance(1_000 + 150)
    (mark,) = [message for message in booth.wire.sent if '"mark"' in message[:20]][:1]
    booth.mouth.on_mark(mark.split('"name":"')[1].split('"')[0], booth.clock.now())
    booth.line.phone = booth.new_phone(wire := FakeWire(), "MZ2")
    booth.mouth.resend(booth.clock.now())
    booth.wire = wire
    booth.runs(4_000)
    sent_ms = sum(len(message) for message in wire.sent if "media" in message[:20]) * 3 // 4 // 8
    assert sent_ms >= 3_000 - 1_150 + 150, "the phone sent its last sound when it had played what left 150 ms before"


def test_a_new_phone_in_the_middle_of_a_dispute_stays_silent(booth: Booth) -> None:
    booth.starts()
    booth.speaks("We open at nine in the morning.", 3_000)
    booth.mouth.hold(1)
    wire = FakeWire()
    booth.line.phone = booth.new_phone(wire)
    booth.mouth.resend(booth.clock.now())
    booth.runs(500)
    assert [kind for kind in wire.kinds if kind != "clear"] == []


def test_the_first_sound_was_heard_half_a_round_trip_after_it_was_sent(booth: Booth) -> None:
    booth.starts()
    booth.speaks("Yes.", 200)
    booth.ends()
    booth.clock.advance(200 + 150)
    (mark,) = [message for message in booth.wire.sent if '"mark"' in message[:20]]
    booth.mouth.on_mark(mark.split('"name":"')[1].split('"')[0], booth.clock.now())
    way_ns = booth.told.stamped_at["heard"] - booth.told.stamped_at["sent"]
    assert ms_to_ns(70) <= way_ns <= ms_to_ns(80)


def test_closing_releases_everything_and_tells_what_was_heard(booth: Booth) -> None:
    booth.starts()
    booth.speaks("We open at nine.", 1_000)
    booth.runs(600)
    assert booth.mouth.close().startswith("We open")
    assert booth.voice.is_closed
    assert booth.model.generations[0].is_cancelled
    assert booth.clock.pending_count == 0
