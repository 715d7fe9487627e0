import pytest

from agent.errors import SettingsError
from agent.providers.urls import http_url, websocket_url


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("https://api.deepgram.com", "wss://api.deepgram.com/v1/listen"),
        ("wss://api.deepgram.com/", "wss://api.deepgram.com/v1/listen"),
        ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/v1/listen"),
        ("ws://127.0.0.1:8080/dg/", "ws://127.0.0.1:8080/dg/v1/listen"),
        ("wss://host/v1", "wss://host/v1/listen"),
        ("wss://host/v1/listen", "wss://host/v1/listen"),
        (" wss://host ", "wss://host/v1/listen"),
    ],
)
def test_a_base_url_may_be_written_in_any_of_the_usual_ways(base: str, expected: str) -> None:
    assert websocket_url(base, "/v1/listen") == expected
    assert http_url(base, "/v1/listen") == expected.replace("wss:", "https:").replace("ws:", "http:")


def test_values_of_the_query_are_escaped() -> None:
    assert websocket_url("ws://h", "/p", [("keyterm", "Dr. Ñu & co"), ("keyterm", "b")]) == (
        "ws://h/p?keyterm=Dr.%20%C3%91u%20%26%20co&keyterm=b"
    )


@pytest.mark.parametrize("base", ["", "api.deepgram.com", "ftp://host", "https://", "localhost:8080"])
def test_what_is_no_base_url_is_refused_with_an_example(base: str) -> None:
    with pytest.raises(SettingsError, match="for example https://"):
        http_url(base, "/x")
