"""Twilio's messages, read and written; and the phone."""

import json
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.twilio import (
    Connected,
    Digit,
    Malformed,
    MarkReturned,
    Media,
    Phone,
    Started,
    Stopped,
    Unknown,
    decode,
    encode_clear,
    encode_mark,
    encode_media,
)
from tests.agent import stream_fakes as twilio_says
from tests.agent.stream_fakes import FRAME, RecordingWire

START = (
    '{"event":"start","sequenceNumber":"1","streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0",'
    '"start":{"accountSid":"AC0123","streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0","callSid":"CA4567",'
    '"tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},'
    '"customParameters":{"token":"abc","caller":"+15551230000"}}}'
)


def test_connected() -> None:
    assert decode('{"event":"connected","protocol":"Call","version":"1.0.0"}') == Connected()


def test_start() -> None:
    assert decode(START) == Started(
        stream_id="MZ18ad3ab5a668481ce02b83e7395059f0",
        call_sid="CA4567",
        account_sid="AC0123",
        parameters={"token": "abc", "caller": "+15551230000"},
        encoding="audio/x-mulaw",
        sample_rate_hz=8_000,
        channels=1,
    )


def test_start_with_numbers_as_strings_and_the_stream_id_outside_only() -> None:
    told = decode(
        '{"event":"start","streamSid":"MZ1","start":{"callSid":"CA1",'
        '"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":"8000","channels":"1"}}}'
    )
    assert told == Started(stream_id="MZ1", call_sid="CA1")


@pytest.mark.parametrize("number", ["%d", '"%d"'])
def test_media_counts_in_strings_or_numbers(number: str) -> None:
    counters = f'"chunk":{number % 3},"timestamp":{number % 61_234}'
    text = f'{{"event":"media","media":{{"track":"inbound",{counters},"payload":"AAEC/w=="}}}}'
    expected = Media(timestamp_ms=61_234, chunk=3, audio=b"\x00\x01\x02\xff")
    assert decode(text) == expected
    assert decode(text.encode()) == expected


def test_media_without_a_timestamp_says_so() -> None:
    assert decode('{"event":"media","media":{"payload":"AAEC"}}') == Media(-1, 0, b"\x00\x01\x02")


def test_our_own_voice_is_not_the_callers() -> None:
    assert isinstance(decode(twilio_says.media(track="outbound")), Unknown)


def test_mark_digit_stop() -> None:
    assert decode(twilio_says.mark("7:480")) == MarkReturned("7:480")
    assert decode(twilio_says.digit("#")) == Digit("#")
    assert decode(twilio_says.digit("a")) == Digit("A")
    assert decode(twilio_says.stop()) == Stopped()


def test_what_twilio_may_invent_later_is_unknown() -> None:
    assert decode('{"event":"transcription","text":"hello"}') == Unknown("transcription")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "[]",
        "null",
        "1",
        '"media"',
        "{}",
        '{"event":null',
        '{"event":["media"]}',
        '{"event":"media"}',
        '{"event":"media","media":[]}',
        '{"event":"media","media":"AAEC"}',
        '{"event":"media","media":{"timestamp":"5"}}',
        '{"event":"media","media":{"timestamp":"5","payload":"%%%="}}',
        '{"event":"media","media":{"timestamp":"5","payload":"AAE"}}',
        '{"event":"media","media":{"timestamp":"5","payload":"\u00e4\u00e4\u00e4\u00e4"}}',
        '{"event":"media","media":{"timestamp":"5","payload":17}}',
        '{"event":"media","media":{"timestamp":"soon","payload":"AAEC"}}',
        '{"event":"media","media":{"timestamp":"-2","payload":"AAEC"}}',
        '{"event":"media","media":{"timestamp":"999999999999","payload":"AAEC"}}',
        '{"event":"media","media":{"timestamp":null,"payload":"AAEC"}}',
        '{"event":"start","streamSid":"MZ1"}',
        '{"event":"start","start":{"callSid":"CA1"}}',
        '{"event":"start","streamSid":"MZ1","start":{"callSid":"CA1\\n2026 INFO all is well"}}',
        '{"event":"start","streamSid":"MZ\\"1","start":{"callSid":"CA1"}}',
        '{"event":"start","streamSid":"MZ1","start":{"callSid":"CA1","mediaFormat":{"sampleRate":"fast"}}}',
        '{"event":"mark","mark":{"name":5}}',
        '{"event":"dtmf","dtmf":{"digit":"12"}}',
        '{"event":"dtmf","dtmf":{"digit":""}}',
        '{"event":"dtmf","dtmf":{"digit":"x"}}',
    ],
)
def test_what_breaks_the_protocol_is_malformed(text: str) -> None:
    assert isinstance(decode(text), Malformed)


def test_a_reason_never_quotes_the_message() -> None:
    told = decode('{"event":"media","media":{"timestamp":"my card is 4111","payload":"AAEC"}}')
    assert isinstance(told, Malformed)
    assert "4111" not in told.reason


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        "track",
        "chunk",
        "timestamp",
        "payload",
        "name",
        "digit",
        "callSid",
        "streamSid",
        "mediaFormat",
        "customParameters",
    ]
)


@given(st.text() | st.binary())
def test_any_junk_is_read_without_raising(junk: str | bytes) -> None:
    decode(junk)


@given(
    st.sampled_from(["connected", "start", "media", "mark", "dtmf", "stop"]),
    JSON_VALUES | st.dictionaries(FIELDS, JSON_VALUES),
)
def test_any_content_of_a_known_event_is_read_without_raising(event: str, content: object) -> None:
    decode(json.dumps({"event": event, event: content, "streamSid": content}))


@given(st.binary(max_size=2_000))
def test_audio_comes_back_as_it_was_sent(audio: bytes) -> None:
    assert decode(twilio_says.media(20, audio)) == Media(20, 1, audio)


def test_what_we_send_has_every_field_and_no_other() -> None:
    assert (
        encode_media("MZ1", b"\x00\x01\x02\xff") == '{"event":"media","streamSid":"MZ1","media":{"payload":"AAEC/w=="}}'
    )
    assert encode_mark("MZ1", "7:480") == '{"event":"mark","streamSid":"MZ1","mark":{"name":"7:480"}}'
    assert encode_clear("MZ1") == '{"event":"clear","streamSid":"MZ1"}'


@given(st.text(st.characters(codec="utf-8"), max_size=20), st.binary(max_size=500))
def test_what_we_send_is_json_whatever_the_ids_and_names_are(text: str, audio: bytes) -> None:
    told = json.loads(encode_media(text, audio))
    assert (told["streamSid"], b64decode(told["media"]["payload"])) == (text, audio)
    assert json.loads(encode_mark("MZ1", text))["mark"]["name"] == text
    assert json.loads(encode_clear(text))["streamSid"] == text


def test_a_phone_speaks_in_its_own_stream_and_counts() -> None:
    wire = RecordingWire()
    phone = Phone(wire, Started("MZ1", "CA1", parameters={"caller": "+15551230000", "called": "+15559870000"}))
    phone.send_audio(FRAME)
    phone.send_mark("1:160")
    phone.clear()
    assert wire.sent == [encode_media("MZ1", FRAME), encode_mark("MZ1", "1:160"), encode_clear("MZ1")]
    assert (phone.call_sid, phone.caller, phone.called) == ("CA1", "+15551230000", "+15559870000")
    told = phone.counters
    assert (told.messages_out, told.bytes_out, told.marks_out, told.clears) == (1, 160, 1, 1)


def test_a_phone_hangs_up_by_closing_its_stream() -> None:
    wire = RecordingWire()
    Phone(wire, Started("MZ1", "CA1")).hang_up()
    assert wire.closed_with == (1000, "")


@pytest.mark.parametrize("told", ["anonymous", "Anonymous", "+266696687", "restricted", ""])
def test_who_withholds_their_number_has_none(told: str) -> None:
    assert Phone(RecordingWire(), Started("MZ1", "CA1", parameters={"caller": told})).caller == ""
