"""One stream: order, bounds, and exactly one ending, whatever comes."""

import logging
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.media_stream import Ending, MediaStream, Refused, StreamLimits
from agent.twilio import CallPort, Phone, Started
from tests.agent import stream_fakes as twilio_says
from tests.agent.stream_fakes import FRAME, CallFactory, NotingCall, RecordingWire
from tests.fakes import ManualClock


class Host:
    """Lets streams in unless told otherwise, and remembers how they left."""

    def __init__(self) -> None:
        self.calls = CallFactory()
        self.refused: Refused | None = None
        self.endings: list[Ending] = []

    def join(self, stream: MediaStream, started: Started, phone: Phone) -> CallPort | Refused:
        return self.refused or self.calls(started, phone)

    def leave(self, stream: MediaStream, ending: Ending) -> None:
        self.endings.append(ending)


class Line:
    """A stream with its wire, clock and host."""

    def __init__(self, limits: StreamLimits | None = None) -> None:
        self.clock = ManualClock()
        self.wire = RecordingWire()
        self.host = Host()
        self.stream = MediaStream(self.wire, self.clock, self.host, limits)
        self.stream.on_open()

    def hear(self, *messages: str | bytes) -> None:
        for message in messages:
            self.stream.on_message(message)

    def begin(self, **parameters: str) -> NotingCall:
        self.hear(twilio_says.connected(), twilio_says.start(**parameters))
        return self.host.calls.last

    @property
    def irregular(self) -> Counter[str]:
        return self.stream.counters.irregular

    @property
    def ending(self) -> Ending:
        assert len(self.host.endings) == 1
        return self.host.endings[0]


def test_a_call_from_start_to_stop() -> None:
    line = Line()
    call = line.begin(caller="+1555")
    line.hear(twilio_says.media(0), twilio_says.media(20), twilio_says.digit("5"))
    call.phone.send_mark("a")
    line.hear(twilio_says.mark("a"), twilio_says.stop())
    line.stream.on_close(1000, "")
    assert call.notes == [("media", FRAME, 0), ("media", FRAME, 20), ("digit", "5"), ("mark", "a")]
    assert line.ending == Ending("stopped")
    assert line.irregular == {}
    assert line.stream.counters.frames_in == 2
    assert line.clock.pending_count == 0


def test_what_comes_before_start_is_ignored() -> None:
    line = Line()
    line.hear(twilio_says.media(), twilio_says.mark("a"), twilio_says.digit("1"))
    assert line.host.calls.made == []
    assert line.irregular == {"before start": 3}
    assert line.begin().notes == []


def test_a_start_without_connected_and_doubles_are_counted() -> None:
    line = Line()
    line.hear(twilio_says.start(), twilio_says.connected(), twilio_says.connected(), twilio_says.start(call="CA2"))
    assert [call.started.call_sid for call in line.host.calls.made] == ["CA1"]
    assert line.irregular == {"start before connected": 1, "second connected": 1, "second start": 1}


def test_unknown_events_never_end_a_call() -> None:
    line = Line()
    line.begin()
    line.hear(*[f'{{"event":"new-{n}"}}' for n in range(500)])
    assert line.irregular == {"unknown event": 500}
    assert line.wire.is_open


def test_too_many_malformed_messages_close_the_stream() -> None:
    line = Line(StreamLimits(malformed=3))
    line.begin()
    line.hear("junk", "junk", "junk")
    assert line.wire.is_open
    line.hear("junk", "junk", twilio_says.media())
    assert line.wire.closed_with == (1008, "malformed")
    assert line.ending == Ending("malformed", owes_apology=True)
    assert line.host.calls.last.notes == []


def test_odd_sizes_pass_and_huge_and_empty_ones_do_not() -> None:
    line = Line()
    call = line.begin()
    line.hear(*[twilio_says.media(20, bytes(size)) for size in (1, 159, 161, 3_200, 32_000)])
    line.hear(twilio_says.media(20, b""), twilio_says.media(20, bytes(32_001)))
    assert [len(note[1]) for note in call.notes] == [1, 159, 161, 3_200, 32_000]
    assert line.irregular == {"empty media": 1, "huge media": 1}


def test_media_time_never_goes_backwards() -> None:
    line = Line()
    call = line.begin()
    line.hear(twilio_says.media(100), twilio_says.media(60), twilio_says.media(-1), twilio_says.media(-1))
    assert [note[2] for note in call.notes] == [100, 100, 120, 140]
    assert line.irregular == {"media out of order": 1}


def test_marks_nobody_asked_for_are_ignored() -> None:
    line = Line()
    call = line.begin()
    line.hear(twilio_says.mark("a"))
    call.phone.send_mark("b")
    line.hear(twilio_says.mark("b"), twilio_says.mark("b"))
    assert call.notes == [("mark", "b")]
    assert line.irregular == {"mark nobody asked for": 2}


def test_a_storm_of_digits_is_cut_to_a_rate() -> None:
    line = Line()
    call = line.begin()
    line.hear(*[twilio_says.digit("1")] * 1_000)
    assert len(call.notes) == 25
    line.clock.advance(1_000)
    line.hear(twilio_says.digit("2"))
    assert call.notes[-1] == ("digit", "2")


@pytest.mark.parametrize(
    ("encoding", "rate", "channels"),
    [("audio/x-l16", 8_000, 1), ("audio/x-mulaw", 16_000, 1), ("audio/x-mulaw", 8_000, 2)],
)
def test_a_format_we_cannot_hear_is_refused(encoding: str, rate: int, channels: int) -> None:
    line = Line()
    formats = f'"mediaFormat":{{"encoding":"{encoding}","sampleRate":{rate},"channels":{channels}}}'
    line.hear(f'{{"event":"start","streamSid":"MZ1","start":{{"callSid":"CA1",{formats}}}}}')
    assert line.host.calls.made == []
    assert line.wire.closed_with == (1003, "expected audio/x-mulaw at 8000 Hz on one channel")


def test_a_refused_stream_is_closed_and_heard_no_more() -> None:
    line = Line()
    line.host.refused = Refused("the token has expired")
    line.hear(twilio_says.connected(), twilio_says.start(), twilio_says.media())
    assert line.wire.closed_with == (1008, "the token has expired")
    assert line.host.calls.made == []
    assert line.ending.owes_apology is False


def test_a_start_that_never_comes_closes_the_stream() -> None:
    line = Line()
    line.hear(twilio_says.connected())
    line.clock.advance(4_999)
    assert line.wire.is_open
    line.clock.advance(1)
    assert line.wire.closed_with == (1008, "no_start")
    assert line.clock.pending_count == 0


def test_silence_of_the_other_side_ends_the_call_and_not_silence_of_the_caller() -> None:
    line = Line()
    line.begin()
    for _ in range(100):
        line.clock.advance(9_000)
        line.hear(twilio_says.media(0, b"\xff" * 160))
    assert line.wire.is_open
    line.clock.advance(40_000)
    assert line.wire.closed_with == (1001, "idle")
    assert line.ending == Ending("idle", owes_apology=True, is_abandoned=True)
    assert line.clock.pending_count == 0


@pytest.mark.parametrize("code", [1000, 1001, 1005])
def test_a_peer_that_closes_properly_ends_the_call_without_stop(code: int) -> None:
    line = Line()
    line.begin()
    line.stream.on_close(code, "")
    assert line.ending == Ending(f"closed_{code}")


@pytest.mark.parametrize("code", [1006, 1002, 1009, 1011])
def test_a_stream_nobody_meant_to_close_is_lost(code: int) -> None:
    line = Line()
    line.begin()
    line.stream.on_close(code, "whatever the peer says")
    assert line.ending == Ending(f"lost_{code}", is_lost=True, owes_apology=True)


def test_hanging_up_waits_for_the_other_half_and_listens_no_more() -> None:
    line = Line()
    call = line.begin()
    call.phone.hang_up()
    call.phone.hang_up()
    assert line.wire.closed_with == (1000, "")
    line.hear(twilio_says.media(), twilio_says.digit("1"))
    assert call.notes == []
    assert line.host.endings == []
    line.stream.on_close(1000, "")
    assert line.ending == Ending("hung_up", is_ours=True)
    assert line.clock.pending_count == 0


def test_hanging_up_on_a_dead_peer_is_over_after_a_second() -> None:
    line = Line()
    line.begin().phone.hang_up(failed=True)
    line.clock.advance(1_000)
    assert line.ending == Ending("failed", is_ours=True, owes_apology=True, is_abandoned=True)
    line.stream.on_close(1006, "")
    assert len(line.host.endings) == 1


def test_a_mistake_of_ours_ends_this_call_with_an_apology(caplog: pytest.LogCaptureFixture) -> None:
    line = Line()
    line.host.calls.fails_on = "digit"
    line.begin()
    with caplog.at_level(logging.ERROR):
        line.hear(twilio_says.digit("1"), twilio_says.digit("2"))
    assert line.wire.closed_with == (1011, "our_mistake")
    assert line.ending.owes_apology
    assert len(caplog.records) == 1


def test_a_detached_stream_says_nothing_any_more() -> None:
    line = Line()
    call = line.begin()
    line.stream.detach()
    line.hear(twilio_says.media(), twilio_says.stop())
    line.stream.on_close(1000, "")
    line.clock.advance(60_000)
    assert (call.notes, line.host.endings) == ([], [])
    assert line.wire.closed_with == (1000, "replaced")


ANYTHING = st.sampled_from(
    [
        twilio_says.connected(),
        twilio_says.start(),
        twilio_says.media(0),
        twilio_says.media(400),
        twilio_says.media(-1, b""),
        twilio_says.mark("a"),
        twilio_says.digit("1"),
        '{"event":"news"}',
        "junk",
        twilio_says.stop(),
        "close 1000",
        "close 1006",
        "wait",
        "hang up",
    ]
)


@given(st.lists(ANYTHING, max_size=60))
def test_any_story_ends_exactly_once_and_leaves_nothing_behind(story: list[str]) -> None:
    line = Line(StreamLimits(malformed=5))
    for message in story:
        if message.startswith("close"):
            line.stream.on_close(int(message[-4:]), "")
        elif message == "wait":
            line.clock.advance(7_000)
        elif message == "hang up" and line.host.calls.made:
            line.host.calls.last.phone.hang_up()
        else:
            line.hear(message)
    line.clock.advance(60_000)
    assert len(line.host.endings) == 1
    assert len(line.host.calls.made) <= 1
    assert line.clock.pending_count == 0
    assert not line.wire.is_open or story
    times = [note[2] for call in line.host.calls.made for note in call.notes if note[0] == "media"]
    assert times == sorted(times)
