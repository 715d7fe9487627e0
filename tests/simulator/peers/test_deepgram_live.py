"""Orders on Deepgram's socket, its end, and the encodings it takes."""

import audioop
import hashlib
from collections.abc import Callable

import pytest

from simulator.peers.deepgram import DeepgramBehaviour
from simulator.speech import silence, speak
from tests.simulator.peers.deepgram_line import line, pause, short, transcript, wav


def test_finalize_settles_what_was_said() -> None:
    ears = line()
    ears.play(speak("Hello there").audio)
    ears.order("Finalize")
    ears.pass_time(99)
    assert ears.finals == []
    ears.pass_time(1)
    assert ears.story[-1] == "F Hello there (finalize)"


def test_finalize_before_an_endpoint_gives_two_finals() -> None:
    ears = line()
    ears.play(speak("Hello").audio + pause(150))
    ears.order("Finalize")
    ears.play(pause(500))
    assert [short(final) for final in ears.finals] == ["F Hello (finalize)", "F!"]


def test_finalize_in_a_word_takes_it_from_its_half_on() -> None:
    speech = speak("appointment")
    for share, expected in ((0.4, ["F (finalize)", "F! appointment"]), (0.6, ["F appointment (finalize)", "F!"])):
        cut = int(speech.words[0].end_samples * share)
        ears = line()
        ears.play(speech.audio[:cut])
        ears.order("Finalize")
        ears.play(speech.audio[cut:] + pause(600))
        assert [short(final) for final in ears.finals] == expected


def test_finalize_with_nothing_to_settle_is_not_answered() -> None:
    ears = line()
    ears.play(pause(60))
    ears.order("Finalize")
    ears.pass_time(2_000)
    assert ears.messages == []


def test_finalize_of_another_channel_is_not_ours() -> None:
    ears = line()
    ears.play(speak("Hello").audio)
    ears.order("Finalize", channel=1)
    ears.pass_time(1_000)
    assert ears.finals == []
    ears.order("Finalize", channel=0)
    ears.pass_time(1_000)
    assert [short(final) for final in ears.finals] == ["F Hello (finalize)"]


def test_close_stream_settles_sums_up_and_closes() -> None:
    audio = speak("Hello there").audio
    ears = line()
    ears.play(audio)
    ears.order("CloseStream")
    ears.socket.on_message(b"late audio")
    assert ears.closings == []
    ears.pass_time(100)
    assert ears.story[-2:] == ["F Hello there", "Metadata"]
    metadata = ears.messages[-1]
    assert metadata["sha256"] == hashlib.sha256(audio).hexdigest()
    assert metadata["duration"] == pytest.approx(len(audio) / 8_000)
    assert metadata["channels"] == 1
    assert metadata["request_id"] == ears.finals[0]["metadata"]["request_id"]
    assert metadata["created"].startswith("2026-")
    assert ears.closings == [(1000, "")]
    assert ears.clock.pending_count == 0


def test_an_empty_binary_message_ends_the_stream() -> None:
    ears = line()
    ears.play(speak("Hello").audio)
    ears.socket.on_message(b"")
    ears.pass_time(200)
    assert ears.story[-2:] == ["F Hello", "Metadata"]
    assert ears.closings == [(1000, "")]


def test_silence_of_the_client_closes_the_socket_after_ten_seconds() -> None:
    ears = line()
    ears.play(pause(100))
    ears.pass_time(9_999)
    assert ears.closings == []
    ears.pass_time(1)
    ((code, reason),) = ears.closings
    assert code == 1011
    assert reason.startswith("NET-0001")
    assert ears.peer.counts.idle_closed == 1


def test_keepalive_keeps_it_open_as_text_only() -> None:
    kept, mistaken = line(), line()
    for _ in range(6):
        kept.pass_time(5_000)
        kept.order("KeepAlive")
        mistaken.pass_time(5_000)
        mistaken.socket.on_message(b'{"type":"KeepAlive"}')
    assert kept.closings == []
    assert kept.messages == []
    assert kept.peer.counts.keepalives == 6
    assert mistaken.closings != []
    assert mistaken.peer.counts.received["binary text"] == 1


def test_keepalive_may_count_only_after_audio() -> None:
    behaviour = DeepgramBehaviour(keepalive_needs_audio=True)
    early, late = line(behaviour), line(behaviour)
    late.socket.on_message(silence(20))
    for ears in (early, late):
        ears.pass_time(6_000)
        ears.order("KeepAlive")
        ears.pass_time(6_000)
    assert early.closings != []
    assert late.closings == []


@pytest.mark.parametrize("text", ["not json", "[]", '"Finalize"', "{}", '{"type":"Stop"}', '{"type":["Finalize"]}', ""])
def test_an_unknown_order_is_answered_by_an_error_and_harms_nothing(text: str) -> None:
    ears = line()
    ears.socket.on_message(text)
    ears.play(speak("Hello").audio + pause(500))
    error = ears.messages[0]
    assert (error["type"], error["variant"], error["message"]) == ("Error", "SchemaError", text)
    assert "CloseStream" in error["description"]
    assert [transcript(final) for final in ears.finals] == ["Hello"]
    assert ears.peer.counts.received["bad"] == 1


def test_configure_is_confirmed_and_takes_effect() -> None:
    ears = line(DeepgramBehaviour(format_numbers=True), smart_format="false", punctuate="true")
    ears.order("Configure", keyterms=["Offhook"], features={"numerals": True})
    ears.pass_time(100)
    (success,) = ears.messages
    assert success["type"] == "ConfigureSuccess"
    assert success["keyterms"] == ["Offhook"]
    ears.play(speak("Call five five oh, please").audio + pause(500))
    assert [transcript(final) for final in ears.finals] == ["Call 550, please"]


@pytest.mark.parametrize(
    ("model", "keyterms", "code"),
    [
        ("nova-2", ["word"], "CONFIGURE_KEYTERMS_NOT_SUPPORTED"),
        ("nova-3", ["word " * 501], "CONFIGURE_KEYTERM_LIMIT_EXCEEDED"),
    ],
)
def test_configure_fails_with_a_code(model: str, keyterms: list[str], code: str) -> None:
    ears = line(model=model)
    ears.order("Configure", keyterms=keyterms)
    ears.pass_time(100)
    assert [(message["type"], message["code"]) for message in ears.messages] == [("ConfigureFailure", code)]


def test_a_second_configure_waits_for_the_answer_to_the_first() -> None:
    ears = line()
    ears.order("Configure", features={})
    ears.order("Configure", features={})
    ears.pass_time(100)
    ears.order("Configure", features={})
    ears.pass_time(100)
    assert ears.story == ["ConfigureSuccess", "ConfigureFailure", "ConfigureSuccess"]
    assert ears.messages[1]["code"] == "CONFIGURE_ALREADY_PENDING"


def test_nothing_stays_scheduled_after_the_client_left() -> None:
    ears = line()
    ears.play(speak("Hello there").audio)
    assert ears.peer.counts.open_now == 1
    ears.socket.on_close()
    ears.socket.on_close()
    ears.socket.on_message(b"late")
    assert ears.clock.pending_count == 0
    assert ears.peer.counts.open_now == 0
    count = len(ears.messages)
    ears.pass_time(60_000)
    assert len(ears.messages) == count


def upsampled(linear: bytes) -> bytes:
    return audioop.ratecv(linear, 2, 1, 8_000, 16_000, None)[0]


@pytest.mark.parametrize(
    ("query", "encode"),
    [
        ({"encoding": "linear16"}, lambda audio: audioop.ulaw2lin(audio, 2)),
        ({"encoding": "alaw"}, lambda audio: audioop.lin2alaw(audioop.ulaw2lin(audio, 2), 2)),
        (
            {"encoding": "linear16", "sample_rate": "16000"},
            lambda audio: upsampled(audioop.ulaw2lin(audio, 2)),
        ),
        ({"encoding": None, "sample_rate": None}, lambda audio: wav(audio, tag=7, bits=8)),
        (
            {"encoding": None, "sample_rate": None},
            lambda audio: wav(upsampled(audioop.ulaw2lin(audio, 2)), tag=1, bits=16, rate=16_000),
        ),
    ],
)
def test_other_encodings_are_understood(query: dict[str, str | None], encode: Callable[[bytes], bytes]) -> None:
    ears = line(**query)
    data = encode(speak("Hello there").audio + silence(600))
    for at in range(0, len(data), 333):  # splits samples and headers
        ears.socket.on_message(data[at : at + 333])
    ears.pass_time(500)
    assert [transcript(final) for final in ears.finals] == ["Hello there"]


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 400,
        b"RIFFxxxxWAVE" + b"junk" * 20_000,
        wav(b"", tag=3, bits=32),
        wav(b"", tag=1, bits=16, rate=4_000),
        wav(b"", tag=1, bits=16, channels=2),
    ],
)
def test_what_is_no_audio_closes_the_socket(data: bytes) -> None:
    ears = line(encoding=None, sample_rate=None)
    ears.socket.on_message(data)
    ((code, reason),) = ears.closings
    assert code == 1008
    assert reason.startswith("DATA-0000")
    assert ears.clock.pending_count == 0
