"""Messages between server and speech worker survive any cutting of the byte stream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ports import Alignment
from agent.providers.local_protocol import (
    MAX_PAYLOAD_BYTES,
    Deframer,
    Kind,
    ProtocolError,
    Style,
    Words,
    encode,
    pack_sound,
    pack_speak,
    pack_words,
    unpack_sound,
    unpack_speak,
    unpack_words,
)

MESSAGES = st.lists(st.tuples(st.sampled_from(Kind), st.integers(0, 2**32 - 1), st.binary(max_size=40)), max_size=8)


@given(MESSAGES, st.lists(st.integers(1, 30), min_size=1))
def test_messages_arrive_whole_and_in_order_however_the_bytes_are_cut(
    messages: list[tuple[Kind, int, bytes]], sizes: list[int]
) -> None:
    stream = b"".join(encode(*message) for message in messages)
    deframer = Deframer()
    got: list[tuple[Kind, int, bytes]] = []
    at = 0
    while at < len(stream):
        size = sizes[at % len(sizes)]
        got += deframer.feed(stream[at : at + size])
        at += size
    assert got == messages


@pytest.mark.parametrize(
    "nonsense", [b"Traceback (most recent call last):", encode(Kind.WORDS, 1)[:4] + b"\x63" + b"123456"]
)
def test_what_is_no_message_is_refused(nonsense: bytes) -> None:
    with pytest.raises(ProtocolError, match="expected a message of the speech worker"):
        list(Deframer().feed(nonsense))


def test_huge_messages_are_refused_before_they_are_kept() -> None:
    header = (MAX_PAYLOAD_BYTES + 1).to_bytes(4, "little") + bytes([Kind.SOUND, 0, 0, 0, 0])
    with pytest.raises(ProtocolError):
        list(Deframer().feed(header))


@given(st.text(), st.booleans(), st.booleans(), st.integers(0, 2**32 - 1))
def test_words_round_trip(text: str, is_final: bool, speech_final: bool, until: int) -> None:
    words = Words(text, is_final, speech_final, until)
    assert unpack_words(pack_words(words)) == words


@given(st.text(), st.integers(1, 400), st.integers(1, 400))
def test_text_to_speak_round_trips(text: str, pitch: int, speed: int) -> None:
    assert unpack_speak(pack_speak(text, Style(pitch, speed))) == (text, Style(pitch, speed))


def test_half_a_character_in_a_text_is_no_reason_to_stop() -> None:
    assert unpack_speak(pack_speak("a\ud800b", Style()))[0] == "a?b"


@given(st.binary(max_size=1_280), st.lists(st.tuples(st.characters(codec="utf-8"), st.integers(0, 1_279))))
def test_sound_round_trips_with_its_alignment(audio: bytes, marks: list[tuple[str, int]]) -> None:
    alignment = Alignment("".join(char for char, _ in marks), tuple(start for _, start in marks))
    assert unpack_sound(pack_sound(audio, alignment)) == (audio, alignment)
