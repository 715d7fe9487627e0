from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.bench_wire import BINARY, TEXT, FrameReader, client_frame, server_frame, upgrade_answer

PAYLOADS = st.lists(st.binary(max_size=40) | st.sampled_from([b"", b"x" * 125, b"x" * 126]), max_size=6)


@given(PAYLOADS, st.sampled_from([client_frame, server_frame]), st.integers(1, 400))
def test_frames_are_read_as_they_were_written_however_they_are_split(
    payloads: list[bytes], frame: Callable[[int, bytes], bytes], size: int
) -> None:
    stream = b"".join(frame(TEXT, payload) for payload in payloads)
    reader = FrameReader()
    read = [found for at in range(0, len(stream), size) for found in reader.feed(stream[at : at + size])]
    assert read == [(TEXT, payload) for payload in payloads]


@pytest.mark.parametrize("frame", [client_frame, server_frame])
def test_a_long_message_is_one_message(frame: Callable[[int, bytes], bytes]) -> None:
    payload = b"x" * 70_000
    assert FrameReader().feed(frame(TEXT, payload)) == [(TEXT, payload)]


@pytest.mark.parametrize("payload", [b"", b"a", b"hello", bytes(range(160))])
def test_a_mask_is_taken_off(payload: bytes) -> None:
    key = b"\x01\xfe\x80\x00"
    masked = bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))
    header = client_frame(BINARY, payload)[: 2 if len(payload) < 126 else 4]
    assert FrameReader().feed(header + key + masked) == [(BINARY, payload)]


def test_the_handshake_is_answered_as_the_standard_asks() -> None:
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in upgrade_answer(b"dGhlIHNhbXBsZSBub25jZQ==")
