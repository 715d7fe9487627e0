"""Flux as ears: turns, guesses and their withdrawal, gaps, silence, and what the client says back."""

import json
from typing import Any

import pytest

from agent.errors import FaultKind
from agent.providers.flux import SILENCE, FluxSpeechToText
from agent.providers.flux_codec import FluxSettings, TurnEvent, TurnTold, decode, listen_url
from fsm.events import TurnEnded, TurnLikelyEnded, TurnResumed
from tests.agent.providers.fakes import FakeNetwork, FakeWire, SpeechLog
from tests.fakes import ManualClock


def turn(event: str, text: str = "", end: float = 1.0, **more: object) -> dict[str, Any]:
    return {"type": "TurnInfo", "event": event, "transcript": text, "audio_window_end": end, **more}


class Call:
    """One call's ears, the clock, and the other end of its wires."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.network = FakeNetwork()
        self.stt = FluxSpeechToText(self.network, self.clock, FluxSettings("key"))
        self.heard = SpeechLog()
        self.ears = self.stt.listen(self.heard)
        self.wire.accept()

    @property
    def wire(self) -> FakeWire:
        return self.network.wire

    def speak(self, duration_ms: int) -> None:
        for _ in range(duration_ms // 20):
            self.clock.advance(20)
            self.ears.send(b"\x90" * 160)


# --- turns


def test_words_of_a_turn_are_interim_until_it_ends() -> None:
    t = Call()
    t.speak(2_000)
    t.wire.tell(turn("StartOfTurn", "Hello"))
    t.wire.tell(turn("Update", "Hello, how are"))
    t.wire.tell(turn("EndOfTurn", "Hello, how are you?", trigger="model"))
    assert t.heard.log == [("Hello", "interim"), ("Hello, how are", "interim"), TurnEnded("Hello, how are you?")]


def test_a_guess_is_told_with_how_sure_it_is_and_taken_back() -> None:
    t = Call()
    t.speak(2_000)
    t.wire.tell(turn("EagerEndOfTurn", "I would like", end_of_turn_confidence=0.56))
    t.wire.tell(turn("TurnResumed", "I would like to"))
    assert t.heard.log == [
        ("I would like", "interim"),
        TurnLikelyEnded("I would like", 56),
        TurnResumed(),
        ("I would like to", "interim"),
    ]


def test_a_guess_that_is_passed_over_is_taken_back_by_the_words_that_follow() -> None:
    t = Call()
    t.wire.tell(turn("EagerEndOfTurn", "I would like"))
    t.wire.tell(turn("Update", "I would like to come"))
    assert t.heard.log[2:] == [TurnResumed(), ("I would like to come", "interim")]


def test_an_update_opens_a_turn_as_well_and_silence_tells_nothing() -> None:
    t = Call()
    for message in (turn("Update"), turn("Update", "Hello"), turn("EndOfTurn"), {"type": "Connected"}):
        t.wire.tell(message)
    assert t.heard.log == [("Hello", "interim")]


def test_that_it_listens_between_turns_is_told_with_how_far_it_is() -> None:
    t = Call()
    t.speak(2_000)
    for message in (turn("Update", end=1.5), turn("Update", "Hello", end=1.9)):
        t.wire.tell(message)
    assert t.heard.nothings == [4_000]


# --- what is said back


def test_a_turn_that_we_took_as_over_is_ended_there_too_and_its_words_are_no_new_turn() -> None:
    t = Call()
    t.speak(1_000)
    t.wire.tell(turn("Update", "Hello"))
    t.ears.end_turn()
    assert t.wire.said == [{"type": "ForceEndTurn"}]
    t.wire.tell(turn("EndOfTurn", "Hello", trigger="manual"))
    assert t.heard.log[-1] == ("Hello", "final")
    t.ears.end_turn()
    t.ears.finalize()
    assert len(t.wire.said) == 1, "no turn is open, and there is nothing to settle"


def test_audio_goes_out_in_the_pieces_that_are_recommended() -> None:
    t = Call()
    t.speak(400)
    assert [len(piece) for piece in t.wire.sent] == [640] * 5


def test_a_silent_telephone_is_silence_to_it_so_that_turns_end() -> None:
    t = Call()
    t.speak(1_000)
    t.clock.advance(3_000)
    assert t.wire.audio.count(SILENCE) >= 2


def test_the_end_of_a_call_closes_the_stream() -> None:
    t = Call()
    t.ears.close()
    assert t.wire.said == [{"type": "CloseStream"}]
    t.clock.advance(1_000)
    assert t.wire.closed_with is not None


# --- trouble


def test_a_broken_turn_is_heard_again_over_a_new_connection() -> None:
    t = Call()
    t.speak(1_000)
    t.wire.tell(turn("EndOfTurn", "Hello.", end=0.5))
    t.speak(1_000)
    t.wire.tell(turn("Update", "I would", end=1.5))
    t.wire.drop()
    t.clock.advance(20)
    t.wire.accept()
    assert len(t.wire.audio) == 8 * 1_500, "all that came after the turn before"
    assert [entry for entry in t.heard.log if isinstance(entry, str)] == ["failed", "restored"]


def test_a_connection_that_says_nothing_although_audio_flows_is_given_up_whoever_speaks() -> None:
    t = Call()
    for _ in range(200):
        t.clock.advance(20)
        t.ears.send(b"\xff" * 160)
    assert [fault.kind for fault in t.heard.faults] == [FaultKind.STALLED]
    assert len(t.network.wires) == 2


def test_what_it_complains_of_before_it_closes_is_told() -> None:
    t = Call()
    t.wire.tell({"type": "Error", "code": "INTERNAL_SERVER_ERROR", "description": "it broke"})
    t.wire.drop(1011)
    assert "it broke" in t.heard.faults[0].detail


@pytest.mark.parametrize("message", ["{", "[]", '{"type":5}', '{"type":"Warning","code":"X"}', b"\x00"])
def test_what_is_not_understood_is_counted_and_harms_nothing(message: str | bytes) -> None:
    t = Call()
    t.wire.tell(message)
    assert t.heard.log == []
    assert sum(t.stt.counts.values()) == 1


# --- the words on the wire


def test_what_is_asked_for() -> None:
    url = listen_url(FluxSettings("key", "wss://ears.test", keyterms=("Ada Bell",), end_timeout_ms=300))
    assert url == (
        "wss://ears.test/v2/listen?model=flux-general-en&encoding=mulaw&sample_rate=8000&eot_threshold=0.7"
        "&eager_eot_threshold=0.5&eot_timeout_ms=500&keyterm=Ada%20Bell"
    )
    assert "language_hint=de" in listen_url(FluxSettings("key", model="flux-general-multi", language="de-DE"))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"event": "EndOfTurn", "transcript": " Hi. "}, TurnTold(TurnEvent.END, "Hi.", None, 0)),
        ({"event": "NeverSeen", "transcript": "Hi"}, TurnTold(TurnEvent.UPDATE, "Hi", None, 0)),
        ({"transcript": 7, "audio_window_end": "late"}, TurnTold(TurnEvent.UPDATE, "", None, 0)),
        ({"event": "Update", "end_of_turn_confidence": 9}, TurnTold(TurnEvent.UPDATE, "", None, 100)),
        ({"event": "EndOfTurn", "trigger": "new", "audio_window_end": 1.5}, TurnTold(TurnEvent.END, "", 12_000, 0)),
    ],
)
def test_messages_mean_something_whatever_is_missing(fields: dict[str, object], told: TurnTold) -> None:
    assert decode(json.dumps({"type": "TurnInfo", **fields})) == told


# --- another language in mid-call


def test_the_model_of_one_language_refuses_any_other_in_a_later_pass() -> None:
    t = Call()
    t.ears.change_language("es")
    assert t.heard.log == []
    t.clock.advance(0)
    assert t.heard.log == ["language refused"]
    assert len(t.network.wires) == 1


def test_the_model_of_all_languages_is_told_which() -> None:
    t = Call()
    stt = FluxSpeechToText(t.network, t.clock, FluxSettings("key", model="flux-general-multi"))
    stt.listen(t.heard).change_language("es-MX")
    assert "language_hint=es" in t.wire.url
    assert t.heard.log == []
