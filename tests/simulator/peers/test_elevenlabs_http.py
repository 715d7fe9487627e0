"""The emulated ElevenLabs over HTTP."""

import base64
import math

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.peers.elevenlabs import ElevenLabsBehaviour, VoiceFault
from simulator.peers.elevenlabs_audio import normalised
from simulator.speech import speak
from tests.simulator.peers.elevenlabs_client import VOICE, Studio, words_in

TEXT = "I can offer you ten, or half past eleven."


def test_the_whole_audio_comes_when_it_is_all_there() -> None:
    studio = Studio(first_byte_ms=100, pace=10)
    answer = studio.post("", {"text": TEXT})
    studio.clock.advance(60_000)
    assert (answer.status, answer.headers["content-type"]) == (200, "audio/basic")
    assert answer.body == speak(TEXT).audio
    assert len(answer.writes) == 1
    assert answer.writes[0][0] > 100
    assert answer.headers["character-cost"] == str((len(TEXT) + 1) // 2)
    assert {"request-id", "history-item-id", "x-trace-id", "x-region", "tts-latency-ms"} < set(answer.headers)


def test_a_stream_begins_early_and_is_cut_anywhere() -> None:
    studio = Studio(first_byte_ms=100)
    answer = studio.post("/stream", {"text": TEXT})
    studio.clock.advance(60_000)
    assert answer.writes[0][0] == 100
    assert len({at for at, _ in answer.writes}) > 1
    assert words_in(answer.body) == TEXT
    assert answer.is_ended
    assert studio.clock.pending_count == 0


def test_timestamps_are_seconds_with_ends() -> None:
    studio = Studio(pace=math.inf, first_byte_ms=0)
    answer = studio.post("/with-timestamps", {"text": TEXT})
    studio.clock.advance(0)
    alignment = answer.json["alignment"]
    assert "".join(alignment["characters"]) == TEXT
    starts, ends = alignment["character_start_times_seconds"], alignment["character_end_times_seconds"]
    assert starts[1:] == ends[:-1]
    assert ends[-1] == pytest.approx(len(base64.b64decode(answer.json["audio_base64"])) / 8_000)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 99))
def test_streamed_timestamps_are_lines_whose_borders_are_not_those_of_the_writes(seed: int) -> None:
    studio = Studio(seed, frame_max_ms=400)
    answer = studio.post("/stream/with-timestamps", {"text": TEXT})
    studio.clock.advance(60_000)
    lines = [orjson.loads(line) for line in answer.body.splitlines()]
    assert words_in(b"".join(base64.b64decode(line["audio_base64"]) for line in lines)) == TEXT
    chars = [char for line in lines if line["alignment"] for char in line["alignment"]["characters"]]
    assert "".join(chars) == TEXT
    assert any(not data.endswith(b"\n") for _, data in answer.writes)


def test_a_body_breaks_off_in_the_middle() -> None:
    studio = Studio(fault=VoiceFault.CLOSE, fault_after_ms=300, frame_max_ms=150)
    answer = studio.post("/stream", {"text": TEXT})
    studio.clock.advance(60_000)
    assert answer.is_aborted
    assert not answer.is_ended
    assert 300 <= len(answer.body) / 8 <= 500
    hanging = Studio(fault=VoiceFault.HANG, fault_after_ms=300)
    stuck = hanging.post("/stream", {"text": TEXT})
    hanging.clock.advance(60_000)
    assert (stuck.is_aborted, stuck.is_ended) == (False, False)


def test_a_client_that_goes_away_is_noticed() -> None:
    studio = Studio()
    answer = studio.post("/stream", {"text": TEXT})
    studio.clock.advance(200)
    studio.last_exchange.on_disconnect()
    written = len(answer.writes)
    studio.clock.advance(60_000)
    assert (len(answer.writes), studio.peer.generating, studio.clock.pending_count) == (written, 0, 0)
    assert studio.peer.counts["cancelled"] == 1


INVALID: list[object] = [b"{", [], {}, {"text": 5}]
REFUSED: list[object] = [{"text": " "}, {"text": "x" * 40_001}, {"text": "x", "voice_settings": {"speed": 3}}]


@pytest.mark.parametrize(("body", "status"), [*((body, 422) for body in INVALID), *((body, 400) for body in REFUSED)])
def test_bad_bodies(body: object, status: int) -> None:
    answer = Studio().post("/stream", body)
    assert answer.status == status
    detail = answer.json["detail"]
    assert isinstance(detail, list) == (status == 422)
    if status == 422:
        assert set(detail[0]) == {"type", "loc", "msg", "input"}
    else:
        assert detail["status"] == detail["code"]


def test_formats_keys_quota_and_paths() -> None:
    studio = Studio(api_key="right")
    refused = studio.post("/stream", key="wrong")
    assert (refused.status, refused.json["detail"]["code"]) == (401, "invalid_api_key")
    wrong = studio.post("/stream", key="right", output_format="mp3_44100_128")
    assert wrong.status == 400
    assert "ulaw_8000, pcm_8000, pcm_16000" in wrong.json["detail"]["message"]
    assert studio.post("/nonsense", key="right").status == 404
    quota = Studio(fault=VoiceFault.QUOTA).post("")
    assert (quota.status, quota.json["detail"]["code"]) == (401, "quota_exceeded")
    assert Studio(strict_voices=True, voices=()).post("").json["detail"]["code"] == "voice_not_found"


def test_voices_and_models() -> None:
    studio = Studio()
    assert VOICE in [voice["voice_id"] for voice in studio.get("/v1/voices").json["voices"]]
    assert studio.get("/v2/voices").json["has_more"] is False
    assert studio.get(f"/v1/voices/{VOICE}").json["name"] == "Sarah"
    assert "eleven_flash_v2_5" in [model["model_id"] for model in studio.get("/v1/models").json]
    assert studio.get("/v1/voices/none").status == 404
    assert studio.get("/v1/voices", key="").status == 401


@given(st.text(st.characters(codec="ascii"), max_size=40))
def test_normalising_maps_every_character_forward(text: str) -> None:
    spoken, origin = normalised(text)
    assert len(origin) == len(text)
    assert list(origin) == sorted(origin)
    assert not any(char.isdigit() for char in spoken)
    for char, index in zip(text, origin, strict=True):
        assert char.isdigit() or spoken[index] == char


def test_settings_that_cannot_be_say_what_was_expected() -> None:
    for wrong in ({"pace": 0}, {"frame_min_ms": 0}, {"frame_max_ms": 1}, {"schedule": ()}):
        with pytest.raises(ValueError, match="expected"):
            ElevenLabsBehaviour(**wrong)
