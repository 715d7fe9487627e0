from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import Fault, FaultKind, Whose
from agent.ports import Alignment
from agent.providers.elevenlabs import ElevenLabsTextToSpeech
from agent.providers.elevenlabs_codec import ElevenLabsSettings
from tests.agent.providers.elevenlabs_script import MS_PER_CHAR, audio_of, end, orders, spoken
from tests.agent.providers.fakes import FakeNetwork, FakeWire, VoiceLog
from tests.fakes import ManualClock


class Call:
    """One call's voice, the clock, and the other end of its sockets."""

    def __init__(self, *, accepted: bool = True) -> None:
        self.clock = ManualClock()
        self.network = FakeNetwork()
        self.tts = ElevenLabsTextToSpeech(self.network, self.clock, ElevenLabsSettings(api_key="key", voice_id="v"))
        self.heard = VoiceLog()
        self.voice = self.tts.open_voice(self.heard)
        if accepted:
            self.wire.accept()

    @property
    def wire(self) -> FakeWire:
        return self.network.wire

    def fault(self, utterance: int) -> Fault:
        return self.heard.faults[utterance]


def test_an_utterance_from_its_first_clause_to_its_end() -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    t.wire.tell(spoken("u1", "Hello. "))
    t.voice.say(1, "How are you?")
    t.voice.finish(1)
    assert orders(t.wire) == ["u1:init", "u1:Hello.", "u1:How are you?", "u1:flush", "u1:close"]
    t.wire.tell(spoken("u1", "How are you? "))
    assert t.heard.log == [("audio", 1, audio_of("Hello. ")), ("audio", 1, audio_of("How are you? "))]
    t.wire.tell(end("u1"))
    assert t.heard.log[-1] == ("spoken", 1)
    assert t.clock.pending_count == 1, "only the keep-alive that finds nothing to do"
    t.clock.advance(60_000)
    assert t.clock.pending_count == 0
    assert len(t.network.wires) == 1


def test_what_is_said_while_the_socket_opens_follows_its_opening() -> None:
    t = Call(accepted=False)
    t.voice.say(1, "Hello.")
    assert orders(t.wire) == ["u1:init", "u1:Hello."], "a wire keeps what is sent while it opens"


def test_the_words_times_are_samples_of_their_piece() -> None:
    t = Call()
    t.voice.say(1, "Hi you.")
    t.wire.tell(spoken("u1", "Hi"))
    t.wire.tell(spoken("u1", " you."))
    assert t.heard.alignments[1] == Alignment(" you.", tuple(place * MS_PER_CHAR * 8 for place in range(5)))


def test_words_that_come_before_their_audio_join_it() -> None:
    t = Call()
    t.voice.say(1, "Hi.")
    t.wire.tell({**spoken("u1", "Hi."), "audio": None})
    t.wire.tell(spoken("u1", "Hi.", aligned=False))
    assert t.heard.alignments == [Alignment("Hi.", (0, 480, 960))]


def test_blank_clauses_are_not_sent_for_they_would_mean_something_else() -> None:
    t = Call()
    t.voice.say(1, " ")
    t.voice.say(1, "")
    assert t.wire.sent == []


def test_an_utterance_without_text_is_spoken_in_a_later_pass() -> None:
    t = Call()
    t.voice.finish(1)
    t.voice.say(2, " ")
    t.voice.finish(2)
    assert t.heard.log == [], "never within the call that asked for it"
    t.clock.advance(0)
    assert t.heard.log == [("spoken", 1), ("spoken", 2)]
    assert t.wire.sent == []


def test_dropping_closes_the_context_and_fences_what_still_comes() -> None:
    t = Call()
    t.voice.say(1, "Hello there, how are you?")
    t.wire.tell(spoken("u1", "Hello"))
    t.voice.drop(1)
    assert orders(t.wire)[-1] == "u1:close"
    t.voice.say(2, "Sorry.")
    t.wire.tell(spoken("u1", " there, "))
    t.wire.tell(spoken("u2", "Sorry. "))
    t.wire.tell(end("u1"))
    assert t.heard.log == [("audio", 1, audio_of("Hello")), ("audio", 2, audio_of("Sorry. "))]
    assert t.tts.counts["late_pieces"] == 2


def test_an_utterance_that_is_over_does_not_come_back() -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    t.voice.drop(1)
    sent = len(t.wire.sent)
    t.voice.say(1, "late clause")
    t.voice.finish(1)
    t.voice.drop(1)
    t.clock.advance(60_000)
    assert len(t.wire.sent) == sent
    assert t.heard.log == []


def test_two_utterances_may_sound_interleaved() -> None:
    t = Call()
    t.voice.say(1, "One moment.")
    t.voice.say(2, "Here it is.")
    t.wire.tell(spoken("u2", "Here "))
    t.wire.tell(spoken("u1", "One "))
    assert [entry[:2] for entry in t.heard.log] == [("audio", 2), ("audio", 1)]


def test_no_more_than_five_contexts_are_open_and_the_sixth_waits() -> None:
    t = Call()
    for utterance in range(1, 7):
        t.voice.say(utterance, f"Clause {utterance}.")
    assert "u6:init" not in orders(t.wire)
    t.voice.drop(1)
    assert "u6:init" not in orders(t.wire), "the other side may still count the dropped one"
    t.wire.tell(end("u1"))
    assert orders(t.wire)[-2:] == ["u6:init", "u6:Clause 6."]


def test_a_context_whose_end_is_never_told_is_not_waited_for_long() -> None:
    t = Call()
    for utterance in range(1, 6):
        t.voice.say(utterance, f"Clause {utterance}.")
        t.voice.drop(utterance)
    t.voice.say(6, "Clause 6.")
    assert "u6:init" not in orders(t.wire)
    t.clock.advance(2_000)
    assert orders(t.wire)[-2:] == ["u6:init", "u6:Clause 6."]


def test_many_interruptions_in_a_row_never_open_a_sixth_context() -> None:
    t = Call()
    for utterance in range(1, 40):
        t.voice.say(utterance, "Well.")
        if utterance > 1:
            t.voice.drop(utterance - 1)
        t.clock.advance(100)
    is_open: set[str] = set()
    for order in orders(t.wire):
        context, what = order.split(":")
        if what == "init":
            is_open.add(context)
        if what == "close":
            is_open.discard(context)
        assert len(is_open) <= 5


def test_a_waiting_context_is_kept_alive_but_not_before_its_init() -> None:
    t = Call()
    t.clock.advance(60_000)
    assert t.wire.sent == []
    t.voice.say(1, "One moment.")
    t.wire.tell(spoken("u1", "One moment. "))
    t.clock.advance(31_000)
    assert orders(t.wire) == ["u1:init", "u1:One moment.", "u1:alive", "u1:alive"]
    assert t.heard.log[-1][0] == "audio", "a tool may take its time: no audio is owed"
    t.voice.finish(1)
    t.wire.tell(end("u1"))
    t.clock.advance(60_000)
    assert orders(t.wire)[-1] == "u1:close"


# --- deadlines ---


def test_no_first_audio_is_a_stall_and_the_socket_is_left() -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    t.clock.advance(3_999)
    assert t.heard.log == []
    t.clock.advance(1)
    assert t.heard.log == [("failed", 1)]
    assert t.fault(1).kind is FaultKind.STALLED
    assert t.wire.closed_with is not None
    t.voice.say(2, "Again.")
    assert orders(t.network.wires[1]) == ["u2:init", "u2:Again."]


def test_audio_that_stops_before_the_text_is_over_is_a_stall() -> None:
    t = Call()
    t.voice.say(1, "Hello, how are you today?")
    t.wire.tell(spoken("u1", "Hello, "))
    t.clock.advance(2_999)
    assert len(t.heard.log) == 1
    t.clock.advance(1)
    assert t.heard.log[-1] == ("failed", 1)
    assert t.fault(1).kind is FaultKind.STALLED


@pytest.mark.parametrize("aligned", [True, False])
def test_a_pause_between_clauses_is_no_stall(aligned: bool) -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    t.wire.tell(spoken("u1", "Hello. ", aligned=aligned))
    t.clock.advance(30_000)
    t.voice.say(1, "Still there?")
    t.clock.advance(3_999)
    assert [entry[0] for entry in t.heard.log] == ["audio"]
    t.clock.advance(1)
    assert t.heard.log[-1] == ("failed", 1), "but the new clause is owed audio again"


@pytest.mark.parametrize("aligned", [True, False])
def test_a_missing_end_marker_is_not_waited_for_long(aligned: bool) -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    t.voice.finish(1)
    t.wire.tell(spoken("u1", "Hello. ", aligned=aligned))
    t.clock.advance(1_499)
    assert t.heard.log[-1][0] == "audio"
    t.clock.advance(1)
    assert t.heard.log[-1] == ("spoken", 1)
    assert t.tts.counts["without_end_marker"] == 1


def test_an_end_marker_before_the_text_was_heard_waits_for_the_rest() -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    t.voice.say(1, "How are you?")
    t.voice.finish(1)
    t.wire.tell(spoken("u1", "Hello. ", isFinal=True))
    t.wire.tell(spoken("u1", "How are you? "))
    assert [entry[0] for entry in t.heard.log] == ["audio", "audio", "spoken"]


def test_an_end_marker_after_which_nothing_comes_is_believed_in_the_end() -> None:
    t = Call()
    t.voice.say(1, "(...)")
    t.voice.finish(1)
    t.wire.tell(end("u1"))
    t.clock.advance(1_500)
    assert t.heard.log == [("spoken", 1)]


def test_an_end_marker_of_an_unfinished_utterance_means_nothing() -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    t.wire.tell(spoken("u1", "Hello. ", isFinal=True))
    t.voice.say(1, "And more.")
    t.wire.tell(spoken("u1", "And more. "))
    assert [entry[0] for entry in t.heard.log] == ["audio", "audio"]


# --- sockets ---


def test_a_socket_lost_before_the_first_audio_costs_only_time() -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    t.voice.say(1, "How are you?")
    t.voice.finish(1)
    t.wire.drop(1006, "")
    t.wire.accept()
    assert len(t.network.wires) == 2
    assert orders(t.wire) == ["u1:init", "u1:Hello.", "u1:How are you?", "u1:flush", "u1:close"]
    assert t.heard.log == []
    assert t.tts.counts["sent_again"] == 1
    t.wire.tell(spoken("u1", "Hello. How are you? "))
    t.wire.tell(end("u1"))
    assert [entry[0] for entry in t.heard.log] == ["audio", "spoken"]


def test_a_second_loss_is_a_fault() -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    t.wire.drop(1006, "")
    t.wire.drop(1006, "refused")
    assert t.heard.log == [("failed", 1)]
    assert t.fault(1).kind is FaultKind.UNREACHABLE
    assert len(t.network.wires) == 2
    t.clock.advance(60_000)
    assert t.clock.pending_count == 0


def test_a_socket_lost_in_mid_utterance_fails_it_and_the_next_one_has_a_new_socket() -> None:
    t = Call()
    t.voice.say(1, "Hello, how are you?")
    t.wire.tell(spoken("u1", "Hello, "))
    t.wire.drop(1011, "restart")
    assert t.heard.log[-1] == ("failed", 1)
    assert t.fault(1).kind is FaultKind.CLOSED
    assert len(t.network.wires) == 1, "nothing to say, nothing to dial"
    t.voice.say(2, "As I said.")
    t.wire.accept()
    assert orders(t.wire) == ["u2:init", "u2:As I said."]


def test_a_socket_lost_between_utterances_is_nobodys_fault() -> None:
    t = Call()
    t.wire.drop(1000, "")
    t.voice.say(1, "Hello.")
    assert orders(t.network.wires[1]) == ["u1:init", "u1:Hello."]
    assert t.heard.log == []


@pytest.mark.parametrize(
    ("error", "kind", "whose"),
    [
        ("quota_exceeded", FaultKind.REFUSED_KEY, Whose.SETTINGS),
        ("voice_not_found", FaultKind.BAD_REQUEST, Whose.SETTINGS),
        ("too_many_concurrent_requests", FaultKind.RATE_LIMITED, Whose.PROVIDER),
    ],
)
def test_an_error_frame_fails_at_once_whether_or_not_a_close_follows(error: str, kind: FaultKind, whose: Whose) -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    t.wire.tell({"message": "because", "error": error, "code": 1008})
    assert t.heard.log == [("failed", 1)]
    assert (t.fault(1).kind, t.fault(1).whose) == (kind, whose)
    assert t.wire.closed_with is not None
    t.wire.drop(1008, "cut at 123 by")
    assert t.heard.log == [("failed", 1)]


def test_a_refused_key_is_a_fault_of_the_settings() -> None:
    t = Call(accepted=False)
    t.voice.say(1, "Hello.")
    t.wire.drop(401, '{"detail":{"status":"invalid_api_key"}}')
    assert (t.fault(1).kind, t.fault(1).whose) == (FaultKind.REFUSED_KEY, Whose.SETTINGS)
    assert len(t.network.wires) == 1


def test_an_idle_timeout_of_the_service_is_mended_unheard() -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    t.wire.tell({"message": "no text", "error": "input_timeout_exceeded", "code": 1008})
    assert t.heard.log == []
    assert orders(t.network.wires[1]) == ["u1:init", "u1:Hello."]


def test_a_piece_without_a_context_belongs_to_the_only_utterance_there_is() -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    piece = spoken("", "Hello. ")
    t.wire.tell(piece)
    assert t.heard.log == [("audio", 1, audio_of("Hello. "))]
    t.voice.say(2, "Or not.")
    t.wire.tell(piece)
    assert len(t.heard.log) == 1, "where there is doubt, nobody's"


def test_a_server_that_names_no_contexts_is_understood_and_left_when_it_is_interrupted() -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    t.voice.finish(1)
    t.wire.tell(spoken("", "Hello. "))
    t.wire.tell(end(""))
    assert [entry[0] for entry in t.heard.log] == ["audio", "spoken"]
    t.voice.say(2, "How are you?")
    t.voice.finish(2)
    t.wire.tell(spoken("", "How "))
    t.voice.drop(2)
    assert t.wire.closed_with == (1000, ""), "what still comes could be taken for the next utterance's"
    t.voice.say(3, "Sorry.")
    old, new = t.network.wires
    old.tell(spoken("", "are you? "))
    new.accept()
    new.tell(spoken("", "Sorry. "))
    assert t.heard.log[2:] == [("audio", 2, audio_of("How ")), ("audio", 3, audio_of("Sorry. "))]


def test_a_socket_closed_once_all_was_said_ends_its_utterance() -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    t.voice.finish(1)
    t.wire.tell(spoken("u1", "Hello. "))
    t.wire.drop(1000, "")
    assert t.heard.log[-1] == ("spoken", 1)
    assert len(t.network.wires) == 1, "nothing to say, nothing to dial"


def test_a_socket_closed_before_all_was_said_does_not() -> None:
    t = Call()
    t.voice.say(1, "Hello, how are you?")
    t.voice.finish(1)
    t.wire.tell(spoken("u1", "Hello, "))
    t.wire.drop(1000, "")
    assert t.heard.log[-1] == ("failed", 1)


@pytest.mark.parametrize("message", ['{"type":"flush_done"}', "junk", b"\x00", '{"audio":"!!"}'])
def test_messages_nobody_knows_are_counted(message: str | bytes) -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    t.wire.tell(message)
    assert t.heard.log == []
    assert sum(t.tts.counts.values()) == 1


def test_a_spare_socket_is_used_and_replaced() -> None:
    t = Call()
    t.tts.warm()
    spare = t.wire
    spare.accept()
    heard = VoiceLog()
    voice = t.tts.open_voice(heard)
    assert len(t.network.wires) == 3, "another spare is on its way"
    voice.say(1, "Hello.")
    assert orders(spare) == ["u1:init", "u1:Hello."]
    spare.tell(spoken("u1", "Hello. "))
    assert heard.log == [("audio", 1, audio_of("Hello. "))]
    t.tts.close()
    t.voice.close()
    voice.close()
    assert not any(wire.is_alive for wire in t.network.wires)
    t.clock.advance(60_000)
    assert t.clock.pending_count == 0


def test_closing_says_nothing_more() -> None:
    t = Call()
    t.voice.say(1, "Hello.")
    t.voice.close()
    t.wire.drop(1000, "")
    t.voice.say(2, "late")
    t.voice.finish(1)
    t.voice.drop(1)
    t.voice.close()
    t.clock.advance(60_000)
    assert t.heard.log == []
    assert t.clock.pending_count == 0


def test_the_fingerprint_tells_voices_apart_and_holds_no_key() -> None:
    def fingerprint(**options: Any) -> str:  # noqa: ANN401  # whatever the settings take
        given = {"api_key": "secret", "voice_id": "v", **options}
        return ElevenLabsTextToSpeech(FakeNetwork(), ManualClock(), ElevenLabsSettings(**given)).fingerprint

    prints = [
        fingerprint(),
        fingerprint(voice_id="w"),
        fingerprint(model_id="m"),
        fingerprint(speed=1.1),
        fingerprint(base_url="http://127.0.0.1:1"),
    ]
    assert len(set(prints)) == len(prints)
    assert fingerprint() == fingerprint(api_key="other")
    assert "secret" not in fingerprint()


class Meddling(VoiceLog):
    """Answers every call with orders, from within it."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: list[tuple[str, int]] = []
        self.voice: Any = None

    def meddle(self) -> None:
        if self.orders:
            name, utterance = self.orders.pop()
            getattr(self.voice, name)(*((utterance, "More.") if name == "say" else (utterance,)))

    def on_audio(self, utterance: int, audio: bytes, alignment: Alignment | None) -> None:
        super().on_audio(utterance, audio, alignment)
        self.meddle()

    def on_spoken(self, utterance: int) -> None:
        super().on_spoken(utterance)
        self.meddle()

    def on_voice_failed(self, utterance: int, fault: Fault) -> None:
        super().on_voice_failed(utterance, fault)
        self.meddle()


class Story:
    """A voice whose provider and whose owner do as they like."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.network = FakeNetwork()
        self.tts = ElevenLabsTextToSpeech(self.network, self.clock, ElevenLabsSettings(api_key="key", voice_id="v"))
        self.heard = Meddling()
        self.heard.voice = self.voice = self.tts.open_voice(self.heard)
        self.finished: set[int] = set()

    def say(self, number: int) -> None:
        if number not in self.finished:
            self.voice.say(number, "Some words.")

    def finish(self, number: int) -> None:
        self.finished.add(number)
        self.voice.finish(number)

    def drop(self, number: int) -> None:
        self.finished.add(number)
        self.voice.drop(number)

    def meddle(self, number: int) -> None:
        self.finished.add(number)
        self.heard.orders.append(("drop", number))

    def accept(self, _number: int) -> None:
        if self.network.wire.is_alive and not self.network.wire.is_open:
            self.network.wire.accept()

    def lose(self, _number: int) -> None:
        if self.network.wire.is_alive:
            self.network.wire.drop(1006, "")

    def piece(self, number: int) -> None:
        if self.network.wire.is_open:
            self.network.wire.tell(spoken(f"u{number}", "Some words. "))

    def end(self, number: int) -> None:
        if self.network.wire.is_open:
            self.network.wire.tell(end(f"u{number}"))

    def wait(self, number: int) -> None:
        self.clock.advance(number * 700)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["say", "finish", "drop", "meddle", "accept", "lose", "piece", "end", "wait"]),
            st.integers(1, 7),
        ),
        max_size=40,
    )
)
def test_whatever_happens_every_finished_utterance_ends_once_and_nothing_is_left(steps: list[tuple[str, int]]) -> None:
    t = Story()
    for name, number in steps:
        getattr(t, name)(number)
    for number in range(1, 8):
        t.finish(number)
    t.clock.advance(60_000)
    assert not t.voice._utterances, "each was spoken, failed or dropped"  # type: ignore[attr-defined]  # white box
    t.voice.close()
    assert t.clock.pending_count == 0
    for wire in t.network.wires:
        for context in range(1, 8):
            assert_is_proper([order for order in orders(wire) if order.startswith(f"u{context}:")])


def assert_is_proper(life: list[str]) -> None:
    """The orders of one context: init first and once, nothing after the close."""
    what = [order.split(":")[1] for order in life]
    assert what.count("init") == (1 if what else 0)
    assert what[:1] in ([], ["init"])
    assert "close" not in what[:-1]
