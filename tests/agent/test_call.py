"""The reactor of one call: facts in, orders performed, one timer, everything released. Times in ms."""

import io
import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from agent.call import INBOX_LIMIT, Call
from agent.errors import FaultKind
from agent.ports import ToolSchema
from agent.services import Character
from agent.trace import Trace
from fsm.effects import Effect
from fsm.events import DigitPressed, EarsFailed, EarsRestored, Event, NothingHeard, SpeechStarted, WordsHeard
from fsm.profile import Phrases, Profile
from fsm.state import CallState, Mode
from fsm.units import ms_to_ns
from simulator.speech import silence, speak
from tests.agent.call_fakes import FakeEars, FakeVoice, FakeWire, Stage, fault

FRAME = b"\xff" * 160
GREETING = Phrases().greeting


class Watch:
    """Writes down what the machine was told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def on_decision(
        self, at_ns: int, before: Mode, event: Event, after: CallState, effects: tuple[Effect, ...]
    ) -> None:
        self.events.append(event)


class Kept(io.StringIO):
    """A file whose content outlives its closing."""

    def close(self) -> None:
        """Stay readable."""


class Booth(Stage):
    """A call on fakes; the greeting is rendered and lasts 600 ms."""

    def __init__(self, phrases: Phrases | None = None) -> None:
        self.file = Kept()
        super().__init__(lambda _call_id, at: Trace(self.file, at))
        self.knows(GREETING, 600)
        self.watch = Watch()
        self.services = replace(self.services, observer=self.watch)
        self.stamp_ms = 0
        profile = Profile(wait_ms=300, unfinished_wait_ms=600)
        tools = (ToolSchema("look", "", {}, is_pure=True), ToolSchema("book", "", {}))
        self.character = Character(
            "test", lambda caller, _now, _openings: f"You talk to {caller}.", profile, phrases or Phrases(), tools
        )
        self.call = Call(self.phone, self.character, self.services)

    @property
    def ears(self) -> FakeEars:
        return self.hearing.opened[0]

    @property
    def voice(self) -> FakeVoice:
        return self.voices.opened[0]

    def hears(self, audio: bytes) -> None:
        """The caller's audio, 20 ms at a time, in time."""
        for at in range(0, len(audio), 160):
            self.clock.advance(20)
            self.call.on_media(audio[at : at + 160].ljust(160, b"\xff"), self.stamp_ms)
            self.stamp_ms += 20
            self.return_marks()

    def return_marks(self) -> None:
        playout = self.call._mouth.playout
        if not playout.in_flight_samples(self.clock.now()):
            for message in self.wire.sent:
                if '"mark"' in message[:20]:
                    self.call.on_mark(message.split('"name":"')[1].split('"')[0])

    def greets(self) -> None:
        self.hears(silence(900))
        assert self.call.state.mode is Mode.LISTENING

    def says(self, text: str) -> None:
        """The caller says `text`, and the ears hear it."""
        self.hears(speak(text).audio)
        self.call.hearing.on_words(text, is_final=True, speech_final=False)
        self.hears(silence(700))

    def told(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.watch.events if isinstance(event, kind)]

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.file.getvalue().splitlines()]

    @property
    def stages(self) -> list[str]:
        return [line["stage"] for line in self.lines if line["kind"] == "stage"]


@pytest.fixture(name="booth")
def running_call() -> Iterator[Booth]:
    booth = Booth()
    yield booth
    booth.call.on_stream_ended("the test is over")
    assert booth.clock.pending_count == 0, "a timer outlived the call"
    assert booth.ears.is_closed
    assert booth.voice.is_closed


# --- beginnings


def test_the_greeting_leaves_within_the_call_that_starts_the_call(booth: Booth) -> None:
    assert booth.wire.kinds == ["media"]
    assert booth.model.warmed == 1
    assert booth.lines[0]["kind"] == "call"


def test_the_callers_audio_goes_to_the_ears_from_the_first_frame(booth: Booth) -> None:
    booth.hears(FRAME * 3)
    assert booth.ears.audio == FRAME * 3


# --- a turn


def test_a_turn_is_asked_with_prompt_and_conversation(booth: Booth) -> None:
    booth.greets()
    booth.says("Book me for Monday, please.")
    (generation,) = booth.model.generations
    assert [(message.role, message.content) for message in generation.messages] == [
        ("system", "You talk to ."),
        ("assistant", GREETING),
        ("user", "Book me for Monday, please."),
    ]
    assert booth.call.state.mode is Mode.THINKING


def test_the_ledger_begins_with_the_callers_last_sound(booth: Booth) -> None:
    booth.greets()
    booth.says("Book me for Monday, please.")
    assert booth.stages[-3:] == ["caller_silent", "turn_ended", "asked"]
    silent, ended = (line for line in booth.lines if line.get("stage") in ("caller_silent", "turn_ended"))
    assert 280 <= (ended["at_ns"] - silent["at_ns"]) / 1e6 <= 340


def test_voice_edges_reach_the_machine_with_their_own_instants(booth: Booth) -> None:
    booth.greets()
    began_at = booth.clock.now()
    booth.says("Book me for Monday, please.")
    (started,) = booth.told(SpeechStarted)
    assert isinstance(started, SpeechStarted)
    assert 0 <= started.at - began_at <= 40e6


def test_an_interim_that_repeats_itself_is_no_news(booth: Booth) -> None:
    for _ in range(3):
        booth.call.hearing.on_words("book", is_final=False, speech_final=False)
    booth.call.hearing.on_words("book it", is_final=False, speech_final=False)
    booth.call.hearing.on_words("book it", is_final=True, speech_final=False)
    booth.call.hearing.on_words("book it", is_final=False, speech_final=False)
    assert [event.text for event in booth.told(WordsHeard) if isinstance(event, WordsHeard)] == [
        "book",
        "book it",
        "book it",
        "book it",
    ]


def test_keys_and_the_state_of_the_ears_are_facts(booth: Booth) -> None:
    booth.call.on_digit("5")
    booth.call.hearing.on_ears_failed(fault(FaultKind.STALLED))
    booth.call.hearing.on_ears_restored()
    assert booth.told(DigitPressed) == [DigitPressed("5")]
    assert booth.told(EarsFailed) == [EarsFailed("stalled")]
    assert booth.told(EarsRestored) == [EarsRestored()]
    assert any(line.get("note") == "fault" for line in booth.lines)


def test_whoever_failed_stands_in_the_log_of_the_server(booth: Booth, caplog: pytest.LogCaptureFixture) -> None:
    booth.call.hearing.on_ears_failed(fault(FaultKind.STALLED))
    booth.call.note_fault(fault(FaultKind.REFUSED_KEY))
    sid = booth.phone.call_sid
    assert [record.getMessage().startswith(f"call {sid}: ") for record in caplog.records] == [True, True]
    assert "refused_key" in caplog.text


def test_a_steady_sound_that_the_transcriber_takes_for_a_voice_is_one(booth: Booth) -> None:
    hum = bytes([0x30, 0xB0]) * 80
    booth.greets()
    booth.hears(silence(500))
    booth.hears(hum * 20)
    assert booth.told(SpeechStarted) == []
    booth.call.hearing.on_voice_noticed()
    booth.hears(hum * 10)
    assert len(booth.told(SpeechStarted)) == 1


def test_noise_that_the_transcriber_listens_to_is_told_now_and_then_and_words_never_are(booth: Booth) -> None:
    booth.greets()
    for _ in range(20):
        booth.hears(speak("La la la la la.").audio[:800])
        booth.call.hearing.on_nothing_heard(0)
    told = [event.until for event in booth.told(NothingHeard) if isinstance(event, NothingHeard)]
    assert 2 <= len(told) <= 4
    assert all(later - one >= ms_to_ns(400) for one, later in itertools.pairwise(told))
    booth.call.hearing.on_words("la la", is_final=False, speech_final=False)
    booth.call.hearing.on_nothing_heard(0)
    assert len(booth.told(NothingHeard)) == len(told)


def test_the_ears_are_asked_to_settle_what_they_heard(booth: Booth) -> None:
    booth.greets()
    booth.hears(speak("Book me.").audio)
    booth.call.hearing.on_words("book me", is_final=False, speech_final=False)
    booth.hears(silence(900))
    assert booth.ears.finalized >= 2
    assert "final_asked" in booth.stages


# --- the timer


def test_only_the_earliest_deadline_is_waited_for(booth: Booth) -> None:
    booth.greets()
    assert booth.clock.pending_count == 1, "one timer a call"
    booth.hears(silence(9_500))
    assert booth.call.state.reprompts == 1


# --- mistakes


def test_a_mistake_ends_the_call_with_an_apology_owed_and_releases_everything(booth: Booth) -> None:
    booth.call.on_mistake(ZeroDivisionError("ours"))
    assert booth.hung_up == [True]
    assert booth.ears.is_closed
    assert booth.clock.pending_count == 0
    noted = next(line for line in booth.lines if line.get("note") == "our_mistake")
    assert noted["data"] == {"error": "ZeroDivisionError", "text": "ours"}
    booth.call.on_mistake(ZeroDivisionError("once more"))
    assert booth.hung_up == [True]


def test_after_a_mistake_nothing_more_is_decided_or_performed(booth: Booth) -> None:
    booth.greets()

    def fail(*_told: object, **_more: object) -> None:
        raise ZeroDivisionError

    booth.call._mouth.start_reply = booth.call._mouth.drafts.begin = fail  # type: ignore[method-assign]  # a mistake
    booth.says("Book me for Monday, please.")
    assert booth.hung_up == [True]
    decided = len(booth.watch.events)
    booth.call.hearing.on_words("anything", is_final=True, speech_final=False)
    booth.call.end_politely("drain")
    assert len(booth.watch.events) == decided


def test_an_order_that_nobody_performs_is_a_mistake(booth: Booth) -> None:
    with pytest.raises(AssertionError, match="nobody performs"):
        booth.call._perform("coffee")  # type: ignore[arg-type]  # no effect at all


def test_facts_that_breed_facts_without_end_are_a_mistake(booth: Booth, monkeypatch: pytest.MonkeyPatch) -> None:
    advance = booth.call._advance

    def breed(event: Event) -> None:
        advance(event)
        for _ in range(2):
            booth.call.feed(DigitPressed("1"))

    monkeypatch.setattr(booth.call, "_advance", breed)
    booth.call.feed(DigitPressed("1"))
    assert booth.hung_up == [True]
    assert len(booth.watch.events) <= 2 * INBOX_LIMIT


# --- ends


def test_the_end_of_the_stream_keeps_what_was_heard_and_is_told_once(booth: Booth) -> None:
    booth.hears(silence(300))
    booth.call.on_stream_ended("stopped")
    booth.call.on_stream_ended("again")
    assert booth.call.state.mode is Mode.ENDED
    (message,) = booth.call.state.transcript
    assert message.cut
    assert GREETING.startswith(message.content)
    assert [line["data"]["reason"] for line in booth.lines if line.get("event") == "CallEnded"] == ["stopped"]
    assert booth.lines[-1]["note"] == "released"


def test_somebody_who_wants_it_over_gets_a_goodbye(booth: Booth) -> None:
    booth.knows(Phrases().goodbye, 500)
    booth.greets()
    booth.call.end_politely("drain")
    booth.hears(silence(1_500))
    assert booth.hung_up == [False]
    assert booth.call.state.ending == "drain"


def test_a_new_stream_gets_what_the_old_one_did_not_play(booth: Booth) -> None:
    booth.hears(silence(200))
    wire = FakeWire()
    booth.call.on_stream_replaced(booth.new_phone(wire, "MZ2"))
    assert wire.kinds[-1] == "media"
    assert any(line.get("note") == "stream_replaced" for line in booth.lines)
    assert booth.call.state.mode is Mode.SPEAKING


def test_a_new_stream_gets_what_was_sent_while_nothing_came_from_the_old_one(booth: Booth) -> None:
    booth.hears(silence(200))
    booth.clock.advance(400)
    booth.call.on_media(FRAME, booth.stamp_ms)  # made just after those 200 ms, on its way for 400
    booth.call.on_stream_replaced(booth.new_phone(wire := FakeWire(), "MZ2"))
    booth.clock.advance(600)
    sent = [message for message in wire.sent if '"media"' in message[:20]]
    assert sum(len(message) for message in sent) * 3 // 4 // 8 >= 600 - 220, "all but what had sounded by then"
