"""TwiML, compared with what Twilio's own builder makes, and read back by an XML parser."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.twiml.voice_response import Connect, VoiceResponse  # type: ignore[import-untyped]  # ships no types

from agent import twiml
from tests.agent.stream_fakes import verbs


def canonical(document: bytes | str) -> str:
    return ET.canonicalize(document.decode() if isinstance(document, bytes) else document)


def test_connecting_is_what_the_official_builder_would_say() -> None:
    response = VoiceResponse()
    verb = Connect(action="https://example.com/voice/after", method="POST")
    stream = verb.stream(
        url="wss://example.com/media",
        status_callback="https://example.com/stream-status",
        status_callback_method="POST",
    )
    stream.parameter(name="token", value="abc")
    stream.parameter(name="caller", value="+15551230000")
    stream.parameter(name="called", value='"A" & <B>')
    response.append(verb)
    ours = twiml.connect("https://example.com", {"token": "abc", "caller": "+15551230000", "called": '"A" & <B>'})
    assert canonical(ours) == canonical(str(response))


def test_saying_and_hanging_up_are_what_the_official_builder_would_say() -> None:
    response = VoiceResponse()
    response.say("Sorry, <we> & they", language="en-US")
    response.hangup()
    assert canonical(twiml.say_and_hang_up("Sorry, <we> & they", "en-US")) == canonical(str(response))
    silent = VoiceResponse()
    silent.hangup()
    assert canonical(twiml.hang_up()) == canonical(str(silent))


@pytest.mark.parametrize(
    ("origin", "url"), [("http://127.0.0.1:8080", "ws://127.0.0.1:8080/media"), ("https://a/b", "wss://a/b/media")]
)
def test_the_streams_url_follows_the_origin(origin: str, url: str) -> None:
    stream = verbs(twiml.connect(origin, {"token": "", "caller": ""})).find("Connect/Stream")
    assert stream is not None
    assert stream.get("url") == url
    assert list(stream) == []


@given(st.text(), st.text())
def test_any_caller_fits_into_xml_and_into_twilios_limit(caller: str, text: str) -> None:
    stream = verbs(twiml.connect("https://a", {"token": "t", "caller": caller})).find("Connect/Stream")
    assert stream is not None
    assert all(len(p.attrib["name"] + p.attrib["value"]) < 500 for p in stream)
    verbs(twiml.say_and_hang_up(text, "en-US"))
