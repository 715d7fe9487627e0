from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN, Protocol
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from agent.net_frames import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    BrokenRuleError,
    FrameReader,
    close_payload,
    encode,
    encode_masked,
    parse_close,
)

LIMIT = 70_000
KEY = b"\x01\x80\x00\xff"


def read(stream: bytes, *, cuts: list[int] | None = None, from_client: bool = True) -> list[tuple[int, str | bytes]]:
    reader = FrameReader(expects_mask=from_client, limit_bytes=LIMIT)
    bounds = [0, *sorted(cut % (len(stream) + 1) for cut in cuts or []), len(stream)]
    found = []
    for begin, end in pairwise(bounds):
        if end > begin:
            reader.push(stream[begin:end])
        while (message := reader.next()) is not None:
            found.append(message)
    return found


def from_client(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """A frame of another make."""
    return Frame(Opcode(opcode), payload, fin).serialize(mask=True)


texts = st.text(max_size=300).map(lambda text: (TEXT, text))
blobs = st.binary(max_size=66_000).map(lambda blob: (BINARY, blob))
pings = st.binary(max_size=125).map(lambda blob: (PING, blob))
pongs = st.binary(max_size=125).map(lambda blob: (PONG, blob))
messages = st.lists(st.one_of(texts, blobs, pings, pongs), max_size=6)
cuts = st.lists(st.integers(0, 1 << 20), max_size=8)


def as_bytes(message: str | bytes) -> bytes:
    return message.encode() if isinstance(message, str) else message


def judge_of(frames: bytes, *, from_us: str) -> list[tuple[int, bytes]]:
    """What `websockets` makes of what we sent."""
    judge: Protocol = (
        ServerProtocol(state=OPEN)
        if from_us == "client"
        else ClientProtocol(parse_uri("ws://host/"), state=OPEN, max_size=None)
    )
    judge.receive_data(frames)
    assert judge.parser_exc is None
    return [(int(frame.opcode), bytes(frame.data)) for frame in judge.events_received() if isinstance(frame, Frame)]


@given(messages)
def test_another_implementation_reads_what_we_write(sent: list[tuple[int, str | bytes]]) -> None:
    expected = [(opcode, as_bytes(message)) for opcode, message in sent]
    as_client = b"".join(encode_masked(opcode, message, KEY) for opcode, message in expected)
    as_server = b"".join(encode(opcode, message) for opcode, message in expected)
    assert judge_of(as_client, from_us="client") == expected
    assert judge_of(as_server, from_us="server") == expected


@given(messages, cuts)
def test_we_read_what_another_implementation_writes_however_it_arrives(
    sent: list[tuple[int, str | bytes]], cut_at: list[int]
) -> None:
    stream = b"".join(from_client(opcode, as_bytes(message)) for opcode, message in sent)
    assert read(stream, cuts=cut_at) == sent
    unmasked = b"".join(Frame(Opcode(opcode), as_bytes(message)).serialize(mask=False) for opcode, message in sent)
    assert read(unmasked, cuts=cut_at, from_client=False) == sent


@given(st.text(min_size=1, max_size=200), st.lists(st.integers(0, 200), max_size=6), pings, cuts)
def test_a_message_in_fragments_is_whole_again_and_pings_between_them_come_first(
    text: str, split_at: list[int], ping: tuple[int, bytes], cut_at: list[int]
) -> None:
    payload = text.encode()
    bounds = [0, *sorted(at % len(payload) for at in split_at), len(payload)]
    pieces = [payload[begin:end] for begin, end in pairwise(bounds)]
    stream = b""
    for index, piece in enumerate(pieces):
        stream += from_client(TEXT if index == 0 else 0, piece, fin=index == len(pieces) - 1)
        if index < len(pieces) - 1:
            stream += from_client(*ping)
    stream += from_client(BINARY, b"next")
    assert read(stream, cuts=cut_at) == [*[ping] * (len(pieces) - 1), (TEXT, text), (BINARY, b"next")]


def told_code(reader: FrameReader, rest: bytes) -> int | None:
    try:
        while reader.next() is not None:
            pass
        reader.push(rest)
        while reader.next() is not None:
            pass
    except BrokenRuleError as error:
        return error.code
    return None


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        pytest.param(from_client(TEXT, b"\xff"), 1007, id="no text"),
        pytest.param(from_client(TEXT, b"\xc3", fin=False) + from_client(0, b"x"), 1007, id="no text across fragments"),
        pytest.param(from_client(0, b"x"), 1002, id="continues nothing"),
        pytest.param(from_client(TEXT, b"x", fin=False) + from_client(TEXT, b"y"), 1002, id="a message within another"),
        pytest.param(from_client(TEXT, b"x", fin=False) + from_client(BINARY, b"y", fin=False), 1002, id="two begun"),
        pytest.param(bytes((0xC1, 0x80)) + KEY, 1002, id="reserved bit"),
        pytest.param(bytes((0x99, 0x80)) + KEY, 1002, id="reserved bit of a ping"),
        pytest.param(bytes((0x83, 0x80)) + KEY, 1002, id="unknown kind"),
        pytest.param(bytes((0x8B, 0x80)) + KEY, 1002, id="unknown control frame"),
        pytest.param(bytes((0x09, 0x80)) + KEY, 1002, id="ping in fragments"),
        pytest.param(bytes((0x89, 0xFE, 0, 126)) + KEY + bytes(126), 1002, id="ping too large"),
        pytest.param(encode(TEXT, b"unmasked"), 1002, id="unmasked"),
        pytest.param(from_client(BINARY, bytes(LIMIT + 1)), 1009, id="too large"),
        pytest.param(
            from_client(BINARY, bytes(LIMIT), fin=False) + from_client(0, b"x"), 1009, id="too large across fragments"
        ),
    ],
)
def test_what_breaks_the_rules_is_told_by_its_code_after_what_came_before(stream: bytes, code: int) -> None:
    for at in range(1, min(len(stream), 20)):
        reader = FrameReader(expects_mask=True, limit_bytes=LIMIT)
        reader.push(from_client(TEXT, b"before") + stream[:at])
        assert reader.next() == (TEXT, "before")
        assert told_code(reader, stream[at:]) == code


def test_a_masked_frame_from_a_server_breaks_the_rules() -> None:
    with pytest.raises(BrokenRuleError, match="masked"):
        read(encode_masked(TEXT, b"x", KEY), from_client=False)


def test_a_message_too_large_is_told_before_it_came() -> None:
    with pytest.raises(BrokenRuleError) as caught:
        read(bytes((0x82, 0xFF)) + (1 << 62).to_bytes(8, "big"))
    assert caught.value.code == 1009


def test_fragments_without_bytes_are_bounded_too() -> None:
    reader = FrameReader(expects_mask=True, limit_bytes=10)
    reader.push(from_client(TEXT, b"", fin=False) + from_client(0, b"", fin=False) * 10)
    with pytest.raises(BrokenRuleError) as caught:
        reader.next()
    assert caught.value.code == 1009


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1011, "Unterbrochen: ä"), (4_400, "x" * 123)])
def test_a_close_frame_says_why(code: int, reason: str) -> None:
    assert parse_close(close_payload(code, reason)) == (code, reason)
    assert read(from_client(CLOSE, close_payload(code, reason))) == [(CLOSE, close_payload(code, reason))]


def test_a_close_frame_without_a_code_is_1005_and_a_code_that_may_not_be_sent_is_left_out() -> None:
    assert parse_close(b"") == (1005, "")
    assert close_payload(1006, "x") == close_payload(200, "x") == b""
    assert len(close_payload(1000, "ä" * 100)) <= 125
    parse_close(close_payload(1000, "xä" * 100))


@pytest.mark.parametrize("payload", [b"\x03", b"\x03\xe7", b"\x03\xed", b"\x03\xe8\xff"])
def test_a_close_frame_that_breaks_the_rules_is_refused(payload: bytes) -> None:
    with pytest.raises(BrokenRuleError):
        parse_close(payload)
