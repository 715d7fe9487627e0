import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.providers.deepgram_codec import (
    CLOSE_STREAM,
    FINALIZE,
    KEEP_ALIVE,
    Complaint,
    DeepgramSettings,
    Heard,
    Other,
    UtteranceEnded,
    VoiceNoticed,
    decode,
    listen_headers,
    listen_url,
)


def test_the_url_asks_for_raw_telephone_audio_and_everything_a_turn_needs() -> None:
    settings = DeepgramSettings(api_key="k", base_url="http://127.0.0.1:9/", keyterms=("Dr. Li", "refill"))
    assert listen_url(settings) == (
        "ws://127.0.0.1:9/v1/listen?model=nova-3&language=en&encoding=mulaw&sample_rate=8000&channels=1"
        "&interim_results=true&endpointing=300&utterance_end_ms=1000&vad_events=true&smart_format=true&no_delay=true"
        "&keyterm=Dr.%20Li&keyterm=refill"
    )


def test_the_default_host_and_the_key_in_its_header_and_nowhere_else() -> None:
    settings = DeepgramSettings(api_key="secret", opts_out=True)
    assert listen_url(settings).startswith("wss://api.deepgram.com/v1/listen?")
    assert listen_url(settings).endswith("&mip_opt_out=true")
    assert listen_headers(settings.api_key) == {"Authorization": "Token secret"}
    assert "secret" not in listen_url(settings) + repr(settings)


def test_what_is_sent_besides_audio() -> None:
    assert [json.loads(text) for text in (KEEP_ALIVE, FINALIZE, CLOSE_STREAM)] == [
        {"type": "KeepAlive"},
        {"type": "Finalize"},
        {"type": "CloseStream"},
    ]


WHOLE = {
    "type": "Results",
    "channel_index": [0, 1],
    "duration": 1.98,
    "start": 0.5,
    "is_final": True,
    "speech_final": True,
    "from_finalize": False,
    "channel": {"alternatives": [{"transcript": " hello there ", "confidence": 0.98, "words": []}]},
    "metadata": {"request_id": "x"},
}


def test_results() -> None:
    assert decode(json.dumps(WHOLE)) == Heard("hello there", is_final=True, speech_final=True, end_samples=19_840)


@pytest.mark.parametrize(
    ("fields", "meaning"),
    [
        ({"type": "Results"}, Heard("", False, False, None)),
        ({"type": "Results", "channel": {"alternatives": []}}, Heard("", False, False, None)),
        ({"type": "Results", "channel": None, "start": "x", "duration": None}, Heard("", False, False, None)),
        ({"type": "Results", "start": 1e300, "duration": 1}, Heard("", False, False, None)),
        ({"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": 2.395}, UtteranceEnded(19_160)),
        ({"type": "UtteranceEnd", "last_word_end": -1}, UtteranceEnded(-8_000)),
        ({"type": "UtteranceEnd"}, UtteranceEnded(-1)),
        ({"type": "SpeechStarted", "channel": [0], "timestamp": 9.54}, VoiceNoticed()),
        ({"type": "Metadata"}, Other("Metadata")),
        ({"type": "FromTheFuture", "x": 1}, Other("FromTheFuture")),
        ({"type": "Error", "variant": "SchemaError", "description": "no"}, Complaint("SchemaError no")),
        ({"type": 7}, Other("")),
        ([1], Other("")),
        (None, Other("")),
    ],
)
def test_other_messages_and_missing_fields(fields: object, meaning: object) -> None:
    assert decode(json.dumps(fields)) == meaning


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(WHOLE)), inner, max_size=5),
    max_leaves=12,
)


@given(fields=st.fixed_dictionaries({"type": st.sampled_from(["Results", "UtteranceEnd", "Error"])}), extra=JSON)
def test_no_shape_of_a_message_is_a_surprise(fields: dict[str, Any], extra: object) -> None:
    decode(json.dumps({**fields, **(extra if isinstance(extra, dict) else {})}))


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_junk_is_not_understood_and_nothing_more(message: str | bytes) -> None:
    decode(message)
