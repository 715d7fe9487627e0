"""A voice of ElevenLabs over single-context sockets: one for each utterance, and always a spare."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import Fault, FaultKind
from agent.providers.elevenlabs import ElevenLabsTextToSpeech
from agent.providers.elevenlabs_codec import INACTIVITY_TIMEOUT_S, ElevenLabsSettings
from agent.providers.elevenlabs_line import STREAMS_LIMIT
from tests.agent.providers.elevenlabs_script import audio_of, end, orders, spoken
from tests.agent.providers.fakes import FakeNetwork, FakeWire, VoiceLog
from tests.fakes import ManualClock


class Call:
    """One call's voice, the clock, and the other end of its sockets; a socket is accepted unless a test says not to."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.network = FakeNetwork()
        given = ElevenLabsSettings(api_key="key", voice_id="v", endpoint="single")
        self.tts = ElevenLabsTextToSpeech(self.network, self.clock, given)
        self.heard = VoiceLog()
        self.voice = self.tts.open_voice(self.heard)
        self.accept()

    def accept(self) -> None:
        for wire in self.network.wires:
            if wire.is_alive and not wire.is_open:
                wire.accept()

    def wire_of(self, text: str) -> FakeWire:
        """The last socket on which `text` was sent."""
        return [wire for wire in self.network.wires if text in orders(wire)][-1]

    @property
    def spares(self) -> list[FakeWire]:
        return [wire for wire in self.network.wires if wire.is_alive and not wire.sent]

    def fault(self, utterance: int) -> Fault:
        return self.heard.faults[utterance]


def test_an_utterance_has_a_socket_of_its_own_from_its_first_clause_to_its_end() -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    (wire,) = [wire for wire in t.network.wires if wire.sent]
    assert wire.url.split("?")[0].endswith("/v/stream-input")
    wire.tell(spoken("", "Hello. "))
    t.voice.say(1, "How are you?")
    t.voice.finish(1)
    assert orders(wire) == ["init", "Hello.", "How are you?", "end"]
    wire.tell(spoken("", "How are you? "))
    assert len(t.heard.log) == 2
    wire.tell(end(""))
    assert t.heard.log[-1] == ("spoken", 1)
    assert wire.closed_with == (1000, "")


def test_the_next_utterance_never_waits_for_a_handshake() -> None:
    t = Call()
    for utterance in range(1, 5):
        (spare,) = t.spares
        assert spare.is_open
        t.voice.say(utterance, f"Clause {utterance}.")
        assert t.wire_of(f"Clause {utterance}.") is spare
        t.accept()


def test_a_spare_is_replaced_before_the_service_would_close_it() -> None:
    t = Call()
    t.tts.warm()
    born = {id(wire): 0 for wire in t.network.wires}
    for second in range(1, 900):
        t.clock.advance(1_000)
        t.accept()
        for wire in t.network.wires:
            born.setdefault(id(wire), second)
            assert not wire.is_alive or second - born[id(wire)] < INACTIVITY_TIMEOUT_S
        assert len([wire for wire in t.spares if wire.is_open]) == 2, "one of the call's, one of the process"
        if second % 70 == 0:
            t.voice.say(second, "Hello.")
            t.voice.drop(second)
            t.accept()


def test_to_drop_an_utterance_is_to_close_its_socket() -> None:
    t = Call()
    t.voice.say(1, "Hello there, how are you?")
    t.voice.finish(1)
    old = t.wire_of("end")
    old.tell(spoken("", "Hello"))
    t.voice.drop(1)
    assert old.closed_with == (1000, "")
    t.voice.say(2, "Sorry.")
    t.wire_of("Sorry.").tell(spoken("", "Sorry. "))
    old.tell(spoken("", " there, "))
    old.tell(end(""))
    old.drop(1000, "")
    assert t.heard.log == [("audio", 1, audio_of("Hello")), ("audio", 2, audio_of("Sorry. "))]


def test_two_utterances_may_sound_interleaved() -> None:
    t = Call()
    t.voice.say(1, "One moment.")
    t.voice.say(2, "Here it is.")
    t.wire_of("Here it is.").tell(spoken("", "Here "))
    t.wire_of("One moment.").tell(spoken("", "One "))
    assert [entry[:2] for entry in t.heard.log] == [("audio", 2), ("audio", 1)]


def test_one_utterance_too_many_waits_for_another_to_be_over() -> None:
    t = Call()
    for utterance in range(1, STREAMS_LIMIT + 2):
        t.voice.say(utterance, f"Clause {utterance}.")
    assert len([wire for wire in t.network.wires if wire.sent]) == STREAMS_LIMIT
    t.voice.drop(1)
    assert orders(t.wire_of(f"Clause {STREAMS_LIMIT + 1}."))[0] == "init"


def test_an_utterance_that_waits_for_its_tool_is_kept_alive_with_blanks() -> None:
    t = Call()
    t.voice.say(1, "One moment.")
    wire = t.wire_of("One moment.")
    wire.tell(spoken("", "One moment. "))
    t.clock.advance(31_000)
    assert orders(wire) == ["init", "One moment.", "alive", "alive"]
    t.voice.finish(1)
    t.clock.advance(60_000)
    assert orders(wire)[-1] == "end"


@pytest.mark.parametrize("aligned", [True, False])
def test_where_no_end_marker_comes_the_close_is_the_end(aligned: bool) -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    t.voice.finish(1)
    wire = t.wire_of("Hello.")
    wire.tell(spoken("", "Hello. ", aligned=aligned))
    wire.drop(1000, "")
    assert t.heard.log == [("audio", 1, audio_of("Hello. ")), ("spoken", 1)]
    assert t.tts.counts["without_end_marker"] == 1


def test_neither_end_marker_nor_close_is_waited_for_long() -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    t.voice.finish(1)
    t.wire_of("Hello.").tell(spoken("", "Hello. "))
    t.clock.advance(1_499)
    assert t.heard.log[-1][0] == "audio"
    t.clock.advance(1)
    assert t.heard.log[-1] == ("spoken", 1)
    assert t.wire_of("Hello.").closed_with == (1000, "")


def test_a_close_after_the_end_marker_ends_even_what_made_no_sound() -> None:
    t = Call()
    t.voice.say(1, "(...)")
    t.voice.finish(1)
    wire = t.wire_of("(...)")
    wire.tell(end(""))
    wire.drop(1000, "")
    assert t.heard.log == [("spoken", 1)]


def test_short_audio_without_words_is_believed_when_the_close_was_meant() -> None:
    t = Call()
    t.voice.say(1, "A long sentence of which this server makes a short beep.")
    t.voice.finish(1)
    wire = t.wire_of("end")
    wire.tell(spoken("", "Beep", aligned=False))
    wire.drop(1000, "")
    assert t.heard.log[-1] == ("spoken", 1)


@pytest.mark.parametrize(("code", "finishes"), [(1000, False), (1011, True), (1006, True)])
def test_a_socket_lost_in_mid_utterance_fails_that_one_only(code: int, finishes: bool) -> None:
    t = Call()
    t.voice.say(1, "Hello, how are you?")
    t.voice.say(2, "Fine.")
    if finishes:
        t.voice.finish(1)
    wire = t.wire_of("Hello, how are you?")
    wire.tell(spoken("", "Hello, "))
    wire.drop(code, "")
    assert t.heard.log[-1] == ("failed", 1)
    assert t.fault(1).kind is FaultKind.CLOSED
    t.wire_of("Fine.").tell(spoken("", "Fine. "))
    assert t.heard.log[-1][:2] == ("audio", 2)


def test_a_socket_lost_before_the_first_audio_costs_only_time_and_once() -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    t.voice.finish(1)
    first = t.wire_of("Hello.")
    first.drop(1006, "")
    second = t.wire_of("Hello.")
    assert second is not first
    assert orders(second) == ["init", "Hello.", "end"]
    assert t.tts.counts["sent_again"] == 1
    assert t.heard.log == []
    second.drop(1006, "")
    assert t.heard.log == [("failed", 1)]


def test_deadlines_are_those_of_any_voice() -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    t.clock.advance(3_999)
    assert t.heard.log == []
    t.clock.advance(1)
    assert t.heard.log == [("failed", 1)]
    assert t.fault(1).kind is FaultKind.STALLED
    assert t.wire_of("Hello.").closed_with is not None


def test_an_error_frame_fails_its_utterance_at_once() -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    t.wire_of("Hello.").tell({"message": "because", "error": "quota_exceeded", "code": 1008})
    assert t.heard.log == [("failed", 1)]
    assert t.fault(1).kind is FaultKind.REFUSED_KEY


def test_frames_of_no_known_kind_are_counted_and_nothing_more() -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    for junk in ("junk", b"\x00\xff", "[]"):
        t.wire_of("Hello.").tell(junk)
    assert t.heard.log == []
    assert t.tts.counts["ignored_malformed"] == 3


def test_closing_releases_every_socket_and_timer() -> None:
    t = Call()
    t.tts.warm()
    t.voice.say(1, "Hello.")
    t.accept()
    t.voice.close()
    t.tts.close()
    assert not any(wire.is_alive for wire in t.network.wires)
    t.clock.advance(300_000)
    assert t.clock.pending_count == 0
    assert t.heard.log == []


STEPS = ["say", "finish", "drop", "accept", "lose", "piece", "end", "whole", "wait"]


class Story(Call):
    """A voice whose provider and whose owner do as they like; a number picks an utterance and a socket."""

    def __init__(self) -> None:
        super().__init__()
        self.finished: set[int] = set()

    def act(self, name: str, number: int) -> None:
        if name in ("say", "finish", "drop"):
            self._order(name, number)
        elif name == "wait":
            self.clock.advance(number * 700)
        elif name == "accept":
            self.accept()
        else:
            self._answer(name, number)

    def _order(self, name: str, number: int) -> None:
        if name != "say":
            self.finished.add(number)
        elif number in self.finished:
            return
        getattr(self.voice, name)(*((number, "Some words.") if name == "say" else (number,)))

    def _answer(self, name: str, number: int) -> None:
        alive = [wire for wire in self.network.wires if wire.is_alive]
        if not alive:
            return
        wire = alive[-number % len(alive)]
        messages: dict[str, Any] = {"piece": spoken("", "Some words. "), "end": end("")}
        if name in messages and wire.is_open:
            wire.tell(messages[name])
        elif name == "lose" or (name == "whole" and wire.is_open):
            wire.drop(1006 if name == "lose" else 1000, "")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 7)), max_size=40))
def test_whatever_happens_every_finished_utterance_ends_once_and_nothing_is_left(steps: list[tuple[str, int]]) -> None:
    t = Story()
    for name, number in steps:
        t.act(name, number)
    for number in range(1, 8):
        t.act("finish", number)
    t.clock.advance(60_000)
    assert not t.voice._utterances, "each was spoken, failed or dropped"  # type: ignore[attr-defined]  # white box
    t.voice.close()
    t.clock.advance(60_000)
    assert t.clock.pending_count == 0
    assert not any(wire.is_alive for wire in t.network.wires)
    for wire in t.network.wires:
        life = orders(wire)
        assert life.count("init") == (1 if life else 0)
        assert life[:1] in ([], ["init"])
        assert "end" not in life[:-1]
