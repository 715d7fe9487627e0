"""Which of the two sockets a voice uses, where a server may not offer both."""

import logging

import pytest

from agent.errors import FaultKind
from agent.ports import Voice
from agent.providers.elevenlabs import ElevenLabsTextToSpeech
from agent.providers.elevenlabs_codec import ElevenLabsSettings
from tests.agent.providers.elevenlabs_script import audio_of, orders, spoken
from tests.agent.providers.fakes import FakeNetwork, FakeWire, VoiceLog
from tests.fakes import ManualClock

MULTI, SINGLE = "multi-stream-input", "stream-input"


def endpoint_of(wire: FakeWire) -> str:
    return wire.url.split("?")[0].rsplit("/", 1)[1]


class Office:
    """A process with its calls, and a server that offers some endpoints."""

    def __init__(self, endpoint: str = "auto", *, offers: tuple[str, ...] = (SINGLE,), status: int = 404) -> None:
        self.offers = offers
        self.status = status
        self.clock = ManualClock()
        self.network = FakeNetwork()
        given = ElevenLabsSettings(api_key="key", voice_id="v", endpoint=endpoint)  # type: ignore[arg-type]  # a literal
        self.tts = ElevenLabsTextToSpeech(self.network, self.clock, given)
        self.heard = VoiceLog()

    def open(self) -> Voice:
        return self.tts.open_voice(self.heard)

    def answer(self, rounds: int = 4) -> None:
        """Answer the handshakes under way, and those that this brings about."""
        for _ in range(rounds):
            for wire in [wire for wire in self.network.wires if wire.is_alive and not wire.is_open]:
                if endpoint_of(wire) in self.offers:
                    wire.accept()
                else:
                    wire.drop(self.status, "nothing is served here")

    def dialled(self) -> list[str]:
        return [endpoint_of(wire) for wire in self.network.wires]

    def wire_of(self, order: str) -> FakeWire:
        return [wire for wire in self.network.wires if order in orders(wire)][-1]


def test_the_service_itself_is_spoken_to_on_one_socket_a_call() -> None:
    t = Office(offers=(MULTI, SINGLE))
    voice = t.open()
    t.answer()
    voice.say(1, "Hello.")
    voice.say(2, "How are you?")
    assert t.dialled() == [MULTI]


@pytest.mark.parametrize("status", [400, 403, 404, 405, 501])
def test_an_endpoint_that_is_refused_costs_the_utterance_under_way_only_time(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    t = Office(status=status)
    voice = t.open()
    voice.say(1, "Hello.")
    voice.finish(1)
    with caplog.at_level(logging.WARNING):
        t.answer()
    wire = t.wire_of("Hello.")
    assert endpoint_of(wire) == SINGLE
    assert orders(wire) == ["init", "Hello.", "end"]
    wire.tell(spoken("", "Hello. "))
    assert t.heard.log == [("audio", 1, audio_of("Hello. "))]
    assert (t.tts.counts["multi_not_offered"], t.tts.counts["moved"]) == (1, 1)
    (record,) = caplog.records
    assert f"does not offer multi-stream-input (HTTP {status})" in record.getMessage()
    assert "ELEVENLABS_ENDPOINT=single" in record.getMessage()


@pytest.mark.parametrize(
    "error",
    [
        {"error": "unknown_endpoint", "message": "no", "code": 1008},
        {"error": "not_found", "message": "The path /v1/text-to-speech/v/multi-stream-input was not found"},
        {"type": "error", "message": "Unknown message type"},
        {"error": "invalid_input_message", "message": "unexpected field 'context_id'"},
        {"error": "bad_request", "message": "context_id: extra fields not permitted"},
        {"error": "multi-stream-input is not supported here"},
        {"error": "unimplemented", "message": "The endpoint is not implemented."},
    ],
    ids=str,
)
def test_an_endpoint_that_is_granted_and_then_denied_is_none_either(error: dict[str, object]) -> None:
    t = Office(offers=(MULTI, SINGLE))
    voice = t.open()
    voice.say(1, "Hello.")
    t.answer()
    t.wire_of("u1:init").tell(error)
    t.answer()
    assert orders(t.wire_of("Hello.")) == ["init", "Hello."]
    assert t.heard.log == []


def test_so_is_one_that_says_it_with_the_close() -> None:
    t = Office(offers=(MULTI, SINGLE))
    voice = t.open()
    voice.say(1, "Hello.")
    t.answer()
    t.wire_of("u1:init").drop(1008, "Unknown endpoint")
    t.answer()
    assert orders(t.wire_of("Hello.")) == ["init", "Hello."]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("voice_not_found", "A voice with the id v was not found."),
        ("model_not_supported", "The model eleven_multilingual_v2 is not supported."),
        ("invalid_input_message", "'stability': expected at most 1"),
        ("quota_exceeded", "This request exceeds your quota."),
    ],
)
def test_other_complaints_say_nothing_of_the_endpoint(error: str, message: str) -> None:
    t = Office(offers=(MULTI, SINGLE))
    voice = t.open()
    voice.say(1, "Hello.")
    t.answer()
    t.wire_of("u1:init").tell({"error": error, "message": message, "code": 1008})
    t.answer()
    assert t.heard.log == [("failed", 1)]
    assert SINGLE not in t.dialled()


def test_an_endpoint_that_has_spoken_is_there_whatever_it_says_later() -> None:
    t = Office(offers=(MULTI, SINGLE))
    voice = t.open()
    t.answer()
    voice.say(1, "Hello.")
    t.wire_of("u1:init").tell(spoken("u1", "Hello. "))
    t.wire_of("u1:init").tell({"error": "unknown_message", "message": "Unknown message type"})
    voice.say(2, "Again.")
    assert SINGLE not in t.dialled()


@pytest.mark.parametrize("status", [401, 429, 503])
def test_other_refusals_say_nothing_of_the_endpoint(status: int) -> None:
    t = Office(status=status)
    voice = t.open()
    voice.say(1, "Hello.")
    t.answer()
    assert t.heard.log == [("failed", 1)]
    assert set(t.dialled()) == {MULTI}


def test_what_was_found_out_holds_for_the_process_and_every_later_call(caplog: pytest.LogCaptureFixture) -> None:
    t = Office()
    first, second = t.open(), t.open()
    t.answer()
    third = t.open()
    t.answer()
    dialled = len(t.network.wires)
    for utterance, voice in enumerate((first, second, third), 1):
        voice.say(utterance, f"Clause {utterance}.")
        assert t.wire_of(f"Clause {utterance}.").is_open, "on a spare that was there"
    t.answer()
    t.clock.advance(200_000)
    t.answer()
    assert set(t.dialled()[dialled:]) == {SINGLE}
    assert t.dialled()[:dialled].count(MULTI) == 2, "the two calls that did not know yet"
    assert len(caplog.records) == 1
    assert t.tts.counts["multi_not_offered"] == 1


def test_a_spare_finds_it_out_before_the_first_call() -> None:
    t = Office()
    t.tts.warm()
    t.answer()
    voice = t.open()
    voice.say(1, "Hello.")
    assert t.wire_of("Hello.").is_open
    t.answer()
    t.clock.advance(100_000)
    assert t.dialled().count(MULTI) == 1
    voice.close()
    t.tts.close()
    t.clock.advance(300_000)
    assert t.clock.pending_count == 0
    assert not any(wire.is_alive for wire in t.network.wires)


def test_the_deadline_of_the_utterance_stands() -> None:
    t = Office()
    voice = t.open()
    voice.say(1, "Hello.")
    t.clock.advance(3_000)
    t.answer()
    t.clock.advance(1_000)
    assert t.heard.log == [("failed", 1)]
    assert t.heard.faults[1].kind is FaultKind.STALLED


def test_a_fall_back_leaves_the_second_try_for_an_accident() -> None:
    t = Office()
    voice = t.open()
    voice.say(1, "Hello.")
    t.answer()
    t.wire_of("Hello.").drop(1006, "")
    t.answer()
    assert orders(t.wire_of("Hello.")) == ["init", "Hello."]
    assert t.tts.counts["sent_again"] == 1
    t.wire_of("Hello.").drop(1006, "")
    assert t.heard.log == [("failed", 1)]


def test_where_neither_is_offered_it_is_a_fault_and_the_next_utterance_asks_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    t = Office(offers=())
    voice = t.open()
    voice.say(1, "Hello.")
    t.answer()
    assert t.heard.log == [("failed", 1)]
    assert t.heard.faults[1].kind is FaultKind.BAD_REQUEST
    assert len(t.network.wires) <= 8, "no dialling in circles"
    t.tts.warm()
    for _ in range(300):
        t.clock.advance(1_000)
        t.answer()
    assert len(t.network.wires) <= 60
    assert caplog.records == [], "nothing was settled"
    t.offers = (MULTI,)
    t.clock.advance(60_000)
    t.answer()
    voice.say(2, "Hello.")
    t.answer()
    assert 2 not in t.heard.faults
    assert t.wire_of("u2:Hello.").is_open
    voice.close()
    t.tts.close()
    assert not any(wire.is_alive for wire in t.network.wires)


@pytest.mark.parametrize(("endpoint", "only"), [("multi", MULTI), ("single", SINGLE)])
def test_an_endpoint_that_was_asked_for_is_the_only_one_tried(endpoint: str, only: str) -> None:
    t = Office(endpoint, offers=())
    voice = t.open()
    voice.say(1, "Hello.")
    t.answer()
    assert t.heard.faults[1].kind is FaultKind.BAD_REQUEST
    assert set(t.dialled()) == {only}


def test_the_fingerprint_does_not_depend_on_the_endpoint() -> None:
    assert len({Office(endpoint).tts.fingerprint for endpoint in ("auto", "multi", "single")}) == 1
