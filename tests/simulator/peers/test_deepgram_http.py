"""Deepgram's handshakes, recordings and tokens."""

import audioop
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest

from simulator.peers.base import Refusal, Request
from simulator.peers.deepgram import DeepgramBehaviour, DeepgramPeer
from simulator.speech import silence, speak
from tests.fakes import ManualClock
from tests.simulator.peers.deepgram_line import KEY, PHONE, Line, line, pause, seeded, wav


def upgrade(query: Mapping[str, str], headers: Mapping[str, str] = KEY, api_key: str | None = None) -> Refusal | None:
    peer = DeepgramPeer(ManualClock(), seeded(1), DeepgramBehaviour(api_key=api_key))
    return peer.upgrade(Request("GET", "/v1/listen?" + urlencode(query), headers))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"model": None}, "Missing 'model'"),
        ({"model": "flux-general-en"}, "/v2/listen"),
        ({"encoding": "opus"}, "Invalid 'encoding' value of 'opus'"),
        ({"sample_rate": None}, "'sample_rate' is required"),
        ({"sample_rate": "44.1k"}, "Invalid 'sample_rate' value of '44.1k'"),
        ({"sample_rate": "100"}, "Invalid 'sample_rate' value of '100'"),
        ({"channels": "2"}, "one live channel"),
        ({"multichannel": "true"}, "one live channel"),
        ({"interim_results": "True"}, "Invalid 'interim_results' value of 'True'"),
        ({"endpointing": "-1"}, "Invalid 'endpointing' value of '-1'"),
        ({"utterance_end_ms": "999"}, "Invalid 'utterance_end_ms' value of '999'"),
        ({"model": "nova-2", "keyterm": "x"}, "needs a nova-3 model"),
        ({"tag": "x" * 129}, "longer than 128"),
    ],
)
def test_a_bad_query_is_refused_with_its_reason(changed: dict[str, str | None], told: str) -> None:
    query = {name: value for name, value in (PHONE | changed).items() if value is not None}
    refused = upgrade(query)
    assert refused is not None
    assert refused.status == 400
    assert told in refused.headers["dg-error"]
    body = json.loads(refused.body)
    assert told in body["err_msg"]
    assert body["request_id"] == refused.headers["dg-request-id"]


@pytest.mark.parametrize("endpointing", ["true", "false", "0", "25", "500"])
def test_a_good_query_is_granted(endpointing: str) -> None:
    assert upgrade(PHONE | {"endpointing": endpointing, "unknown_parameter": "x"}) is None


@pytest.mark.parametrize(
    ("headers", "is_granted"),
    [
        ({"authorization": "Token secret"}, True),
        ({"authorization": "token secret"}, True),
        ({"sec-websocket-protocol": "token, secret"}, True),
        ({"authorization": "Token wrong"}, False),
        ({"authorization": "Bearer secret"}, False),
        ({"authorization": "Token "}, False),
        ({"authorization": "secret"}, False),
        ({}, False),
    ],
)
def test_the_key_is_checked(headers: dict[str, str], *, is_granted: bool) -> None:
    refused = upgrade(PHONE, headers, api_key="secret")
    assert (refused is None) == is_granted
    if refused is not None:
        assert refused.status == 401
        assert json.loads(refused.body)["err_code"] == "INVALID_AUTH"
        assert "secret" not in refused.body.decode()


def test_any_key_will_do_but_none_will_not() -> None:
    assert upgrade(PHONE, {"authorization": "Bearer anything"}) is None
    refused = upgrade(PHONE, {})
    assert refused is not None
    assert refused.status == 401


@pytest.mark.parametrize("status", [400, 401, 402, 403, 418, 429, 500, 503])
def test_refusals_on_demand(status: int) -> None:
    peer = DeepgramPeer(ManualClock(), seeded(1), DeepgramBehaviour(refuse_status=status, refuse_times=2))
    request = Request("GET", "/v1/listen?" + urlencode(PHONE), KEY)
    answers = [peer.upgrade(request) for _ in range(3)]
    assert [answer.status if answer else None for answer in answers] == [status, status, None]
    assert peer.counts.refused == 2
    peer.behaviour = DeepgramBehaviour(refuse_status=status, refuse_times=1)
    assert peer.upgrade(request) is not None


def test_too_many_at_once_are_refused_until_one_leaves() -> None:
    clock = ManualClock()
    peer = DeepgramPeer(clock, seeded(1), DeepgramBehaviour(max_open=1))
    ears = Line(clock, peer, PHONE)
    request = Request("GET", "/v1/listen?" + urlencode(PHONE), KEY)
    refused = peer.upgrade(request)
    assert refused is not None
    assert refused.status == 429
    ears.socket.on_close()
    assert peer.upgrade(request) is None


def test_other_paths_are_not_there() -> None:
    peer = DeepgramPeer(ManualClock(), seeded(1))
    refused = peer.upgrade(Request("GET", "/v3/listen?" + urlencode(PHONE), KEY))
    assert refused is not None
    assert refused.status == 404


def test_the_same_seed_gives_the_same_ids() -> None:
    tellings = []
    for _ in range(2):
        ears = line()
        ears.play(speak("Hello").audio + pause(500))
        tellings.append(ears.messages)
    assert tellings[0] == tellings[1]
    clock = ManualClock()
    peer = DeepgramPeer(clock, seeded(7))
    both = [Line(clock, peer, PHONE) for _ in range(2)]
    for ears in both:
        ears.play(speak("Hello").audio + pause(500))
    assert len({ears.finals[0]["metadata"]["request_id"] for ears in both}) == 2


@dataclass
class Reply:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_ended: bool = False

    def start(self, status: int, headers: Mapping[str, str]) -> None:
        self.status, self.headers = status, dict(headers)

    def write(self, data: bytes) -> None:
        self.body += data

    def end(self) -> None:
        self.is_ended = True

    def abort(self) -> None:
        raise AssertionError("nothing aborts here")

    @property
    def json(self) -> Any:  # noqa: ANN401  # whatever it is
        return json.loads(self.body)


def exchange(request: Request, behaviour: DeepgramBehaviour | None = None, peer: DeepgramPeer | None = None) -> Reply:
    clock = ManualClock()
    reply = Reply()
    served = peer or DeepgramPeer(clock, seeded(1), behaviour)
    if peer is not None:
        assert isinstance(peer._clock, ManualClock)
        clock = peer._clock
    served.exchange(request, reply)
    at_once = reply.is_ended
    assert not at_once, "an answer never comes within the call that asked for it"
    clock.advance(100)
    assert reply.is_ended
    return reply


def recording(body: bytes, **query: str) -> Request:
    return Request("POST", "/v1/listen?" + urlencode({"model": "nova-3"} | query), KEY, body)


def test_a_recording_is_transcribed_whole() -> None:
    audio = speak("Hello there.").audio + silence(200)
    for request in (
        recording(wav(audio, tag=7, bits=8), smart_format="true"),
        recording(wav(audioop.ulaw2lin(audio, 2), tag=1, bits=16), smart_format="true"),
        recording(audio, encoding="mulaw", sample_rate="8000", punctuate="true"),
    ):
        reply = exchange(request)
        assert reply.status == 200
        (channel,) = reply.json["results"]["channels"]
        (alternative,) = channel["alternatives"]
        assert alternative["transcript"] == "Hello there."
        assert [word["word"] for word in alternative["words"]] == ["hello", "there"]
        assert reply.json["metadata"]["duration"] == pytest.approx(len(audio) / 8_000)
        assert reply.json["metadata"]["request_id"] == reply.headers["dg-request-id"]


def test_a_stereo_recording_is_transcribed_side_by_side_or_mixed() -> None:
    left, right = speak("Hello there").audio, speak("Who is it").audio
    spoken = silence(1_000)
    sides = [audioop.ulaw2lin(audio, 2) for audio in (left + spoken, silence(len(left) // 8 + 1)[: len(left)] + right)]
    length = min(map(len, sides))
    stereo = audioop.add(audioop.tostereo(sides[0][:length], 2, 1, 0), audioop.tostereo(sides[1][:length], 2, 0, 1), 2)
    body = wav(stereo, tag=1, bits=16, channels=2)
    apart = exchange(recording(body, multichannel="true")).json["results"]["channels"]
    assert apart[0]["alternatives"][0]["transcript"] == "hello there"
    assert apart[1]["alternatives"][0]["transcript"].startswith("who is")
    (mixed,) = exchange(recording(body)).json["results"]["channels"]
    assert mixed["alternatives"][0]["transcript"].startswith("hello there who is")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (recording(b"no audio at all"), 400),
        (recording(b""), 400),
        (recording(wav(b"", tag=1, bits=16, channels=3)), 400),
        (recording(b"", encoding="opus"), 400),
        (Request("POST", "/v1/listen", KEY), 400),
        (Request("POST", "/v1/listen?model=nova-3"), 401),
        (Request("GET", "/v1/listen?model=nova-3", KEY), 405),
        (Request("GET", "/v1/projects", KEY), 404),
        (Request("GET", "/v1/auth/grant", KEY), 405),
        (Request("POST", "/v1/auth/grant"), 401),
        (Request("POST", "/v1/auth/grant", KEY, b"[]"), 400),
        (Request("POST", "/v1/auth/grant", KEY, b"nonsense"), 400),
        (Request("POST", "/v1/auth/grant", KEY, b'{"ttl_seconds":0}'), 400),
    ],
)
def test_a_bad_request_is_refused_in_json(request_: Request, status: int) -> None:
    reply = exchange(request_)
    assert reply.status == status
    assert reply.json["request_id"] == reply.headers["dg-request-id"]
    assert reply.json["err_msg"]


def test_a_client_that_left_is_not_answered() -> None:
    clock = ManualClock()
    reply = Reply()
    peer = DeepgramPeer(clock, seeded(1))
    peer.exchange(recording(wav(speak("Hi").audio, tag=7, bits=8)), reply).on_disconnect()
    clock.advance(1_000)
    assert not reply.is_ended
    assert clock.pending_count == 0


def test_a_granted_token_opens_one_door_for_a_while() -> None:
    clock = ManualClock()
    peer = DeepgramPeer(clock, seeded(1), DeepgramBehaviour(api_key="secret"))
    grant = exchange(Request("POST", "/v1/auth/grant", KEY, b'{"ttl_seconds": 60}'), peer=peer).json
    assert grant["expires_in"] == 60
    request = Request("GET", "/v1/listen?" + urlencode(PHONE), {"authorization": f"Bearer {grant['access_token']}"})
    assert peer.upgrade(request) is None
    clock.advance(60_000)
    refused = peer.upgrade(request)
    assert refused is not None
    assert refused.status == 401
