import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import FaultKind, Whose
from agent.ports import Alignment
from agent.providers.elevenlabs_codec import (
    Complaint,
    ElevenLabsSettings,
    Other,
    Piece,
    decode,
    encode_close,
    encode_end,
    encode_flush,
    encode_init,
    encode_keep_alive,
    encode_text,
    speech_headers,
    speech_url,
)

SETTINGS = ElevenLabsSettings(api_key="secret", voice_id="v/1", base_url="http://127.0.0.1:9")


def test_the_url_asks_for_telephone_audio_with_the_words_times() -> None:
    assert speech_url(SETTINGS) == (
        "ws://127.0.0.1:9/v1/text-to-speech/v%2F1/multi-stream-input?model_id=eleven_flash_v2_5"
        "&output_format=ulaw_8000&auto_mode=true&sync_alignment=true&inactivity_timeout=180"
    )
    german = ElevenLabsSettings(api_key="", voice_id="v", language_code="de")
    assert speech_url(german).startswith("wss://api.elevenlabs.io/v1/text-to-speech/v/multi-stream-input?")
    assert speech_url(german).endswith("&language_code=de")


def test_either_endpoint_takes_the_same_query() -> None:
    multi, single = speech_url(SETTINGS, "multi"), speech_url(SETTINGS, "single")
    assert single == multi.replace("/multi-stream-input?", "/stream-input?") != multi


def test_the_life_of_a_single_stream() -> None:
    init, *rest = [
        json.loads(text)
        for text in (encode_init(SETTINGS), encode_text("Hello there."), encode_keep_alive(), encode_end())
    ]
    assert init.keys() == {"text", "voice_settings"}
    assert init["text"] == " "
    assert rest == [{"text": "Hello there. ", "flush": True}, {"text": " "}, {"text": ""}]


def test_the_key_is_in_its_header_and_nowhere_else() -> None:
    assert speech_headers(SETTINGS) == {"xi-api-key": "secret"}
    assert "secret" not in speech_url(SETTINGS) + repr(SETTINGS) + encode_init(SETTINGS, "u1")


def test_the_life_of_a_context() -> None:
    assert [
        json.loads(text)
        for text in (
            encode_init(SETTINGS, "u1"),
            encode_text("  Hello there.\n", "u1"),
            encode_keep_alive("u1"),
            encode_flush("u1"),
            encode_close("u1"),
        )
    ] == [
        {
            "text": " ",
            "context_id": "u1",
            "voice_settings": {
                "stability": 0.5,
                "similarity_boost": 0.75,
                "style": 0.0,
                "use_speaker_boost": True,
                "speed": 1.0,
            },
        },
        {"text": "Hello there. ", "context_id": "u1", "flush": True},
        {"text": "", "context_id": "u1"},
        {"context_id": "u1", "flush": True},
        {"context_id": "u1", "close_context": True},
    ]


SOUND = base64.b64encode(b"\xff\x00\x7f").decode()
HI = {"chars": ["H", "i"], "charStartTimesMs": [0, 70], "charDurationsMs": [70, 90]}
HI_ALIGNED = Alignment("Hi", (0, 560))


@pytest.mark.parametrize("context", ["contextId", "context_id"])
@pytest.mark.parametrize("final", ["isFinal", "is_final"])
def test_audio_and_its_end_in_both_spellings(context: str, final: str) -> None:
    piece = decode(json.dumps({context: "u1", "audio": SOUND, final: None, "alignment": HI}))
    assert piece == Piece("u1", b"\xff\x00\x7f", HI_ALIGNED, follows_text=True, is_final=False)
    end = decode(json.dumps({context: "u1", "audio": None, final: True}))
    assert end == Piece("u1", b"", None, follows_text=False, is_final=True)


@pytest.mark.parametrize(
    ("members", "alignment", "follows_text"),
    [
        ({"alignment": HI}, HI_ALIGNED, True),
        ({"alignment": None, "normalizedAlignment": HI}, HI_ALIGNED, False),
        ({"alignment": {}, "normalized_alignment": HI}, HI_ALIGNED, False),
        ({"alignment": {"chars": ["H", "i"], "charsStartTimesMs": [0, 70], "charsDurationsMs": []}}, HI_ALIGNED, True),
        ({"alignment": {"chars": ["H", "i", "!"], "charStartTimesMs": [0, 70]}}, HI_ALIGNED, True),
        ({"alignment": {"chars": ["Hi"], "charStartTimesMs": [0.5]}}, Alignment("Hi", (4, 4)), True),
        ({"alignment": {"chars": ["H"], "charStartTimesMs": [-5]}}, Alignment("H", (0,)), True),
        ({"Alignment": {"chars": "Hi", "char_start_times_ms": [0, 70]}}, HI_ALIGNED, True),
        ({"normalized_alignment": {"characters": ["H", "i"], "characterStartTimesMs": [0, 70]}}, HI_ALIGNED, False),
        ({"alignment": {"characters": ["H", "i"], "character_start_times_seconds": [0, 0.07]}}, HI_ALIGNED, True),
        ({"alignment": {"chars": [], "charStartTimesMs": []}}, None, False),
        ({"alignment": {"chars": [1], "charStartTimesMs": [0]}}, None, False),
        ({"alignment": {"chars": ["H"], "charStartTimesMs": ["x"]}}, None, False),
        ({"alignment": {"chars": ["H"], "charStartTimesMs": [1e300]}}, None, False),
        ({"alignment": "H"}, None, False),
        ({}, None, False),
    ],
)
def test_alignments_of_all_kinds(members: dict[str, Any], alignment: Alignment | None, follows_text: bool) -> None:
    piece = decode(json.dumps({"contextId": "u1", "audio": SOUND, **members}))
    assert piece == Piece("u1", b"\xff\x00\x7f", alignment, follows_text, is_final=False)


def test_words_before_their_audio_are_a_piece_too() -> None:
    assert decode(json.dumps({"contextId": "u1", "audio": None, "alignment": HI})) == Piece(
        "u1", b"", HI_ALIGNED, follows_text=True, is_final=False
    )


@pytest.mark.parametrize(
    ("message", "type_"),
    [
        ('{"type":"flush_done","context_id":"u1"}', "flush_done"),
        ("{}", "empty"),
        ('{"audio":null,"isFinal":null}', "empty"),
        ('{"audio":7}', "empty"),
        ('{"audio":"not base64!"}', "bad_base64"),
        ("[]", "malformed"),
        ("{", "malformed"),
    ],
)
def test_other_messages(message: str, type_: str) -> None:
    assert decode(message) == Other(type_)


@pytest.mark.parametrize(
    ("error", "kind", "whose"),
    [
        ("quota_exceeded", FaultKind.REFUSED_KEY, Whose.SETTINGS),
        ("invalid_api_key", FaultKind.REFUSED_KEY, Whose.SETTINGS),
        ("authentication_required", FaultKind.REFUSED_KEY, Whose.SETTINGS),
        ("detected_unusual_activity", FaultKind.REFUSED_KEY, Whose.SETTINGS),
        ("voice_id_does_not_exist", FaultKind.BAD_REQUEST, Whose.SETTINGS),
        ("voice_not_found", FaultKind.BAD_REQUEST, Whose.SETTINGS),
        ("too_many_concurrent_requests", FaultKind.RATE_LIMITED, Whose.PROVIDER),
        ("concurrent_limit_exceeded", FaultKind.RATE_LIMITED, Whose.PROVIDER),
        ("system_busy", FaultKind.OVERLOADED, Whose.PROVIDER),
        ("max_active_conversations", FaultKind.OVERLOADED, Whose.PROVIDER),
        ("input_timeout_exceeded", FaultKind.CLOSED, Whose.PROVIDER),
        ("invalid_input_message", FaultKind.BAD_MESSAGE, Whose.OURS),
        ("Sorry, something went wrong on our side", FaultKind.OVERLOADED, Whose.PROVIDER),
    ],
)
def test_error_frames(error: str, kind: FaultKind, whose: Whose) -> None:
    complaint = decode(json.dumps({"message": "because", "error": error, "code": 1008}))
    assert isinstance(complaint, Complaint)
    assert (complaint.fault.kind, complaint.fault.whose) == (kind, whose)
    assert complaint.fault.detail == f"{error}: because"


def test_an_error_frame_may_call_itself_one() -> None:
    complaint = decode('{"type":"error","code":"unknown_message","message":"what?"}')
    assert isinstance(complaint, Complaint)
    assert complaint.fault.detail == "unknown_message: what?"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["chars", "charStartTimesMs", "charsStartTimesMs"]), inner, max_size=3)
    ),
    max_leaves=10,
)
KEYS = st.sampled_from(["audio", "contextId", "context_id", "isFinal", "alignment", "normalizedAlignment", "error"])


@given(st.dictionaries(KEYS, JSON, max_size=5))
def test_no_shape_of_a_message_is_a_surprise(fields: dict[str, Any]) -> None:
    decode(json.dumps(fields))


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_junk_is_not_understood_and_nothing_more(message: str | bytes) -> None:
    decode(message)
