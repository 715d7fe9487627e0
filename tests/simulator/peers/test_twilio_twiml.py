import pytest
from twilio.twiml.voice_response import (  # type: ignore[import-untyped]  # the package ships no types
    Connect as SdkConnect,
)
from twilio.twiml.voice_response import (
    VoiceResponse,
)

from simulator.peers.twilio_twiml import (
    Connect,
    Dial,
    Enqueue,
    Gather,
    Hangup,
    Pause,
    Pay,
    Play,
    Redirect,
    Reject,
    Say,
    TwimlError,
    Unplayed,
    parse,
)


def response(inside: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{inside}</Response>'.encode()


def test_what_the_official_builder_writes_is_read() -> None:
    twiml = VoiceResponse()
    connect = SdkConnect(action="https://host/after", method="GET")
    stream = connect.stream(url="wss://host/media", name="n", status_callback="https://host/s")
    stream.parameter(name="token", value="a<b&c")
    twiml.append(connect)
    twiml.say("Goodbye.", voice="alice")
    assert parse(str(twiml).encode()) == [
        Connect(
            "wss://host/media",
            {"token": "a<b&c"},
            name="n",
            status_callback="https://host/s",
            action="https://host/after",
            method="GET",
        ),
        Say("Goodbye."),
    ]


def test_every_verb_an_agent_may_answer_with() -> None:
    document = response(
        """<Say>We are <emphasis>very</emphasis>
             sorry.</Say><Pause/><Pause length="3"/><Play>https://a/b.wav</Play><Reject reason="busy"/>
           <Dial action="/done" method="get">+15550001111</Dial><Dial><Number>+15550002222</Number></Dial>
           <Enqueue workflowSid="WW1"><Task>{"a":1}</Task></Enqueue><Enqueue>support</Enqueue>
           <Redirect>/again</Redirect>
           <Gather action="/key"><Say>Press 1.</Say></Gather><Pay action="/paid" chargeAmount="9.50"/><Sms/><Hangup/>"""
    )
    assert parse(document) == [
        Say("We are very sorry."),
        Pause(1),
        Pause(3),
        Play("https://a/b.wav"),
        Reject("busy"),
        Dial("+15550001111", "/done", "GET"),
        Dial("+15550002222"),
        Enqueue("WW1", '{"a":1}'),
        Enqueue("support"),
        Redirect("/again", "POST"),
        Gather("Press 1.", "/key"),
        Pay("/paid", "9.50"),
        Unplayed("Sms"),
        Hangup(),
    ]


def test_an_empty_response_has_no_verbs() -> None:
    assert parse(b"<Response/>") == []


STREAM = '<Stream url="wss://h/m">'


@pytest.mark.parametrize(
    ("document", "code", "words"),
    [
        (b"", 12100, "expected an XML document"),
        (b"Internal Server Error", 12100, "expected an XML document"),
        (b"<Response><Say></Response>", 12100, "expected an XML document"),
        (b"<html/>", 12100, "<Response>"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><Response/>', 12100, "declaration"),
        ("<Response/>".encode("utf-16"), 12100, "UTF-8"),
        (b"<Response>" + b" " * 70_000 + b"</Response>", 11750, "65536"),
        (response("<Connect/>"), 12200, "one noun"),
        (response("<Connect><Stream/></Connect>"), 12200, "attribute url"),
        (response('<Connect><Stream url="wss://h/m" track="both_tracks"/></Connect>'), 31941, "inbound_track"),
        (response(f"<Connect>{STREAM}<Other/></Stream></Connect>"), 12200, "<Parameter name value>"),
        (
            response(f'<Connect>{STREAM}<Parameter name="a" value="{"x" * 499}"/></Stream></Connect>'),
            12200,
            "500 of 499",
        ),
        (response('<Connect method="PUT"><Stream url="wss://h/m"/></Connect>'), 12200, "GET or POST"),
        (response('<Pause length="long"/>'), 12200, "whole seconds"),
        (response('<Reject reason="asleep"/>'), 12200, "rejected or busy"),
    ],
)
def test_what_twilio_would_not_run_is_an_error_with_its_code(document: bytes, code: int, words: str) -> None:
    with pytest.raises(TwimlError, match=words) as caught:
        parse(document)
    assert caught.value.code == code


def test_a_relay_is_named_as_not_played() -> None:
    assert parse(response('<Connect><ConversationRelay url="wss://h"/></Connect>')) == [
        Unplayed("Connect><ConversationRelay")
    ]
