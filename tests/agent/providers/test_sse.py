import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.providers.sse import EVENT_LIMIT_BYTES, SseParser, SseTooLongError

LINES = (
    ": a comment\n"
    'data: {"a":"é"}\n\n'
    "event: error\n"
    "data:no blank\n"
    "data: second line\n\n"
    "id: 7\nretry: 10\n\n"
    "event: forgotten\n\n"
    "data\n\n"
    "data: [DONE]\n\n"
)
EVENTS = [
    ("", '{"a":"é"}'.encode()),
    ("error", b"no blank\nsecond line"),
    ("", b""),
    ("", b"[DONE]"),
]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("bom", ["", "\ufeff"], ids=["bare", "BOM"])
def test_events(end: str, bom: str) -> None:
    assert SseParser().feed((bom + LINES).replace("\n", end).encode()) == EVENTS


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@given(cuts=st.lists(st.integers(0, 400), max_size=30))
def test_bytes_may_be_split_anywhere(end: str, cuts: list[int]) -> None:
    whole = LINES.replace("\n", end).encode()
    parser = SseParser()
    places = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    events = [event for at, to in itertools.pairwise(places) for event in parser.feed(whole[at:to])]
    assert events == EVENTS


def test_what_no_blank_line_completes_is_no_event() -> None:
    assert SseParser().feed(b"data: half") == []
    assert SseParser().feed(b"data: half\n") == []


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_junk_is_no_surprise(pieces: list[bytes]) -> None:
    parser = SseParser()
    for piece in pieces:
        parser.feed(piece)


@pytest.mark.parametrize("line", [b"data: x\n", b"x"], ids=["one event of many lines", "one line"])
def test_an_endless_event_is_refused(line: bytes) -> None:
    parser = SseParser()
    lines = line * (EVENT_LIMIT_BYTES // 7)
    for _ in range(3):
        parser.feed(lines)
    with pytest.raises(SseTooLongError):
        parser.feed(lines * 7)
