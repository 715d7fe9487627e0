from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import FaultKind, Whose
from agent.providers.deepgram import DeepgramSpeechToText
from agent.providers.deepgram_codec import DeepgramSettings
from agent.providers.deepgram_ears import PRIMER, DeepgramEars
from tests.agent.providers.fakes import FakeNetwork, FakeWire, SpeechLog
from tests.fakes import ManualClock

KEEP_ALIVE = {"type": "KeepAlive"}
FINALIZE = {"type": "Finalize"}
CLOSE_STREAM = {"type": "CloseStream"}
SILENCE = b"\xff" * 160
VOICE = b"\x90\x10" * 80


def results(
    text: str, start: float = 0.0, duration: float = 1.0, *, final: bool = False, pause: bool = False, **more: object
) -> dict[str, Any]:
    return {
        "type": "Results",
        "start": start,
        "duration": duration,
        "is_final": final,
        "speech_final": pause,
        "channel": {"alternatives": [{"transcript": text, "confidence": 0.9, "words": []}]},
        **more,
    }


class Call:
    """One call's ears, the clock, and the other end of its wires."""

    def __init__(self, *, send_every_frames: int = 1) -> None:
        self.clock = ManualClock()
        self.network = FakeNetwork()
        self.stt = DeepgramSpeechToText(
            self.network, self.clock, DeepgramSettings("key", send_every_frames=send_every_frames)
        )
        self.heard = SpeechLog()
        self.ears = self.stt.listen(self.heard)
        self.sent = 0

    @property
    def wire(self) -> FakeWire:
        return self.network.wire

    def speak(self, duration_ms: int, frame: bytes | None = None) -> None:
        """Real time passes; each frame is different, so that a lost or doubled one shows."""
        for _ in range(duration_ms // 20):
            self.clock.advance(20)
            self.ears.send(frame if frame is not None else self.numbered())

    def numbered(self) -> bytes:
        self.sent += 1
        return self.sent.to_bytes(4, "big") * 40


def numbers(audio: bytes) -> list[int]:
    assert len(audio) % 160 == 0
    return [int.from_bytes(audio[at : at + 4], "big") for at in range(0, len(audio), 160)]


def test_each_frame_goes_out_at_once_and_what_came_before_the_handshake_follows_it() -> None:
    t = Call()
    t.speak(1_000)
    assert t.wire.sent == []
    t.wire.accept()
    assert numbers(t.wire.audio) == list(range(1, 51))
    t.ears.send(VOICE)
    assert t.wire.sent[-1] == VOICE


def test_frames_may_be_grouped() -> None:
    t = Call(send_every_frames=4)
    t.wire.accept()
    t.speak(20 * 10)
    assert [len(message) for message in t.wire.sent] == [640, 640]
    t.ears.finalize()
    assert [len(message) for message in t.wire.sent[:3]] == [640, 640, 320], "nothing is held back then"
    assert t.wire.said == [FINALIZE]


def test_interim_words_are_replaced_settled_and_ended() -> None:
    t = Call()
    t.wire.accept()
    t.speak(4_000)
    t.wire.tell(results("hello"))
    t.wire.tell(results("hello there", duration=1.5))
    t.wire.tell(results("Hello there.", duration=2, final=True))
    t.wire.tell(results("How are you?", start=2, duration=1, final=True, pause=True))
    assert t.heard.log == [
        ("hello", "interim"),
        ("hello there", "interim"),
        ("Hello there.", "final"),
        ("How are you?", "final", "pause"),
    ]


def test_silence_says_nothing() -> None:
    t = Call()
    t.wire.accept()
    t.speak(6_000, SILENCE)
    t.wire.tell(results("", final=True, pause=True))
    t.wire.tell({"type": "UtteranceEnd", "last_word_end": -1})
    t.wire.tell({"type": "SpeechStarted", "timestamp": 1.0})
    t.wire.tell(results("", start=1, duration=3))
    assert t.heard.log == []


def test_that_it_listens_and_hears_no_words_is_told_with_how_far_it_is() -> None:
    t = Call()
    t.wire.accept()
    t.speak(2_000)
    t.wire.tell(results("", duration=1.5))
    t.wire.tell(results("Hello", duration=1.9))
    assert t.heard.nothings == [4_000]


def test_a_pause_is_told_once_whoever_notices_it() -> None:
    t = Call()
    t.wire.accept()
    t.speak(5_000)
    t.wire.tell(results("one", final=True))
    t.wire.tell({"type": "UtteranceEnd", "last_word_end": 0.9})
    t.wire.tell(results("", start=1, duration=1, final=True, pause=True))
    assert t.heard.log == [("one", "final"), ("", "interim", "pause")]
    t.wire.tell(results("two", start=2, final=True, pause=True))
    t.wire.tell({"type": "UtteranceEnd", "last_word_end": 2.9})
    assert t.heard.log[2:] == [("two", "final", "pause")]


def test_an_empty_final_with_a_pause_ends_words_that_came_before() -> None:
    t = Call()
    t.wire.accept()
    t.speak(4_000)
    t.wire.tell(results("one", final=True))
    t.wire.tell(results("", start=1, final=True, pause=True))
    assert t.heard.log == [("one", "final"), ("", "final", "pause")]


def test_an_utterance_end_of_older_words_does_not_end_newer_ones() -> None:
    t = Call()
    t.wire.accept()
    t.speak(4_000)
    t.wire.tell(results("one", final=True, pause=True))
    t.wire.tell(results("and", start=1.0, duration=0.8))
    t.wire.tell({"type": "UtteranceEnd", "last_word_end": 0.9})
    assert t.heard.log == [("one", "final", "pause"), ("and", "interim")]


def test_a_late_interim_of_a_settled_segment_is_stale() -> None:
    t = Call()
    t.wire.accept()
    t.speak(3_000)
    t.ears.finalize()
    t.wire.tell(results("yes please", duration=2.0, final=True, from_finalize=True))
    t.wire.tell(results("yes", duration=1.8))
    assert t.heard.log == [("yes please", "final")]
    assert t.stt.counts["stale_interim"] == 1


@pytest.mark.parametrize("start", [0, -4])
def test_new_words_are_heard_from_a_server_that_begins_its_times_anew(start: float) -> None:
    t = Call()
    t.wire.accept()
    t.speak(3_000)
    t.wire.tell(results("one", start=0, duration=1, final=True, pause=True))
    t.speak(1_200)
    t.wire.tell(results("and", start=start, duration=1))
    assert t.heard.log == [("one", "final", "pause"), ("and", "interim")]


def test_what_it_takes_for_a_voice_is_passed_on() -> None:
    t = Call()
    t.wire.accept()
    t.speak(1_000)
    t.wire.tell({"type": "SpeechStarted", "channel": [0], "timestamp": 0.1})
    assert t.heard.voices == 1
    t.ears.close()
    t.wire.tell({"type": "SpeechStarted", "channel": [0], "timestamp": 0.9})
    assert t.heard.voices == 1, "nobody listens any more"


def test_messages_without_times_are_still_heard() -> None:
    t = Call()
    t.wire.accept()
    t.speak(1_000)
    t.wire.tell({"type": "Results", "channel": {"alternatives": [{"transcript": "hm"}]}})
    assert t.heard.log == [("hm", "interim")]


def test_a_finalize_before_the_handshake_is_remembered() -> None:
    t = Call()
    t.speak(100)
    t.ears.finalize()
    t.wire.accept()
    assert t.wire.said == [FINALIZE]
    assert isinstance(t.wire.sent[0], bytes), "after the audio"


def test_without_audio_the_socket_is_kept_alive() -> None:
    t = Call()
    t.wire.accept()
    t.speak(3_000, SILENCE)
    assert t.wire.said == []
    t.clock.advance(9_000)
    assert t.wire.said == [KEEP_ALIVE, KEEP_ALIVE]
    t.speak(6_000, SILENCE)
    assert t.wire.said == [KEEP_ALIVE, KEEP_ALIVE]


def test_a_lost_socket_is_replaced_at_once_and_given_what_was_not_settled() -> None:
    t = Call()
    t.wire.accept()
    t.speak(3_000)
    t.wire.tell(results("First.", duration=1.0, final=True))
    t.wire.tell(results("and the", start=1.0, duration=1.5))
    t.wire.drop(1011, "NET-0000")
    assert t.heard.log[-1] == "failed"
    assert t.heard.faults[0].kind is FaultKind.CLOSED
    t.speak(500)
    assert len(t.network.wires) == 2
    t.wire.accept()
    assert t.heard.log[-1] == "restored"
    assert numbers(t.wire.audio) == list(range(51, 176)), "all from the end of the settled words on, none twice"
    # time begins anew on the new socket
    t.wire.tell(results("And the second.", start=0.0, duration=2.0, final=True, pause=True))
    assert t.heard.log[-1] == ("And the second.", "final", "pause")
    t.wire.drop(1006, "")
    t.clock.advance(0)
    t.wire.accept()
    assert numbers(t.wire.audio) == list(range(151, 176))


def test_attempts_to_reconnect_grow_rarer_and_the_failure_is_told_once() -> None:
    t = Call()
    t.wire.accept()
    t.wire.drop(1006, "")
    waits = []
    for _ in range(7):
        start, dialled = t.clock.now(), len(t.network.wires)
        while len(t.network.wires) == dialled:
            t.clock.advance(10)
        waits.append((t.clock.now() - start) // 10_000_000 * 10)
        t.wire.drop(503, "busy")
    assert waits == [10, 250, 500, 1_000, 2_000, 4_000, 4_000]
    assert t.heard.log == ["failed"]
    t.clock.advance(4_000)
    t.wire.accept()
    assert t.heard.log == ["failed", "restored"]


def test_a_socket_that_opens_and_closes_again_does_not_hurry_the_attempts() -> None:
    t = Call()
    for _ in range(20):
        t.clock.advance(4_000)
        if t.wire.is_alive:
            t.wire.accept()
            t.wire.drop(1011, "")
    assert len(t.network.wires) <= 20
    t.clock.advance(4_000)
    t.wire.accept()
    t.wire.tell(results("back", duration=0.1))
    t.wire.drop(1011, "")
    dialled = len(t.network.wires)
    t.clock.advance(10)
    assert len(t.network.wires) == dialled + 1, "a message proves that the line was good"


@pytest.mark.parametrize("status", [401, 402, 403, 404, 400])
def test_where_only_a_person_can_help_the_service_is_not_hammered(status: int) -> None:
    t = Call()
    t.wire.drop(status, "INVALID_AUTH")
    assert not t.heard.faults[0].is_retryable
    if status != 400:
        assert t.heard.faults[0].whose is Whose.SETTINGS
    t.clock.advance(29_000)
    assert len(t.network.wires) == 1
    t.clock.advance(1_001)
    assert len(t.network.wires) == 2


def test_the_reason_of_an_error_message_is_told_when_the_socket_closes() -> None:
    t = Call()
    t.wire.accept()
    t.wire.tell({"type": "Error", "variant": "SchemaError", "description": "unknown field"})
    t.wire.drop(1011, "cut sho")
    assert "SchemaError unknown field" in t.heard.faults[0].detail


def test_a_deaf_socket_is_replaced_once_the_caller_spoke_to_it() -> None:
    t = Call()
    t.wire.accept()
    t.speak(20_000, SILENCE)
    assert len(t.network.wires) == 1, "nothing to hear"
    t.speak(2_000, VOICE)
    t.speak(1_000, SILENCE)
    assert len(t.network.wires) == 2
    assert t.heard.faults[0].kind is FaultKind.STALLED
    assert t.network.wires[0].closed_with is not None
    t.wire.accept()
    assert t.heard.log == ["failed", "restored"]
    assert t.wire.audio.count(VOICE) == 100, "all that was said to deaf ears"


def test_a_socket_that_answers_is_not_deaf() -> None:
    t = Call()
    t.wire.accept()
    for second in range(20):
        t.speak(1_000, VOICE)
        t.wire.tell(results("", start=second, duration=0.9))
    assert len(t.network.wires) == 1


def test_what_a_stale_socket_still_says_is_not_heard() -> None:
    t = Call()
    t.wire.accept()
    t.speak(8_000, VOICE)
    assert len(t.network.wires) == 2
    t.network.wires[0].tell(results("ghost"))
    t.network.wires[0].drop(1000, "")
    assert t.heard.log == ["failed"]
    assert len(t.network.wires) == 2


def test_what_is_kept_is_bounded_and_the_loss_counted() -> None:
    t = Call()
    t.speak(40_000)
    t.wire.accept()
    assert numbers(t.wire.audio) == list(range(501, 2_001))
    t.ears.close()
    assert t.stt.counts["lost_audio_samples"] == 80_000


def test_at_the_end_deepgram_may_finish_within_a_second() -> None:
    t = Call()
    t.wire.accept()
    t.speak(1_000)
    t.ears.close()
    assert t.wire.said == [CLOSE_STREAM]
    t.wire.tell(results("too late", final=True))
    assert t.heard.log == []
    t.clock.advance(999)
    is_patient = t.wire.is_alive
    assert is_patient
    t.clock.advance(2)
    assert t.wire.closed_with == (1000, "")
    t.wire.drop(1000, "")
    t.ears.send(VOICE)
    t.ears.close()
    assert t.clock.pending_count == 0
    assert len(t.network.wires) == 1


def test_a_polite_close_by_deepgram_releases_everything() -> None:
    t = Call()
    t.wire.accept()
    t.ears.close()
    t.wire.tell({"type": "Metadata", "duration": 1.0})
    t.wire.drop(1000, "")
    assert t.clock.pending_count == 0
    assert t.heard.log == []


@pytest.mark.parametrize("stage", ["dialling", "waiting to reconnect"])
def test_closing_without_a_socket_releases_everything(stage: str) -> None:
    t = Call()
    if stage != "dialling":
        t.wire.drop(429, "busy")
        t.clock.advance(0)
        t.wire.drop(429, "busy")
    t.ears.close()
    if t.network.wire.closed_with is not None:
        t.wire.drop(1006, "")
    assert t.clock.pending_count == 0
    assert not any(wire.is_alive for wire in t.network.wires)


def test_a_warm_socket_is_used_and_its_primer_does_not_shift_the_words() -> None:
    t = Call()
    t.ears.close()
    t.stt.warm()
    spare = t.wire
    spare.accept()
    assert spare.sent == [PRIMER]
    t.clock.advance(5_000)
    assert spare.said == [KEEP_ALIVE]
    ears, heard = t.stt, SpeechLog()
    t.heard = heard
    t.ears = ears.listen(heard)
    t.speak(2_000)
    assert t.wire is spare
    assert numbers(spare.audio.removeprefix(PRIMER)) == list(range(1, 101))
    # 0.1 s of primer: what ends at 1.1 s of the socket ends at 1.0 s of the call
    spare.tell(results("hi", start=0.0, duration=1.1, final=True))
    spare.drop(1011, "")
    t.clock.advance(0)
    t.wire.accept()
    assert numbers(t.wire.audio) == list(range(51, 101))


def test_a_spare_nobody_takes_is_closed_soon() -> None:
    t = Call()
    t.stt.warm()
    t.wire.accept()
    t.clock.advance(15_001)
    assert not t.wire.is_alive
    assert len(t.network.wires) == 2, "one for the call, one spare; an idle socket is billed"


class Unreliable(Call):
    """A call whose sockets do as they like; `settled[i]`: the last frame settled before socket `i` opened."""

    def __init__(self) -> None:
        super().__init__()
        self.final_to = 0
        self.settled: dict[int, int] = {}

    def step_speak(self) -> None:
        self.speak(200)

    def step_pass(self) -> None:
        self.clock.advance(1_000)

    def step_accept(self) -> None:
        if self.wire.is_alive and not self.wire.is_open:
            self.settled[len(self.network.wires) - 1] = self.final_to
            self.wire.accept()

    def step_drop(self) -> None:
        if self.wire.is_alive:
            self.wire.drop(1011, "")

    def step_final(self) -> None:
        got = numbers(self.wire.audio)
        if self.wire.is_open and got:
            self.wire.tell(results("x", duration=len(got) / 50, final=True))
            self.final_to = got[-1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["speak", "final", "drop", "accept", "pass"]), max_size=40))
def test_whatever_breaks_no_audio_is_lost_before_its_words_are_final(steps: list[str]) -> None:
    t = Unreliable()
    for step in steps:
        getattr(t, f"step_{step}")()
    for index, wire in enumerate(t.network.wires):
        if got := numbers(wire.audio):
            start = t.settled[index] + 1
            assert got == list(range(start, start + len(got))), "from the first unsettled frame on, none lost or twice"
    assert t.heard.log.count("failed") - t.heard.log.count("restored") in {0, 1}
    t.ears.close()
    t.clock.advance(2_000)
    assert t.clock.pending_count == 0


# --- another language in mid-call


def language_of(wire: FakeWire) -> str:
    return parse_qs(urlsplit(wire.url).query)["language"][0]


def test_another_language_hears_all_that_is_not_settled() -> None:
    t = Call()
    t.wire.accept()
    t.speak(2_000)
    t.wire.tell(results("¿Habla español?", duration=1.0, final=True))
    old = t.wire
    t.ears.change_language("es")
    t.speak(300)
    assert not old.is_alive
    assert language_of(t.wire) == "es"
    t.wire.accept()
    assert numbers(t.wire.audio) == list(range(51, 116)), "from the first word on that is not settled"
    t.wire.tell(results("Quiero una cita.", duration=0.5, final=True))
    assert t.heard.log == [("¿Habla español?", "final"), ("Quiero una cita.", "final")]


def test_what_the_old_ears_say_after_the_change_counts_no_more() -> None:
    t = Call()
    t.wire.accept()
    t.speak(1_000)
    old = t.wire
    t.ears.change_language("es")
    t.wire.accept()
    old.tell(results("able spaniel", duration=1.0, final=True))
    assert t.heard.log == []


def test_a_language_that_is_refused_is_told_and_the_one_before_hears_what_came_meanwhile() -> None:
    t = Call()
    t.wire.accept()
    t.speak(400)
    t.ears.change_language("eo")
    t.speak(200)
    t.wire.drop(400, "No such model/language/tier combination found.")
    assert t.heard.log == ["language refused"]
    assert t.heard.faults[0].kind is FaultKind.BAD_REQUEST
    assert language_of(t.wire) == "en"
    t.speak(100)
    t.wire.accept()
    assert numbers(t.wire.audio) == list(range(1, 36))
    assert t.heard.log == ["language refused"], "nobody was deaf"


def test_a_connection_that_is_lost_later_is_mended_in_the_new_language() -> None:
    t = Call()
    t.wire.accept()
    t.ears.change_language("es")
    t.wire.accept()
    t.wire.drop(1011, "NET-0000")
    t.clock.advance(0)
    assert t.heard.log == ["failed"]
    assert language_of(t.wire) == "es"


def test_the_language_that_is_heard_already_changes_nothing() -> None:
    t = Call()
    t.wire.accept()
    t.ears.change_language("en")
    assert len(t.network.wires) == 1
    t.ears.close()
    t.ears.change_language("es")
    assert len(t.network.wires) == 1, "the call is over"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["speak", "es", "de", "en", "accept", "refuse", "settle"]), max_size=25))
def test_whatever_language_is_tried_no_audio_is_lost(story: list[str]) -> None:
    """Each frame reaches the connection that is there in the end, or was settled by one before it."""
    t = Call()
    assert isinstance(t.ears, DeepgramEars)
    audio = t.ears.audio
    for move in story:
        wire = t.wire
        if move == "speak":
            t.speak(200)
        elif move == "accept" and wire.is_alive and not wire.is_open:
            wire.accept()
        elif move == "refuse" and wire.is_alive and not wire.is_open and language_of(wire) != "en":
            wire.drop(400, "no such language")
        elif move == "settle" and wire.is_open and audio.sent_to > audio.begin:
            t.wire.tell(results("word", duration=0.1, final=True))
        elif move in ("es", "de", "en"):
            t.ears.change_language(move)
    if not t.wire.is_open:
        t.wire.accept()
    t.speak(20)
    settled = audio.begin // 160
    heard = {number for wire in t.network.wires for number in numbers(wire.audio.removeprefix(PRIMER))}
    assert set(range(settled + 1, t.sent + 1)) <= set(numbers(t.wire.audio))
    assert heard == set(range(1, t.sent + 1))
    assert audio.lost_samples == 0
