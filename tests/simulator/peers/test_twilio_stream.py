import base64
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm.units import FRAME_SAMPLES, NS_PER_MS, NS_PER_SAMPLE
from simulator.peers import twilio_messages as messages
from simulator.peers.twilio_behaviour import TwilioBehaviour
from simulator.peers.twilio_stream import EndedBy, StreamEnd, TwilioPhone
from tests.fakes import ManualClock
from tests.simulator.peers.twilio_fakes import LEG, SILENCE, FakePerson, FakeWire, clear, mark, media, seeded


class Line:
    """A phone, a person and the server's end of the wire, on one clock."""

    def __init__(self, behaviour: TwilioBehaviour | None = None, *, start_ns: int = 0, seed: int = 1) -> None:
        self.clock = ManualClock(start_ns)
        self.wire = FakeWire(self.clock)
        self.person = FakePerson()
        self.taps: list[tuple[bytes, bytes, int]] = []
        self.ends: list[StreamEnd] = []
        self.phone = TwilioPhone(
            self.clock,
            seeded(seed),
            LEG,
            self.person,
            behaviour=behaviour,
            tap=lambda spoken, heard, at: self.taps.append((spoken, heard, at)),
            on_ended=self.ends.append,
        )
        self.phone.attach(self.wire)

    def open(self) -> "Line":
        self.phone.on_open()
        return self

    def at(self, instant_ms: float) -> TwilioPhone:
        self.clock.advance_to(int(instant_ms * NS_PER_MS))
        return self.phone

    @property
    def end(self) -> StreamEnd | None:
        return self.phone.end

    def numbers(self) -> list[int]:
        return [int(message["sequenceNumber"]) for _, message in self.wire.sent if message["event"] != "connected"]


def only(line: Line, event: str) -> dict[str, Any]:
    (found,) = [message for _, message in line.wire.sent if message["event"] == event]
    return found


# --- order and clock ------------------------------------------------------------------------------------


def test_it_says_connected_then_start_as_documented() -> None:
    line = Line().open()
    assert [message for _, message in line.wire.sent] == [
        {"event": "connected", "protocol": "Call", "version": "1.0.0"},
        {
            "event": "start",
            "sequenceNumber": "1",
            "streamSid": LEG.stream_sid,
            "start": {
                "accountSid": LEG.account_sid,
                "streamSid": LEG.stream_sid,
                "callSid": LEG.call_sid,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": {"token": "abc"},
            },
        },
    ]


def test_frames_come_each_20_ms_on_an_absolute_schedule() -> None:
    line = Line().open()
    line.at(100)
    frames = line.wire.events("media")
    assert [at for at, _ in frames] == [20, 40, 60, 80, 100]
    assert frames[1][1] == {
        "event": "media",
        "sequenceNumber": "3",
        "streamSid": LEG.stream_sid,
        "media": {
            "track": "inbound",
            "chunk": "2",
            "timestamp": "25",
            "payload": base64.b64encode(bytes([2]) * 160).decode(),
        },
    }
    assert len(frames[1][1]["media"]["payload"]) == 216


def test_a_late_timer_catches_up_and_the_schedule_stays() -> None:
    line = Line().open()
    line.clock._now = 75 * NS_PER_MS  # the machine slept through three frames
    line.at(80)
    assert [at for at, _ in line.wire.events("media")][-1] == 80
    assert line.person.spoken == 4
    assert line.person.heard_at == [0, 20_000_000, 40_000_000, 60_000_000]


def test_keys_marks_and_media_share_one_rising_sequence() -> None:
    line = Line().open()
    line.at(30).press("1")
    line.phone.press("*")
    line.phone.press("#")
    line.phone.on_message(mark("m"))
    line.at(50).hang_up()
    assert line.numbers() == list(range(1, len(line.numbers()) + 1))
    assert [message["dtmf"] for _, message in line.wire.events("dtmf")] == [
        {"track": "inbound_track", "digit": digit} for digit in "1*#"
    ]


def test_a_phone_has_no_other_keys() -> None:
    with pytest.raises(AssertionError, match="no key 'x'"):
        Line().open().phone.press("x")


def test_a_withheld_start_comes_late_or_never() -> None:
    late = Line(TwilioBehaviour(start_after_ms=300)).open()
    late.at(299)
    assert [message["event"] for _, message in late.wire.sent] == ["connected"]
    late.at(320)
    assert [message["event"] for _, message in late.wire.sent] == ["connected", "start", "media"]
    never = Line(TwilioBehaviour(start_after_ms=None)).open()
    never.at(60_000)
    assert [message["event"] for _, message in never.wire.sent] == ["connected"]
    assert never.clock.pending_count == 0


# --- playback ---------------------------------------------------------------------------------------------


def test_marks_fire_at_the_playhead_and_never_earlier() -> None:
    line = Line().open()
    line.at(7.3)
    line.phone.on_message(media(b"\x01" * 1_000))
    line.phone.on_message(mark("a"))
    line.phone.on_message(media(b"\x02" * 37))
    line.phone.on_message(mark("b"))
    line.at(1_000)
    (a_at, a), (b_at, b) = line.wire.marks()
    assert (a, b) == ("a", "b")
    assert 7.3 + 125 <= a_at < 7.3 + 125.125
    assert b_at - a_at == pytest.approx(37 / 8)


def test_a_mark_on_an_empty_buffer_returns_at_once_even_before_any_media() -> None:
    line = Line().open()
    line.at(5).on_message(mark("nothing before"))
    assert line.wire.marks() == [(5, "nothing before")]


def test_clear_silences_at_once_and_returns_marks_in_order() -> None:
    line = Line().open()
    line.phone.on_message(media(b"\x01" * 8_000))
    line.phone.on_message(mark("a"))
    line.phone.on_message(mark("a"))
    line.phone.on_message(mark("b"))
    line.at(250).on_message(clear())
    assert line.wire.marks() == [(250, "a"), (250, "a"), (250, "b")]
    line.at(1_000)
    assert line.wire.marks() == [(250, "a"), (250, "a"), (250, "b")], "and not a second time"
    assert line.person.heard == b"\x01" * 2_000 + b"\xff" * 6_000
    assert (line.phone.playback.played_samples, line.phone.playback.cleared_samples) == (2_000, 6_000)
    assert line.phone.clears == 1


def test_media_in_flight_when_clear_is_sent_plays_afterwards() -> None:
    line = Line().open()
    line.phone.on_message(media(b"\x01" * 800))
    line.at(50).on_message(clear())
    line.at(60).on_message(media(b"\x02" * 160))
    line.at(200)
    assert line.person.heard.count(b"\x02") == 160


def test_an_underrun_is_seen_with_its_length() -> None:
    line = Line().open()
    line.phone.on_message(media(b"\x01" * 800))
    line.at(140).on_message(media(b"\x01" * 800))
    line.at(400)
    (gap,) = line.phone.underruns
    assert (gap.at_samples, gap.length_samples) == (800, 320)


def test_the_tap_gets_both_sides_of_each_20_ms() -> None:
    line = Line().open()
    line.phone.on_message(media(b"\x05" * 160))
    line.at(40)
    assert line.taps == [
        (bytes([1]) * 160, b"\x05" * 160, 0),
        (bytes([2]) * 160, SILENCE, 20 * NS_PER_MS),
    ]


# --- strictness ---------------------------------------------------------------------------------------------

SID = LEG.stream_sid


@pytest.mark.parametrize(
    ("message", "code", "reason"),
    [
        (b"\x00\x01", 31950, "binary"),
        ("{", 31951, "expected JSON"),
        ("[" * 100_000, 31951, "expected JSON"),
        ("[]", 31951, "JSON object"),
        ('{"event":"play"}', 31951, "'play'"),
        ('{"event":["media"]}', 31951, "media, mark or clear"),
        (json.dumps({"event": "clear"}), 31951, "fields"),
        (json.dumps({"event": "clear", "streamSid": SID, "more": 1}), 31951, "fields"),
        (clear("MZother"), 31951, "MZother"),
        (json.dumps({"event": "media", "streamSid": SID, "media": {}}), 31951, "payload"),
        (json.dumps({"event": "media", "streamSid": SID, "media": {"payload": 1}}), 31951, "payload"),
        (json.dumps({"event": "media", "streamSid": SID, "media": {"payload": "", "track": "x"}}), 31951, "payload"),
        (json.dumps({"event": "media", "streamSid": SID, "media": {"payload": "a"}}), 31951, "base64"),
        (json.dumps({"event": "media", "streamSid": SID, "media": {"payload": "é==="}}), 31951, "base64"),
        (json.dumps({"event": "media", "streamSid": SID, "media": "x"}), 31951, "payload"),
        (json.dumps({"event": "mark", "streamSid": SID, "mark": {"name": 7}}), 31951, "name"),
        (json.dumps({"event": "mark", "streamSid": SID, "mark": {"name": "a", "b": 1}}), 31951, "name"),
    ],
)
def test_a_wrong_message_is_dropped_with_a_warning_and_the_stream_goes_on(
    message: str | bytes, code: int, reason: str
) -> None:
    line = Line().open()
    line.at(5).on_message(message)
    (warning,) = line.phone.warnings
    assert (warning.code, warning.at) == (code, 5 * NS_PER_MS)
    assert reason in warning.reason
    line.phone.on_message(mark("still here"))
    assert line.wire.marks() == [(5, "still here")]
    assert line.phone.playback.received_samples == 0


def test_a_message_before_start_is_dropped_with_a_warning() -> None:
    line = Line(TwilioBehaviour(start_after_ms=100)).open()
    line.phone.on_message(media(b"\x01"))
    assert "before start" in line.phone.warnings[0].reason


def test_warnings_are_bounded_and_still_counted() -> None:
    line = Line().open()
    for _ in range(250):
        line.phone.on_message("x")
    assert (len(line.phone.warnings), line.phone.warning_counts[31951]) == (100, 250)


# --- endings ------------------------------------------------------------------------------------------------


def test_hanging_up_says_stop_and_closes() -> None:
    line = Line().open()
    line.at(50).hang_up()
    assert only(line, "stop")["stop"] == {"accountSid": LEG.account_sid, "callSid": LEG.call_sid}
    assert line.wire.closed_at_ms == 50
    assert line.ends == [StreamEnd(EndedBy.PHONE)]
    line.phone.hang_up()
    line.phone.on_close(1000, "")
    line.at(5_000)
    assert len(line.ends) == 1
    assert line.clock.pending_count == 0


def test_a_stream_may_end_without_stop() -> None:
    line = Line(TwilioBehaviour(sends_stop=False)).open()
    line.at(50).hang_up()
    assert not line.wire.events("stop")
    assert (line.wire.closed_at_ms, line.wire.closed_with) == (50, 1000)


def test_a_connection_may_be_lost() -> None:
    line = Line().open()
    line.at(50).vanish()
    line.phone.vanish()
    assert not line.wire.events("stop")
    assert (line.wire.closed_at_ms, line.wire.closed_with) == (50, 1011)
    assert line.ends == [StreamEnd(EndedBy.PHONE)]


def test_a_wire_that_can_be_torn_is_torn() -> None:
    class TearableWire(FakeWire):
        is_torn = False

        def abort(self) -> None:
            self.is_torn = True

    line = Line()
    wire = TearableWire(line.clock)
    line.phone.attach(wire)
    line.open().at(50).vanish()
    assert wire.is_torn
    assert wire.closed_at_ms is None


def test_what_played_before_the_end_was_heard_and_the_rest_was_cleared() -> None:
    line = Line().open()
    line.phone.on_message(media(b"\x01" * 1_600))
    line.phone.on_message(mark("late"))
    line.at(50).hang_up()
    assert line.person.heard.count(b"\x01") == 400
    assert (line.phone.playback.played_samples, line.phone.playback.cleared_samples) == (400, 1_200)
    assert line.wire.marks() == [], "no mark comes after stop"


def test_the_server_closes() -> None:
    line = Line().open()
    line.at(30).on_close(1011, "oops")
    assert line.ends == [StreamEnd(EndedBy.SERVER, 1011, "oops")]
    line.phone.on_message(media(b"\x01"))
    line.at(1_000)
    assert line.person.spoken == 1
    assert line.clock.pending_count == 0


def test_a_refused_handshake_is_told_apart() -> None:
    line = Line()
    line.phone.on_close(403, "no")
    assert line.ends == [StreamEnd(EndedBy.REFUSED, 403, "no")]


def test_a_person_who_hangs_up_instead_of_speaking_says_nothing_more() -> None:
    line = Line().open()
    speak = line.person.next_frame

    def hang_up_in_the_third_frame() -> bytes:
        frame = speak()
        if line.person.spoken == 3:
            line.phone.hang_up()
        return frame

    line.person.next_frame = hang_up_in_the_third_frame  # type: ignore[method-assign]  # a person with a will
    line.at(500)
    assert [message["media"]["chunk"] for _, message in line.wire.events("media")] == ["1", "2"]
    assert line.person.heard_at == [0, 20 * NS_PER_MS, 40 * NS_PER_MS]
    assert line.clock.pending_count == 0


# --- trouble --------------------------------------------------------------------------------------------------


def test_a_distant_link_delays_both_ways_and_keeps_the_order() -> None:
    line = Line(TwilioBehaviour(one_way_ms=75)).open()
    line.at(74)
    assert line.wire.sent == []
    line.at(75).on_message(media(b"\x01" * 160))
    line.phone.on_message(mark("m"))
    line.at(100)
    assert [at for at, _ in line.wire.events("connected", "start", "media")] == [75, 75, 95]
    line.at(400)
    assert line.person.heard.index(b"\x01") == 150 * 8
    assert line.wire.marks() == [(75 + 75 + 20 + 75, "m")]
    line.phone.hang_up()
    line.at(500)
    assert line.wire.closed_at_ms == 475
    assert line.wire.sent[-1][1]["event"] == "stop"


def test_jitter_bunches_frames_but_never_reorders_or_loses_them() -> None:
    line = Line(TwilioBehaviour(jitter_ms=200)).open()
    line.at(10_000)
    arrivals = line.wire.events("media")
    chunks = [int(message["media"]["chunk"]) for _, message in arrivals]
    assert chunks == list(range(1, len(chunks) + 1))
    assert line.numbers() == sorted(line.numbers())
    assert len(chunks) >= 490
    gaps = [later - sooner for (sooner, _), (later, _) in pairwise(arrivals)]
    assert max(gaps) > 60
    assert gaps.count(0) > 10


def test_a_stalled_link_delivers_a_burst() -> None:
    line = Line(TwilioBehaviour(stall_every_ms=1_000, stall_ms=600)).open()
    line.at(1_010)
    times = [at for at, _ in line.wire.events("media")]
    assert times[:19] == [20 * n for n in range(1, 20)]
    assert times[19:] == [1_000] * 31


def test_lost_frames_leave_a_hole_in_chunk_and_timestamp_but_not_in_the_sequence() -> None:
    line = Line().open()
    line.at(40).drop_frames(2)
    line.at(120)
    bodies = [message["media"] for _, message in line.wire.events("media")]
    assert [body["chunk"] for body in bodies] == ["1", "2", "5", "6"]
    assert [body["timestamp"] for body in bodies] == ["5", "25", "85", "105"]
    assert line.numbers() == [1, 2, 3, 4, 5]
    assert line.phone.warning_counts[31930] == 2


def test_a_share_of_frames_and_marks_is_lost_and_counted() -> None:
    line = Line(TwilioBehaviour(drop_rate=0.1, lost_mark_rate=0.5)).open()
    for index in range(100):
        line.phone.on_message(mark(str(index)))
    line.at(20_000)
    assert line.phone.frames_sent + line.phone.warning_counts[31930] == 1_000
    assert 50 < line.phone.warning_counts[31930] < 200
    assert len(line.wire.marks()) + line.phone.lost_marks == 100
    assert 25 < line.phone.lost_marks < 75


# --- everything ---------------------------------------------------------------------------------------------

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("media"), st.integers(0, 3_000)),
        st.tuples(st.just("mark"), st.just(0)),
        st.tuples(st.just("clear"), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 90_000)),  # microseconds
    ),
    max_size=40,
)


@given(steps=STEPS, start_ns=st.integers(0, 10**9), one_way_ms=st.sampled_from([0, 75]))
def test_the_ear_hears_exactly_what_played_and_no_mark_comes_before_its_audio(
    steps: list[tuple[str, int]], start_ns: int, one_way_ms: int
) -> None:
    line = Line(TwilioBehaviour(one_way_ms=one_way_ms), start_ns=start_ns).open()
    line.clock.advance(1_000)
    pushed, cleared = 0, False
    due: dict[str, int] = {}
    for action, amount in steps:
        if action == "media":
            line.phone.on_message(media(b"\x01" * amount))
            pushed += amount
        elif action == "mark":
            name = str(len(due))
            due[name] = pushed
            line.phone.on_message(mark(name))
        elif action == "clear":
            cleared = True
            line.phone.on_message(clear())
        else:
            line.clock.advance_to(line.clock.now() + amount * 1_000)
            line.clock.advance_to(line.clock.now())
    line.clock.advance(200)
    line.phone.hang_up()
    line.clock.advance(200)
    playback = line.phone.playback
    assert playback.received_samples == pushed == playback.played_samples + playback.cleared_samples
    assert playback.buffered_samples == 0
    assert line.person.heard.count(b"\x01") == playback.played_samples
    assert line.phone.warnings == []
    assert line.clock.pending_count == 0
    started_at = line.phone.started_at
    assert started_at is not None
    names = [name for _, name in line.wire.marks()]
    assert names == sorted(names, key=int)
    if not cleared:
        sounded = [index for index, byte in enumerate(line.person.heard) if byte == 1]
        for at_ms, name in line.wire.marks():
            if due[name]:
                last_sample_ends_at = started_at + (sounded[due[name] - 1] + 1) * NS_PER_SAMPLE
                assert round(at_ms * NS_PER_MS) - one_way_ms * NS_PER_MS >= last_sample_ends_at - 1_000


def test_a_frame_is_160_bytes() -> None:
    line = Line().open()
    line.person.next_frame = lambda: b"\xff" * (FRAME_SAMPLES - 1)  # type: ignore[method-assign]  # a person with a will
    with pytest.raises(AssertionError, match="160 bytes"):
        line.at(20)


@given(
    audio=st.binary(max_size=200),
    spoilt_at=st.none() | st.integers(0, 300),
    by=st.sampled_from(['"', "\\", "=", " ", "é"]),
)
def test_media_are_read_the_same_by_their_first_bytes_as_by_json(audio: bytes, spoilt_at: int | None, by: str) -> None:
    payload = base64.b64encode(audio).decode()
    message = f'{{"event":"media","streamSid":"{LEG.stream_sid}","media":{{"payload":"{payload}"}}}}'
    if spoilt_at is not None:
        message = message[:spoilt_at] + by + message[spoilt_at:]
    read = messages.reader(LEG.stream_sid)(message)
    assert read == messages.read(message, LEG.stream_sid)
    assert spoilt_at is not None or read == messages.Media(audio)
