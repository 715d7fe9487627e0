"""The desk that takes calls: ready once its phrases are rendered, and again where they could not be."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.agent_file import load_agent
from agent.assembly import Providers
from agent.call import Call
from agent.config import load_config
from agent.desk import RENDER_AGAIN_MS, Desk
from agent.errors import FaultKind
from agent.twilio import Started
from tests.agent.call_fakes import MONDAY, FakeVoice, Stage, fault

AGENT = load_agent("appointments")


class Booth(Stage):
    """A desk whose providers are driven by the test."""

    def __init__(self, data: Path) -> None:
        super().__init__()
        config = load_config({"OFFHOOK_DATA": str(data)})
        providers = Providers(self.hearing, self.model, self.voices)
        self.desk = Desk(config, AGENT, self.clock, providers, wall_clock=lambda: MONDAY)
        self.prepared = 0
        self.calls: list[Call] = []

    def prepare(self) -> None:
        self.desk.prepare(self.note_prepared)

    def note_prepared(self) -> None:
        self.prepared += 1

    def render(self, voice: FakeVoice) -> None:
        """Speak everything the voice was asked for, one phrase after the other."""
        done = 0
        while done < len(voice.orders):
            order, utterance, text = voice.orders[done]
            done += 1
            if order == "say":
                voice.speaks(utterance, text, 400)
            elif order == "finish":
                voice.ends(utterance)

    def starts_call(self) -> None:
        started = Started(self.phone.stream_id, self.phone.call_sid)
        self.calls.append(self.desk.start_call(started, self.phone))


@pytest.fixture(name="booth")
def new_booth(tmp_path: Path) -> Iterator[Booth]:
    booth = Booth(tmp_path)
    yield booth
    for call in booth.calls:
        call.on_stream_ended("stopped")


def test_a_desk_is_ready_once_it_has_its_phrases(booth: Booth) -> None:
    booth.prepare()
    assert booth.desk.not_ready() == "the greeting is being rendered"
    booth.render(booth.voices.opened[0])
    assert booth.desk.not_ready() == ""
    assert booth.prepared == 1
    assert booth.desk.unrendered == ()
    assert booth.model.warmed == 1


def test_phrases_are_rendered_once_and_for_all(tmp_path: Path) -> None:
    first = Booth(tmp_path)
    first.prepare()
    first.render(first.voices.opened[0])
    again = Booth(tmp_path)
    again.prepare()
    assert again.voices.opened == []
    assert again.prepared == 1


def test_a_greeting_that_is_rendered_is_the_first_thing_a_caller_hears(booth: Booth) -> None:
    booth.prepare()
    booth.render(booth.voices.opened[0])
    booth.starts_call()
    assert booth.wire.kinds == ["media"]


def test_a_call_that_comes_too_early_is_greeted_by_the_voice(booth: Booth) -> None:
    booth.starts_call()
    (voice,) = booth.voices.opened
    assert voice.orders[0] == ("say", 1, AGENT.phrases["greeting"])


def test_what_cannot_be_rendered_is_told_and_tried_again_later(booth: Booth, caplog: pytest.LogCaptureFixture) -> None:
    booth.prepare()
    booth.voices.opened[0].listener.on_voice_failed(1, fault(FaultKind.REFUSED_KEY))
    booth.render(booth.voices.opened[0])
    assert len(booth.desk.unrendered) >= 1
    assert "could not render" in caplog.text
    assert "refused_key" in caplog.text, "and why"
    assert booth.prepared == 1
    booth.starts_call()
    assert len(booth.voices.opened) == 2, "the call's own voice only: it is too early"
    booth.clock.advance(RENDER_AGAIN_MS)
    booth.phone = booth.new_phone(booth.wire, "MZ2")
    booth.starts_call()
    rendering = booth.voices.opened[-2]
    booth.render(rendering)
    assert booth.desk.unrendered == ()
    assert booth.prepared == 1, "nobody waits for that"


def test_a_call_that_is_expected_warms_the_providers(booth: Booth) -> None:
    booth.desk.expect_call()
    assert booth.model.warmed == 1


def test_closing_stops_the_rendering(booth: Booth) -> None:
    booth.prepare()
    booth.desk.close()
    assert booth.voices.opened[0].is_closed
    assert booth.clock.pending_count == 0
