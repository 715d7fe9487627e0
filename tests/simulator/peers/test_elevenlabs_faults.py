"""The emulated ElevenLabs when things go wrong: keys, timeouts, faults, limits, strictness."""

import pytest

from simulator.peers.base import Request
from simulator.peers.elevenlabs import VoiceFault
from tests.simulator.peers.elevenlabs_client import (
    BEGIN,
    LONG,
    VOICE,
    Line,
    Studio,
    begin,
    close,
    say,
)

TARGET = f"/v1/text-to-speech/{VOICE}/multi-stream-input?output_format=ulaw_8000"


def refusal_status(studio: Studio, target: str = TARGET, **headers: str) -> int | None:
    refusal = studio.peer.upgrade(
        Request("GET", target, {name.replace("_", "-"): text for name, text in headers.items()})
    )
    return None if refusal is None else refusal.status


# --- keys -------------------------------------------------------------------------------------------------


def test_a_key_may_come_in_header_bearer_query_or_first_message() -> None:
    studio = Studio(api_key="right")
    assert refusal_status(studio, xi_api_key="right") is None
    assert refusal_status(studio, authorization="Bearer right") is None
    assert refusal_status(studio, TARGET + "&authorization=Bearer%20right") is None
    for name in ("xi-api-key", "xi_api_key"):
        line = studio.open(key=None).say({**say("a", "Hello. ", flush=True), name: "right"}, wait_ms=5_000)
        assert line.words() == "Hello."


@pytest.mark.parametrize("status", [401, 403])
def test_a_bad_key_is_refused_by_http(status: int) -> None:
    studio = Studio(api_key="right", refuse_key_status=status)
    assert refusal_status(studio, xi_api_key="wrong") == status
    assert refusal_status(studio, TARGET + "&authorization=wrong") == status
    assert refusal_status(studio, xi_api_key="") == status


def test_or_by_an_error_frame_after_the_upgrade() -> None:
    line = Studio(api_key="right", refuse_key_at="frame").open(key="wrong")
    assert line.error == "invalid_api_key"
    assert line.wire.closed == (1008, "Invalid API key.")


@pytest.mark.parametrize(
    ("members", "error"), [({}, "authentication_required"), ({"xi_api_key": "wrong"}, "invalid_api_key")]
)
def test_a_first_message_without_the_right_key_is_an_error_frame(members: dict[str, str], error: str) -> None:
    line = Studio(api_key="right").open(key=None).say({**begin("a"), **members})
    assert line.error == error
    assert line.clock.pending_count == 0


def test_other_paths_are_not_upgraded() -> None:
    assert refusal_status(Studio(), "/v1/speech-to-text/realtime", xi_api_key="k") == 404


def test_an_unknown_voice_is_refused_when_strict() -> None:
    assert Studio().open(voice="anything").wire.closed is None
    assert Studio(strict_voices=True).open(voice="anything").error == "voice_id_does_not_exist"


# --- timeouts and settings --------------------------------------------------------------------------------


def test_keep_alives_hold_a_single_stream_open() -> None:
    line = Studio().open("stream-input", "inactivity_timeout=20").say(BEGIN)
    for _ in range(4):
        line.say({"text": " "}, wait_ms=19_000)
    assert line.wire.closed is None
    line.clock.advance(1_000)
    assert line.error == "input_timeout_exceeded"


def test_each_context_has_its_own_timeout() -> None:
    studio = Studio()
    line = studio.open(query="inactivity_timeout=20").say(begin("quiet"), begin("kept"))
    for _ in range(3):
        line.say(say("kept", ""), wait_ms=15_000)
    assert [message["contextId"] for message in line.received() if message["isFinal"]] == ["quiet"]
    assert studio.peer.counts["contexts_timed_out"] == 1
    assert line.wire.closed is None


def test_a_socket_without_messages_times_out_but_never_while_it_speaks() -> None:
    line = Studio(pace=0.25).open(query="inactivity_timeout=20").say(say("a", LONG, flush=True), wait_ms=35_000)
    assert line.wire.closed is None
    line.clock.advance(60_000)
    assert line.words() == LONG.strip()
    assert line.error == "input_timeout_exceeded"


def test_a_keep_alive_before_the_first_message_makes_settings_too_late() -> None:
    late = begin("a", voice_settings={"stability": 0.5})
    line = Studio().open().say(say("a", ""), late)
    assert line.error == "invalid_input_message"
    assert line.wire.closed is not None
    assert line.wire.closed[0] == 1008


def test_changed_settings_are_an_error_and_repeated_ones_a_complaint() -> None:
    first = begin("a", voice_settings={"stability": 0.5})
    studio = Studio()
    assert studio.open().say(first, first).wire.closed is None
    assert "settings were sent again" in studio.peer.complaints[-1]
    assert Studio().open().say(first, begin("a", voice_settings={"stability": 0.6})).error == "invalid_input_message"
    assert Studio().open().say(begin("a", voice_settings=None), begin("a", voice_settings=None)).error is None


# --- strictness -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        "not json",
        "[]",
        b"\x00",
        {"text": 7, "context_id": "a"},
        {"text": "x ", "context_id": 1},
        {"text": "x ", "flush": "yes"},
        {"text": " ", "voice_settings": []},
        {"text": " ", "voice_settings": {"speed": 9}},
        {"text": " ", "generation_config": {"chunk_length_schedule": [10]}},
        {"text": " ", "generation_config": {"chunk_length_schedule": 120}},
    ],
)
@pytest.mark.parametrize("kind", ["stream-input", "multi-stream-input"])
def test_what_breaks_the_schema_is_an_error(kind: str, message: object) -> None:
    line = Studio().open(kind).say(message)
    assert line.error == "invalid_input_message"
    assert line.wire.closed is not None
    assert line.wire.closed[0] == 1008
    assert line.clock.pending_count == 0


def test_a_single_stream_needs_a_text_in_every_message() -> None:
    assert Studio().open("stream-input").say(BEGIN, {"flush": True}).error == "invalid_input_message"


def test_what_is_borne_is_reported() -> None:
    studio = Studio()
    studio.open("stream-input").say({"text": "Hello "}, {"text": ""}, {"text": "late "})
    studio.open().say({"text": "Hello. ", "contextId": "a"}, close("never"), {"context_id": "b", "flush": True})
    reports = ("one blank", "after the empty text", "'contextId'", "'never'", "does not exist")
    assert all(any(report in complaint for complaint in studio.peer.complaints) for report in reports)


def test_complaints_are_bounded_and_counted() -> None:
    studio = Studio()
    line = studio.open().say(begin("a"))
    for _ in range(600):
        line.say(say("a", "x"))
    assert len(studio.peer.complaints) == 500
    assert studio.peer.counts["complaints_dropped"] == 100


def test_too_much_text_is_an_error() -> None:
    assert Studio(schedule=(50_000,)).open().say(say("a", "x" * 40_001)).error == "max_character_limit_exceeded"


# --- faults -----------------------------------------------------------------------------------------------


def spoilt(fault: VoiceFault, **settings: int) -> Line:
    studio = Studio(fault=fault, fault_after_ms=400, frame_min_ms=100, frame_max_ms=200, **settings)
    return studio.open().say(say("a", LONG, flush=True), close("a"), wait_ms=60_000)


@pytest.mark.parametrize("code", [1008, 1011])
def test_the_socket_closes_in_mid_utterance(code: int) -> None:
    line = spoilt(VoiceFault.CLOSE, close_code=code)
    assert line.wire.closed is not None
    assert line.wire.closed[0] == code
    assert 400 <= len(line.audio()) / 8 <= 600
    assert line.clock.pending_count == 0


def test_1006_tears_the_connection_down() -> None:
    line = spoilt(VoiceFault.CLOSE, close_code=1006)
    assert line.wire.is_aborted
    assert line.wire.closed is None


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (VoiceFault.QUOTA, "quota_exceeded"),
        (VoiceFault.APOLOGY, "something_went_wrong"),
        (VoiceFault.UNUSUAL_ACTIVITY, "detected_unusual_activity"),
    ],
)
def test_error_frames_then_1008_with_a_reason_cut_at_123_bytes(fault: VoiceFault, error: str) -> None:
    line = spoilt(fault)
    assert line.error == error
    assert line.wire.closed is not None
    code, reason = line.wire.closed
    assert code == 1008
    assert len(reason.encode()) <= 123
    assert line.received()[-1]["message"].startswith(reason)


def test_an_error_frame_may_leave_the_socket_open() -> None:
    line = spoilt(VoiceFault.ERROR_FRAME)
    assert line.error is not None
    assert line.wire.closed is None
    assert "error" in line.received()[-1]


def test_audio_may_just_stop() -> None:
    line = spoilt(VoiceFault.HANG)
    assert line.wire.closed is None
    assert line.received()[-1]["isFinal"] is None


def test_the_final_message_may_be_missing() -> None:
    line = spoilt(VoiceFault.NO_FINAL)
    assert line.words() == LONG.strip()
    assert not any(message["isFinal"] for message in line.received())


def test_faults_hold_for_the_first_sockets_only() -> None:
    studio = Studio(fault=VoiceFault.QUOTA, fault_after_ms=0, fail_first_n=1)
    assert studio.open().say(say("a", "One. ", flush=True), wait_ms=5_000).error == "quota_exceeded"
    assert studio.open().say(say("a", "One. ", flush=True), wait_ms=5_000).words() == "One."


def test_upgrades_and_requests_are_refused_with_a_status() -> None:
    studio = Studio(refuse_status=429, fail_first_n=2)
    assert refusal_status(studio, xi_api_key="k") == 429
    refused = studio.post("/stream")
    assert (refused.status, refused.json["detail"]["code"]) == (429, "rate_limit_exceeded")
    assert refusal_status(studio, xi_api_key="k") is None


def test_a_client_that_goes_away_frees_everything() -> None:
    studio = Studio()
    line = studio.open().say(say("a", LONG, flush=True), begin("b"), wait_ms=300)
    assert studio.peer.generating == 1
    line.socket.on_close()
    sent = len(line.wire.messages)
    line.clock.advance(60_000)
    assert (len(line.wire.messages), studio.peer.generating, line.clock.pending_count) == (sent, 0, 0)
    assert studio.peer.counts["open_sockets"] == 0


# --- the limit on generations -----------------------------------------------------------------------------


def test_only_generating_sockets_count_and_the_next_waits_for_its_turn() -> None:
    studio = Studio(max_concurrent=1, queue_ms=50, first_byte_ms=100)
    idle = [studio.open().say(begin("a")) for _ in range(5)]
    first = studio.open().say(say("a", "One two three. ", flush=True))
    second = studio.open().say(say("a", "Four. ", flush=True), wait_ms=30_000)
    assert studio.peer.counts["queued"] == 1
    done_at = first.wire.messages[-1][0]
    assert second.wire.messages[0][0] == pytest.approx(done_at + 50 + 100, abs=2)
    assert studio.peer.counts["generating_peak"] == 1
    assert all(line.error is None for line in idle)


def test_beyond_the_queue_generations_are_refused() -> None:
    studio = Studio(max_concurrent=1, max_queued=1)
    lines = [studio.open().say(say("a", LONG, flush=True)) for _ in range(3)]
    assert [line.error for line in lines] == [None, None, "concurrent_limit_exceeded"]
    refused = studio.post("/stream")
    assert (refused.status, refused.json["detail"]["code"]) == (429, "concurrent_limit_exceeded")
    assert refused.headers["current-concurrent-requests"] == "1"
    assert refused.headers["maximum-concurrent-requests"] == "1"
    lines[1].socket.on_close()
    lines[0].clock.advance(60_000)
    assert studio.peer.generating == 0
